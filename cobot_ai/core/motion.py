"""What a driver shows about the robot, and what became of a hold or a resume."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from cobot_ai.core.types import Json


class Phase(str, Enum):
    """How far a hold or a resume got."""

    REQUESTED = 'requested'
    CONFIRMED = 'confirmed'
    FAILED = 'failed'
    LOST = 'lost'
    PENDANT = 'pendant'
    CLEARED = 'cleared'
    STOPPED = 'stopped'


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a hold or a resume: why, and what was seen of the robot."""

    phase: Phase
    reason: str = ''
    evidence: Json = field(default_factory=dict)


Told = Callable[[Outcome], None]
SHORTEST_NS = 20_000_000
"""Shortest time between two positions that a speed is computed from: arrival times jitter."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest value of a driver's state and when it came, monotonic nanoseconds."""

    value: str
    at_ns: int


@dataclass(frozen=True, slots=True)
class JointMotion:
    """The joints as they were last seen.

    Attributes:
        speed: Largest newest joint speed, rad/s.
        still_since_ns: Since when no message showed a joint faster than the limit.
        at_ns: When the joint that was silent longest was last heard. Times are monotonic.
        joint: Its name.
    """

    speed: float
    still_since_ns: int
    at_ns: int
    joint: str = ''


@dataclass(slots=True)
class _Joint:
    """One joint: its newest speed, since when it is slow, and when it was last heard."""

    speed: float
    still_since_ns: int
    at_ns: int


class JointWatch:
    """Finds out from joint states whether the robot stands still.

    Each joint is followed by its name: several publishers may share a topic (arm and gripper), and
    one that falls silent must not be covered by the others. Speeds are taken as the driver reports
    them; where it reports none, or no numbers, they are computed from two positions.

    Args:
        limit: Largest speed that counts as standing still, rad/s.
        stale_s: After a silence of this length nothing earlier counts, seconds.
        names: Joints that count; empty: every joint that was ever seen.
    """

    def __init__(self, limit: float, stale_s: float, names: Sequence[str] = ()) -> None:
        self._limit, self._stale_ns = limit, round(stale_s * 1e9)
        self._names = tuple(names)
        self._last: dict[str, tuple[float, int, float]] = {}
        self._joints: dict[str, _Joint] = {}

    @property
    def seen(self) -> JointMotion | None:
        """How the joints move; None before each of them was seen once."""
        names = self._names or tuple(self._joints)
        if not names or not all(n in self._joints for n in names):
            return None
        joints = [self._joints[n] for n in names]
        oldest = min(names, key=lambda n: self._joints[n].at_ns)
        return JointMotion(
            max(j.speed for j in joints),
            max(j.still_since_ns for j in joints),
            self._joints[oldest].at_ns,
            oldest,
        )

    def take(
        self, names: Sequence[str], position: Sequence[float], velocity: Sequence[float], at_ns: int
    ) -> None:
        """Take in one message; one that names no joint tells nothing.

        Args:
            names: Joint names. position: rad. velocity: rad/s; may be empty.
            at_ns: Time of arrival, monotonic nanoseconds.
        """
        speeds = [abs(v) for v in velocity[: len(names)]]
        if len(speeds) < len(names) or not all(map(math.isfinite, speeds)):
            at = [*position, *[math.nan] * len(names)]
            speeds = [self._from_positions(n, at[i], at_ns) for i, n in enumerate(names)]
        for name, speed in zip(names, speeds, strict=True):
            self._follow(name, speed, at_ns)

    def _follow(self, name: str, speed: float, at_ns: int) -> None:
        before = self._joints.get(name)
        fresh = before is not None and at_ns - before.at_ns <= self._stale_ns
        since = before.still_since_ns if before is not None and fresh else at_ns
        self._joints[name] = _Joint(speed, since if speed <= self._limit else at_ns, at_ns)

    def _from_positions(self, name: str, position: float, at_ns: int) -> float:
        last, before_ns, speed = self._last.get(name, (math.nan, 0, math.inf))
        if at_ns - before_ns < SHORTEST_NS:
            return speed
        speed = abs(position - last) / (at_ns - before_ns) * 1e9
        speed = speed if math.isfinite(speed) else math.inf
        self._last[name] = (position, at_ns, speed)
        return speed
