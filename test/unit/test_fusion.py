"""Onto the grid: the way that fits the signal, bands of vibration, blocks, wrong units."""

from __future__ import annotations

import numpy as np
import pytest

from cobot_ai.core.config import parse_cell
from cobot_ai.core.errors import ConfigError
from cobot_ai.core.ring import Ring
from cobot_ai.core.samples import Samples
from cobot_ai.core.stream_spec import ChannelSpec, Resample, StreamSpec
from cobot_ai.core.types import Missing, Problem, Window
from cobot_ai.core.window import cut

S = 10**9


def stream(rate_hz: float = 1000.0, **settings: object) -> StreamSpec:
    channel = ChannelSpec('v', 'data', **settings)  # type: ignore[arg-type]
    return StreamSpec('s', 's', 'std_msgs/msg/Float64', rate_hz, (channel,))


def window(spec: StreamSpec, t_s: np.ndarray, v: np.ndarray, n: int = 20) -> Window:
    ring = Ring(spec, 10.0)
    t = np.rint(t_s * 1e9).astype(np.int64)
    ring.extend(Samples(t, v.reshape(-1, 1), np.column_stack((t, t)), np.arange(len(t)), True))
    return cut((spec,), {'s': ring}, 0, S, n)


T = np.arange(1000) / 1000.0


def test_hold_keeps_steps_sharp_where_the_mean_blurs_them() -> None:
    state = (T >= 0.495).astype(float)
    held = window(stream(resample=Resample.HOLD), T, state).values[0]
    blurred = window(stream(), T, state).values[0]
    assert set(held.tolist()) == {0.0, 1.0}
    assert 0.0 < blurred[9] < 1.0


def test_linear_follows_a_slow_sensor_exactly() -> None:
    t = np.arange(-2, 10) / 10.0
    spec = stream(10.0, resample=Resample.LINEAR)
    found = window(spec, t, 3 * t, n=20)
    centres = (np.arange(20) + 0.5) / 20
    inside = centres <= 0.9
    np.testing.assert_allclose(found.values[0][inside], 3 * centres[inside], atol=1e-6)
    assert found.mask.all()


@pytest.mark.parametrize('tone_hz', [37.0, 90.0, 333.0])
def test_what_the_grid_cannot_show_does_not_fold_down(tone_hz: float) -> None:
    slow, tone = 2 * np.sin(2 * np.pi * 2 * T), np.sin(2 * np.pi * tone_hz * T)
    centres = (np.arange(40) + 0.5) / 40
    wanted = 2 * np.sin(2 * np.pi * 2 * centres)
    clean = window(stream(resample=Resample.ANTIALIAS), T, slow + tone, n=40).values[0]
    picked = window(stream(resample=Resample.LINEAR), T, slow + tone, n=40).values[0]
    assert np.abs(clean - wanted)[3:-3].max() < 0.15
    assert np.abs(picked - wanted).max() > 0.3, 'the control folds'


def test_bands_carry_the_energy_of_their_frequencies_and_no_other() -> None:
    signal = 2 * np.sin(2 * np.pi * 50 * T) + 0.5 * np.sin(2 * np.pi * 300 * T) + 7
    low, high, none = (
        window(stream(resample=Resample.RMS, band=band), T, signal, n=5).values[0].mean()
        for band in ((10.0, 100.0), (200.0, 400.0), (420.0, 480.0))
    )
    assert low == pytest.approx(2 / np.sqrt(2), rel=0.03)
    assert high == pytest.approx(0.5 / np.sqrt(2), rel=0.05)
    assert none < 0.02


def test_stamps_that_jitter_do_not_soften_a_band() -> None:
    jitter = T + np.random.default_rng(0).uniform(-2e-4, 2e-4, len(T)) + 3e-4
    tone = 0.5 * np.sin(2 * np.pi * 400 * T)
    spec = stream(resample=Resample.RMS, band=(300.0, 500.0))
    assert window(spec, jitter, tone, n=5).values.mean() == pytest.approx(0.3536, rel=0.06)


