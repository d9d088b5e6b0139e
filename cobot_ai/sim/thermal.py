"""Motor temperatures: I²R losses into one thermal RC per motor.

C dT/dt = R I^2 - (T - T_ambient) / R_th, with I = torque / (k_t * gear). The warm-up takes
minutes, so temperatures carry the history of the shift from step to step; the joints' viscous
friction falls with temperature as that of grease does.
"""

from __future__ import annotations

import numpy as np

from cobot_ai.core.types import Doubles

AMBIENT_C = 22.0
TORQUE_PER_AMPERE = np.array([11.0, 11.0, 11.0, 6.5, 6.5, 6.5])
"""k_t times gear ratio, N m/A."""
RESISTANCE = np.array([0.9, 0.9, 0.9, 1.6, 1.6, 1.6])
"""Winding resistance, ohm."""
QUIESCENT_W = np.array([6.0, 6.0, 6.0, 3.0, 3.0, 3.0])
"""Losses of the electronics and the held brake per joint, watts."""
TO_AMBIENT = np.array([1.6, 1.6, 1.7, 3.0, 3.0, 3.2])
"""Thermal resistance to ambient, K/W."""
CAPACITY = np.array([420.0, 420.0, 380.0, 140.0, 140.0, 130.0])
"""Heat capacity, J/K."""
COLD_DAMPING = np.array([3.0, 3.0, 2.5, 0.8, 0.8, 0.6])
"""Viscous friction at ambient temperature, N m s/rad."""
THINNING = 0.015
"""Relative loss of viscous friction per kelvin."""


class Motors:
    """Temperatures of the six motors; starts cold, at ambient temperature."""

    def __init__(self, ambient_c: float = AMBIENT_C) -> None:
        self.ambient_c = ambient_c
        self.celsius: Doubles = np.full(6, ambient_c)

    def advance(self, mean_square_torque: Doubles, seconds: float) -> None:
        """Exact solution of the RC over `seconds` with constant losses.

        Args:
            mean_square_torque: Mean of the squared motor torque [6], (N m)^2.
            seconds: Length of the interval (>= 0; any length).
        """
        watts = RESISTANCE * mean_square_torque / TORQUE_PER_AMPERE**2 + QUIESCENT_W
        final = self.ambient_c + watts * TO_AMBIENT
        decay = np.exp(-seconds / (TO_AMBIENT * CAPACITY))
        self.celsius = final + (self.celsius - final) * decay

    @property
    def damping(self) -> Doubles:
        """Viscous friction of the joints at the present temperatures [6], N m s/rad."""
        damping: Doubles = COLD_DAMPING * np.exp(-THINNING * (self.celsius - AMBIENT_C))
        return damping
