"""Cases a person should look at when there is time: no deadline, no motion, only a label.

Suppressed cases (the ask budget was used up), failed audits (a second look settles whether the
model or the first person was wrong) and cases people disagree about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from cobot_ai.app.ports import Entry
from cobot_ai.core.asks import NOT_SURE
from cobot_ai.core.types import Json, Why

KINDS = ('decision', 'resolution', 'label', 'review', 'command')
KEPT = 5000
"""Cases kept in memory to be offered; all others stay in the ledger's list."""
SUPPRESSED, AUDIT, CONFLICT = 'suppressed', 'audit', 'conflict'


@dataclass(slots=True)
class Reviews:
    """The list of cases that wait for a look, kept by ledger entries.

    Attributes:
        kept: Most cases that are kept. waiting: Case -> why it waits and what is at stake.
        offered: The case people are asked about now, None if none.
    """

    kept: int = KEPT
    waiting: dict[int, Json] = field(default_factory=dict)
    offered: int | None = None
    _risk: dict[int, float] = field(default_factory=dict)

    def take(self, entry: Entry) -> None:
        """Take in one entry; kinds that do not matter change nothing."""
        case, body = entry.case, entry.body
        if entry.kind == 'decision' and body['why'] == Why.BUDGET.value:
            self._risk[case] = body['params'].get('risk', 0.0)
        elif entry.kind == 'resolution' and body['outcome'] == SUPPRESSED:
            self._add(case, SUPPRESSED, self._risk.pop(case, 0.0))
        elif entry.kind == 'label':
            self._label(case, body)
        elif entry.kind == 'review':
            self.offered = case if case in self.waiting else None
        elif entry.kind == 'command' and body.get('kind') == 'review':
            self._remove(case)

    def _label(self, case: int, body: Json) -> None:
        guess = body.get('audit', {}).get('guess')
        if body['label'] is None:
            if body['source'] != 'review':
                self._add(case, CONFLICT, 1.0)
                return
        elif guess not in (None, body['label']) and body['revision'] == 1:
            self._add(case, AUDIT, 1.0)
            return
        self._remove(case)

    def _add(self, case: int, why: str, risk: float) -> None:
        self.waiting[case] = {'why': why, 'risk': risk}
        while len(self.waiting) > self.kept:
            self._remove(next(iter(self.waiting)))

    def _remove(self, case: int) -> None:
        self.waiting.pop(case, None)
        if self.offered == case:
            self.offered = None

    @property
    def open(self) -> bool:
        """Whether there is a case to offer and none is offered already."""
        return bool(self.waiting) and self.offered is None

    def next(self) -> int:
        """The case to offer next: failed audits and conflicts first, then the highest risk."""
        return max(self.waiting, key=lambda c: (self._first(c), self.waiting[c]['risk'], -c))

    def _first(self, case: int) -> bool:
        return str(self.waiting[case]['why']) != SUPPRESSED


def verdict(label: str, guess: Json | None, first: str | None) -> str | None:
    """The label that counts after a second look; None when a third opinion settles nothing.

    Args:
        label: What the second look says. guess: What the model thought, None outside audits.
        first: What the first person said, None if nobody did.
    """
    if label == NOT_SURE:
        return None
    if guess is None or first is None or label in (guess['guess'], first):
        return label
    return None


def waiting(entries: Iterable[Entry]) -> Iterator[Json]:
    """Every case of a ledger that still waits for a look, oldest first, for lists and auditors."""
    reviews = Reviews(kept=1 << 62)
    facts: dict[int, Json] = {}
    for entry in entries:
        reviews.take(entry)
        if entry.kind == 'decision':
            facts[entry.case] = {'t_ns': entry.t_ns, 'context': entry.body['context']}
    for case, why in reviews.waiting.items():
        yield {'case': case, **facts.get(case, {}), **why}
