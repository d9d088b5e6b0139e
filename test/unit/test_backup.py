"""A backup is whole although the cell runs; restoring never overwrites and never trusts."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading

import pytest
from model_versions import version

from cobot_ai.app.ports import Draft
from cobot_ai.cli import main
from cobot_ai.core.errors import CobotAiError, ConfigError, StoreError
from cobot_ai.store.backup import make_backup, restore_backup
from cobot_ai.store.folder import CellFolder
from cobot_ai.store.ledger import LedgerFile, open_ledger
from cobot_ai.store.registry import ModelFolder

FAULT = Draft('fault', {'code': 'x', 'detail': 'y' * 500})
FACTS = {'cell': 'c', 'cell_digest': 'd' * 64}


@pytest.fixture
def cell(tmp_path):
    folder = CellFolder(tmp_path / 'cell').create()
    (tmp_path / 'c.yaml').write_text('name: c\n')
    registry = ModelFolder(folder.registry)
    registry.promote(registry.put(*version(1)))
    folder.clips.mkdir()
    for name in ('00000001.routine.mcap', '00000002.labelled.mcap'):
        (folder.clips / name).write_bytes(name.encode())
    folder.accounts.write_text('{}')
    folder.features.mkdir()
    (folder.features / 'cache').write_text('can be made again')
    ledger = open_ledger(folder.ledger, 1)
    ledger.commit([FAULT] * 20, 1)
    yield folder
    ledger.close()


def back_up(cell, tmp_path, clips='all'):
    out = tmp_path / f'backup_{clips}'
    return out, make_backup(cell, tmp_path / 'c.yaml', out, clips, FACTS)


def test_what_was_backed_up_is_there_again(cell, tmp_path):
    out, made = back_up(cell, tmp_path)
    again = CellFolder(tmp_path / 'again')
    assert restore_backup(out, again, 'c')['head'] == made['head']
    assert LedgerFile.reader(again.ledger).verify(made['head']).ok
    assert ModelFolder(again.registry).current() == ModelFolder(cell.registry).current()
    assert {p.name for p in again.clips.iterdir()} == {p.name for p in cell.clips.iterdir()}
    assert again.accounts.is_file() and not again.features.exists()
    with_more = open_ledger(again.ledger, 2)
    assert with_more.commit([FAULT], 2)[0].seq == 21, 'the cell does not go on'
    with_more.close()


@pytest.mark.parametrize(('clips', 'n'), [('all', 2), ('labelled', 1), ('none', 0)])
def test_clips_go_along_as_far_as_they_are_wanted(cell, tmp_path, clips, n):
    _, made = back_up(cell, tmp_path, clips)
    assert sum(name.startswith('clips/') for name in made['files']) == n


def test_a_cell_that_runs_meanwhile_is_copied_whole(tmp_path):
    folder = CellFolder(tmp_path / 'busy').create()
    (tmp_path / 'c.yaml').write_text('name: c\n')
    ledger, stop = open_ledger(folder.ledger, 1), threading.Event()
    ledger.commit([FAULT] * 3000, 1)

    def work():
        while not stop.is_set():
            ledger.commit([FAULT] * 5, 2)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for n in range(3):
            made = make_backup(folder, tmp_path / 'c.yaml', tmp_path / f'b{n}', 'all', FACTS)
            assert made['entries'] >= 3000
    finally:
        stop.set()
        thread.join()
    assert ledger.verify(made['head']).ok, 'the copy is no part of the record'
    ledger.close()


@pytest.mark.parametrize('gone', ['clips/00000001.routine.mcap', 'windows/00000002.npz'])
def test_what_the_cell_deletes_meanwhile_fails_no_backup(cell, tmp_path, monkeypatch, gone):
    cell.windows.mkdir()
    (cell.windows / '00000002.npz').write_bytes(b'a window')
    copy = shutil.copy2

    def meanwhile(source, target):
        if source == cell.root / gone:
            source.unlink()
        return copy(source, target)

    monkeypatch.setattr(shutil, 'copy2', meanwhile)
    out, made = back_up(cell, tmp_path)
    assert gone not in made['files']
    restore_backup(out, CellFolder(tmp_path / 'again'), 'c')


def test_a_name_that_leads_out_of_the_folder_is_refused(cell, tmp_path):
    out, _ = back_up(cell, tmp_path)
    data = b'from outside'
    (tmp_path / 'backup_all' / '..' / 'evil').write_bytes(data)
    manifest = json.loads((out / 'backup.json').read_bytes())
    manifest['files']['../evil'] = hashlib.sha256(data).hexdigest()
    (out / 'backup.json').write_text(json.dumps(manifest))
    place = tmp_path / 'inner' / 'again'
    with pytest.raises(StoreError, match='outside the folder'):
        restore_backup(out, CellFolder(place), 'c')
    assert not (tmp_path / 'inner' / 'evil').exists() and not place.exists()


def test_nothing_is_ever_overwritten(cell, tmp_path):
    out, _ = back_up(cell, tmp_path)
    before = {p: p.read_bytes() for p in cell.root.rglob('*') if p.is_file()}
    with pytest.raises(ConfigError, match='exists'):
        back_up(cell, tmp_path)
    with pytest.raises(ConfigError, match='not empty'):
        restore_backup(out, cell, 'c')
    with pytest.raises(ConfigError, match='backup of c, not of d'):
        restore_backup(out, CellFolder(tmp_path / 'd'), 'd')
    assert {p: p.read_bytes() for p in cell.root.rglob('*') if p.is_file()} == before


@pytest.mark.parametrize('name', ['ledger.db', 'models/current', 'clips/00000002.labelled.mcap'])
@pytest.mark.parametrize('how', ['changed', 'gone'])
def test_a_backup_that_was_changed_is_refused_and_nothing_is_put_in_place(
    cell, tmp_path, name, how
):
    out, _ = back_up(cell, tmp_path)
    if how == 'gone':
        (out / name).unlink()
    else:
        (out / name).write_bytes((out / name).read_bytes()[:-1] + b'!')
    again = tmp_path / 'again'
    with pytest.raises(StoreError):
        restore_backup(out, CellFolder(again), 'c')
    assert not again.exists()
    assert not list(tmp_path.glob('.again*'))


def test_a_record_that_was_rewritten_with_its_checksum_is_found_by_its_chain(cell, tmp_path):
    out, made = back_up(cell, tmp_path)
    data = (out / 'ledger.db').read_bytes().replace(b'y' * 500, b'z' * 500)
    (out / 'ledger.db').write_bytes(data)

    made['files']['ledger.db'] = hashlib.sha256(data).hexdigest()
    (out / 'backup.json').write_text(json.dumps(made))
    with pytest.raises(CobotAiError, match='not intact'):
        restore_backup(out, CellFolder(tmp_path / 'again'), 'c')


@pytest.mark.parametrize('text', ['[]', '{}', '{"schema": 1}', 'null', '{"schema": 2}', 'x'])
def test_a_manifest_that_is_none_is_one_sentence(tmp_path, text):
    (tmp_path / 'backup.json').write_text(text)
    with pytest.raises(ConfigError):
        restore_backup(tmp_path, CellFolder(tmp_path / 'again'), 'c')
    assert not (tmp_path / 'again').exists()


def test_a_half_made_backup_does_not_look_like_one(cell, tmp_path, monkeypatch):
    def full(*args):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr('cobot_ai.store.backup.shutil.copy2', full)
    with pytest.raises(StoreError, match='No space'):
        back_up(cell, tmp_path)
    assert not list(tmp_path.glob('*backup_all*'))


CELL = """
name: c
streams:
- {name: wrench, topic: wrench, type: geometry_msgs/msg/WrenchStamped, rate_hz: 100}
step: {topic: step, samples: 16}
question:
  text: {en: 'Good?'}
  classes: [{name: good, action: continue, nominal: true}, {name: bad, action: reject}]
"""


def test_both_commands(cell, tmp_path, capsys):
    file = tmp_path / 'c.yaml'
    file.write_text(CELL)
    out = tmp_path / 'out'
    assert main.main(['backup', str(file), '--data-dir', str(cell.root), '--out', str(out)]) == 0
    there = ['--data-dir', str(tmp_path / 'again')]
    assert main.main(['restore', str(out), str(file), *there]) == 0
    assert main.main(['verify', str(file), *there]) == 0
    assert main.main(['restore', str(out), str(file), *there]) == 1
    said = capsys.readouterr()
    assert said.out.count('20') >= 3 and 'not empty' in said.err
