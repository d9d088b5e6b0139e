"""A cell file against what is there, and a first cell file from it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobot_ai.app.doctor import Level, diagnose, nice_rate
from cobot_ai.app.doctor_signals import diagnose_signals
from cobot_ai.app.first_cell import assumed, comments, first_cell
from cobot_ai.app.operator import Interval
from cobot_ai.app.survey import ENTRIES, Offer, Span, Survey, TopicSeen, gap_inside, rate_and_gap
from cobot_ai.cli.doctor import full_names, to_yaml
from cobot_ai.cli.main import main
from cobot_ai.core.config import parse_cell
from cobot_ai.core.errors import DataError
from cobot_ai.core.message_types import STEP
from cobot_ai.core.samples import RawMessage
from cobot_ai.core.signals import EdgeSpec
from cobot_ai.core.spec import Trigger
from cobot_ai.store.cellfile import load_cell
from cobot_ai.store.machine import Machine, examine
from cobot_ai.store.surveyor import survey_bag
from cobot_ai.store.typestore import encode, encode_step

WRENCH = 'geometry_msgs/msg/WrenchStamped'
JOINTS = 'sensor_msgs/msg/JointState'
FORCES = [f'wrench.{part}.{axis}' for part in ('force', 'torque') for axis in 'xyz']


def wrench(topic='/wrench', **more):
    numbers = {path: Span(-1.0, 1.0) for path in FORCES}
    return TopicSeen(topic, WRENCH, 500, **{'rate_hz': 47.6, 'numbers': numbers, **more})


def steps(**more):
    facts = {'steps': ('begin', 'end'), 'facts': ('operation',), **more}
    return TopicSeen('/step', STEP, 20, 1.0, **facts)


def survey(*topics, live=False):
    return Survey('a test', live, 10.0, {t.topic: t for t in topics})


def levels(*topics, cell='wrench_cases', live=False):
    spec = load_cell(cell)
    return diagnose(spec, survey(*topics, live=live), full_names(spec, ''))


def worst(found, about):
    return [f for f in found if f.level is not Level.OK and about in f.about]


def test_a_cell_that_fits_has_nothing_to_say():
    found = levels(wrench(frames=('tool0',), stamp_offset_s=-0.001), steps())
    assert {f.level for f in found} == {Level.OK}


def test_silence_between_two_steps_is_no_gap():
    quiet = wrench(longest_gap_s=2.0, step_gap_s=0.02)
    assert {f.level for f in levels(quiet, steps())} == {Level.OK}


def test_only_silence_inside_a_step_counts():
    times = [0, 10, 20, 500, 510, 520]
    assert gap_inside(times, []) is None
    assert gap_inside(times, [(0, 20), (500, 520)]) == pytest.approx(1e-8)
    assert gap_inside(times, [(0, 20), (490, 520)]) == pytest.approx(1e-8)
    assert gap_inside(times, [(0, 60)]) == pytest.approx(4e-8)
    assert gap_inside([], [(0, 60)]) == pytest.approx(6e-8)


@pytest.mark.parametrize(
    ('seen', 'level', 'says'),
    [
        (replace(wrench(), topic='/ft/wrench'), Level.ERROR, '/ft/wrench'),
        (replace(wrench(), type=JOINTS), Level.ERROR, f'type: {JOINTS}'),
        (replace(wrench(), count=0), Level.ERROR, 'multicast'),
        (replace(wrench(), count=0, offer=Offer(0, True, False)), Level.ERROR, 'Start its driver'),
        (wrench(rate_hz=499.0), Level.WARNING, 'rate_hz: 500'),
        (wrench(longest_gap_s=2.0), Level.HINT, 'missing'),
        (wrench(longest_gap_s=9.0, step_gap_s=2.0), Level.HINT, 'missing'),
        (wrench(stamp_offset_s=3.0), Level.WARNING, 'NTP'),
        (wrench(offer=Offer(2, True, False)), Level.WARNING, 'topic of its own'),
        (wrench(frames=('tool0', 'base')), Level.WARNING, 'fix the frame'),
        (wrench(numbers={p: Span(0.0, 0.0) for p in FORCES}), Level.HINT, 'connected'),
        (
            wrench(numbers={p: Span(0.0, 1.0) for p in FORCES[:5]}),
            Level.ERROR,
            'remove the channel',
        ),
    ],
)
def test_what_does_not_fit_is_named_with_what_to_do(seen, level, says):
    found = levels(seen, steps())
    assert [f for f in worst(found, 'wrench') if f.level is level and says in f.advice], found


def test_a_unit_that_cannot_be_is_named():
    hot = TopicSeen(
        '/motor_temperature', 'sensor_msgs/msg/Temperature', 50, 1.0,
        numbers={'temperature': Span(301.0, 309.0)},
    )  # fmt: skip
    found = levels(hot, cell='generic')
    texts = [f.text for f in worst(found, '/motor_temperature')]
    assert any('looks like K' in t for t in texts)
    assert any('leave -20 to 120' in t for t in texts)


def test_no_steps_is_an_error_in_a_bag_and_a_warning_where_the_program_may_just_rest():
    assert [f.level for f in worst(levels(wrench()), '/step')] == [Level.ERROR]
    assert [f.level for f in worst(levels(wrench(), live=True), '/step')] == [Level.WARNING]
    (half,) = [f for f in worst(levels(wrench(), steps(steps=('begin',))), '/step') if f.advice]
    assert half.text.startswith('only begin')
    (bare,) = worst(levels(wrench(), steps(facts=())), '/step')
    assert bare.level is Level.HINT


def test_pauses_and_bunches_do_not_bend_the_rate():
    even = [i * 10_000_000 for i in range(200)]
    assert rate_and_gap(even) == pytest.approx((100.0, 0.01))
    assert rate_and_gap([*even, even[-1] + 5_000_000_000]) == pytest.approx((100.0, 5.0))
    bunches = [i // 5 * 50_000_000 + i % 5 for i in range(1000)]
    assert rate_and_gap(bunches)[0] == pytest.approx(100, rel=0.02)


@given(st.floats(0.05, 5000))
def test_a_nice_rate_stays_close(rate):
    assert nice_rate(rate) == pytest.approx(rate, rel=0.01)


def messages():
    for i in range(100):
        force = {'x': float(i), 'y': 0.0, 'z': 1.0}
        fields = {'header': {'stamp': 10**9 + i * 10**7, 'frame_id': 'tool0'}}
        data = encode(WRENCH, {**fields, 'wrench': {'force': force}})
        yield RawMessage('/wrench', WRENCH, 10**9 + i * 10**7, data)
        joints = {'name': ['a', 'b'], 'position': [0.1 * i, 1.0], 'effort': [1.0, 2.0]}
        yield RawMessage('/js', JOINTS, 10**9 + i * 10**7, encode(JOINTS, joints))
    for i, edge in enumerate(('begin', 'end')):
        data = encode_step(edge, {'operation': 'insert', 'part_id': '7'})
        yield RawMessage('/step', STEP, 10**9 + i * 10**9, data)


TYPES = {'/wrench': WRENCH, '/js': JOINTS, '/step': STEP, '/quiet': WRENCH}


def test_messages_become_a_survey_and_the_survey_a_cell_that_fits(tmp_path):
    seen = survey_bag('a bag', TYPES, messages())
    assert seen.topics['/js'].joints == ('a', 'b')
    assert seen.topics['/wrench'].numbers['wrench.force.x'] == Span(0.0, 99.0)
    assert seen.topics['/wrench'].frames == ('tool0',)
    assert seen.topics['/quiet'].count == 0
    file = tmp_path / 'cell.yaml'
    file.write_text(to_yaml(first_cell(seen, 'made'), comments(seen)))
    spec = load_cell(file)
    assert [s.name for s in spec.streams] == ['js', 'wrench']
    assert spec.streams[0].channels[0].path == 'position[a]'
    assert len(spec.channels) == 4 + 6
    assert spec.step.context == ('operation',)
    found = diagnose(spec, seen, full_names(spec, ''))
    assert not [f for f in found if f.level in (Level.ERROR, Level.WARNING)]


def test_truth_names_the_classes(tmp_path):
    seen = survey_bag('a bag', TYPES, messages())
    labels = ['jammed', 'normal', 'unknown']
    truth = [Interval('class', label, 0, 1) for label in labels]
    classes = first_cell(seen, 'made', truth)['question']['classes']
    assert [(c['name'], c['action']) for c in classes] == [
        ('normal', 'continue'),
        ('jammed', 'stop'),
    ]
    events = first_cell(seen, 'made', [Interval('grip_lost', 'x', 0, 1)])['question']['classes']
    assert [c['name'] for c in events] == ['normal', 'grip_lost']


def test_nothing_to_read_is_said():
    with pytest.raises(DataError, match='no topic with numbers'):
        first_cell(survey(steps()), 'empty')


def test_a_damaged_message_hides_its_numbers_only():
    bad = RawMessage('/wrench', WRENCH, 1, b'\x00\x01\x00\x00ab')
    seen = survey_bag('a bag', TYPES, [bad, bad])
    assert seen.topics['/wrench'].count == 2
    assert not seen.topics['/wrench'].numbers


def test_a_recording_that_cannot_be_read_to_its_end_is_said():
    def torn():
        yield from (RawMessage('/wrench', WRENCH, n * 10**9, encode(WRENCH, {})) for n in (1, 2))
        raise DataError('The bag b is damaged (its second file is gone).')

    seen = survey_bag('a bag', TYPES, torn())
    spec = load_cell('wrench_cases')
    first = diagnose(spec, seen, full_names(spec, ''))[0]
    assert (first.level, first.text) == (Level.WARNING, seen.damage)
    assert 'second file' in first.text


MACHINE = Machine(2, 50_000.0, 4000.0, True, 2e9, 50, {})


@pytest.mark.parametrize(
    ('change', 'about', 'level'),
    [
        ({'free_mb': 100.0}, 'disk', Level.WARNING),
        ({'wall_s': 0.0}, 'clock', Level.ERROR),
        ({'clock_set': False}, 'clock', Level.HINT),
        ({'rt_limit': 0}, 'priority', Level.HINT),
    ],
)
def test_the_machine_is_examined(change, about, level):
    spec = load_cell('wrench_cases')
    assert {f.level for f in examine(spec, MACHINE, 1e9) if f.about == about} == {Level.OK}
    found = examine(spec, replace(MACHINE, **change), 1e9)
    assert [f.level for f in found if f.about == about] == [level]


def test_raw_images_ask_for_a_profile():
    spec = load_cell('generic')
    assert any(f.about == 'dds profile' and f.advice for f in examine(spec, MACHINE, 0))
    set_ = replace(MACHINE, environment={'FASTDDS_DEFAULT_PROFILES_FILE': 'x'})
    assert not any(f.about == 'dds profile' and f.advice for f in examine(spec, set_, 0))


def test_init_never_writes_over_a_file(tmp_path, capsys):
    file = tmp_path / 'cell.yaml'
    file.write_text('precious')
    assert main(['init', '--from', str(tmp_path), '--out', str(file)]) == 1
    assert file.read_text() == 'precious'
    assert 'exists already' in capsys.readouterr().err


@pytest.mark.parametrize(
    ('labels', 'good', 'guessed'),
    [
        (['n.i.O.', 'i.O.', 'n.i.O.'], {'i.O.'}, ''),
        (['not ok', 'OK', 'abnormal', 'incorrect'], {'OK'}, ''),
        (['leak', 'no_defect', 'leak'], {'no_defect'}, ''),
        (['3', '0', '3', '3'], {'0'}, '`0`'),
        (['walking', 'running', 'walking'], {'walking'}, 'most often'),
    ],
)
def test_a_label_says_what_is_good_or_it_is_a_guess_that_is_said(labels, good, guessed):
    truth = [Interval('class', label, i, i + 1) for i, label in enumerate(labels)]
    seen = survey_bag('a bag', TYPES, messages())
    cell = first_cell(seen, 'made', truth)
    assert {c['name'] for c in cell['question']['classes'] if c.get('nominal')} == good
    told = [s for s in assumed(cell, seen, truth) if s.startswith('Check')]
    assert bool(told) == bool(guessed) == ('CHECK' in comments(seen, truth)['question'])
    assert guessed in ''.join(told)


def test_windows_are_no_longer_than_what_is_judged():
    seen = survey_bag('a bag', {'/wrench': WRENCH}, [m for m in messages() if m[0] == '/wrench'])
    slow = replace(seen, topics={'/wrench': replace(seen.topics['/wrench'], rate_hz=0.5)})
    fast = replace(
        slow, topics={**slow.topics, '/b': replace(slow.topics['/wrench'], topic='/b', rate_hz=50)}
    )
    truth = [Interval('leak', '1', n * 10**11, n * 10**11 + 12 * 10**9) for n in range(3)]
    assert first_cell(fast, 'made')['step']['length_s'] == 20
    assert first_cell(fast, 'made', truth)['step']['length_s'] == 6
    assert first_cell(slow, 'made', truth)['step']['length_s'] == 16, 'eight samples at least'


def test_a_block_of_samples_is_found():
    def errors(path, length):
        numbers = {f'data[{i}]': Span(-1.0, 1.0) for i in range(min(length, ENTRIES))}
        kind = 'std_msgs/msg/Float32MultiArray'
        seen = TopicSeen('/vibration', kind, 100, 10.0, numbers=numbers)
        spec = block_cell(path)
        return worst(diagnose(spec, survey(seen, steps()), full_names(spec, '')), '/vibration')

    for path in ('data[:]', 'data[1::3]', 'data[70:]'):
        assert not errors(path, 1200)
    assert [f.text for f in errors('data[30:]', 20)] == ['the messages do not carry it']


def block_cell(path):
    spec = load_cell('wrench_cases')
    channel = replace(spec.streams[0].channels[0], name='a', path=path)
    block = replace(
        spec.streams[0],
        name='vibration',
        topic='/vibration',
        type='std_msgs/msg/Float32MultiArray',
        rate_hz=10.0,
        block_hz=12000.0,
        channels=(channel,),
    )
    return replace(spec, streams=(block,))


def test_samples_later_than_a_step_waits_are_told_with_the_keys_to_set():
    late = wrench(stamp_offset_s=-0.3, stamp_late_s=0.34, stamp_back_s=0.04)
    said = ' '.join(f.advice for f in worst(levels(late, steps()), '/wrench'))
    assert '`settle_s: 0.5`' in said
    assert '`slack_s: 0.05`' in said
    made = first_cell(survey(late), 'my_cell')
    assert made['step']['settle_s'] == 0.5
    assert made['streams'][0]['slack_s'] == 0.05
    jump = wrench(stamp_offset_s=-0.3, stamp_back_s=30.0)
    assert parse_cell(first_cell(survey(jump), 'my_cell')).streams[0].slack_s == 10


def test_the_order_and_the_lag_of_stamps_are_measured():
    def at(stamp_ms, arrival_ms):
        data = encode(WRENCH, {'header': {'stamp': (5000 + stamp_ms) * 10**6}})
        return RawMessage('/wrench', WRENCH, (5000 + arrival_ms) * 10**6, data)

    messages = [at(k + (60 if k == 30 else 0), k + 200) for k in range(0, 400, 10)]
    seen = survey_bag('a bag', {'/wrench': WRENCH}, messages).topics['/wrench']
    assert seen.stamp_late_s == pytest.approx(0.2)
    assert seen.stamp_back_s == pytest.approx(0.05)


@pytest.mark.parametrize('count', [1, 20, 50, 300])
def test_one_message_that_was_written_long_before_it_came_sets_no_waiting_time(count):
    def at(n):
        stamp_s = 5000 + n / 10 - (600 if n == 0 else 0)
        data = encode(WRENCH, {'header': {'stamp': round(stamp_s * 1e9)}})
        return RawMessage('/wrench', WRENCH, round((5000 + n / 10) * 1e9), data)

    seen = survey_bag('a bag', {'/wrench': WRENCH}, [at(n) for n in range(count)])
    assert seen.topics['/wrench'].stamp_late_s == 0.0
    parse_cell(first_cell(survey(wrench(stamp_late_s=583.0)), 'my_cell'))


def test_stamps_of_another_clock_are_left_for_the_time_of_arrival():
    wrong = wrench(stamp_offset_s=-7200.0, stamp_late_s=7200.1)
    there = survey(wrong, steps())
    advice = worst(levels(wrong, steps()), '/wrench')[0].advice
    assert '`time_from: arrival`' in advice
    made = first_cell(there, 'my_cell')
    assert made['streams'][0]['time_from'] == 'arrival'
    assert 'settle_s' not in made['step']
    assert any('/wrench' in said and 'arrival' in said for said in assumed(made, there))


def test_numbers_that_are_left_out_are_told():
    numbers = {f'data[{i}]': Span(-1.0, 1.0) for i in range(64)}
    seen = TopicSeen('/vibration', 'std_msgs/msg/Float32MultiArray', 100, 10.0, numbers=numbers)
    made = first_cell(survey(seen), 'my_cell')
    assert any('`block_hz`' in said for said in assumed(made, survey(seen)))


def signalled(**more):
    spec = load_cell('wrench_cases')
    edges = (EdgeSpec('/plc/on', 'begin'), EdgeSpec('/plc/on', 'end', 'falling'))
    step = replace(spec.step, trigger=Trigger.EDGE, edges=edges, context_topic='/plc/job', **more)
    return replace(spec, step=step)


@pytest.mark.parametrize(
    ('topics', 'says'),
    [
        ([('/plc/onn', 'std_msgs/msg/Bool', 9)], 'ERROR /plc/on: no such topic'),
        ([('/plc/on', 'std_msgs/msg/UInt8', 9)], 'carries std_msgs/msg/UInt8'),
        ([('/plc/on', 'std_msgs/msg/Bool', 1)], 'WARNING /plc/on: 1 messages'),
        ([('/plc/on', 'std_msgs/msg/Bool', 9)], 'WARNING /plc/job: no such topic'),
    ],
)
def test_the_signals_that_bound_steps_are_looked_for(topics, says):
    spec = signalled()
    there = survey(wrench(), *(TopicSeen(name, kind, n, 1.0) for name, kind, n in topics))
    found = diagnose_signals(spec.step, there, full_names(spec, ''))
    lines = [f'{f.level.name} {f.about}: {f.text} {f.advice}' for f in found]
    assert any(says in line for line in lines), lines


def test_signals_that_are_there_are_fine():
    spec = signalled()
    topics = [TopicSeen('/plc/on', 'std_msgs/msg/Bool', 9, 1.0)]
    topics.append(TopicSeen('/plc/job', 'std_msgs/msg/String', 1, 0.0))
    found = diagnose_signals(spec.step, survey(wrench(), *topics), full_names(spec, ''))
    assert {f.level for f in found} == {Level.OK}


def test_signals_and_texts_that_may_bound_steps_or_name_the_work_are_pointed_out():
    signal = TopicSeen('/plc/on', 'std_msgs/msg/Bool', 90, 0.5, numbers={'data': Span(0, 1)})
    job = TopicSeen('/plc/job', 'std_msgs/msg/String', 2, 0.001)
    there = survey(wrench(), signal, job)
    said = assumed(first_cell(there, 'my_cell'), there)
    assert any('/plc/on' in one and '`trigger: edge`' in one for one in said)
    assert any('/plc/job' in one and '`context_topic`' in one for one in said)
    there = survey(wrench(), signal, steps())
    assert not any('`trigger: edge`' in one for one in assumed(first_cell(there, 'my_cell'), there))
