"""Rules of the triggers, whatever the signals do and in whatever order their values come."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cobot_ai.core.merging import Merger
from cobot_ai.core.samples import Edge
from cobot_ai.core.signals import EdgeSpec, ThresholdSpec
from cobot_ai.core.spec import StepSpec, Trigger
from cobot_ai.core.steps import context_key
from cobot_ai.core.triggers import EdgeTrigger, ThresholdTrigger

MS = 10**6
BOTH = (EdgeSpec('io', 'begin', 'rising'), EdgeSpec('io', 'end', 'falling'))
signals = st.lists(st.tuples(st.integers(1, 200), st.booleans()), max_size=60)
levels = st.lists(st.tuples(st.integers(1, 200), st.integers(-5, 15)), max_size=80)


def edges(rows: list[tuple[int, bool]]) -> list[tuple[int, bool]]:
    """Times (ms) and levels of a signal from the gaps between its values."""
    at, out = 0, []
    for gap, level in rows:
        at += gap
        out.append((at, level))
    return out


def run_edges(rows, often=False):
    trigger, found = EdgeTrigger(StepSpec(Trigger.EDGE, edges=BOTH)), []
    for at, level in rows:
        for key in range(len(BOTH)):
            trigger.take(key, at * MS, float(level))
        if often:
            found += [(e.edge, e.t_ns) for e in trigger.advance(at * MS)]
    return found + [(e.edge, e.t_ns) for e in trigger.advance(10**15)]


def slow_edges(rows):
    """The same rule written the slow way: a level counts where it lasts 20 ms or longer."""
    state, out = None, []
    for i, (at, level) in enumerate(rows):
        if state is None:
            state = level
            continue
        later = [t for t, other in rows[i + 1 :] if other is not level]
        first = i == 0 or rows[i - 1][1] is not level
        if level is not state and first and (not later or later[0] - at >= 20):
            state = level
            out.append((Edge.BEGIN if level else Edge.END, at * MS))
    return out


@given(signals)
def test_edges_are_the_changes_that_last(rows):
    rows = edges(rows)
    assert run_edges(rows) == slow_edges(rows)


@given(signals)
def test_edges_do_not_depend_on_when_time_passes(rows):
    rows = edges(rows)
    assert run_edges(rows, often=True) == run_edges(rows)


@given(signals, st.randoms())
def test_edges_do_not_depend_on_order_or_repetition(rows, rng):
    rows = edges(rows)
    mixed = rows + [r for r in rows if rng.random() < 0.3]
    rng.shuffle(mixed)
    assert run_edges(mixed) == run_edges(rows)


@given(levels, st.integers(0, 300), st.integers(301, 1000))
def test_threshold_steps_alternate_and_keep_their_length(rows, min_ms, max_ms):
    spec = ThresholdSpec('w.fz', on=10.0, off=5.0, min_s=min_ms / 1e3, max_s=max_ms / 1e3)
    trigger, events = ThresholdTrigger(spec), []
    values = edges(rows)
    for at, value in values:
        trigger.take(0, at * MS, float(value))
        events += list(trigger.advance(at * MS))
    events += list(trigger.advance(10**15))
    assert [e.edge for e in events] == [Edge.BEGIN, Edge.END][: len(events)] * (len(events) // 2)
    times = dict(values)
    for begin, end in zip(events[::2], events[1::2], strict=True):
        assert times[begin.t_ns // MS] >= 10
        long = (end.t_ns - begin.t_ns) // MS
        assert min_ms <= long <= max_ms
        assert long == max_ms or times[end.t_ns // MS] <= 5
        inside = [v for t, v in values if begin.t_ns < t * MS < end.t_ns]
        assert all(v > 5 for v in inside), 'it ended late'


@given(levels, st.randoms())
def test_threshold_does_not_depend_on_order_or_repetition(rows, rng):
    spec = ThresholdSpec('w.fz', on=10.0, off=5.0, min_s=0.05, max_s=1.0)
    values = edges(rows)
    mixed = values + [r for r in values if rng.random() < 0.3]
    rng.shuffle(mixed)

    def run(some):
        trigger = ThresholdTrigger(spec)
        for at, value in some:
            trigger.take(0, at * MS, float(value))
        return [(e.edge, e.t_ns) for e in trigger.advance(10**15)], trigger.short

    assert run(mixed) == run(values)


def test_the_first_level_is_no_edge_and_small_values_may_count():
    assert run_edges([(1, True), (500, False)]) == [(Edge.END, 500 * MS)]
    trigger = ThresholdTrigger(ThresholdSpec('p.vacuum', on=-50.0, off=-20.0))
    for at, value in ((0, 0.0), (10, -60.0), (20, -30.0), (30, -10.0)):
        trigger.take(0, at * MS, value)
    found = [(e.edge, e.t_ns) for e in trigger.advance(10**12)]
    assert found == [(Edge.BEGIN, 10 * MS), (Edge.END, 30 * MS)]


def test_one_marked_end_makes_a_step_of_the_declared_length():
    done = (EdgeSpec('io', 'end', 'rising', debounce_s=0.0),)
    trigger = EdgeTrigger(StepSpec(Trigger.EDGE, edges=done, length_s=0.3))
    for at, level in ((0, 0), (1000, 1), (1100, 0)):
        trigger.take(0, at * MS, level)
    found = [(e.edge, e.t_ns) for e in trigger.advance(10**12)]
    assert found == [(Edge.BEGIN, 700 * MS), (Edge.END, 1000 * MS)]


@given(
    st.lists(
        st.tuples(
            st.integers(1, 30), st.integers(1, 10), st.sampled_from([None, True, False]),
            st.booleans(),
        ),
        max_size=60,
    ),
    st.integers(0, 10),
)  # fmt: skip
def test_no_window_joins_an_event_that_people_could_not_see(rows, gap):
    """A window joins only what it touches; after the outcome only what began before it.

    After an outcome that lets the process go on it must even have ended before it.
    """
    merger, at, asked, ends, resolved = Merger(gap, 0), 0, 0, {}, {}
    for case, (step, length, outcome, sure) in enumerate(rows, 1):
        at += step
        start, end = at, at + length
        first = merger.joins('c', start, end, end, sure)
        if first is None and not sure:
            merger.opened('c', case, end)
            asked = case
        elif first is not None:
            assert first == asked, 'one event at a time'
            assert start <= ends[first] + gap
            when, go = resolved.get(first, (end, False))
            assert (end if go else start) <= when + gap
        if not sure:
            ends[asked] = max(ends.get(asked, 0), end)
        if outcome is not None and asked and asked not in resolved:
            resolved[asked] = end, outcome
            merger.resolved(asked, end, end, outcome)


TEXT = st.text(alphabet='ab/=%2FD53 ', max_size=8)
FACTS = st.dictionaries(st.sampled_from(['operation', 'part', 'tool']), TEXT)


@given(FACTS, FACTS)
def test_two_contexts_never_share_a_key(one, two):
    """Whatever a barcode or a program name holds: a certificate is of one context."""
    keys = ('operation', 'part', 'tool')
    assert (context_key(one, keys) == context_key(two, keys)) == (one == two)


def test_the_key_of_plain_values_is_as_they_are_written():
    facts = {'operation': 'insert', 'part': 'peg 50% (rot)', 'tool': '100%2'}
    keys = ('operation', 'part', 'tool')
    assert context_key(facts, keys) == 'operation=insert/part=peg 50% (rot)/tool=100%2'
    assert context_key({'operation': 'a/part=x'}, keys) == 'operation=a%2Fpart%3Dx'


def test_a_fault_reaches_on_until_somebody_says_that_it_is_over():
    merger = Merger(0, 0)
    merger.opened('c', 1, 10)
    assert merger.fault_before('c', 10) is None, 'nobody has named a fault yet'
    merger.resolved(1, 11, 11, go=False, fault=True)
    assert merger.joins('c', 10, 20, 11, sure=True) == 1
    assert merger.fault_before('c', 20) == 1, 'it reaches to the end of a sure window too'
    assert merger.fault_before('c', 21) is None, 'a pause ends it'
    assert merger.fault_before('other', 20) is None
    merger.opened('c', 3, 30)
    merger.resolved(3, 31, 31, go=True)
    assert merger.fault_before('c', 30) is None, 'somebody said that it is over'


def test_a_pause_inside_an_event_is_bridged_by_the_declared_gap():
    for gap, case in ((0, None), (5, 1)):
        merger = Merger(gap, 0)
        merger.opened('c', 1, 10)
        assert merger.joins('c', 14, 24, 24) == case
        assert merger.joins('other', 14, 24, 24) is None, 'another context is another event'
