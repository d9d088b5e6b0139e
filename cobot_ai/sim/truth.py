"""What really became of a step, read from the final physical state alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cobot_ai.core.types import Doubles
from cobot_ai.sim import scene
from cobot_ai.sim.records import JAMMED, NO_PART, SEATED, SLIPPED, StepTruth
from cobot_ai.sim.variation import Draw
from cobot_ai.sim.world import World

DEPTH_TOLERANCE = 0.0015
"""A part counts as seated when its tip is at most this far from the bottom, metres."""
SLIP_LIMIT = 0.003
"""A part that moved further than this in the gripper has slipped, metres."""
SLIP_ANGLE = np.radians(5.0)


@dataclass(frozen=True, slots=True)
class Grasp:
    """Pose of the part in the tool's frame right after the pick."""

    position: Doubles
    rotation: Doubles


def grasp(world: World) -> Grasp:
    """Pose of the part relative to the gripper now."""
    tool_at, tool = world.tool()
    peg_at, peg = world.body('peg')
    return Grasp(tool.T @ (peg_at - tool_at), tool.T @ peg)


def depth(world: World, hole: float) -> float:
    """Depth of the part's tip below the fixture's upper face, metres; 0 outside the hole."""
    fixture_at, fixture = world.fixture()
    peg_at, peg = world.body('peg')
    tip = fixture.T @ (peg_at + peg[:, 2] * scene.PEG_HALF_LENGTH - fixture_at)
    inside = max(abs(tip[0]), abs(tip[1])) < hole
    return max(0.0, float(-tip[2])) if inside else 0.0


def in_hole(world: World, name: str, hole: float) -> bool:
    """True when a loose body's centre lies in the hole."""
    fixture_at, fixture = world.fixture()
    x, y, z = fixture.T @ (world.body(name)[0] - fixture_at)
    return bool(max(abs(x), abs(y)) < hole and -scene.HOLE_DEPTH <= z <= 0.0)


def observe(world: World, draw: Draw, picked: Grasp, serial: int) -> StepTruth:
    """Name the final state.

    Args:
        world: Present state.
        draw: The stage that was set; only the hole's size is read from it for the name.
        picked: The grasp right after the pick.
        serial: Part number.
    """
    now = grasp(world)
    deep = depth(world, draw.family.hole)
    held = all(world.touching('peg', f'pad_{side}') for side in ('left', 'right'))
    slip = float(np.linalg.norm(now.position - picked.position))
    cosine = float(now.rotation[:, 2] @ picked.rotation[:, 2])
    tilt = float(np.arccos(np.clip(cosine, -1.0, 1.0)))
    label = _name(deep, held, slip, tilt)
    if label == NO_PART:
        slip = tilt = 0.0
    return StepTruth(
        serial=serial,
        part=draw.part,
        label=label,
        depth_m=deep,
        held=held,
        slip_m=slip,
        tilt_rad=tilt,
        obstructed=in_hole(world, 'chip', draw.family.hole),
        trouble=draw.trouble,
    )


def _name(deep: float, held: bool, slip: float, tilt: float) -> str:
    if deep >= scene.HOLE_DEPTH - DEPTH_TOLERANCE:
        return SEATED
    if not held and deep == 0.0:
        return NO_PART
    if slip > SLIP_LIMIT or tilt > SLIP_ANGLE or not held:
        return SLIPPED
    return JAMMED
