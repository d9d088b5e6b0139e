"""What is really there: the topics of a bag or of a live graph, with their rates and numbers."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

CLOCK_SLACK_S = 0.5
"""A header stamp further from the time of arrival than this is another clock."""
MOST_SLACK_S, MOST_SETTLE_S = 10.0, 60.0
"""The longest `slack_s` and `settle_s` of a cell file, seconds: what is further back is a jump."""
ENTRIES = 64
"""Entries of an array that are looked at."""


@dataclass(frozen=True, slots=True)
class Span:
    """Smallest and largest value seen of one number."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Offer:
    """What the publishers of a live topic offer."""

    publishers: int
    reliable: bool
    latched: bool


@dataclass(frozen=True, slots=True)
class TopicSeen:
    """One topic as it was seen.

    Attributes:
        topic: Its name. type: ROS type. count: Messages seen.
        rate_hz: Messages per second apart from pauses; 0 with fewer than two messages.
        longest_gap_s: Longest time between two messages, seconds.
        frames: Frame ids of its headers, in order of appearance.
        joints: Joint names, if its messages carry any.
        numbers: Path -> values seen, for every number of a decoded message.
        stamp_offset_s: Median of header stamp minus time of arrival, seconds; None without stamps.
        stamp_late_s: How long after its stamp nearly every message had come, seconds.
        stamp_back_s: How far a stamp was behind an earlier one, at most, seconds.
        offer: What its publishers offer; None in a bag.
        steps: Names of step messages seen (`begin`, `end`). facts: Keys of their facts.
        step_s: Usual time from begin to end, seconds; 0 without steps.
        step_gap_s: Longest time without a message inside a step, seconds; None without steps.
    """

    topic: str
    type: str
    count: int
    rate_hz: float = 0.0
    longest_gap_s: float = 0.0
    frames: tuple[str, ...] = ()
    joints: tuple[str, ...] = ()
    numbers: Mapping[str, Span] = field(default_factory=dict)
    stamp_offset_s: float | None = None
    stamp_late_s: float = 0.0
    stamp_back_s: float = 0.0
    offer: Offer | None = None
    steps: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    step_s: float = 0.0
    step_gap_s: float | None = None

    @property
    def other_clock(self) -> bool:
        """Whether its stamps cannot be of the clock that tells the arrival."""
        return self.stamp_offset_s is not None and abs(self.stamp_offset_s) > CLOCK_SLACK_S

    @property
    def settle_s(self) -> float:
        """A `step.settle_s` that is long enough for its messages, with some room."""
        return min(MOST_SETTLE_S, math.ceil(self.stamp_late_s * 12) / 10)

    @property
    def slack_s(self) -> float:
        """A `slack_s` that is long enough for the order of its stamps, with some room."""
        return min(MOST_SLACK_S, math.ceil(self.stamp_back_s * 120) / 100)


@dataclass(frozen=True, slots=True)
class Survey:
    """Everything seen in one place.

    Attributes:
        source: Where it was looked, for people. live: Whether it is a running graph.
        seconds: Time between the first and the last message, seconds.
        topics: By name. services: Name -> type (live only).
        damage: Why a recording could not be read to its end; '' where it could.
    """

    source: str
    live: bool
    seconds: float
    topics: Mapping[str, TopicSeen]
    services: Mapping[str, str] = field(default_factory=dict)
    damage: str = ''


EVEN = 0.9
"""Messages whose gaps are so often near the usual one do not come in bunches."""
PAUSE = 10.0
"""Where messages come in bunches, a gap of more than this many mean ones is a pause."""


def rate_and_gap(times_ns: Sequence[int]) -> tuple[float, float]:
    """Messages per second apart from pauses, and the longest gap in seconds.

    Args:
        times_ns: Times of arrival, ascending, nanoseconds. Messages may come in bunches.
    """
    if len(times_ns) < 2:
        return 0.0, 0.0
    gaps = [(b - a) / 1e9 for a, b in pairwise(times_ns)]
    mean = sum(gaps) / len(gaps)
    usual = median(gaps)
    even = sum(usual / 2 <= g <= 2 * usual for g in gaps)
    if usual > 0 and even >= EVEN * len(gaps):  # the median does not mind a pause
        return 1 / usual, max(gaps)
    flowing = [g for g in gaps if g <= PAUSE * mean] or gaps
    total = sum(flowing)
    return (len(flowing) / total if total > 0 else 0.0), max(gaps)


def gap_inside(times_ns: Sequence[int], spans_ns: Sequence[tuple[int, int]]) -> float | None:
    """Longest time without a message inside the spans, seconds; None without spans.

    Args:
        times_ns: Times of arrival, ascending. spans_ns: Begin and end of each step.
    """
    longest = 0
    for begin, end in spans_ns:
        inside = times_ns[bisect_left(times_ns, begin) : bisect_right(times_ns, end)]
        longest = max(longest, *(b - a for a, b in pairwise((begin, *inside, end))))
    return longest / 1e9 if spans_ns else None
