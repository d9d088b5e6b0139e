"""A copy of a cell's folder, made while the cell runs, and putting it back.

The ledger is copied through SQLite's own backup, so that it is whole although somebody writes it;
`backup.json` names every file with its SHA-256 and is written last.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from cobot_ai.core.errors import ConfigError, StoreError
from cobot_ai.core.types import Json
from cobot_ai.store.clips import CLASSES
from cobot_ai.store.files import sha256_of, write_durably
from cobot_ai.store.folder import CellFolder
from cobot_ai.store.head import head_file
from cobot_ai.store.ledger_view import LedgerView
from cobot_ai.store.registry import ModelFolder
from cobot_ai.store.sqlite import DRIVER, damaged

SCHEMA = 1
MANIFEST = 'backup.json'
CELL_FILE = 'cell_file.yaml'
SMALL = (
    'accounts.json', 'audit.jsonl', 'audit.1.jsonl', 'console_secret', 'ended_sessions.json',
    'metrics_token',
)  # fmt: skip
"""Single files of the folder; those that are there are copied."""
_KEYS = {'schema', 'cell', 'cell_digest', 'head', 'entries', 'files'}
TRIES = 5


def make_backup(folder: CellFolder, cell_file: Path, out: Path, clips: str, facts: Json) -> Json:
    """Copy a cell's folder; the cell may run meanwhile.

    Args:
        folder: The cell's. cell_file: Copied too. out: Where to; must not exist.
        clips: `all`, `labelled` or `none`. facts: Stored in the manifest.

    Returns:
        The manifest: facts, `head` (code), `entries`, `files`.

    Raises:
        ConfigError: `out` exists. StoreError: The ledger is damaged, or the disk refused.
    """
    if out.exists():
        raise ConfigError(f'{out} exists; a backup is never written over anything.')
    with _whole_or_not(out, 'written to') as part:
        _copy_ledger_and_models(folder, CellFolder(part))
        for source in _rest(folder, clips):
            _copy(source, part / source.relative_to(folder.root))
        _copy(cell_file, part / CELL_FILE)
        manifest = {'schema': SCHEMA, **facts, **_checked(CellFolder(part)), 'files': _sums(part)}
        write_durably(part / MANIFEST, json.dumps(manifest, indent=1).encode())
    return manifest


def restore_backup(backup: Path, folder: CellFolder, cell: str) -> Json:
    """Put a backup in place as the folder of a cell.

    Returns:
        The manifest.

    Raises:
        ConfigError: The folder is not empty, this is no backup, or one of another cell.
        StoreError: A file of it was changed or is gone; nothing was put in place.
    """
    root = folder.root
    if root.exists() and any(root.iterdir()):
        raise ConfigError(
            f'{root} is not empty; stop the cell and move that folder aside first. Nothing was '
            'changed.'
        )
    manifest = _manifest(backup, cell)
    with _whole_or_not(root, 'put into') as part:
        for name, digest in manifest['files'].items():
            _inside(name)
            _copy(backup / name, part / name)
            if _sum(part / name) != digest:
                raise StoreError(f'{backup / name} was changed since the backup was made.')
        (part / CELL_FILE).unlink(missing_ok=True)
        _checked(CellFolder(part), manifest['head'])
    return manifest


@contextmanager
def _whole_or_not(target: Path, doing: str) -> Iterator[Path]:
    """A folder that takes the place of `target` when all went well, and is gone when not."""
    part = target.with_name(f'.{target.name}.part')
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(parents=True, mode=0o700)
        yield part
        if target.exists():
            target.rmdir()
        part.rename(target)
    except OSError as e:
        raise StoreError(f'The backup cannot be {doing} {target}: {e}.') from e
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _manifest(backup: Path, cell: str) -> Json:
    try:
        manifest: Json = json.loads((backup / MANIFEST).read_bytes())
    except (OSError, ValueError) as e:
        raise ConfigError(f'{backup} is no whole backup of a cell ({e}).') from e
    if not isinstance(manifest, dict) or 'schema' not in manifest:
        raise ConfigError(f'{backup / MANIFEST} was not written by cobot_ai backup.')
    if manifest['schema'] != SCHEMA:
        raise ConfigError(f'{backup} was made by another version of cobot_ai; use that one.')
    if not (manifest.keys() >= _KEYS and isinstance(manifest['files'], dict)):
        raise ConfigError(f'{backup / MANIFEST} is not complete; use another copy of the backup.')
    if manifest['cell'] != cell:
        raise ConfigError(f'{backup} is a backup of {manifest["cell"]}, not of {cell}.')
    return manifest


def _inside(name: str) -> None:
    """Refuse a name that leads out of the folder."""
    path = PurePosixPath(name)
    if path.is_absolute() or '..' in path.parts:
        raise StoreError(f'The backup names a file outside the folder of a cell: {name}.')


def _copy_ledger_and_models(folder: CellFolder, to: CellFolder) -> None:
    """Ledger and live version must belong together: again where a swap came in between."""
    for _ in range(TRIES):
        before = _pointer(folder)
        _copy_ledger(folder.ledger, to.ledger)
        shutil.rmtree(to.registry, ignore_errors=True)
        if folder.registry.is_dir():
            shutil.copytree(folder.registry, to.registry, ignore=_strays)
        if _pointer(folder) == before == _pointer(to):
            return
    raise StoreError('Models are swapped all the time; try again in a quieter minute.')


def _pointer(folder: CellFolder) -> bytes:
    current = folder.registry / 'current'
    return current.read_bytes() if current.is_file() else b''


def _copy_ledger(source: Path, target: Path) -> None:
    if not source.is_file():
        raise StoreError(f'There is no ledger {source}; the cell never ran here.')
    target.unlink(missing_ok=True)
    try:
        reader = DRIVER.connect(f'file:{quote(str(source))}?mode=ro', uri=True, timeout=10.0)
        writer = DRIVER.connect(target)
        try:
            reader.backup(writer)  # in one go: in steps every commit would begin it anew
        finally:
            reader.close()
            writer.close()
    except DRIVER.Error as e:
        raise damaged(source, e) from e


def _rest(folder: CellFolder, clips: str) -> Iterator[Path]:
    """Everything else that cannot be made again."""
    yield from (p for name in SMALL if (p := folder.root / name).is_file())
    yield from sorted(p for p in folder.tls.glob('*') if p.is_file())
    wanted = {'all': CLASSES, 'labelled': CLASSES[-1:], 'none': ()}[clips]
    for kept in wanted:
        yield from sorted(folder.clips.glob(f'*.{kept}.mcap'))
    if wanted:
        yield from sorted(folder.windows.glob('*.npz'))


def _checked(folder: CellFolder, code: str | None = None) -> Json:
    """The chain and every model of a copy; its head file is made anew."""
    view = LedgerView(folder.ledger)
    try:
        check, tip = view.verify(code), view.tip()
    finally:
        view.close()
    if not check.ok:
        raise StoreError(f'The ledger of the copy is not intact: {check.why}.')
    head_file(folder.ledger).write_text(f'{tip.seq:020d} {tip.hash}\n', 'ascii')
    for name in ('-wal', '-shm'):
        folder.ledger.with_name(folder.ledger.name + name).unlink(missing_ok=True)
    registry = ModelFolder(folder.registry)
    for digest in registry.versions():
        registry.get(digest)
    return {'head': check.code, 'entries': check.entries}


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        shutil.copy2(source, target)
    except FileNotFoundError:
        # A clip may have been kept under another name, or swept; a label may have been forgotten.
        if source.suffix not in ('.mcap', '.npz'):
            raise


def _strays(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if '.tmp.' in name]


def _sums(root: Path) -> dict[str, str]:
    files = sorted(p for p in root.rglob('*') if p.is_file())
    return {str(p.relative_to(root)): _sum(p) for p in files}


def _sum(path: Path) -> str:
    return sha256_of([path])
