"""Steps from signals: a digital line's edges, or a channel that crosses a threshold.

Values are put in order of their stamps before anything is decided, so that late or repeated
messages change nothing as long as they come before `advance` reaches their time.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator
from typing import Protocol

from cobot_ai.core.samples import Edge, StepEvent
from cobot_ai.core.signals import EdgeSpec, ThresholdSpec
from cobot_ai.core.spec import StepSpec

LOW, HIGH = False, True


class SignalTrigger(Protocol):
    """Turns values into begins and ends of steps."""

    short: int

    @property
    def busy(self) -> bool:
        """True while values wait that may yet begin or end a step."""

    def take(self, key: int, t_ns: int, value: float) -> None:
        """A value of the signal `key`, at its stamp."""

    def advance(self, t_ns: int) -> Iterator[StepEvent]:
        """Begins and ends up to `t_ns`, in order; nothing older may come after."""

    def clear(self) -> None:
        """Start anew (the clock jumped); the next value of a signal is no edge."""


class Level:
    """A debounced two-state signal; the first value tells the state and is no change.

    Args:
        high: At or beyond this it is high. low: At or beyond this, the other way, it is low;
            in between it stays. `high` below `low` means that small values are high.
        debounce_ns: A change counts when it lasted this long.
    """

    def __init__(self, high: float, low: float, debounce_ns: int) -> None:
        self._sign = 1.0 if high >= low else -1.0
        self._high, self._low = high * self._sign, low * self._sign
        self._debounce_ns = debounce_ns
        self._state: bool | None = None
        self._since_ns: int | None = None

    def sees(self, value: float) -> bool | None:
        """The state that a value stands for; None in between, and for what is no number."""
        x = value * self._sign
        if x >= self._high:
            return HIGH
        return LOW if x <= self._low else None

    def differs(self, value: float) -> bool:
        """True when a value may change the state."""
        return self._state is not None and self.sees(value) not in (None, self._state)

    @property
    def wavering(self) -> bool:
        """True while a change waits for its debounce time."""
        return self._since_ns is not None

    def take(self, t_ns: int, value: float) -> tuple[int, bool] | None:
        """Take in a value; returns time and direction of a change that is now sure."""
        sure = self.pass_time(t_ns)
        seen = self.sees(value)
        if self._state is None:
            self._state = seen
        elif seen is not None and seen is self._state:
            self._since_ns = None
        elif seen is not None and self._since_ns is None:
            self._since_ns = t_ns
        return sure or self.pass_time(t_ns)

    def pass_time(self, t_ns: int) -> tuple[int, bool] | None:
        """A signal that only tells its changes stays what it was; so time alone makes it sure."""
        since = self._since_ns
        if since is None or t_ns - since < self._debounce_ns:
            return None
        self._state, self._since_ns = not self._state, None
        return since, self._state


class _Sorted:
    """Values of several signals, given back by stamp."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, int, float]] = []
        self._count = itertools.count()

    def push(self, key: int, t_ns: int, value: float) -> None:
        heapq.heappush(self._heap, (t_ns, next(self._count), key, value))

    def until(self, t_ns: int) -> Iterator[tuple[int, int, float]]:
        while self._heap and self._heap[0][0] <= t_ns:
            stamp, _, key, value = heapq.heappop(self._heap)
            yield stamp, key, value

    def __iter__(self) -> Iterator[tuple[int, float]]:
        return ((key, value) for _, _, key, value in self._heap)

    def clear(self) -> None:
        self._heap.clear()


