"""Cases a person should look at when there is time: no deadline, no motion, only a label.

Offered to workers in quiet minutes: suppressed cases (the ask budget was used up), failed audits (a
second look settles whether the model or the first person was wrong) and cases people disagree
about. Engineers also give a second opinion on answers against a sure model, late corrections,
"not sure", and audits that came out right.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from cobot_ai.app.ports import Entry
from cobot_ai.core.asks import NOT_SURE
from cobot_ai.core.newest import put_newest
from cobot_ai.core.types import Json, Verdict, Why

KINDS = ('decision', 'resolution', 'label', 'review', 'command')
KEPT = 5000
"""Cases kept in memory to be offered; all others stay in the ledger's list."""
DONE = 500
"""Newest looks that can be taken back."""
SUPPRESSED, AUDIT, CONFLICT = 'suppressed', 'audit', 'conflict'
SURE, CORRECTED, UNSURE, SECOND = 'sure', 'corrected', 'unsure', 'second'
ORDER = (CONFLICT, AUDIT, SURE, CORRECTED, UNSURE, SUPPRESSED, SECOND)
"""Why a case waits, what is most worth a look first."""
FORGET, FORGOTTEN = 'forget', 'forgotten'
"""The command, and the source of a label that was withdrawn on purpose: nobody is asked again."""
REVIEW, UNREVIEW = 'review', 'unreview'


@dataclass(slots=True)
class Reviews:
    """The lists of cases that wait for a look, kept by ledger entries.

    Attributes:
        kept: Most cases that are kept in each list.
        waiting: Case -> why it waits and what is at stake; offered to workers in quiet minutes.
        second: The same for what only engineers look at.
        offered: The case people are asked about now, None if none.
    """

    kept: int = KEPT
    waiting: dict[int, Json] = field(default_factory=dict)
    second: dict[int, Json] = field(default_factory=dict)
    offered: int | None = None
    _risk: dict[int, float] = field(default_factory=dict)
    _sure: dict[int, str] = field(default_factory=dict)
    _said: dict[int, str] = field(default_factory=dict)
    _done: dict[int, Json] = field(default_factory=dict)
    _behind: set[int] = field(default_factory=set)

    def take(self, entry: Entry) -> None:
        """Take in one entry; kinds that do not matter change nothing."""
        case, body = entry.case, entry.body
        if entry.kind == 'decision':
            self._decided(case, body)
        elif entry.kind == 'resolution':
            self._resolved(case, str(body['outcome']))
        elif entry.kind == 'label':
            self._label(case, body)
        elif entry.kind == REVIEW:
            self.offered = case if case in self.waiting else None
        elif entry.kind == 'command' and body.get('kind') == REVIEW:
            self._looked(case)
        elif entry.kind == 'command' and body.get('kind') == UNREVIEW and case in self._done:
            self._remove(case)
            self._add(case, **self._done.pop(case))
        elif entry.kind == 'command' and body.get('kind') == FORGET:
            self._done.clear()  # a look taken back gives a label back, maybe a forgotten one

    def _decided(self, case: int, body: Json) -> None:
        if body['why'] == Why.BUDGET.value:
            self._risk[case] = body['params'].get('risk', 0.0)
        if (guess := _sure_of(body)) is not None:
            put_newest(self._sure, case, guess, self.kept)

    def _resolved(self, case: int, outcome: str) -> None:
        if outcome == SUPPRESSED:
            self._add(case, SUPPRESSED, self._risk.pop(case, 0.0))
        elif outcome == UNSURE:
            self._add(case, UNSURE, 1.0)

    def _label(self, case: int, body: Json) -> None:
        label, before = body['label'], self._said.pop(case, None)
        if label is not None:
            put_newest(self._said, case, label, self.kept)
        if body['source'] == REVIEW:
            was = self._looked(case)
            # Two people saw an audited case blind and differ: somebody else settles it.
            if label is None and was is not None and was['why'] == SECOND:
                self._add(case, CONFLICT, 1.0)
            return
        why = self._why(case, body, before)
        self._remove(case)
        if why is not None:
            self._add(case, why, 1.0 if why != SECOND else 0.0)

    def _why(self, case: int, body: Json, before: str | None) -> str | None:
        """Why a case waits after somebody labelled it, None if it does not."""
        label, guess = body['label'], body.get('audit', {}).get('guess')
        if label is None:
            return CONFLICT if body['source'] != FORGOTTEN else None
        if guess is not None and body['revision'] == 1:
            return SECOND if guess == label else AUDIT
        if before is not None and before != label:
            return CORRECTED
        return SURE if guess is None and self._sure.get(case, label) != label else None

    def _add(self, case: int, why: str, risk: float) -> None:
        names = self.waiting if why in (SUPPRESSED, AUDIT, CONFLICT) else self.second
        names[case] = {'why': why, 'risk': risk}
        while len(names) > self.kept:
            self._remove(next(iter(names)))

    def _looked(self, case: int) -> Json | None:
        """Somebody looked; returns why it had waited, which is kept so that it can wait again."""
        was = self.why(case)
        if was is not None:
            put_newest(self._done, case, was, DONE)
        self._remove(case)
        return was

    def _remove(self, case: int) -> None:
        self.waiting.pop(case, None)
        self.second.pop(case, None)
        self._behind.discard(case)
        if self.offered == case:
            self.offered = None

    def why(self, case: int) -> Json | None:
        """Why a case waits, None if it does not."""
        return self.waiting.get(case) or self.second.get(case)

    def may_undo(self, case: int) -> bool:
        """Whether the last look at a case can be taken back."""
        return case in self._done

    def pass_over(self, case: int) -> None:
        """Who is there may not judge it: others are offered before it."""
        self._behind.add(case)
        if self.offered == case:
            self.offered = None

    @property
    def open(self) -> bool:
        """Whether there is a case to offer and none is offered already."""
        return bool(self.waiting) and self.offered is None

    def next(self) -> int:
        """The case to offer next: failed audits and conflicts first, then the highest risk."""
        return max(self.waiting, key=self._rank)

    def _rank(self, case: int) -> tuple[bool, bool, float, int]:
        found = self.waiting[case]
        return case not in self._behind, found['why'] != SUPPRESSED, found['risk'], -case

    @property
    def suppressed(self) -> list[int]:
        """The suppressed cases, oldest first, where no other is more worth a look; else none."""
        free = [case for case in self.waiting if case not in self._behind]
        return free if all(self.waiting[c]['why'] == SUPPRESSED for c in free) else []

    def listed(self) -> list[int]:
        """All cases that wait, what is most worth a look first, then the oldest."""
        found = self.waiting | self.second
        return sorted(found, key=lambda c: (ORDER.index(found[c]['why']), c))


def _sure_of(decision: Json) -> str | None:
    """The class the model was sure of: it acted on it, or its certificate would have let it."""
    if decision['verdict'] == Verdict.ACT.value:
        return str(decision['label'])
    probs, threshold = decision.get('probs') or {}, decision.get('threshold')
    if not probs or threshold is None or (decision.get('confidence') or 0.0) < threshold:
        return None
    return str(max(probs, key=lambda name: probs[name]))


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
