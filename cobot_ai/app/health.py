"""What monitoring tools are told: one line per stream and one for the cell (`/diagnostics`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from cobot_ai.core.spec import CellSpec
from cobot_ai.core.types import Json

PERIODS = 5
"""A stream that is silent for so many rated periods (and a second) is stale."""
STEPS = 2
"""A stream that speaks in steps only is stale when so many ended without it: the last that it
took part in ends after its last message."""
RECENT_NS = 10 * 10**9
"""A count that grew within this time is a warning, nanoseconds."""
QUIET = ('received',)
"""Counts that may grow."""


class Level(IntEnum):
    """Levels of diagnostic_msgs/DiagnosticStatus."""

    OK = 0
    WARN = 1
    ERROR = 2
    STALE = 3


@dataclass(frozen=True, slots=True)
class Health:
    """The health of one part.

    Attributes:
        level: How bad. name: Which part. message: One sentence. values: The figures behind it.
    """

    level: Level
    name: str
    message: str
    values: Json = field(default_factory=dict)


@dataclass(slots=True)
class _Stream:
    """What changed when in the counts of a stream, monotonic nanoseconds.

    Attributes:
        only_in_steps: It speaks while a step runs only. cases: Cases when it was last heard.
    """

    only_in_steps: bool
    cases: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    grown: dict[str, int] = field(default_factory=dict)


class HealthReport:
    """Turns one state after the other into health.

    Args:
        spec: The cell.
    """

    def __init__(self, spec: CellSpec) -> None:
        self._silence_ns = {
            s.name: round(max(1.0, PERIODS / s.rate_hz) * 1e9) for s in spec.streams
        }
        self._streams = {s.name: _Stream(s.only_in_steps) for s in spec.streams}
        self._since: int | None = None

    def of(self, state: Json, now_ns: int) -> list[Health]:
        """Health of the cell and of every stream.

        Args:
            state: What `~/state` says. now_ns: Monotonic time, nanoseconds.
        """
        cases = int(state['cases'])
        if self._since is None:
            self._since = now_ns
            for seen in self._streams.values():
                seen.cases = cases
        streams = [self._stream(n, state['streams'][n], cases, now_ns) for n in self._streams]
        return [_cell(state), *streams]

    def blind(self, found: Sequence[Health]) -> bool:
        """Whether all are silent; one that speaks in steps only may just wait for a step."""
        steady = {n for n, s in self._streams.items() if not s.only_in_steps}
        return not (steady or {*self._streams}) - {*silent(found)}

    def _stream(self, name: str, counts: Mapping[str, int], cases: int, now_ns: int) -> Health:
        seen = self._streams[name]
        for key, value in counts.items():
            if value > seen.counts.get(key, 0):
                seen.grown[key] = now_ns
                seen.cases = cases if key == 'received' else seen.cases
        seen.counts = dict(counts)
        last = seen.grown.get('received', now_ns if self._since is None else self._since)
        missed = not seen.only_in_steps or cases - seen.cases >= STEPS
        if missed and now_ns - last > self._silence_ns[name]:
            silent_s = (now_ns - last) / 1e9
            return Health(Level.STALE, name, f'silent for {silent_s:.1f} s', dict(counts))
        recent = {k for k, t in seen.grown.items() if now_ns - t < RECENT_NS} - {*QUIET}
        if recent:
            return Health(Level.WARN, name, f'counted: {", ".join(sorted(recent))}', dict(counts))
        return Health(Level.OK, name, 'complete', dict(counts))


def silent(found: Iterable[Health]) -> list[str]:
    """Names of the streams nothing comes from, for `~/state` and the page."""
    return [h.name for h in found if h.level is Level.STALE]


def _cell(state: Json) -> Health:
    values = {k: v for k, v in state.items() if isinstance(v, (str, int, float, bool))}
    mode = str(state['mode'])
    if state['held']:
        return Health(Level.WARN, 'cell', f'held: {state["held"]}', values)
    if not state['model']:
        return Health(Level.WARN, 'cell', 'no model yet: every case is asked', values)
    return Health(Level.WARN if mode == 'asking' else Level.OK, 'cell', mode, values)
