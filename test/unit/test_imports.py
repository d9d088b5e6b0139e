"""Labelled recordings that are dropped into a folder: learnt from, or refused with a reason."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from bench_cell import Bench
from cells import S, cell, resolve, signal, step_messages, wrench

from cobot_ai.app.imports import Cutter, Importer
from cobot_ai.app.intake import Intake, taken_before
from cobot_ai.cli import main
from cobot_ai.core.errors import StoreError
from cobot_ai.core.spec import StepSpec, Trigger
from cobot_ai.store.bags import Bag
from cobot_ai.store.drop import DropFolder
from cobot_ai.store.mcap_file import to_mcap
from cobot_ai.store.messages import RosbagsDecoder
from cobot_ai.store.ready import ReadyFolder

T0 = 1_700_000_000 * S
RNG = np.random.default_rng(5)
HEAD = 'piece,kind,label,start_ns,end_ns'


def recorded(labels, at=T0, **facts):
    """Steps a second apart, with their step messages."""
    made = []
    for n, label in enumerate(labels):
        made += step_messages(at + n * S, signal(label, RNG), {'operation': 'insert', **facts})
    return made


def put(path, messages):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(to_mcap(messages, {}))
    return path


class Plant:
    """A running cell with its drop folder: the trainer cuts, the monitor writes down."""

    def __init__(self, folder, spec=None, bench=None):
        self.folder = folder / 'drop'
        self.bench = bench or Bench(spec)
        self.spec, self.now = self.bench.spec, 0.0
        self.restart()

    def restart(self):
        """Both processes begin anew; only what is on the disk and in the ledger is left."""
        ledger = self.bench.ledger
        dataset = self.bench.trainer._source
        cutter = Cutter(self.spec, RosbagsDecoder(), resolve, Bag, dataset.case_at)
        self.box = DropFolder(self.folder, self.spec.question)
        self.importer = Importer(self.box, cutter, partial(taken_before, ledger))
        self.intake = Intake(
            ReadyFolder(self.folder), ledger, self.bench.authority.desk.commit, self.adopt
        )

    def adopt(self, case, path, sha256, refused):
        self.bench.clips.adopt(case, path, 'labelled')
        self.bench.authority.clip_stored(case, sha256, 'labelled')

    def cut(self, seconds=60.0):
        """Time passes for the trainer; returns what it said."""
        said = []
        for _ in range(round(seconds)):
            self.now += 1.0
            self.bench.trainer._source.refresh()
            said.append(self.importer.turn(self.now))
        return [s for s in said if s]

    def write_down(self):
        for _ in range(80):
            self.intake.poll()

    def run(self):
        said = self.cut()
        self.write_down()
        return said

    def labels(self):
        return [e.body['label'] for e in self.bench.entries('label')]

    def refused(self):
        return {p.name: p.read_text() for p in (self.folder / 'refused').glob('*.why.txt')}


@pytest.fixture
def plant(tmp_path):
    return Plant(tmp_path)


def test_clips_with_the_label_in_their_name_retrain_the_model(plant):
    for n in range(8):
        for label in ('good', 'bad'):
            clip = recorded([label], T0 + n * 60 * S + (label == 'bad') * 30 * S)
            put(plant.folder / f'shift_{n}.{label}.mcap', clip)
    plant.run()
    assert sorted(plant.labels()) == ['bad'] * 8 + ['good'] * 8
    entries = plant.bench.entries('import')
    assert all(e.body['ok'] and e.body['by'] for e in entries)
    assert {e.body['context'] for e in entries} == {'operation=insert'}
    assert len({e.body['group'] for e in entries}) == 16, 'each step is its own group'
    assert plant.bench.trainer.turn(plant.bench.clock.t_ns) is not None, 'nothing was learnt'
    assert len(list((plant.folder / 'taken').iterdir())) == 16
    assert plant.bench.authority.memory.record.answers == {'operation=insert': 16}


def test_a_recording_with_a_truth_file_is_cut_as_the_cell_cuts_and_names_who_labelled(plant):
    labels = ['good', 'bad', 'good', 'unknown', 'bad']
    rows = [f'{n},class,{label},{T0 + n * S},{T0 + n * S + S // 2},ada' for n, label in
            enumerate(labels)]  # fmt: skip
    (plant.folder / 'run_7.csv').write_text('\n'.join([f'{HEAD},by', *rows]))
    put(plant.folder / 'run_7.mcap', recorded(['good'] * 5, part_id='9'))
    assert plant.run() == ['run_7.mcap: 4 labelled cases']
    assert plant.labels() == ['good', 'bad', 'good', 'bad']
    first = plant.bench.entries('import')[0].body
    assert (first['by'], first['facts']['part_id']) == ('ada', '9')
    assert first['end_ns'] - first['start_ns'] == 320_000_000
    assert {p.name for p in (plant.folder / 'taken').iterdir()} == {'run_7.mcap', 'run_7.csv'}
    plant.cut(1)
    found = plant.bench.trainer._source.cases()
    assert [c.label for c in found] == plant.labels()
    assert found[0].window.mask.all()


def test_a_clip_without_step_messages_is_one_step_and_a_folder_may_name_the_class(plant):
    put(plant.folder / 'bad' / 'a.mcap', [wrench(T0 + n * S // 100, 0.0, 1.0) for n in range(50)])
    plant.run()
    assert plant.labels() == ['bad']
    body = plant.bench.entries('import')[0].body
    assert body['end_ns'] - body['start_ns'] == 490_000_001


def test_a_truth_file_bounds_the_steps_where_nothing_else_does(plant):
    put(plant.folder / 'a.mcap', [wrench(T0 + n * S // 100, 0.0, 1.0) for n in range(300)])
    rows = [
        f'1,class,good,{T0},{T0 + S},insert',
        f'2,class,bad,{T0 + S},{T0 + 2 * S},screw',
    ]
    (plant.folder / 'a.csv').write_text('\n'.join([f'{HEAD},operation', *rows]))
    plant.run()
    assert plant.labels() == ['good', 'bad']
    contexts = [e.body['context'] for e in plant.bench.entries('import')]
    assert contexts == ['operation=insert', 'operation=screw']


def test_sliding_windows_of_one_stretch_of_time_stay_together(tmp_path):
    step = StepSpec(trigger=Trigger.SLIDING, length_s=1.0, hop_s=0.5, samples=16)
    plant = Plant(tmp_path, cell(step=step))
    data = [wrench(T0 + n * S // 100, 0.0, 1.0) for n in range(500)]
    put(plant.folder / 'a.good.mcap', data)
    plant.run()
    assert plant.labels() == ['good'] * 9
    assert len({e.body['group'] for e in plant.bench.entries('import')}) <= 2


@pytest.mark.parametrize(
    ('name', 'content', 'why'),
    [
        ('a.jammed.mcap', None, 'It has no label'),
        ('a.mcap', None, 'It has no label'),
        ('a.good.mcap', b'\x89MCAP0\r\nnothing', 'cannot be read|damaged'),
        ('empty.good.mcap', to_mcap([], {}), 'lacks the topic /wrench'),
    ],
)
def test_what_cannot_be_used_is_moved_aside_with_its_reason_and_logged(plant, name, content, why):
    path = put(plant.folder / name, recorded(['good']))
    if content is not None:
        path.write_bytes(content)
    before = path.read_bytes()
    plant.run()
    ((where, text),) = plant.refused().items()
    assert where == f'{name}.why.txt'
    assert re.search(why, text), text
    assert (plant.folder / 'refused' / name).read_bytes() == before, 'something was lost'
    (entry,) = plant.bench.entries('import')
    assert (entry.body['ok'], entry.body['reason'] + '\n') == (False, text)
    assert plant.labels() == []


@pytest.mark.parametrize('times', ['20,10', f'0,{10**30}'])
def test_a_truth_file_whose_times_are_none_is_refused_with_its_line(plant, times):
    put(plant.folder / 'a.mcap', recorded(['good']))
    (plant.folder / 'a.csv').write_text(f'piece,kind,label,start_ns,end_ns\n1,class,good,{times}\n')
    plant.run()
    (text,) = plant.refused().values()
    assert 'Line 2' in text


def test_what_cannot_even_be_looked_at_holds_up_nobody(plant):
    good = put(plant.folder / 'z.good.mcap', recorded(['good']))
    (plant.folder / 'a.good.mcap').symlink_to(plant.folder / 'nowhere.mcap')
    strange = plant.folder / '.ready' / 'strange'
    strange.mkdir()
    (strange / 'delivery.json').write_text('{"made": "by another version"}')
    plant.run()
    assert list(plant.refused()) == ['a.good.mcap.why.txt']
    assert plant.labels() == ['good'] and not good.exists()


def test_a_recording_that_breaks_the_import_is_moved_aside_and_holds_up_nobody(plant, monkeypatch):
    cases = Cutter.cases

    def breaks(self, item):
        if item.name.startswith('odd'):
            raise ZeroDivisionError('division by zero')
        return cases(self, item)

    monkeypatch.setattr(Cutter, 'cases', breaks)
    put(plant.folder / 'odd.good.mcap', recorded(['good']))
    put(plant.folder / 'sound.good.mcap', recorded(['good'], at=T0 + 100 * S))
    said = plant.run()
    assert len(said) == 2, 'it is not tried again and again'
    assert 'ZeroDivisionError: division by zero' in next(s for s in said if s.startswith('odd'))
    assert '1 labelled cases' in next(s for s in said if s.startswith('sound'))


def test_a_clip_that_cannot_be_stored_holds_up_no_other_import(plant, monkeypatch):
    lost = []

    def adopt(case, path, sha256, refused):
        lost.append(path)
        refused(case)

    monkeypatch.setattr(plant.intake, '_adopt', adopt)
    for name in ('a', 'b'):
        at = T0 + 60 * S * (name == 'b')
        put(plant.folder / f'{name}.good.mcap', recorded(['good'], at))
    plant.run()
    assert len(lost) == 1 and plant.intake.busy, 'a clip that is still there is not given up'
    monkeypatch.setattr(plant.intake, '_adopt', plant.adopt)
    for _ in range(2000):
        plant.intake.poll()
    assert not plant.intake.busy
    assert len(plant.bench.entries('clip')) == 2, 'it was not offered again'


def test_a_clip_that_is_gone_holds_up_no_other_import(plant, monkeypatch):
    def adopt(case, path, sha256, refused):
        path.unlink()
        refused(case)

    monkeypatch.setattr(plant.intake, '_adopt', adopt)
    put(plant.folder / 'a.good.mcap', recorded(['good']))
    plant.run()
    assert plant.labels() == ['good'] and not plant.intake.busy


def test_the_truth_file_counts_more_than_a_guess_from_the_name(tmp_path):
    plant = Plant(tmp_path, cell(question=replace(cell().question, open_classes=True)))
    put(plant.folder / 'shift_7.2026-01-05.mcap', recorded(['good', 'bad']))
    rows = [f'0,class,good,{T0},{T0 + S // 2}', f'1,class,bad,{T0 + S},{T0 + S + S // 2}']
    (plant.folder / 'shift_7.2026-01-05.csv').write_text('\n'.join([HEAD, *rows]))
    plant.run()
    assert plant.labels() == ['good', 'bad']


@pytest.mark.parametrize(
    ('rows', 'why'),
    [
        (['1,class,jammed,0,1'], 'the classes of this cell are good, bad'),
        (['1,class,good,0,1'], 'No labelled step'),
        (['1,bad,x,0,1'], 'No labelled step'),
        ([], 'No labelled step'),
        (['1,class,good,now,1'], 'Line 2'),
    ],
)
def test_a_truth_file_that_says_nothing_about_the_recording_is_refused(plant, rows, why):
    put(plant.folder / 'a.mcap', recorded(['good', 'bad']))
    (plant.folder / 'a.csv').write_text('\n'.join([HEAD, *rows]))
    plant.run()
    assert why in plant.refused()['a.mcap.why.txt']
    assert plant.labels() == []


def test_the_same_recording_is_not_learnt_twice_nor_a_step_the_cell_has_itself(plant):
    clip = recorded(['good'])
    put(plant.folder / 'a.good.mcap', clip)
    plant.run()
    put(plant.folder / 'again.bad.mcap', clip)
    plant.run()
    assert 'imported before, from case 1' in plant.refused()['again.bad.mcap.why.txt']
    case = plant.bench.step('bad')
    body = plant.bench.entries('decision', case)[0].body
    own = plant.bench.clips.read(case)
    put(plant.folder / 'own.bad.mcap', own)
    plant.run()
    assert f'case {case} of this cell' in plant.refused()['own.bad.mcap.why.txt'], body['start_ns']
    assert plant.labels() == ['good']


def test_a_recording_that_is_still_being_copied_is_left_alone(plant):
    path = put(plant.folder / 'a.good.mcap', recorded(['good']))
    whole = path.read_bytes()
    for size in range(100, len(whole), len(whole) // 5):
        path.write_bytes(whole[:size])
        assert plant.cut(1) == []
    path.write_bytes(whole)
    assert plant.cut(15) == ['a.good.mcap: 1 labelled cases']


@pytest.mark.parametrize('after', range(6))
def test_a_kill_at_any_point_loses_nothing_and_doubles_nothing(tmp_path, after, monkeypatch):
    """The trainer or the monitor dies somewhere; after a restart the rest is done."""
    plant = Plant(tmp_path)
    put(plant.folder / 'run.good.mcap', recorded(['good'] * 3))
    calls = []

    def dies(real, *args):
        calls.append(real)
        if len(calls) == after:
            raise StoreError('killed')
        return real(*args)

    for owner, name in (
        (plant.box, '_aside'),
        (plant.bench.ledger, 'commit'),
        (plant.bench.clips, 'adopt'),
    ):
        monkeypatch.setattr(owner, name, partial(dies, getattr(owner, name)))
    for _ in range(4):
        try:
            plant.run()
        except StoreError:
            plant.restart()
    assert plant.labels() == ['good'] * 3
    assert len(plant.bench.entries('clip')) == 3
    assert sorted(plant.bench.clips.clips) == [e.case for e in plant.bench.entries('import')]
    assert not list((plant.folder / '.ready').iterdir())
    assert not list(plant.folder.glob('*.mcap'))


def test_an_imported_label_can_be_corrected_and_forgotten_like_any_other(plant):
    put(plant.folder / 'a.good.mcap', recorded(['good']))
    plant.run()
    assert plant.bench.command('correct', case=1, label='bad')['ok']
    assert plant.bench.ledger.labels()[1].body['label'] == 'bad'
    assert plant.bench.command('forget', case=1, why='a test')['ok']
    assert plant.bench.ledger.labels()[1].body['label'] is None
    plant.bench.wait(600.0)
    assert plant.bench.entries('review') == []  # what was forgotten is put to nobody again


def test_control_without_the_label_in_the_name_nothing_is_learnt(plant):
    put(plant.folder / 'a.mcap', recorded(['good']))
    assert plant.cut(5) == []
    assert plant.labels() == []


CELL = """
name: dropped
streams:
- {name: wrench, topic: wrench, type: geometry_msgs/msg/WrenchStamped, rate_hz: 100}
step: {topic: step, samples: 16}
question:
  text: {en: 'Good?'}
  classes:
  - {name: good, action: continue, nominal: true}
  - {name: bad, action: reject}
"""


def test_the_command_checks_first_and_puts_down_what_is_good(tmp_path, capsys):
    (tmp_path / 'cell.yaml').write_text(CELL)
    good = put(tmp_path / 'a.mcap', recorded(['good', 'good']))
    none = put(tmp_path / 'b.mcap', [])
    args = ['import', str(tmp_path / 'cell.yaml'), str(good), str(none)]
    args += ['--label', 'good', '--data-dir', str(tmp_path / 'data')]
    assert main.main([*args, '--check']) == 1
    assert not (tmp_path / 'data' / 'drop').exists()
    assert main.main(args) == 1
    said = capsys.readouterr().out
    assert '2 good' in said and 'lacks the topic' in said
    assert {p.name for p in (tmp_path / 'data' / 'drop').glob('*.mcap')} == {'a.good.mcap'}
