"""What an authority is made of, and the figures it keeps."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from cobot_ai.app.observe import Observer
from cobot_ai.app.ports import ClipSink, Clock, Ledger, Outbox
from cobot_ai.app.promote import Versions
from cobot_ai.app.robot import Guard


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything the authority is made of; `stopwatch` counts seconds, for latencies only."""

    clock: Clock
    ledger: Ledger
    observer: Observer
    clips: ClipSink
    outbox: Outbox
    guard: Guard
    versions: Versions
    stopwatch: Callable[[], float]


def each(calls: Iterable[Callable[[], object]]) -> None:
    """Make every call although one fails; then raise the first failure."""
    failed: Exception | None = None
    for call in calls:
        try:
            call()
        except Exception as e:
            failed = failed or e
    if failed is not None:
        raise failed


NEWEST = 100_000
"""Most latencies that are kept: a replay is summed up by them, a cell runs for years."""


@dataclass(slots=True)
class Tally:
    """Figures since the start, for `~/state` and the summary; latencies of the newest cases."""

    cases: int = 0
    acted: int = 0
    asked: int = 0
    expired: int = 0
    latency_ms: deque[float] = field(default_factory=lambda: deque(maxlen=NEWEST))
