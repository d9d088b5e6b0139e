"""Where steps begin and end: from step messages, or a sliding window over time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cobot_ai.core.samples import Edge, StepEvent
from cobot_ai.core.spec import StepSpec
from cobot_ai.core.types import Facts

SKIP_NS = 60 * 10**9
"""Time without any message after which sliding windows start anew; its data is gone anyway."""


@dataclass(frozen=True, slots=True)
class Span:
    """One step to be judged: [start_ns, end_ns) and the facts declared for it.

    Attributes:
        number: Which of the ends since the start it has; 0 where nobody counts.
    """

    start_ns: int
    end_ns: int
    facts: Facts
    number: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """Where the robot program is, as far as its messages and signals tell.

    Attributes:
        ended: Ends of steps so far. running: A step runs.
        busy: A begin or an end may already be there and is not told yet.
        settling: A step that ended, or may have ended, waits for its samples.
    """

    ended: int
    running: bool
    busy: bool
    settling: bool


class StepTracker:
    """Turns begins and ends into spans.

    An end without a begin is counted in `orphans`; a begin that follows a begin replaces it
    (the robot program was restarted in the middle of a step).
    """

    def __init__(self, spec: StepSpec) -> None:
        self._spec = spec
        self._begin: StepEvent | None = None
        self.orphans = 0

    @property
    def running(self) -> bool:
        """True between a begin and its end."""
        return self._begin is not None

    @property
    def begin_ns(self) -> int | None:
        """Time at which the running step began; None when none runs."""
        return self._begin.t_ns if self._begin is not None else None

    def event(self, event: StepEvent) -> Span | None:
        """Take in one step message; returns the span it completes."""
        if event.edge is Edge.BEGIN:
            self.orphans += self._begin is not None
            self._begin = event
            return None
        begin, self._begin = self._begin, None
        if begin is None or event.t_ns <= begin.t_ns:
            self.orphans += 1
            return None
        facts = {**begin.facts, **event.facts}
        start = begin.t_ns
        if self._spec.length_s is not None:
            start = event.t_ns - round(self._spec.length_s * 1e9)
        return Span(start, event.t_ns, facts)

    def clear(self) -> None:
        """Forget a step in progress (the clock jumped)."""
        self._begin = None


class Slider:
    """Spans of a fixed length every `hop_s`, aligned to the first time it sees."""

    def __init__(self, spec: StepSpec) -> None:
        self._length_ns = round((spec.length_s or spec.hop_s) * 1e9)
        self._hop_ns = round(spec.hop_s * 1e9)
        self._next_end_ns: int | None = None
        self.skips = 0

    def advance(self, t_ns: int) -> Iterator[Span]:
        """Spans that ended by `t_ns`, oldest first.

        A long silence, or a clock that is set forward, is one skip and not a window per hop.
        """
        if self._next_end_ns is None:
            self._next_end_ns = t_ns + self._length_ns
        elif t_ns - self._next_end_ns > SKIP_NS:
            self.skips += 1
            self._next_end_ns = t_ns
        while self._next_end_ns <= t_ns:
            end = self._next_end_ns
            self._next_end_ns += self._hop_ns
            yield Span(end - self._length_ns, end, {})

    def clear(self) -> None:
        """Start anew from the next time seen (the clock jumped)."""
        self._next_end_ns = None


def context_key(facts: Facts, keys: tuple[str, ...]) -> str:
    """The context of a step: `operation=insert/part=peg_a`; facts that are absent are left out.

    A `/` or `=` inside a value is written as in an address (`%2F`, `%3D`): no two contexts share a
    key, or they would share a certificate.
    """
    return '/'.join(f'{k}={_plain(facts[k])}' for k in keys if k in facts)


def _plain(value: str) -> str:
    return re.sub('[/=]|%(?=2F|3D|25)', lambda found: f'%{ord(found[0]):02X}', value)


def group_key(facts: Facts, keys: tuple[str, ...], otherwise: str) -> str:
    """The split group of a case; `otherwise` where the step says none of the group facts.

    A blank fact says nothing: pieces without a number are not one piece.
    """
    return context_key({k: v for k, v in facts.items() if v}, keys) or otherwise


def declared_group(group: str, keys: tuple[str, ...]) -> str:
    """A split group made of facts, '' where it is only the case itself or a stretch of time.

    Args:
        group: Of `group_key`. keys: Names of the group facts, as declared.
    """
    return group if group.partition('=')[0] in keys else ''
