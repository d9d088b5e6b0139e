"""The classes of a step arise from contact physics."""

import numpy as np
import pytest
from sim_stages import Run, plain

from cobot_ai.sim import scene, truth
from cobot_ai.sim.cell import SimCell
from cobot_ai.sim.motion import Tuning
from cobot_ai.sim.records import JAMMED, JOINT_STATES, NO_PART, SEATED, SLIPPED, WRENCH
from cobot_ai.sim.variation import FAMILIES


def push(run):
    """Largest force along the tool axis against the mean of the free approach, newtons."""
    along = run.values(WRENCH)[:, 2]
    smooth = np.convolve(along, np.ones(25) / 25, 'valid')
    return float(np.abs(smooth - along[350:400].mean()).max())


@pytest.mark.parametrize('part', sorted(FAMILIES))
def test_an_ordinary_part_is_seated_and_still_held(cell, part):
    run = Run(cell, plain(part))
    assert run.truth.label == SEATED
    assert run.truth.held
    assert run.truth.depth_m == pytest.approx(scene.HOLE_DEPTH, abs=0.0005)
    assert run.truth.part == part


@pytest.mark.parametrize('over', [0.00005, 0.0001, 0.0002, 0.0005])
@pytest.mark.parametrize('part', sorted(FAMILIES))
def test_an_oversize_part_never_seats(cell, part, over):
    run = Run(cell, plain(part, half_width=FAMILIES[part].hole + over))
    assert run.truth.label == JAMMED
    assert run.truth.depth_m < scene.HOLE_DEPTH - 0.003


def test_a_missing_part_never_shows_insertion_force(cell):
    missing = Run(cell, plain(present=False))
    assert missing.truth.label == NO_PART
    assert not missing.truth.held
    assert push(missing) < 4.0
    assert push(Run(cell, plain())) > 10.0


def test_a_fixture_far_off_jams_on_the_surface(cell):
    run = Run(cell, plain(offset=(0.007, 0.0, 0.0)))
    assert run.truth.label == JAMMED
    assert run.truth.depth_m < 0.001


def test_only_the_search_finds_a_hole_beyond_the_chamfer(cell):
    off = plain(offset=(0.0030, 0.0010, 0.0))
    assert Run(cell, off).truth.label == SEATED
    assert Run(SimCell(1, tuning=Tuning(search_radius=0.0)), off).truth.label == JAMMED


@pytest.mark.parametrize('height', [0.002, 0.003])
def test_a_chip_keeps_the_part_up_by_its_height(cell, height):
    run = Run(cell, plain(chip=(0.003, 0.003, height)))
    assert run.truth.label == JAMMED
    assert run.truth.obstructed
    assert run.truth.depth_m == pytest.approx(scene.HOLE_DEPTH - 2 * height, abs=0.0006)


def test_a_weak_grip_slips_where_a_strong_one_seats(cell):
    stage = {'plunger': 26.0, 'friction': 0.4, 'offset': (0.0015, 0.0, 0.0)}
    weak = Run(cell, plain(grip=5.0, **stage)).truth
    assert weak.label == SLIPPED
    assert weak.slip_m > truth.SLIP_LIMIT
    assert Run(cell, plain(grip=65.0, **stage)).truth.label == SEATED


def test_a_held_part_does_not_creep_out_of_the_gripper(cell):
    draw = plain()
    list(cell.pick(draw.part, draw))
    before = truth.grasp(cell.world).position
    list(cell.hold(5.0))
    assert np.linalg.norm(truth.grasp(cell.world).position - before) < 0.0005


def test_going_on_leaves_the_part_and_rework_takes_it_out(cell):
    hole = FAMILIES['peg_a'].hole
    Run(cell, plain(), release=True)
    assert truth.depth(cell.world, hole) == pytest.approx(scene.HOLE_DEPTH, abs=0.0005)
    Run(cell, plain(), release=False)
    assert truth.depth(cell.world, hole) == 0.0


def test_the_arm_stays_within_its_limits_and_never_jumps(cell):
    stages = [plain(), plain(present=False), plain(half_width=0.0086), plain(grip=4.0)]
    readings = [
        r.values
        for n, draw in enumerate(stages)
        for r in Run(cell, draw, release=n % 2 == 0).everything
        if r.stream == JOINT_STATES
    ]
    joints = np.array(readings)
    assert np.isfinite(joints).all()
    angle, speed, torque = joints[:, :6], joints[:, 6:12], joints[:, 12:]
    assert np.abs(angle).max() < 3.0
    assert np.abs(speed).max() < 1.5
    assert (np.abs(torque).max(axis=0) < np.array(scene.TORQUE_LIMITS)).all()
    assert np.abs(np.diff(angle, axis=0)).max() < 0.005


def test_torques_are_clipped_to_the_motors(cell):
    far = np.array([5.0, 5.0, 5.0])
    torques = cell.controller.torques(cell.world, far, np.zeros(3))
    assert (np.abs(torques) <= scene.TORQUE_LIMITS).all()
    assert np.abs(torques).max() == max(scene.TORQUE_LIMITS)


def test_energy_is_not_created():
    """Left alone without motor torque, the arm only loses mechanical energy."""
    world = SimCell(3).world
    start = world.energy()
    for _ in range(50):
        world.advance(np.zeros(6), 0.0, 2)
        now = world.energy()
        assert now <= start + 1e-3
        start = now
