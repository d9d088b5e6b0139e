"""What the sensors publish: rates, order, determinism, and never the truth."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from sim_stages import Run, plain

from cobot_ai.sim.cell import SimCell
from cobot_ai.sim.records import (
    ACCELEROMETER,
    CHANNELS,
    CLASSES,
    JOINT_STATES,
    MOTOR_TEMPERATURE,
    WRENCH,
)
from cobot_ai.sim.variation import Mix


def stamped(readings):
    return [(r.stream, r.t_s, r.values.tobytes()) for r in readings]


def test_rates_and_time_stamps(cell):
    run = Run(cell, plain())
    count = Counter(r.stream for r in run.readings)
    seconds = run.readings[-1].t_s - run.readings[0].t_s
    for stream in (JOINT_STATES, WRENCH, ACCELEROMETER):
        assert count[stream] == pytest.approx(500 * seconds, abs=2)
        stamps = [r.t_s for r in run.everything if r.stream == stream]
        assert np.diff(stamps) == pytest.approx(0.002, abs=1e-9)
    assert count[MOTOR_TEMPERATURE] == pytest.approx(5 * seconds, abs=1.1)
    assert 1.8 < seconds < 3.5


def test_every_reading_has_its_channels_and_is_finite(cell):
    for reading in Run(cell, plain(present=False)).everything:
        assert reading.values.shape == (len(CHANNELS[reading.stream]),)
        assert np.isfinite(reading.values).all()


def test_at_rest_the_sensors_show_gravity(cell):
    list(cell.hold(0.5))
    still = list(cell.hold(0.2))
    up = np.mean([r.values for r in still if r.stream == ACCELEROMETER], axis=0)
    assert np.linalg.norm(up) == pytest.approx(9.81, abs=0.05)
    force = np.mean([r.values for r in still if r.stream == WRENCH], axis=0)[:3]
    weight = 9.81 * (0.9 + 2 * 0.05)
    assert np.linalg.norm(force) == pytest.approx(weight, abs=4.0)


def test_same_seed_same_readings_and_another_seed_others():
    def run(seed, steps):
        cell, readings = SimCell(seed), []
        truths = [cell.run_step(readings.append) for _ in range(steps)]
        return truths, stamped(readings)

    truths, readings = run(4, 2)
    assert (truths, readings) == run(4, 2)
    other = run(5, 1)[1]
    assert other != readings[: len(other)]


def test_the_sensors_of_two_cells_have_their_own_noise():
    first, second = (Run(SimCell(seed), plain()).values(WRENCH)[:200] for seed in (1, 2))
    assert not np.array_equal(first, second)


def test_the_truth_is_in_no_reading():
    """Two cells whose stages differ in nothing but the name of the trouble publish the same."""
    runs = []
    for trouble in ('none', 'oversize'):
        cell = SimCell(8)
        runs.append(Run(cell, replace(plain(), trouble=trouble)))
    assert stamped(runs[0].everything) == stamped(runs[1].everything)
    assert [r.truth.trouble for r in runs] == ['none', 'oversize']
    names = {name for stream, channels in CHANNELS.items() for name in (stream, *channels)}
    assert not names & set(CLASSES)


def test_the_motors_warm_up_and_stay_warm_over_a_reset(cell):
    def temperature(run):
        return run.values(MOTOR_TEMPERATURE).mean(axis=0)

    before = temperature(Run(cell, plain()))
    cell.rest(600.0)
    after = temperature(Run(cell, plain()))
    assert (after > before + 2.0).all()
    assert after.max() < 90.0


def test_a_seeded_run_shows_good_parts_and_every_kind_of_trouble():
    """The shares of the ordinary mix are checked over 250 steps in test/faults."""
    shares = dict.fromkeys(Mix().shares, 0.15)
    cell = SimCell(41, mix=Mix(shares))
    assert {cell.run_step(lambda _: None).label for _ in range(10)} == set(CLASSES)
