"""Flipped bytes: a damaged record, model or clip is refused or found; never a silent new start."""

import random
import shutil

import pytest
from model_versions import version

from cobot_ai.app.ports import Draft
from cobot_ai.core.errors import DataError, ModelError, StoreError
from cobot_ai.core.samples import RawMessage
from cobot_ai.store.clips import Clips
from cobot_ai.store.ledger import open_ledger
from cobot_ai.store.registry import ModelFolder
from cobot_ai.store.typestore import encode

CASES = 30
MANY = [12, pytest.param(200, marks=pytest.mark.long)]
SCALAR = 'std_msgs/msg/Float64'


def flip(path, rng):
    """Damage 1 to 64 bytes in a row."""
    data = bytearray(path.read_bytes())
    at = rng.randrange(len(data))
    for i in range(at, min(len(data), at + rng.choice((1, 4, 64)))):
        data[i] ^= rng.randrange(1, 256)
    path.write_bytes(data)


@pytest.fixture(scope='module')
def record(tmp_path_factory):
    """Two copies of one record: closed cleanly, and with its write-ahead log still there."""
    folder = tmp_path_factory.mktemp('record')
    (folder / 'origin').mkdir()
    ledger = open_ledger(folder / 'origin' / 'ledger.db')
    for case in range(1, CASES + 1):
        ask = Draft('ask', {'x': 'y' * 300}, case)
        drafts = [ask, Draft('answer', {}, case, key=f'tap-{case}')]
        ledger.commit(drafts, case, {case: {'channels': ['z' * 300]}})
    entries = ledger.since(0)
    shutil.copytree(folder / 'origin', folder / 'running')
    ledger.close()
    shutil.copytree(folder / 'origin', folder / 'closed')
    return folder, entries


def outcome(path, entries):
    """What a start on this file comes to."""
    try:
        ledger = open_ledger(path)
    except StoreError as e:
        assert 'ledger.db' in str(e)
        return 'refused'
    try:
        whole = ledger.since(0) == entries and all(
            ledger.by_key(f'tap-{case}') for case in range(1, CASES + 1)
        )
        found = not ledger.verify().ok
    except StoreError:
        return 'found'
    finally:
        ledger.close()
    if found:
        return 'found'
    return 'unharmed' if whole else 'silent loss'


def outcomes(record, state, file, flips, tmp_path, without_head=False):
    folder, entries = record
    seen = {}
    for n in range(flips):
        copy = tmp_path / str(n)
        shutil.copytree(folder / state, copy)
        flip(copy / file, random.Random(n))
        if without_head:
            (copy / 'ledger.db.head').unlink()
        result = outcome(copy / 'ledger.db', entries)
        seen[result] = seen.get(result, 0) + 1
        shutil.rmtree(copy)
    return seen


@pytest.mark.parametrize('flips', MANY)
@pytest.mark.parametrize(
    ('state', 'file'),
    [
        ('closed', 'ledger.db'),
        ('running', 'ledger.db'),
        ('running', 'ledger.db-wal'),
        ('closed', 'ledger.db.head'),
    ],
)
def test_a_damaged_ledger_is_refused_or_found(record, tmp_path, state, file, flips):
    seen = outcomes(record, state, file, flips, tmp_path)
    assert 'silent loss' not in seen, seen


def test_control_without_the_head_file_a_damaged_log_loses_rows_in_silence(record, tmp_path):
    """SQLite drops a write-ahead log from its first damaged frame on, without an error."""
    seen = outcomes(record, 'running', 'ledger.db-wal', 25, tmp_path, without_head=True)
    assert seen.get('silent loss', 0) > 0, seen


@pytest.mark.parametrize('flips', MANY)
def test_a_damaged_model_folder_gives_another_whole_version_or_an_error(tmp_path, flips):
    origin = tmp_path / 'origin'
    registry = ModelFolder(origin)
    digests = [registry.put(*version(n)) for n in (1, 2)]
    for digest in digests:
        registry.promote(digest)
    files = [p.relative_to(origin) for p in sorted(origin.rglob('*')) if p.is_file()]
    live = {'error': 0, digests[0]: 0, digests[1]: 0}
    for n in range(flips):
        copy = tmp_path / str(n)
        shutil.copytree(origin, copy)
        flip(copy / files[n % len(files)], random.Random(n))
        damaged = ModelFolder(copy)
        try:
            digest = damaged.current()
            assert digest is not None, 'a silent new start'
            blob, manifest = damaged.get(digest)
            assert (blob, manifest) == version(1 + digests.index(digest))
            live[digest] += 1
        except ModelError:
            live['error'] += 1
        shutil.rmtree(copy)
    assert live[digests[0]] > 0
    assert live[digests[1]] > 0


@pytest.mark.parametrize('flips', MANY)
def test_a_damaged_clip_gives_its_beginning_or_an_error_never_other_numbers(tmp_path, flips):
    messages = [
        RawMessage('/x', SCALAR, i, encode(SCALAR, {'data': random.Random(i).random()}))
        for i in range(4000)
    ]
    clips = Clips(tmp_path, 10)
    clips.write(1, messages, 'asked')
    whole = clips.path(1).read_bytes()
    shorter = 0
    for n in range(flips):
        clips.path(1).write_bytes(whole)
        flip(clips.path(1), random.Random(n))
        try:
            read = clips.read(1)
        except DataError:
            continue
        assert read == messages[: len(read)]
        shorter += len(read) < len(messages)
    assert shorter > 0
