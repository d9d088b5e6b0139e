"""What is written about cases, their questions and their labels, and announced once it is."""

from __future__ import annotations

from collections.abc import Callable, Collection

from cobot_ai.app.ports import Clock, Draft, Entry, Ledger
from cobot_ai.app.wording import ask_body, label_body, question_body
from cobot_ai.core.asks import NOT_SURE
from cobot_ai.core.errors import DataError
from cobot_ai.core.spec import CellSpec
from cobot_ai.core.types import Case, Decision, Json

PLACES = ('decision', 'import')
"""Kinds that say where a case belongs."""


class Records:
    """Makes the records of cases and commits them.

    Args:
        spec: The cell. ledger: Where they are written. clock: For their times.
        announce: Called with every entry after its commit.
        evidence: Evidence document of a recent case, None where it is too long ago.
    """

    def __init__(
        self,
        spec: CellSpec,
        ledger: Ledger,
        clock: Clock,
        announce: Callable[[Entry], None],
        evidence: Callable[[int], Json | None],
    ) -> None:
        self.spec, self._ledger, self._clock = spec, ledger, clock
        self._announce, self._evidence = announce, evidence

    def ask_body(self, case: Case, decision: Decision) -> Json:
        """The record of a question as it is put to people."""
        return ask_body(self.spec.question, case, decision, self._clock.wall_ns())

    def review_body(self, case: int, why: str, risk: float) -> Json:
        """The record of a question without any hurry: it has no deadline and moves nothing."""
        body = next(e.body for e in self._ledger.of_case(case) if e.kind in PLACES)
        question = question_body(self.spec.question, body['context'], body['facts'])
        return {**question, 'why': why, 'risk': risk}

    def may_label(self, label: str) -> bool:
        """Whether a label may be given: a declared class, or any name where classes are open."""
        question = self.spec.question
        names = {c.name for c in question.classes}
        return label != NOT_SURE and (question.open_classes or label in names)

    def label(
        self, case: int, label: str | None, by: str, source: str, said: Collection[str] = ()
    ) -> Draft:
        """The next revision of a case's label; None withdraws it until somebody decides.

        `said`: what people say who disagree.
        """
        entries = self._ledger.of_case(case)
        place = next((e.body for e in entries if e.kind in PLACES), None)
        if place is None:
            raise DataError(f'There is no case {case}.')
        body = label_body(entries, label, by, source, said)
        return Draft('label', {**body, **{n: place[n] for n in ('context', 'group')}}, case)

    def commit(self, drafts: list[Draft]) -> list[Entry]:
        """Write entries and announce them.

        With the first label of a case nobody was asked about goes its evidence, so that a second
        person can judge it.
        """
        if not drafts:
            return []
        cases = {d.case for d in drafts if d.kind == 'label'}
        shown = {c: doc for c in cases if (doc := self.not_stored(c)) is not None}
        entries = self._ledger.commit(drafts, self._clock.now_ns(), shown)
        for entry in entries:
            self._announce(entry)
        return entries

    def not_stored(self, case: int) -> Json | None:
        """The evidence document of a recent case, None where it is in the ledger already."""
        return None if self._ledger.has_evidence(case) else self._evidence(case)
