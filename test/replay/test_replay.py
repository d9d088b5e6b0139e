"""Replays of real and made recordings through the whole loop."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from dataclasses import replace
from html import escape
from pathlib import Path

import numpy as np
import pytest
import yaml
from cells import signal, step_messages, wrench
from rosbags.rosbag2 import StoragePlugin, Writer

from cobot_ai.app.operator import Habits
from cobot_ai.cli.main import main
from cobot_ai.cli.replay import Options, run_replay
from cobot_ai.core.errors import CobotAiError, ConfigError, DataError
from cobot_ai.core.samples import RawMessage
from cobot_ai.core.types import Json
from cobot_ai.store.bags import Bag
from cobot_ai.store.clips import to_mcap
from cobot_ai.store.typestore import encode, typestore

S = 10**9
CELL = """
name: made
streams:
  - name: wrench
    topic: wrench
    type: geometry_msgs/msg/WrenchStamped
    rate_hz: 100
    channels:
      - {name: fx, path: wrench.force.x, unit: N}
      - {name: fz, path: wrench.force.z, unit: N}
step: {topic: step, samples: 16, context: [operation]}
question:
  classes:
    - {name: good, action: continue, nominal: true}
    - {name: bad, action: reject}
  deadline_s: 5
  undo_s: 0.5
