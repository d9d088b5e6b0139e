"""What the simulated cell hands out: sensor readings, and the truth beside them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cobot_ai.core.types import Doubles

JOINT_STATES = 'joint_states'
WRENCH = 'wrench'
ACCELEROMETER = 'accelerometer'
MOTOR_TEMPERATURE = 'motor_temperature'
CAMERA = 'camera'

JOINTS = tuple(f'joint_{n}' for n in range(1, 7))
CHANNELS: dict[str, tuple[str, ...]] = {
    JOINT_STATES: tuple(
        f'{kind}.{joint}' for kind in ('position', 'velocity', 'effort') for joint in JOINTS
    ),
    WRENCH: ('fx', 'fy', 'fz', 'tx', 'ty', 'tz'),
    ACCELEROMETER: ('ax', 'ay', 'az'),
    MOTOR_TEMPERATURE: JOINTS,
    CAMERA: (),
}
"""Order of `Reading.values` per stream: rad, rad/s, N m; N, N m; m/s^2; degC."""
RATES_HZ = {
    JOINT_STATES: 500.0,
    WRENCH: 500.0,
    ACCELEROMETER: 500.0,
    MOTOR_TEMPERATURE: 5.0,
}
"""Rated rate of every stream but the camera, which gives one still per step."""

SEATED, JAMMED, NO_PART, SLIPPED = 'seated', 'jammed', 'no_part', 'slipped'
CLASSES = (SEATED, JAMMED, NO_PART, SLIPPED)


@dataclass(frozen=True, slots=True)
class Reading:
    """One message of one sensor.

    Attributes:
        stream: A key of `CHANNELS`.
        t_s: Simulated time, seconds.
        values: float64 [channel] in the order of `CHANNELS`; empty for a camera still.
        image: uint8 [240, 320, 3] RGB for a camera still, else None.
    """

    stream: str
    t_s: float
    values: Doubles
    image: NDArray[np.uint8] | None = None


@dataclass(frozen=True, slots=True)
class StepTruth:
    """The final physical state and its name. Never published.

    Attributes:
        serial: Part number. part: Part family.
        label: `seated`, `jammed`, `no_part` or `slipped`.
        depth_m: How deep the part's tip is in the hole, metres (0 when outside).
        held: True when both fingers press on the part.
        slip_m: How far the part moved in the gripper since it was picked, metres (0 without one).
        tilt_rad: Angle between part and gripper against that of the pick, radians.
        obstructed: True when a chip lies in the hole.
        trouble: What had been set up to go wrong (for tests and reports).
    """

    serial: int
    part: str
    label: str
    depth_m: float
    held: bool
    slip_m: float
    tilt_rad: float
    obstructed: bool
    trouble: str
