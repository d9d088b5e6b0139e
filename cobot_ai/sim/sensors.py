"""What the sensors publish: physics plus the imperfections of real ones.

All figures of noise are standard deviations per sample. Nothing here knows the stage or the
truth; a reading is made from joints, the wrist's force sensor, the accelerometer and the motors.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cobot_ai.core.types import Doubles
from cobot_ai.sim.records import (
    ACCELEROMETER,
    JOINT_STATES,
    MOTOR_TEMPERATURE,
    WRENCH,
    Reading,
)
from cobot_ai.sim.thermal import Motors
from cobot_ai.sim.world import World

RATE_HZ = 500.0
PERIOD_S = 1.0 / RATE_HZ
TEMPERATURE_EVERY = 100
"""Samples of the fast streams per motor temperature (5 Hz)."""
_NOISE = np.array(
    [2e-5] * 6 + [2e-3] * 6 + [0.35] * 3 + [0.12] * 3 + [0.35] * 3 + [0.012] * 3 + [0.08] * 3
)
_BIAS = np.array([0.8, 0.8, 1.2, 0.03, 0.03, 0.02])
"""Offset of the force sensor after its daily zeroing, N and N m."""
_WANDER = 0.02
"""Random walk of that offset per step, as a share of `_BIAS`."""
_ENCODER_STEP = 2 * np.pi / 2**19


class Sensors:
    """The cell's sensors. Deterministic for a seed."""

    def __init__(self, world: World, motors: Motors, seed: int) -> None:
        self._world = world
        self._motors = motors
        self._rng = np.random.default_rng([seed, 0x5E])
        self._bias: Doubles = self._rng.normal(0.0, 1.0, 6) * _BIAS
        self._noise = self._block()
        self._at = 0
        self._since = 0
        self._square = np.zeros(6)

    def next_step(self) -> None:
        """The force sensor's offset wanders a little from step to step."""
        self._bias = self._bias + self._rng.normal(0.0, _WANDER, 6) * _BIAS

    def read(self) -> Iterator[Reading]:
        """The messages of one 500 Hz tick."""
        world, t = self._world, self._world.time
        noise = self._draw()
        angles, speeds, torques = world.joints
        joints = np.concatenate((angles, speeds, torques)) + noise[:18]
        joints[:6] = np.rint(joints[:6] / _ENCODER_STEP) * _ENCODER_STEP
        yield Reading(JOINT_STATES, t, joints)
        wrench = np.concatenate((world.sensor('force'), world.sensor('torque')))
        yield Reading(WRENCH, t, wrench + self._bias + noise[18:24])
        yield Reading(ACCELEROMETER, t, world.sensor('accelerometer') + noise[24:])
        self._square += torques**2
        self._since += 1
        if self._since == TEMPERATURE_EVERY:
            yield self._temperature(t)

    def _temperature(self, t: float) -> Reading:
        """Motor temperatures in steps of 0.1 degC, after the losses since the last reading."""
        self._motors.advance(self._square / self._since, self._since * PERIOD_S)
        self._since, self._square = 0, np.zeros(6)
        measured = self._motors.celsius + self._rng.normal(0.0, 0.05, 6)
        return Reading(MOTOR_TEMPERATURE, t, np.round(measured, 1))

    def _block(self) -> Doubles:
        noise: Doubles = self._rng.normal(0.0, 1.0, (1024, _NOISE.size)) * _NOISE
        return noise

    def _draw(self) -> Doubles:
        if self._at == len(self._noise):
            self._noise, self._at = self._block(), 0
        self._at += 1
        row: Doubles = self._noise[self._at - 1]
        return row
