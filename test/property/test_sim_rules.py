"""Rules of the simulated cell that hold for every input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cobot_ai.sim.motion import GOAL, HOVER, SURFACE, Insertion, Tuning, glide
from cobot_ai.sim.thermal import Motors
from cobot_ai.sim.variation import FAMILIES, Mix, draw, stage

SEEDS = st.integers(0, 2**32 - 1)
PARTS = st.sampled_from(sorted(FAMILIES))
patient = settings(deadline=None)
"""The machine may be busy; how long an example takes is no property of the rule."""
LOSSES = st.floats(0.0, 5000.0)


@patient
@given(SEEDS, st.integers(1, 10_000), PARTS)
def test_a_draw_depends_on_seed_serial_and_part_alone(seed, serial, part):
    assert draw(seed, serial, part) == draw(seed, serial, part)


@patient
@given(SEEDS, PARTS, st.sampled_from(['none', *Mix().shares]))
def test_a_stage_is_what_its_name_says(seed, part, trouble):
    set_up = stage(np.random.default_rng(seed), part, trouble)
    assert (set_up.oversize > 0) == (trouble == 'oversize')
    assert set_up.present == (trouble != 'no_part')
    assert (set_up.chip is not None) == (trouble == 'chip')
    assert (set_up.grip < 20) == (trouble == 'weak_grip')
    assert 0.1 < set_up.friction < 0.6


@patient
@given(LOSSES, st.floats(0.0, 1e5), st.floats(0.0, 1e5))
def test_heating_in_two_parts_is_heating_in_one(square, first, second):
    at_once, split = Motors(), Motors()
    losses = np.full(6, square)
    at_once.advance(losses, first + second)
    split.advance(losses, first)
    split.advance(losses, second)
    assert split.celsius == pytest.approx(at_once.celsius)


@patient
@given(LOSSES, st.floats(0.1, 1e4))
def test_a_cold_motor_warms_towards_a_bound_and_its_joint_gets_easier(square, seconds):
    motors = Motors()
    stiff = motors.damping
    motors.advance(np.full(6, square), seconds)
    warm = motors.celsius.copy()
    assert (warm > motors.ambient_c).all()
    assert (motors.damping < stiff).all()
    motors.advance(np.full(6, square), 1e9)
    assert (motors.celsius >= warm).all()


@patient
@given(st.floats(-1.0, 2.0))
def test_a_glide_stays_between_its_ends(share):
    point = glide(np.zeros(3), np.ones(3), share)
    assert ((point >= 0.0) & (point <= 1.0 + 1e-12)).all()


@patient
@given(st.integers(0, 600), st.lists(st.floats(GOAL - 0.01, SURFACE + 0.01), max_size=60))
def test_the_program_never_asks_for_more_than_its_push(resting, heights):
    """However long the part rests on top, and however the arm is moved about then."""
    tuning, stiffness = Tuning(), 2500.0
    program = Insertion(stiffness, tuning)
    for height in [SURFACE] * resting + heights:
        wanted = program.advance(np.array([*HOVER[:2], height]), 0.002)
        assert wanted[2] >= height - tuning.push / stiffness - 1e-12
        assert np.hypot(*(wanted[:2] - HOVER[:2])) <= tuning.search_radius + 1e-12


def test_the_program_ends_when_nothing_moves():
    program = Insertion(2500.0)
    ticks = 0
    while not program.done:
        program.advance(np.array([*HOVER[:2], SURFACE]), 0.002)
        ticks += 1
    assert ticks * 0.002 == pytest.approx(Tuning().insert_timeout_s, abs=0.003)