class EdgeTrigger:
    """Begins and ends marked by the edges of digital signals.

    Where only one end is marked the other lies `length_s` away.

    Args:
        spec: The step; the key of a signal is the place of its edge in `edges`.
    """

    def __init__(self, spec: StepSpec) -> None:
        self._edges = spec.edges
        self._length_ns = round((spec.length_s or 0.0) * 1e9)
        marks = {e.marks for e in spec.edges}
        self._only = next(iter(marks)) if len(marks) == 1 else None
        self._slowest_ns = max((_debounce_ns(e) for e in spec.edges), default=0)
        self.short = 0
        self._values, self._events = _Sorted(), list[tuple[int, int, Edge]]()
        self._count = itertools.count()
        self._levels = self._new_levels()

    def _new_levels(self) -> list[Level]:
        return [Level(e.level, e.level - _TINY, _debounce_ns(e)) for e in self._edges]

    @property
    def busy(self) -> bool:
        """True while an edge may be among the values that wait."""
        waiting = any(self._levels[key].differs(value) for key, value in self._values)
        return waiting or bool(self._events) or any(v.wavering for v in self._levels)

    def take(self, key: int, t_ns: int, value: float) -> None:
        """A value of the signal of the edge `key`."""
        self._values.push(key, t_ns, value)

    def advance(self, t_ns: int) -> Iterator[StepEvent]:
        """Begins and ends up to `t_ns`, less the longest debounce time."""
        for stamp, key, value in self._values.until(t_ns):
            self._note(key, self._levels[key].take(stamp, value))
        for key, level in enumerate(self._levels):
            self._note(key, level.pass_time(t_ns))
        while self._events and self._events[0][0] <= t_ns - self._slowest_ns:
            at, _, mark = heapq.heappop(self._events)
            yield StepEvent(mark, at, {})

    def _note(self, key: int, change: tuple[int, bool] | None) -> None:
        edge = self._edges[key]
        if change is None or change[1] is not (edge.on == 'rising'):
            return
        at, mark = change[0], Edge(edge.marks)
        begin = at if mark is Edge.BEGIN else at - self._length_ns
        if self._only is None:
            self._add(at, mark)
        else:
            self._add(begin, Edge.BEGIN)
            self._add(begin + self._length_ns, Edge.END)

    def _add(self, at: int, mark: Edge) -> None:
        heapq.heappush(self._events, (at, next(self._count), mark))

    def clear(self) -> None:
        """Start anew."""
        self._values.clear()
        self._events.clear()
        self._levels = self._new_levels()


class ThresholdTrigger:
    """A step from the moment a channel goes beyond `on` until it is back at `off`.

    What lasts less than `min_s` is no step and is counted in `short`; what lasts longer than
    `max_s` ends there, and the channel must come back before another step can begin.
    """

    def __init__(self, spec: ThresholdSpec) -> None:
        self._spec = spec
        self._min_ns, self._max_ns = round(spec.min_s * 1e9), round(spec.max_s * 1e9)
        self.short = 0
        self._values = _Sorted()
        self._level = Level(spec.on, spec.off, 0)
        self._begin_ns: int | None = None
        self._told = False

    @property
    def busy(self) -> bool:
        """True while a crossing may be among the values that wait, or is too young to count."""
        young = self._begin_ns is not None and not self._told
        return young or any(self._level.differs(value) for _, value in self._values)

    def take(self, key: int, t_ns: int, value: float) -> None:
        """A value of the channel."""
        self._values.push(key, t_ns, value)

    def advance(self, t_ns: int) -> Iterator[StepEvent]:
        """Begins and ends up to `t_ns`."""
        for stamp, _, value in self._values.until(t_ns):
            yield from self._pass_time(stamp)
            change = self._level.take(stamp, value)
            if change is not None:
                yield from self._cross(*change)
        yield from self._pass_time(t_ns)

    def _cross(self, at: int, high: bool) -> Iterator[StepEvent]:
        if high:
            self._begin_ns, self._told = at, False
            yield from self._pass_time(at)
        elif self._begin_ns is not None:
            if self._told:
                yield StepEvent(Edge.END, at, {})
            else:
                self.short += 1
            self._begin_ns = None

    def _pass_time(self, t_ns: int) -> Iterator[StepEvent]:
        begin = self._begin_ns
        if begin is None:
            return
        if not self._told and t_ns - begin >= self._min_ns:
            self._told = True
            yield StepEvent(Edge.BEGIN, begin, {})
        if t_ns - begin >= self._max_ns:
            self._begin_ns = None
            yield StepEvent(Edge.END, begin + self._max_ns, {})

    def clear(self) -> None:
        """Start anew."""
        self._values.clear()
        self._level = Level(self._spec.on, self._spec.off, 0)
        self._begin_ns, self._told = None, False


def _debounce_ns(edge: EdgeSpec) -> int:
    return round(edge.debounce_s * 1e9)


_TINY = 1e-9