risk: {epsilon: 0.2, delta: 0.2, min_answers: 5, burn_in: 3}
model: {head: linear, swap: at_once}
budget: {warn: 0, hard: 0}
"""
FIELDS = {
    'schema',
    'digest',
    'cases',
    'acted',
    'asked',
    'expired',
    'held',
    'wrong_alone',
    'contexts',
    'asks_per_hour',
    'models',
    'latency_ms',
    'dropped',
    'late',
    'missing',
}


def write_bag(folder: Path, rows: list[RawMessage]) -> None:
    with Writer(folder, version=8, storage_plugin=StoragePlugin.MCAP) as writer:
        types = {m.topic: m.type for m in rows}
        made = {t: writer.add_connection(t, k, typestore=typestore()) for t, k in types.items()}
        for m in rows:
            writer.write(made[m.topic], m.t_ns, m.data)


@pytest.fixture(scope='module')
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bag of 40 two-class steps with its truth and a cell file."""
    folder = tmp_path_factory.mktemp('made')
    rng = np.random.default_rng(1)
    rows, messages = [], list[RawMessage]()
    for n in range(40):
        label = 'bad' if n % 3 == 0 else 'good'
        start = 10**18 + n * 2 * S
        messages += step_messages(start, signal(label, rng))
        rows.append((f'step {n}', 'class', label, start, start + S // 2))
    write_bag(folder / 'bag', messages)
    with (folder / 'truth.csv').open('w', newline='') as file:
        csv.writer(file).writerows([('piece', 'kind', 'label', 'start_ns', 'end_ns'), *rows])
    (folder / 'cell.yaml').write_text(CELL)
    return folder


def replay(made: Path, out: Path, *, answers: bool = True, **habits: object) -> Json:
    options = Options(
        made / 'bag',
        str(made / 'cell.yaml'),
        out,
        made / 'truth.csv' if answers else None,
        habits=Habits(**habits),  # type: ignore[arg-type]
    )
    return run_replay(options, lambda text: None)


def test_the_loop_learns_and_every_field_is_in_the_report(made: Path, tmp_path: Path) -> None:
    report = replay(made, tmp_path)
    assert set(report) >= FIELDS
    assert report == json.loads((tmp_path / 'report.json').read_text())
    assert report['cases'] == 40
    assert report['acted'] + report['asked'] == report['cases']
    assert report['acted'] > 5
    assert report['wrong_alone'] == 0
    assert report['models']
    assert report['remarks'] == []
    assert all(m['gates'] for m in report['models'])
    page = (tmp_path / 'report.html').read_text()
    assert '<svg' in page
    assert report['guessed']['right'] > 0.8 * report['guessed']['of'] > 0
    assert '<td>really good</td>' in page, 'how many of each class it recognised'


def test_same_bag_same_seed_same_digest_and_another_operator_another(
    made: Path, tmp_path: Path
) -> None:
    first = replay(made, tmp_path / 'a')
    again = replay(made, tmp_path / 'b')
    other = replay(made, tmp_path / 'c', error_rate=0.3, seed=5)
    assert first['digest'] == again['digest']
    assert first['digest'] != other['digest']


def test_without_answers_everything_expires_into_the_fail_safe(made: Path, tmp_path: Path) -> None:
    report = replay(made, tmp_path, answers=False)
    assert report['asked'] == report['expired'] == report['held'] == 40
    assert report['acted'] == 0
    assert report['wrong_alone'] is None
    assert report['models'] == []
    assert [r for r in report['remarks'] if '--answers' in r]
    page = (tmp_path / 'report.html').read_text()
    assert 'what to try' in page, 'where everything was asked it says where to go on reading'


def test_an_operator_who_is_away_leaves_asks_to_expire(made: Path, tmp_path: Path) -> None:
    report = replay(made, tmp_path, absent=((0.0, 10.0),))
    assert report['expired'] == 5
    late = replay(made, tmp_path / 'late', delay_s=6.0)
    assert late['expired'] == late['asked'], 'an answer after the deadline counted'


def test_a_damaged_bag_is_replayed_up_to_the_damage_and_fails(made: Path, tmp_path: Path) -> None:
    whole = to_mcap(Bag(made / 'bag').messages(), {})
    cut = tmp_path / 'cut.mcap'
    cut.write_bytes(whole[: len(whole) // 2])
    options = Options(cut, str(made / 'cell.yaml'), tmp_path / 'out', made / 'truth.csv')
    with pytest.raises(DataError):
        run_replay(options, lambda text: None)
    assert 5 < json.loads((tmp_path / 'out' / 'report.json').read_text())['cases'] < 40


@pytest.mark.parametrize(
    ('change', 'says'),
    [
        (('topic: ', 'topic: gone/'), 'has none of the topics'),
        (('topic: wrench', 'topic: step'), 'step'),
        (('topic: step', 'topic: other'), 'what the robot program sent (/other)'),
        (
            (
                'topic: step,',
                'trigger: threshold, threshold: {channel: wrench.fz, on: 9000, off: 1},',
            ),
            'wrench.fz never went to 9000 and back',
        ),
        (('WrenchStamped', 'Twist'), 'Twist'),
        (('deadline_s: 5', 'dedline_s: 5'), 'deadline_s'),
        (('epsilon: 0.2', 'epsilon: 2'), 'epsilon'),
    ],
)
def test_a_wrong_cell_file_is_one_clear_sentence(
    made: Path, tmp_path: Path, change: tuple[str, str], says: str
) -> None:
    cell = tmp_path / 'cell.yaml'
    cell.write_text(CELL.replace(*change))
    assert cell.read_text() != CELL
    options = Options(made / 'bag', str(cell), tmp_path / 'out', made / 'truth.csv')
    with pytest.raises(CobotAiError) as error:
        run_replay(options, lambda text: None)
    assert says in str(error.value)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize('told', [True, False])
def test_answers_of_another_recording_are_an_error_and_leave_no_report(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: bool
) -> None:
    other, said, out = tmp_path / 'truth.csv', list[str](), tmp_path / 'out'
    other.write_text('piece,kind,label,start_ns,end_ns\n1,class,bad,1700000000,1700000001\n')
    if not told:  # nothing but the messages tells the time of a damaged bag
        monkeypatch.setattr(Bag, 'span', lambda self: None)
    options = Options(made / 'bag', str(made / 'cell.yaml'), out, other)
    with pytest.raises(DataError, match='they share no moment'):
        run_replay(options, said.append)
    assert not list(out.glob('report.*')) and not any('cases' in line for line in said)
    assert out.exists() is not told, 'it was replayed first'


def test_a_bag_tells_its_span_before_it_is_read(made: Path) -> None:
    first, *_, last = Bag(made / 'bag').messages()
    begin, end = Bag(made / 'bag').span() or (0, 0)
    assert begin == first.t_ns and 0 <= end - last.t_ns <= 1
    file = next((made / 'bag').glob('*.mcap'))
    assert Bag(file).span() == (begin, end)


def test_a_cell_whose_only_stream_is_not_in_the_bag_is_refused_with_what_was_meant(
    made: Path, tmp_path: Path
) -> None:
    cell, said = tmp_path / 'cell.yaml', list[str]()
    cell.write_text(CELL.replace('topic: wrench', 'topic: wrensh'))
    options = Options(made / 'bag', str(cell), tmp_path / 'out', made / 'truth.csv')
    with pytest.raises(ConfigError, match='/wrench may be meant by /wrensh'):
        run_replay(options, said.append)
    extra = {'name': 'imu', 'topic': 'imu', 'type': 'sensor_msgs/msg/Imu', 'rate_hz': 100}
    both = yaml.safe_load(CELL)
    both['streams'].append(extra)
    cell.write_text(yaml.safe_dump(both))
    run_replay(replace(options, answers=None), said.append)
    assert 'not in the bag: /imu' in said


def test_labels_that_the_cell_file_does_not_have_are_said(made: Path, tmp_path: Path) -> None:
    other, said = tmp_path / 'truth.csv', list[str]()
    text = (made / 'truth.csv').read_text()
    other.write_text(text.replace(',bad,', ',Badd,'))
    run_replay(Options(made / 'bag', str(made / 'cell.yaml'), tmp_path / 'out', other), said.append)
    (told,) = [line for line in said if 'open_classes' in line]
    assert 'Badd (did you mean `bad`?)' in told and 'of this recording' not in told
    assert escape(told) in (tmp_path / 'out' / 'report.html').read_text()


def test_answers_none_of_which_the_cell_knows_are_doubted_or_refused(
    made: Path, tmp_path: Path
) -> None:
    text, said = (made / 'truth.csv').read_text(), list[str]()
    cell = str(made / 'cell.yaml')
    other = tmp_path / 'truth.csv'
    other.write_text(text.replace(',bad,', ',left,').replace(',good,', ',right,'))
    run_replay(Options(made / 'bag', cell, tmp_path / 'other', other), said.append)
    assert any('is it the file of this recording?' in line for line in said)
    other.write_text(text.replace(',class,', ',clas,'))
    with pytest.raises(DataError, match='None of the 40 answers counts: 40 of kind `clas`'):
        run_replay(Options(made / 'bag', cell, tmp_path / 'none', other), said.append)


def test_a_fact_of_the_context_that_no_case_has_is_named(made: Path, tmp_path: Path) -> None:
    cell = tmp_path / 'cell.yaml'
    cell.write_text(CELL.replace('[operation]', '[operaton]'))
    options = Options(made / 'bag', str(cell), tmp_path / 'out', made / 'truth.csv')
    (told,) = run_replay(options, lambda text: None)['remarks']
    assert told.startswith('not in any case: the facts operaton') and 'operation' in told
    cell.write_text(CELL.replace(', context: [operation]', ''))
    assert run_replay(replace(options, out=tmp_path / 'usual'), lambda text: None)['remarks'] == []


def test_cases_that_no_answer_is_about_are_counted(made: Path, tmp_path: Path) -> None:
    rows, said = (made / 'truth.csv').read_text().splitlines(), list[str]()
    short, cell = tmp_path / 'short.csv', str(made / 'cell.yaml')
    short.write_text('\n'.join(rows[:16]))
    report = run_replay(Options(made / 'bag', cell, tmp_path / 'out', short), said.append)
    (told,) = report['remarks']
    assert told.startswith('not in the answers: 25 of 40 cases, taken for `good`')
    assert told in said
    faults = [line.replace(',class,bad,', ',bad,1,') for line in rows if ',good,' not in line]
    short.write_text('\n'.join(faults))
    report = run_replay(Options(made / 'bag', cell, tmp_path / 'faults', short), said.append)
    assert report['remarks'] == [], 'a list of faults says nothing of the rest'


def test_an_interrupted_replay_can_be_made_again(made: Path, tmp_path: Path) -> None:
    replay(made, tmp_path, answers=False)
    (tmp_path / 'report.json').unlink()
    assert replay(made, tmp_path, answers=False)['cases'] == 40


def test_results_of_others_are_never_overwritten(made: Path, tmp_path: Path) -> None:
    (tmp_path / 'cell').mkdir()
    precious = tmp_path / 'cell' / 'precious.txt'
    precious.write_text('mine')
    with pytest.raises(ConfigError):
        replay(made, tmp_path)
    assert precious.read_text() == 'mine'


@pytest.mark.parametrize(
    'arguments',
    [
        ['replay', 'no_such_bag', '--cell', 'wrench_cases', '--out', 'o'],
        ['replay', 'no_such_bag', '--cell', 'no_such_cell', '--out', 'o'],
        ['verify', 'wrench_cases', '--data-dir', 'nothing_here'],
        ['replay', '.', '--cell', 'wrench_cases', '--out', 'o', '--speed', 'fast'],
    ],
)
def test_bad_input_is_one_sentence_and_not_zero(
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) != 0
    said = capfd.readouterr().err.strip()
    assert said.startswith('cobot_ai: ')
    assert 'Traceback' not in said
    assert len(said.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


DATA = os.environ.get('COBOT_AI_DATA', '')
TOOL = os.environ.get('COBOT_AI_TO_BAG', '')


@pytest.mark.data
@pytest.mark.skipif(not (DATA and TOOL), reason='COBOT_AI_DATA and COBOT_AI_TO_BAG are not set')
@pytest.mark.parametrize(
    'name', ['robot_failures_lp1', pytest.param('robot_failures_lp5', marks=pytest.mark.long)]
)
def test_real_wrench_recordings_replay_alike_twice(name: str, tmp_path: Path) -> None:
    subprocess.run([sys.executable, TOOL, f'{DATA}/{name}.npz', str(tmp_path / 'b')], check=True)
    reports = [
        run_replay(
            Options(
                tmp_path / 'b' / 'bag',
                'wrench_cases',
                tmp_path / f'out{n}',
                tmp_path / 'b' / 'truth.csv',
            ),
            lambda text: None,
        )
        for n in range(2)
    ]
    assert reports[0]['digest'] == reports[1]['digest']
    assert reports[0]['acted'] + reports[0]['asked'] == reports[0]['cases']
    assert reports[0]['wrong_alone'] <= max(1, 0.05 * reports[0]['acted'])
    assert reports[0]['dropped'] == reports[0]['late'] == reports[0]['missing'] == 0


@pytest.mark.parametrize(
    ('left', 'said'),
    [
        (slice(None), []),
        (slice(-1), ['not a case: the last step, whose end the recording does not have.']),
        (slice(1, None), ['not a case: 1 begins or ends of steps without the other one']),
    ],
)
def test_a_step_that_the_recording_has_only_in_part_is_no_case_and_is_said(
    left: slice, said: list[str], tmp_path: Path
) -> None:
    rng, told = np.random.default_rng(0), list[str]()
    steps = [step_messages(10**18 + n * 2 * S, signal('good', rng)) for n in range(3)]
    write_bag(tmp_path / 'bag', [m for step in steps for m in step][left])
    (tmp_path / 'cell.yaml').write_text(CELL)
    cell = str(tmp_path / 'cell.yaml')
    report = run_replay(Options(tmp_path / 'bag', cell, tmp_path / 'out'), told.append)
    assert report['cases'] == 3 - len(said)
    found = [line for line in told if line.startswith('not a case')]
    assert [line[: len(text)] for line, text in zip(found, said, strict=True)] == said


EDGES = """
step:
  trigger: edge
  samples: 16
  context: [program]
  context_topic: program
  edges:
    - {topic: io/clamped, on: rising, marks: begin}
    - {topic: io/clamped, on: falling, marks: end}
"""


def test_steps_of_a_digital_line_and_its_context_come_out_of_a_bag_too(tmp_path: Path) -> None:
    bool_type, string = 'std_msgs/msg/Bool', 'std_msgs/msg/String'
    rows, rng = [], np.random.default_rng(0)
    start = 10**18
    rows.append(RawMessage('/program', string, start, encode(string, {'data': 'weld_7'})))
    for n in range(3):
        at = start + (n + 1) * 2 * S
        rows.append(RawMessage('/io/clamped', bool_type, at - S, encode(bool_type, {})))
        rows.append(RawMessage('/io/clamped', bool_type, at, encode(bool_type, {'data': True})))
        rows += step_messages(at, signal('good', rng))[1:-1]
        rows.append(RawMessage('/io/clamped', bool_type, at + 320 * 10**6, encode(bool_type, {})))
    rows.append(wrench(start + 9 * S, 0.0, 2.0))
    write_bag(tmp_path / 'bag', rows)
    cell = tmp_path / 'cell.yaml'
    cell.write_text(CELL.replace('step: {topic: step, samples: 16, context: [operation]}', EDGES))
    report = run_replay(Options(tmp_path / 'bag', str(cell), tmp_path / 'out'), lambda text: None)
    assert report['cases'] == 3
    assert list(report['contexts']) == ['program=weld_7']
