"""The robot's insertion program: approach, search and insert, settle, retreat.

The program knows what a robot would know: where the fixture should stand, and its own tool
position. It neither sees the part nor the truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from cobot_ai.core.types import Doubles
from cobot_ai.sim import scene

SURFACE = scene.FIXTURE_TOP + scene.PEG_BELOW_TCP + scene.PEG_HALF_LENGTH
"""Tool height at which the part's tip meets the fixture's upper face, metres."""
GOAL = SURFACE - scene.HOLE_DEPTH
"""Tool height of a seated part, metres."""
HOVER = np.array([*scene.FIXTURE_XY, SURFACE + 0.005])
START = HOVER + np.array([-0.09, -0.05, 0.07])
"""Tool position between two steps: where a part is picked."""


class Phase(str, Enum):
    """Where in its program the robot is."""

    PICK = 'pick'
    APPROACH = 'approach'
    INSERT = 'insert'
    SETTLE = 'settle'
    RETREAT = 'retreat'
    IDLE = 'idle'


@dataclass(frozen=True, slots=True)
class Tuning:
    """The program's figures: seconds, metres, m/s, newtons."""

    approach_s: float = 0.8
    retreat_s: float = 0.8
    settle_s: float = 0.3
    insert_speed: float = 0.045
    insert_timeout_s: float = 2.3
    settle_push: float = 4.0
    overshoot: float = 0.005
    reached: float = 0.0016
    push: float = 32.0
    search_push: float = 9.0
    search_depth: float = 0.0005
    search_radius: float = 0.0035
    search_s: float = 1.2
    search_turns: float = 2.0


def glide(start: Doubles, end: Doubles, share: float) -> Doubles:
    """Point on the minimum-jerk path (Flash and Hogan, 1985) at `share` (0 to 1) of the time."""
    s = min(1.0, max(0.0, share))
    point: Doubles = start + (end - start) * (s**3 * (10 - 15 * s + 6 * s * s))
    return point


class Insertion:
    """Wanted tool position while searching and inserting, tick by tick."""

    def __init__(self, stiffness_z: float, tuning: Tuning | None = None) -> None:
        self.tuning = tuning or Tuning()
        self._stiffness_z = stiffness_z
        self._wanted: Doubles = HOVER.copy()
        self._searched_s = 0.0
        self._elapsed_s = 0.0
        self._dwell_s = 0.0

    @property
    def done(self) -> bool:
        """True when the goal was reached and held for a moment, or time is up."""
        return self._dwell_s >= 0.12 or self._elapsed_s >= self.tuning.insert_timeout_s

    def advance(self, tool: Doubles, dt: float) -> Doubles:
        """Wanted tool position [3] for the next `dt` seconds, given the present one [3]."""
        t = self.tuning
        self._elapsed_s += dt
        at_surface = tool[2] > SURFACE - t.search_depth
        limit = (t.search_push if at_surface else t.push) / self._stiffness_z
        lowest = max(GOAL - t.overshoot, tool[2] - limit)
        self._wanted[2] = max(self._wanted[2] - t.insert_speed * dt, lowest)
        if at_surface and tool[2] - self._wanted[2] > 0.9 * limit:
            self._search(dt)
        self._dwell_s = self._dwell_s + dt if tool[2] < GOAL + t.reached else 0.0
        return self._wanted

    def _search(self, dt: float) -> None:
        """Widen a spiral around the believed position of the hole while the part rests on top."""
        t = self.tuning
        self._searched_s += dt
        share = min(1.0, self._searched_s / t.search_s)
        angle = 2 * np.pi * t.search_turns * np.sqrt(share)
        radius = t.search_radius * np.sqrt(share)
        self._wanted[:2] = HOVER[:2] + radius * np.array([np.cos(angle), np.sin(angle)])