@pytest.mark.parametrize('how', list(Resample))
def test_a_gap_is_masked_whatever_the_way(how: Resample) -> None:
    hole = (T < 0.4) | (T >= 0.7)
    found = window(stream(resample=how), T[hole], np.sin(40 * T[hole]))
    assert not found.mask[0, 9:13].any()
    assert found.mask[0, :8].all() and found.mask[0, 14:].all()
    assert found.values[0, 10] == 0.0
    assert found.notes[0].problem is Problem.GAP


@pytest.mark.parametrize(
    ('unit', 'limits', 'factor', 'looks'),
    [
        ('m', (-2.0, 2.0), 1e3, 'mm'),
        ('rad', (-3.2, 3.2), 57.3, 'deg'),
        ('rad', (), 57.3, 'deg'),
        ('m', (), 1e3, 'mm'),
    ],
)
def test_another_unit_than_declared_is_said(
    unit: str, limits: tuple[float, ...], factor: float, looks: str
) -> None:
    declared = dict(zip(('low', 'high'), limits, strict=False))
    value = 1.0 + 0.5 * np.sin(10 * T)
    right = window(stream(unit=unit, **declared), T, value)
    wrong = window(stream(unit=unit, **declared), T, value * factor)
    assert right.notes == ()
    assert (wrong.notes[0].problem, wrong.notes[0].hint) == (Problem.UNIT, looks)
    assert not wrong.mask.any()


def test_kelvin_for_celsius_and_a_single_spike_are_told_apart() -> None:
    spec = stream(unit='degC', low=-20.0, high=120.0)
    assert window(spec, T, 293 + T).notes[0].hint == 'K'
    spike = np.where((T > 0.5) & (T < 0.56), 300.0, 20.0)
    assert window(spec, T, spike).notes[0].problem is Problem.OUT_OF_RANGE


def test_policies_are_applied_per_channel_and_named() -> None:
    channels = tuple(ChannelSpec(m.value, 'data', missing=m, hold_s=0.3) for m in Missing)
    spec = StreamSpec('s', 's', 'std_msgs/msg/Float64', 1000.0, channels)
    ring, t = Ring(spec, 10.0), np.arange(500) * 10**6
    v = np.ones((500, 4))
    ring.extend(Samples(t, v, np.column_stack((t, t)), np.arange(500), True))
    found = cut((spec,), {'s': ring}, 0, S, 10)
    assert [n.action for n in found.notes] == list(Missing)
    assert found.mask.sum(axis=1).tolist() == [8 if m is Missing.HOLD_LAST else 5 for m in Missing]


CELL = {
    'name': 'c',
    'streams': [{'name': 'a', 'topic': 'a', 'type': 'sensor_msgs/msg/Imu', 'rate_hz': 2000}],
    'step': {},
    'question': {'open_classes': True, 'classes': []},
}


def cell(**more: object) -> dict[str, object]:
    return {**CELL, 'streams': [{**CELL['streams'][0], **more}]}  # type: ignore[index]


def test_bands_of_the_cell_file_become_channels() -> None:
    spec = parse_cell(cell(fields=['acceleration'], each={'bands': [[10, 100], [100, 1000]]}))
    assert spec.channels[:3] == ('a.ax', 'a.ax_10_100', 'a.ax_100_1000')
    assert spec.streams[0].channels[2].band == (100.0, 1000.0)
    assert len(spec.channels) == 9


@pytest.mark.parametrize(
    ('each', 'says'),
    [
        ({'bands': [[100, 10]]}, 'low < high'),
        ({'bands': 7}, 'must be a list'),
        ({'bands': [[10, 1500]]}, 'lower the band'),
        ({'band': [1, 2]}, 'resample: rms'),
        ({'resample': 'rms', 'missing': 'hold_last'}, 'cannot be held'),
        ({'resample': 'cubic'}, 'Allowed: mean'),
    ],
)
def test_what_makes_no_sense_is_refused(each: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        parse_cell(cell(fields=['acceleration'], each=each))
