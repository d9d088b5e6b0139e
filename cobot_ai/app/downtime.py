"""When the cell could not work, by what the ledger says: held, and in a maintenance break."""

from __future__ import annotations

from dataclasses import dataclass, field

from cobot_ai.app.ports import Entry

KINDS = ('start', 'hold', 'resume', 'maintenance')
NEWEST = 5000
"""Entries of each kind that are looked at."""
Span = tuple[int, int | None]
"""From when to when, nanoseconds; None: it goes on."""


@dataclass(slots=True)
class Downtime:
    """Spans of time, kept by ledger entries.

    A safety stop of the robot counts as held. In shadow mode nothing is held and nothing is known.

    Attributes:
        shadow: The newest start was one that advises only.
        held: When the process was held. breaks: When a maintenance break was on.
    """

    shadow: bool = True
    held: list[Span] = field(default_factory=list)
    breaks: list[Span] = field(default_factory=list)

    def take(self, entry: Entry) -> None:
        """Take in one entry; kinds that do not matter change nothing."""
        body = entry.body
        if entry.kind == 'start':
            self.shadow = bool(body.get('shadow', True))
        elif entry.kind == 'hold':
            _turn(self.held, entry.t_ns, on=True)
        elif entry.kind == 'resume' and body['confirmed']:
            _turn(self.held, entry.t_ns, on=False)
        elif entry.kind == 'maintenance':
            _turn(self.breaks, entry.t_ns, on=bool(body['on']))

    def worked(self, begin_ns: int, end_ns: int) -> tuple[int, int]:
        """Of a time: how much of it was to be worked, and how much of that it was not held.

        Args:
            begin_ns: From. end_ns: To, nanoseconds.

        Returns:
            Nanoseconds without breaks, and without breaks and holds.
        """
        breaks = _cut(self.breaks, begin_ns, end_ns)
        planned = _rest([(begin_ns, end_ns)], breaks)
        open_ = _rest(planned, _cut(self.held, begin_ns, end_ns))
        return _length(planned), _length(open_)


def _turn(spans: list[Span], t_ns: int, on: bool) -> None:
    if on and (not spans or spans[-1][1] is not None):
        spans.append((t_ns, None))
    elif not on and spans and spans[-1][1] is None:
        spans[-1] = (spans[-1][0], t_ns)


def _cut(spans: list[Span], begin_ns: int, end_ns: int) -> list[tuple[int, int]]:
    cut = ((max(a, begin_ns), min(end_ns if b is None else b, end_ns)) for a, b in spans)
    return [(a, b) for a, b in cut if a < b]


def _rest(spans: list[tuple[int, int]], without: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """What is left of spans after others were taken out of them."""
    for gone, back in without:
        parts = (part for a, b in spans for part in ((a, min(b, gone)), (max(a, back), b)))
        spans = [(a, b) for a, b in parts if a < b]
    return spans


def _length(spans: list[tuple[int, int]]) -> int:
    return sum(b - a for a, b in spans)
