"""The model folder on disk: damage, fallback, and strays of killed writers."""

import fcntl
import hashlib
import resource
import subprocess
import sys

import pytest
from model_versions import version

from cobot_ai.core.errors import ModelError, StoreError
from cobot_ai.store import registry as module
from cobot_ai.store.files import sweep_strays, write_durably
from cobot_ai.store.registry import ModelFolder


@pytest.fixture
def root(tmp_path):
    return tmp_path / 'models'


@pytest.fixture
def digests(root):
    """Three versions that went live one after the other."""
    registry = ModelFolder(root)
    digests = [registry.put(*version(n)) for n in (1, 2, 3)]
    for digest in digests:
        registry.promote(digest)
    return digests


def flip(path, at=None):
    data = bytearray(path.read_bytes())
    data[len(data) // 2 if at is None else at] ^= 0x10
    path.write_bytes(data)


def test_a_blob_that_is_not_the_manifests_is_refused(root):
    with pytest.raises(ModelError, match='belongs to another model file'):
        ModelFolder(root).put(b'other', version(1)[1])
    assert ModelFolder(root).versions() == []


@pytest.mark.parametrize('part', ['blob', 'man'])
def test_a_damaged_version_is_never_used_and_the_one_before_is(root, digests, part):
    name = digests[2] if part == 'man' else version(3)[1].blob
    flip(root / part / name)
    registry = ModelFolder(root)
    with pytest.raises(ModelError, match='damaged'):
        registry.get(digests[2])
    with pytest.raises(ModelError):
        registry.promote(digests[2])
    assert registry.current() == digests[1]
    flip(root / 'man' / digests[1])
    assert registry.current() == digests[0]
    flip(root / 'man' / digests[0])
    assert registry.current() == digests[2], 'none is whole: using it must say what is wrong'
    registry.put(*version(3))
    assert registry.current() == digests[2]
    registry.get(digests[2])


@pytest.mark.parametrize('content', [b'', b'\xff\xfe', b'../../etc/passwd\n', b'a' * 63])
def test_a_damaged_pointer_falls_back_to_the_newest_promotion(root, digests, content):
    (root / 'current').write_bytes(content)
    assert ModelFolder(root).current() == digests[2]
    (root / 'current').unlink()
    assert ModelFolder(root).current() == digests[2]
    (root / 'promoted').unlink()
    if content:
        (root / 'current').write_bytes(content)
        with pytest.raises(ModelError, match='restore the model folder'):
            ModelFolder(root).current()


def test_a_promotion_that_never_happened_is_not_fallen_back_to(root, digests):
    """The journal is written first; a kill before the pointer leaves a name too many in it."""
    extra = ModelFolder(root).put(*version(4))
    with (root / 'promoted').open('a') as journal:
        journal.write(f'\n{extra}\n{extra[:20]}')
    assert ModelFolder(root).current() == digests[2]
    flip(root / 'man' / digests[2])
    assert ModelFolder(root).current() == digests[1]
    ModelFolder(root).promote(extra)
    assert ModelFolder(root).current() == extra


def test_a_missing_blob_names_the_version_and_the_remedy(root, digests):
    (root / 'blob' / version(3)[1].blob).unlink()
    with pytest.raises(ModelError, match='choose another version or restore a backup'):
        ModelFolder(root).get(digests[2])


def test_only_files_that_are_named_by_a_hash_are_versions(root, digests):
    (root / 'man' / 'notes.txt').write_text('x')
    (root / 'man' / ('f' * 64)).write_text('{}')
    assert ModelFolder(root).versions() == digests


def test_a_manifest_that_points_out_of_the_folder_is_refused(root):
    evil = version(1)[1].canonical().replace(version(1)[1].blob.encode(), b'../../secret')
    digest = hashlib.sha256(evil).hexdigest()
    write_durably(root / 'man' / digest, evil)
    with pytest.raises(ModelError, match='names no model file'):
        ModelFolder(root).get(digest)


def test_strays_of_killed_writers_go_those_of_living_ones_stay(root, digests):
    dead, alive = root / 'blob' / 'x.tmp.0', root / 'blob' / 'y.tmp.1'
    dead.write_bytes(b'half')
    alive.write_bytes(b'half')
    with alive.open('rb') as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        ModelFolder(root)
        assert not dead.exists()
        assert alive.exists()
    assert sweep_strays(root / 'blob') == 1
    assert sweep_strays(root / 'absent') == 0


def test_a_refused_write_leaves_the_old_file_and_no_stray(tmp_path):
    file = tmp_path / 'x'
    write_durably(file, b'old')
    assert file.stat().st_mode & 0o077 == 0
    code = (
        'import resource, sys; from pathlib import Path; '
        'from cobot_ai.core.errors import StoreError; '
        'from cobot_ai.store.files import write_durably; '
        f'resource.setrlimit(resource.RLIMIT_FSIZE, (1000, {resource.RLIM_INFINITY})); '
        'write_durably(Path(sys.argv[1]), b"n" * 5000)'
    )
    done = subprocess.run(
        [sys.executable, '-c', code, file], capture_output=True, text=True, check=False
    )
    assert 'StoreError' in done.stderr
    assert 'nothing was changed' in done.stderr
    assert file.read_bytes() == b'old'
    assert [p.name for p in tmp_path.iterdir()] == ['x']


def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path):
    (tmp_path / 'models').write_text('a file in the way')
    with pytest.raises(StoreError, match='cannot be written'):
        ModelFolder(tmp_path / 'models').put(*version(1))


def test_a_manifest_is_read_once_however_many_versions_are_forgotten(root, monkeypatch):
    stored = [ModelFolder(root).put(*version(n)) for n in range(12)]
    read, names = module._read, []
    monkeypatch.setattr(module, '_read', lambda *a: names.append(a[1]) or read(*a))
    registry = ModelFolder(root)
    assert registry.versions() == stored
    for digest in stored[:10]:
        registry.forget(digest)
    assert registry.versions() == stored[10:]
    assert sorted(names) == sorted(stored)
    assert len(list((root / 'blob').iterdir())) == 2
