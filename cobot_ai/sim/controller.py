"""Cartesian impedance control of the arm.

The torque law is Hogan's impedance control in task space (N. Hogan, 1985) with gravity
compensation: tau = J^T (K (x_d - x) - D v) + bias, clipped to the motors' limits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cobot_ai.core.types import Doubles
from cobot_ai.sim.scene import TORQUE_LIMITS
from cobot_ai.sim.world import World

DOWN = np.array([[-1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, -1.0]])
"""Tool attitude of the whole program: approach direction straight down."""


@dataclass(frozen=True, slots=True)
class Gains:
    """Stiffness (N/m, N m/rad) and damping (N s/m, N m s/rad) along and about x, y, z."""

    stiffness: tuple[float, float, float] = (1800.0, 1800.0, 2500.0)
    damping: tuple[float, float, float] = (280.0, 280.0, 320.0)
    turn_stiffness: float = 90.0
    turn_damping: float = 7.0


class Impedance:
    """Turns a wanted tool position and velocity into motor torques."""

    def __init__(self, gains: Gains | None = None) -> None:
        gains = gains or Gains()
        self.stiffness = np.array(gains.stiffness)
        self._k = np.array([*gains.stiffness, *(gains.turn_stiffness,) * 3])
        self._d = np.array([*gains.damping, *(gains.turn_damping,) * 3])
        self._limits = np.array(TORQUE_LIMITS)
        self._error = np.zeros(6)
        self._velocity = np.zeros(6)

    def torques(self, world: World, position: Doubles, velocity: Doubles) -> Doubles:
        """Motor torques [6], N m, within the limits.

        Args:
            world: Present state.
            position: Wanted tool position [3], metres, base frame.
            velocity: Wanted tool velocity [3], m/s.
        """
        at, rotation = world.tool()
        jacobian = world.jacobian()
        self._velocity[:3] = velocity
        slip = self._velocity - jacobian @ world.joints[1]
        wrench = self._k * self.error(position - at, rotation) + self._d * slip
        torque: Doubles = jacobian.T @ wrench + world.bias()
        clipped: Doubles = np.minimum(np.maximum(torque, -self._limits), self._limits)
        return clipped

    def error(self, offset: Doubles, rotation: Doubles) -> Doubles:
        """Pose error [6]: `offset` [3], metres, and the turn to the wanted attitude, radians."""
        self._error[:3] = offset
        self._error[3:] = _turn(rotation)
        return self._error


def _turn(rotation: Doubles) -> Doubles:
    """Small rotation [3] from the present attitude to `DOWN`, base frame.

    Half the axial vector of D R^T, exact to third order in the angle.
    """
    m = DOWN @ rotation.T
    twice = (m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1])
    return 0.5 * np.array(twice)
