"""Rings and windows: what was measured, what was missing, and that it is said."""

from __future__ import annotations

import numpy as np
import pytest
from cells import wrench_stream
from hypothesis import given
from hypothesis import strategies as st

from cobot_ai.core.ring import Ring
from cobot_ai.core.samples import Sample
from cobot_ai.core.stream_spec import ChannelSpec, StreamSpec
from cobot_ai.core.types import Missing, Problem, Window
from cobot_ai.core.window import cut, reach_ns

S = 10**9
MS = 10**6


def one_channel(rate_hz: float = 100.0, **settings: object) -> StreamSpec:
    channel = ChannelSpec('v', 'data', **settings)  # type: ignore[arg-type]
    return StreamSpec('s', 's', 'std_msgs/msg/Float64', rate_hz, (channel,))


def window(stream: StreamSpec, samples: dict[int, float], n: int = 10, end: int = S) -> Window:
    ring = Ring(stream, 60.0)
    for t, v in samples.items():
        ring.push(Sample('s', t, np.array([v])))
    return cut((stream,), {'s': ring}, 0, end, n)


def steady(value: float = 1.0, step_ms: int = 10, until_ms: int = 1000) -> dict[int, float]:
    return {t * MS: value for t in range(0, until_ms, step_ms)}


def test_a_complete_step_has_no_notes_and_bin_means() -> None:
    w = window(one_channel(), {t * MS: float(t) for t in range(0, 1000, 10)})
    assert w.mask.all()
    assert w.notes == ()
    assert w.values[0, 0] == pytest.approx(45.0)
    assert w.values[0, -1] == pytest.approx(945.0)


def test_a_slow_sensor_is_bridged_onto_the_grid() -> None:
    w = window(one_channel(5.0), {t * 200 * MS: float(t) for t in range(-1, 7)}, n=20)
    assert w.mask.all()
    assert w.notes == ()
    assert np.all(np.diff(w.values[0]) >= 0)


def test_a_long_gap_is_masked_and_named_with_its_share() -> None:
    samples = {t: v for t, v in steady().items() if not 300 * MS <= t < 700 * MS}
    w = window(one_channel(), samples)
    assert w.mask[0].tolist() == [True] * 3 + [False] * 4 + [True] * 3
    (note,) = w.notes
    assert (note.channel, note.problem, note.share) == ('s.v', Problem.GAP, 0.4)


def test_a_silent_channel_is_missing_as_a_whole() -> None:
    w = window(one_channel(), {})
    assert not w.mask.any()
    assert w.notes[0].problem is Problem.MISSING


@pytest.mark.parametrize('bad', [float('nan'), float('inf'), -float('inf'), 1e300])
def test_what_is_not_a_number_never_gets_onto_the_grid(bad: float) -> None:
    samples = {**steady(), **dict.fromkeys(range(500 * MS, 600 * MS, 10 * MS), bad)}
    w = window(one_channel(stale_s=0.0), samples)
    assert np.isfinite(w.values).all()
    assert not w.mask[0, 5]
    assert w.notes[0].problem is Problem.NON_FINITE


def test_an_implausible_value_is_masked_and_named() -> None:
    samples = {**steady(), **dict.fromkeys(range(500 * MS, 600 * MS, 10 * MS), 99.0)}
    w = window(one_channel(high=50.0, stale_s=0.0), samples)
    assert not w.mask[0, 5]
    assert w.notes[0].problem is Problem.OUT_OF_RANGE


def test_a_frozen_sensor_is_masked_as_a_whole() -> None:
    alive = {t * MS: np.sin(t) for t in range(0, 1000, 10)}
    assert window(one_channel(frozen_s=0.3), alive).mask.all()
    frozen = window(one_channel(frozen_s=0.3), steady())
    assert not frozen.mask.any()
    assert frozen.notes[0].problem is Problem.FROZEN


def test_hold_last_fills_up_to_its_limit_and_says_so() -> None:
    samples = {t: v for t, v in steady(3.0).items() if t < 300 * MS}
    held = window(one_channel(missing=Missing.HOLD_LAST, hold_s=0.4), samples)
    assert held.mask[0].tolist() == [True] * 7 + [False] * 3
    assert held.values[0, 5] == pytest.approx(3.0)
    assert held.notes[0].action is Missing.HOLD_LAST


def test_counts_tell_gaps_duplicates_and_late_samples() -> None:
    ring = Ring(one_channel(), 10.0)
    for t in (0, 10, 20, 20, 60, 50):
        ring.push(Sample('s', t * MS, np.array([1.0])))
    assert ring.counts.duplicate == 1
    assert ring.counts.late == 1
    assert ring.counts.missing == 2, 'a late sample closes its gap'
    assert ring.counts.received == 5


def test_a_pause_between_steps_is_nobodys_loss() -> None:
    ring = Ring(one_channel(), 10.0)
    ring.push(Sample('s', 0, np.array([1.0])), None)
    ring.push(Sample('s', 5 * S, np.array([1.0])), since_ns=4 * S)
    ring.push(Sample('s', 5 * S + 30 * MS, np.array([1.0])), since_ns=4 * S)
    assert ring.counts.missing == 2


@given(st.permutations(list(range(40))))
def test_order_of_arrival_does_not_matter(order: list[int]) -> None:
    stream = wrench_stream()
    rings = []
    for sequence in (sorted(order), order):
        ring = Ring(stream, 5.0)
        for i in sequence:
            ring.push(Sample('wrench', i * 10 * MS, np.array([float(i), -float(i)])))
        rings.append(cut((stream,), {'wrench': ring}, 0, 400 * MS, 8))
    assert np.array_equal(rings[0].values, rings[1].values)
    assert np.array_equal(rings[0].mask, rings[1].mask)


@given(
    st.lists(
        st.tuples(st.integers(0, 999), st.floats(allow_nan=True, allow_infinity=True)), max_size=60
    )
)
def test_no_input_makes_the_window_non_finite(samples: list[tuple[int, float]]) -> None:
    w = window(one_channel(), {t * MS: v for t, v in samples})
    assert np.isfinite(w.values).all()
    assert (w.values[~w.mask] == 0).all()
    lost = 1.0 - w.mask.mean()
    assert lost == 0.0 or w.notes, 'a loss without a note'


@given(st.floats(0.01, 2.0), st.floats(0.01, 5.0))
def test_samples_beyond_the_reach_cannot_change_a_window(stale: float, hold: float) -> None:
    stream = one_channel(missing=Missing.HOLD_LAST, stale_s=stale, hold_s=hold)
    before, after = reach_ns(stream), 0
    inside = {200 * MS: 1.0, 500 * MS: 2.0}
    outside = {-before - MS: 50.0, S + after + MS: 60.0}
    a, b = window(stream, inside), window(stream, {**outside, **inside})
    assert np.array_equal(a.values, b.values)
    assert np.array_equal(a.mask, b.mask)
