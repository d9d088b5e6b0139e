"""Whether a channel's values can be true: not a number, frozen, out of range, another unit."""

from __future__ import annotations

import math

import numpy as np

from cobot_ai.core.stream_spec import ChannelSpec
from cobot_ai.core.types import Bools, Doubles, Problem, Stamps

LOOKS_LIKE: dict[str, tuple[tuple[str, float, float], ...]] = {
    'm': (('mm', 1e-3, 0.0),),
    'm/s': (('mm/s', 1e-3, 0.0),),
    'rad': (('deg', math.pi / 180, 0.0),),
    'rad/s': (('deg/s', math.pi / 180, 0.0),),
    'm/s^2': (('g', 9.80665, 0.0), ('mm/s^2', 1e-3, 0.0)),
    'N': (('kN', 1e3, 0.0), ('mN', 1e-3, 0.0)),
    'N*m': (('N*mm', 1e-3, 0.0),),
    'degC': (('K', 1.0, -273.15), ('degF', 5 / 9, -160 / 9)),
    'Pa': (('bar', 1e5, 0.0), ('hPa', 1e2, 0.0)),
    's': (('ms', 1e-3, 0.0),),
}
"""Declared unit -> units it is often mixed up with: (name, factor, offset) to the declared one."""

FAR: dict[str, float] = {'m': 50.0, 'm/s': 50.0, 'rad': 50.0, 'rad/s': 100.0}
"""Magnitude that a robot cell does not reach in this unit; holds where no limit is declared."""
MANY, MOST = 0.5, 0.9
"""Share of the values that must lie outside as they are, and inside when converted."""


def check(
    channel: ChannelSpec, t: Stamps, v: Doubles, inside: Bools
) -> tuple[Bools, Problem | None, str]:
    """Which samples can be believed, and the gravest problem of those inside the window.

    Args:
        channel: Its declared limits and unit. t: int64 [n] stamps. v: float64 [n] values.
        inside: bool [n] samples of the window itself, without what lies before it.

    Returns:
        bool [n] good samples, the problem, and for a wrong unit what the values look like.
    """
    finite = np.isfinite(v) & (np.abs(v) < np.finfo(np.float32).max)
    whole = bool(finite.all())
    if _frozen(channel, t if whole else t[finite], v if whole else v[finite]):
        return np.zeros(len(v), np.bool_), Problem.FROZEN, ''
    low, high = limits(channel)
    in_range = finite & (v >= low) & (v <= high)
    if in_range.all():
        return in_range, None, ''
    unit = _other_unit(channel.unit, v[inside & finite], low, high)
    if unit:
        return np.zeros(len(v), np.bool_), Problem.UNIT, unit  # then none of them is right
    if (inside & ~finite).any():
        return in_range, Problem.NON_FINITE, ''
    return in_range, Problem.OUT_OF_RANGE if (inside & ~in_range).any() else None, ''


def limits(channel: ChannelSpec) -> tuple[float, float]:
    """Declared limits; without any what the unit allows in a robot cell."""
    if math.isinf(channel.low) and math.isinf(channel.high):
        far = FAR.get(channel.unit, math.inf)
        return -far, far
    return channel.low, channel.high


def _other_unit(unit: str, v: Doubles, low: float, high: float) -> str:
    """The unit the values seem to have: out of range as they are, in range when converted."""
    if not len(v) or ((v < low) | (v > high)).mean() < MANY:
        return ''
    for name, factor, offset in LOOKS_LIKE.get(unit, ()):
        converted = v * factor + offset
        if ((converted >= low) & (converted <= high)).mean() >= MOST:
            return name
    return ''


def _frozen(channel: ChannelSpec, t: Stamps, v: Doubles) -> bool:
    """True when the value stood still for `frozen_s` or longer."""
    if math.isinf(channel.frozen_s) or len(v) < 2:
        return False
    starts = np.r_[0, np.flatnonzero(np.diff(v)) + 1]
    ends = np.r_[starts[1:], len(v)] - 1
    return bool(((t[ends] - t[starts]) / 1e9 >= channel.frozen_s).any())
