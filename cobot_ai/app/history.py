"""What ran when: the versions that were live, read from the ledger alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from cobot_ai.app.ports import Entry, LedgerReader
from cobot_ai.core.types import Json

CHANGES = ('promote', 'rollback')
"""Kinds of entries that change what is live."""
ALL = 1_000_000


@dataclass(frozen=True, slots=True)
class Span:
    """A version was live for a while.

    Attributes:
        model: Digest of the version. seq: Ledger entry that made it live.
        from_ns: When, stamp clock, nanoseconds.
        to_ns: Until when, this moment excluded; None: it still is.
        why: auto, person, scheduled, recovered or rollback.
        by: Who: a person, or `cobot_ai` where a rule of the cell file did it.
    """

    model: str
    seq: int
    from_ns: int
    to_ns: int | None
    why: str
    by: str

    def to_json(self) -> Json:
        """Plain JSON form."""
        return asdict(self)


def changes(reader: LedgerReader) -> list[Entry]:
    """Every entry that changed what is live, oldest first."""
    found = [e for kind in CHANGES for e in reader.last(kind, ALL)]
    return sorted(found, key=lambda e: e.seq)


def spans(entries: Sequence[Entry]) -> list[Span]:
    """Who was live from when to when, oldest first.

    Args:
        entries: Ledger entries in order; other kinds are passed over.
    """
    moves = [e for e in entries if e.kind in CHANGES]
    ends = [*(e.t_ns for e in moves[1:]), None]
    return [
        Span(
            e.body['model'],
            e.seq,
            e.t_ns,
            end,
            e.body.get('reason', e.kind),
            e.body.get('by', ''),
        )
        for e, end in zip(moves, ends, strict=False)
    ]


def live_at(found: Iterable[Span], t_ns: int) -> Span | None:
    """The span a moment falls into (the newest, where the clock was set back); None before all."""
    inside = (s for s in found if s.from_ns <= t_ns and (s.to_ns is None or t_ns < s.to_ns))
    return max(inside, key=lambda s: s.seq, default=None)


def stack(entries: Iterable[Entry]) -> list[str]:
    """Versions in the order they went live, oldest first, a rollback undoing the newest."""
    found: list[str] = []
    for entry in entries:
        model = entry.body['model']
        if entry.kind == 'rollback':
            while found and found[-1] != model:
                found.pop()
        if not found or found[-1] != model:
            found.append(model)
    return found


def before(entries: Iterable[Entry], live: str | None) -> str | None:
    """The version a rollback from `live` goes to; None when there is none.

    Args:
        entries: Entries that changed what is live, oldest first. live: What is live now; one the
            entries do not know (its record was lost) is rolled back to the newest they know.
    """
    found = stack(entries)
    if live not in found:
        return found[-1] if found else None
    place = len(found) - 1 - found[::-1].index(live)
    return found[place - 1] if place else None


def approvals(entries: Iterable[Entry], model: str) -> list[Json]:
    """Who let a version go live, when and why: its approvers."""
    return [
        {'by': s.by, 'why': s.why, 't_ns': s.from_ns, 'seq': s.seq}
        for s in spans(list(entries))
        if s.model == model and s.why != 'rollback'
    ]
