"""Streams as they come: out of order, twice, from the future, too fast; clocks that are set."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from cells import STEP, WRENCH, cell, resolve, wrench, wrench_stream
from hypothesis import given, settings
from hypothesis import strategies as st

from cobot_ai.app import kept
from cobot_ai.app.observe import Cut, Observer
from cobot_ai.app.recut import recut
from cobot_ai.core.losses import Losses
from cobot_ai.core.ring import FUTURE_NS, Ring
from cobot_ai.core.samples import RawBatch, RawMessage, Samples
from cobot_ai.core.spec import StepSpec, Trigger
from cobot_ai.core.steps import Span
from cobot_ai.store.messages import RosbagsDecoder
from cobot_ai.store.typestore import encode_step

S = 10**9
MS = 10**6
T0 = 10**18


def edge(name: str, t_ns: int) -> RawMessage:
    return RawMessage('/step', STEP, t_ns, encode_step(name, {'operation': 'insert'}, t_ns))


def observer(slack_s: float = 0.0, **step: object) -> Observer:
    stream = replace(wrench_stream(), slack_s=slack_s)
    spec = replace(cell(), streams=(stream,), step=replace(cell().step, **step))
    return Observer(spec, RosbagsDecoder(), resolve)


def samples(n: int, start: int = T0, period: int = 10 * MS) -> list[RawMessage]:
    return [wrench(start + i * period, float(i), -float(i)) for i in range(n)]


def feed(watch: Observer, messages: list[RawMessage], now_ns: int = 0) -> list[Cut]:
    cuts = []
    for m in messages:
        watch.take(m, now_ns or m.t_ns)
        cuts += watch.ready(now_ns or m.t_ns)
    return cuts


def a_step(n: int = 50, start: int = T0) -> list[RawMessage]:
    data = samples(n + 20, start - 100 * MS)
    return sorted(
        [*data, edge('begin', start), edge('end', start + n * 10 * MS)], key=lambda m: m[2]
    )


def windows(cuts: list[Cut]) -> list[bytes]:
    return [c.window.values.tobytes() + c.window.mask.tobytes() for c in cuts]


@settings(max_examples=60)
@given(st.randoms(use_true_random=False), st.floats(0.0, 0.05))
def test_permuted_and_doubled_within_slack_gives_the_same_windows(random, twice: float) -> None:
    steps = [*a_step(), *a_step(start=T0 + 2 * S)]
    plain = feed(observer(slack_s=0.04, settle_s=1.0), steps)
    shaken = [
        m._replace(t_ns=m.t_ns + random.randrange(40 * MS)) for m in steps if m.topic != '/step'
    ]
    shaken += [m for m in shaken if random.random() < twice]
    shaken += [m for m in steps if m.topic == '/step']
    watch = observer(slack_s=0.04, settle_s=1.0)
    found = feed(watch, sorted(shaken, key=lambda m: m.t_ns))
    assert len(plain) == 2
    assert windows(found) == windows(plain)
    counts = watch.counts['wrench']
    assert counts.received == len([m for m in steps if m.topic != '/step'])
    assert counts.duplicate == len(shaken) - len(steps)


def test_control_without_slack_a_late_sample_is_not_waited_for() -> None:
    steps = a_step()
    late = [m for m in steps if m.topic != '/step' and m.t_ns == T0 + 490 * MS]
    rest = [m for m in steps if m not in late]
    moved = sorted([*rest, late[0]._replace(t_ns=T0 + 515 * MS)], key=lambda m: m.t_ns)
    assert windows(feed(observer(), moved)) != windows(feed(observer(), steps))
    waits = [windows(feed(observer(slack_s=0.04, settle_s=1.0), m)) for m in (moved, steps)]
    assert waits[0] == waits[1]


@settings(max_examples=40)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=20))
def test_how_messages_are_read_together_changes_nothing(sizes: list[int]) -> None:
    steps, one = a_step(), observer()
    plain = windows(feed(one, steps))
    watch, found, at = observer(), [], 0
    for size in itertools.cycle(sizes):
        if not (part := steps[at : at + size]):
            break
        at += size
        for topic in dict.fromkeys(m.topic for m in part):
            mine = [m for m in part if m.topic == topic]
            batch = RawBatch(topic, mine[0].type, [m.t_ns for m in mine], [m.data for m in mine])
            watch.take_batch(batch, mine[-1].t_ns)
        found += watch.ready(part[-1].t_ns)
    assert windows(found) == plain
    assert watch.counts == one.counts


def test_one_stamp_from_the_future_spoils_nothing() -> None:
    steps = a_step()
    wild = wrench(T0 + 3600 * S, 99.0, 99.0)._replace(t_ns=T0 - 50 * MS)
    watch = observer()
    cuts = feed(watch, sorted([*steps, wild], key=lambda m: m.t_ns))
    assert watch.counts['wrench'].future == 1
    assert watch.counts['wrench'].late <= 1
    assert windows(cuts) == windows(feed(observer(), steps))
    assert cuts[0].ingest['wrench']['future'] == 1


def test_a_clock_that_is_a_little_ahead_is_believed() -> None:
    watch = observer()
    ahead = wrench(T0 + FUTURE_NS // 2, 1.0, 1.0)._replace(t_ns=T0)
    watch.take(ahead, 0)
    assert watch.counts['wrench'].future == 0
    assert watch.rings['wrench'].newest_ns == T0 + FUTURE_NS // 2


@pytest.mark.parametrize('leap_s', [-30, -3600, 86_400])
@pytest.mark.parametrize('trigger', list(Trigger)[:2])
def test_a_clock_that_is_set_starts_anew_and_is_counted(leap_s: int, trigger: Trigger) -> None:
    more = {'trigger': trigger, 'length_s': 0.5, 'hop_s': 0.5} if trigger is Trigger.SLIDING else {}
    watch, now = observer(**more), 5 * S
    for m in [*samples(100), edge('begin', T0 + S)]:
        watch.take(m, now)
        watch.ready(now)
    again = a_step(start=T0 + S + leap_s * S)
    cuts = []
    for m in again:
        watch.take(m, now)
        cuts += watch.ready(now)
    assert watch.steps['clock_jumps'] == 1
    if trigger is Trigger.MESSAGE:
        assert windows(cuts) == windows(feed(observer(), again))
        assert cuts[0].ingest['clock'] == {'jumps': 1}
    else:
        assert all(np.isfinite(c.window.values).all() for c in cuts)


def test_a_paused_clock_only_waits() -> None:
    steps = a_step()
    half = len(steps) // 2
    watch = observer()
    feed(watch, steps[:half])
    for now in range(0, 100 * S, S):  # simulated time stands, monotonic time goes on
        assert watch.ready(now, steps[half].t_ns) == []
    cuts = feed(watch, steps[half:])
    assert windows(cuts) == windows(feed(observer(), steps))
    assert watch.steps['clock_jumps'] == 0


@pytest.mark.parametrize('fault', ['unplugged', 'frozen', 'nan'])
def test_a_sensor_that_fails_in_the_middle_of_a_step_is_named(fault: str) -> None:
    spoiled = []
    for m in a_step():
        broken = m.topic != '/step' and m.t_ns >= T0 + 250 * MS
        if broken and fault != 'unplugged':
            value = 1.0 if fault == 'frozen' else float('nan')
            spoiled.append(wrench(m.t_ns, value, value))
        elif not broken:
            spoiled.append(m)
    stream = wrench_stream(frozen_s=0.1)
    watch = Observer(replace(cell(), streams=(stream,)), RosbagsDecoder(), resolve)
    cuts = feed(watch, spoiled) + watch.ready(2 * T0)
    wanted = {'unplugged': 'gap', 'frozen': 'frozen', 'nan': 'non_finite'}[fault]
    (note,) = {n.problem.value for n in cuts[0].window.notes}
    assert note == wanted
    assert np.isfinite(cuts[0].window.values).all()
    assert not cuts[0].window.mask[:, 9:].any()


def flood(factor: int, seconds: int, rate_hz: float = 1000.0) -> Ring:
    """A stream that is `factor` times as fast as rated, drained in bursts."""
    ring = Ring(replace(wrench_stream(), rate_hz=rate_hz), 2.0)
    n = int(rate_hz * factor)
    for second in range(seconds):
        for part in np.array_split(np.arange(n), 10):
            t = T0 + second * S + part * S // n
            v = np.column_stack((part, part)).astype(float)
            ring.extend(Samples(t, v, np.column_stack((t, t)), np.arange(len(t)), True))
    return ring


@pytest.mark.parametrize('seconds', [6, pytest.param(60, marks=pytest.mark.long)])
def test_ten_times_the_rated_rate_is_kept_or_counted(seconds: int) -> None:
    ring = flood(10, seconds)
    end = T0 + seconds * S
    t, _ = ring.between(end - 2 * S, end)
    assert ring.counts.received == 10_000 * seconds
    assert len(t) == 20_000, 'the ring grows with the stream'
    assert ring.counts.overrun == 0


def test_beyond_all_measure_what_is_overwritten_is_counted() -> None:
    ring = flood(100, 4, rate_hz=10.0)
    t, _ = ring.between(T0, T0 + 4 * S)
    assert ring.counts.overrun >= 2000 - len(t) > 0
    assert np.all(np.diff(t) > 0)


def test_losses_are_counted_per_publisher_and_a_restart_is_none() -> None:
    losses = Losses()
    seen = [losses.seen(b'a', n) for n in (7, 8, 11, 10, 12)]
    assert seen == [0, 0, 2, -1, 0]
    assert [losses.seen(b'b', n) for n in (1, 2)] == [0, 0], 'a new publisher starts anew'
    assert losses.seen(b'a', 20) == 7
    assert losses.seen(b'a', None) == 0


def test_what_was_lost_stands_in_the_case_once() -> None:
    watch = observer()
    steps = a_step()
    watch.take_batch(RawBatch('/wrench', WRENCH, [T0 - S], [wrench(T0 - S, 0, 0).data], lost=4), 0)
    (first,) = feed(watch, steps)
    (second,) = feed(watch, a_step(start=T0 + 5 * S))
    assert first.ingest['wrench'] == {'lost': 4}
    assert 'wrench' not in second.ingest
    assert watch.counts['wrench'].lost == 4


def test_a_clip_that_misses_its_oldest_messages_says_so(monkeypatch) -> None:
    monkeypatch.setattr(kept, 'MAX_BYTES', 2000)
    (one,) = feed(observer(), a_step())
    assert one.messages.cut
    assert one.ingest['clip'] == {'cut': 1}
    monkeypatch.undo()
    (whole,) = feed(observer(), a_step())
    assert not whole.messages.cut
    again = recut(cell(), RosbagsDecoder(), resolve, whole.messages, T0, T0 + 500 * MS)
    assert again.values.tobytes() == whole.window.values.tobytes()


def test_damaged_messages_are_dropped_and_counted() -> None:
    watch = observer()
    bad = [m._replace(data=m.data[:20]) for m in samples(3)]
    feed(watch, [*bad, *samples(2, T0 + S)])
    assert (watch.counts['wrench'].dropped, watch.counts['wrench'].received) == (3, 2)


def test_sliding_windows_ignore_how_batches_fall() -> None:
    step = StepSpec(trigger=Trigger.SLIDING, samples=8, length_s=0.5, hop_s=0.25)
    spec = replace(cell(), step=step)
    found = []
    for size in (1, 7, 50):
        watch, cuts = Observer(spec, RosbagsDecoder(), resolve), []
        data = samples(300)
        for at in range(0, 300, size):
            part = data[at : at + size]
            batch = RawBatch('/wrench', WRENCH, [m.t_ns for m in part], [m.data for m in part])
            watch.take_batch(batch, part[-1].t_ns)
            cuts += watch.ready(part[-1].t_ns)
        found.append(windows(cuts))
    n = min(map(len, found))
    assert n >= 8
    assert found[0][:n] == found[1][:n] == found[2][:n]


def test_one_batch_of_more_than_is_kept_is_left_out_and_said_so(monkeypatch):
    """A camera in full resolution after a stall: the clip misses it, the cell goes on."""
    monkeypatch.setattr(kept, 'MAX_BYTES', 1000)
    keeper = kept.Kept({}, 10**10)
    keeper.add(RawBatch('/camera', 'x', (1, 2), (b'x' * 600,) * 2))
    keeper.add(RawBatch('/camera', 'x', (3,), (b'x' * 600,)))
    clip = keeper.clip(Span(1, 4, {}))
    assert ([m.t_ns for m in clip], clip.cut) == ([3], True)
