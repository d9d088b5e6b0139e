"""Everything an authority remembers between cases, kept by ledger entries alone."""

from __future__ import annotations

from dataclasses import replace

from cobot_ai.app import record, review
from cobot_ai.app.model_ports import Scorer
from cobot_ai.app.offers import Offers
from cobot_ai.app.ports import Draft, Entry, LedgerReader
from cobot_ai.app.record import Record
from cobot_ai.app.review import Reviews
from cobot_ai.core.budget import Budget
from cobot_ai.core.evidence import Gallery
from cobot_ai.core.newest import put_newest
from cobot_ai.core.policy import Standing, risk_of
from cobot_ai.core.spec import CellSpec
from cobot_ai.core.types import Case, Decision, Json, Verdict, Why

REMEMBERED = 200
"""Cases kept for the evidence of later ones."""
RECALLED = 2000
"""Questions and answers of earlier runs that are looked at."""
BEHIND_NS = 3600 * 10**9
"""Questions further in the future were put before the clock was set back; they use up nothing."""
PEOPLE = ('ask', 'review', 'answer', 'claim')


class Memory:
    """What the cell learnt, whom it asked, what waits for a look, and recent cases.

    Args:
        spec: The cell.

    Attributes:
        cases: The last cases, oldest first.
    """

    def __init__(self, spec: CellSpec) -> None:
        self._spec = spec
        self.record, self.reviews = Record(spec), Reviews()
        self._offers = Offers(spec.model.seed)
        self.budget, self.gallery = Budget(spec.budget), Gallery(spec)
        self.cases: dict[int, Case] = {}

    def retune(self, spec: CellSpec) -> None:
        """The cell's numbers or words changed."""
        self._spec = spec
        self.budget.spec = spec.budget
        self.gallery.reword(spec)
        self.record.retune(spec)

    # ------------------------------------------------------------ from the ledger

    def recall(self, ledger: LedgerReader, now_ns: int, monotonic_ns: int) -> None:
        """After a restart: take in what earlier runs wrote down.

        Args:
            ledger: Where it is written. now_ns: Stamp clock. monotonic_ns: Clock of the budget.
        """
        learnt = {e.seq: e for e in ledger.last('label', record.LABELS)}
        for kind in {*record.KINDS, *review.KINDS} - {'start', 'label'}:
            learnt.update({e.seq: e for e in ledger.last(kind, record.RECALLED)})
        learnt.update({e.seq: e for e in ledger.last('start', record.STARTS)})
        learnt.update({e.seq: e for e in ledger.last('audit')})
        entries = [learnt[seq] for seq in sorted(learnt)]
        self.record.recall(entries)
        for entry in entries:
            self.reviews.take(entry)
        recent = sorted((e for k in PEOPLE for e in ledger.last(k, RECALLED)), key=lambda e: e.seq)
        for entry in recent:
            # A clock that is hours behind cannot tell which of them were in the last hour.
            if entry.t_ns <= now_ns + BEHIND_NS:
                self._people(entry, monotonic_ns - max(0, now_ns - entry.t_ns))

    def take(self, entry: Entry, monotonic_ns: int) -> None:
        """Take in an entry that was just committed."""
        self.record.take(entry)
        self.reviews.take(entry)
        self._people(entry, monotonic_ns)
        if entry.kind == 'label':
            self._picture(entry.case, entry.body['label'])

    def _picture(self, number: int, label: str | None) -> None:
        """What is shown beside later cases: this one as its label says, if it has one still."""
        self.gallery.forget(number)
        case = self.cases.get(number)
        if case is not None and label is not None:
            self.gallery.learn(number, case.context, case.window, label)

    def notes(self) -> list[Draft]:
        """Entries the last ones call for (audits, alarms); each is given once."""
        notes, self.record.notes = self.record.notes, []
        return notes

    def _people(self, entry: Entry, at_ns: int) -> None:
        body = entry.body
        if entry.kind == 'ask':
            self.budget.asked(at_ns, body.get('risk', 0.0), body['why'] in record.AUDITED)
        elif entry.kind == 'review':
            self.budget.asked(at_ns, audit=True)
        elif entry.kind in ('answer', 'claim'):
            self.budget.seen(body['by'], at_ns)

    # ------------------------------------------------------------ for a case

    def standing(self, case: Case, scorer: Scorer | None, monotonic_ns: int) -> Standing:
        """What the policy needs to know about a case's context."""
        return self.record.standing(case, scorer, self.budget.may_audit(monotonic_ns))

    def within_budget(self, decision: Decision, monotonic_ns: int) -> Decision:
        """The decision itself, or a hold where the budget has no question left for its risk.

        An audit had its room before it was drawn (`standing`). Were it taken back after the draw,
        what is counted as unseen would no longer be what the draw left unseen.
        """
        if decision.verdict is Verdict.ACT or decision.why is Why.AUDIT:
            return decision
        risk = risk_of(decision.why, decision.score, self._spec.question)
        bar = self.budget.wanting(monotonic_ns, risk)
        if bar is None:
            return decision
        params = {
            'limit': self.budget.limits(monotonic_ns)[1],
            'why': decision.why.value,
            'risk': round(risk, 6),
            'bar': None if bar == float('inf') else round(bar, 6),
        }
        return replace(decision, verdict=Verdict.HOLD, why=Why.BUDGET, params=params)

    def keep(self, case: Case) -> None:
        """Remember a case for the evidence of later ones."""
        put_newest(self.cases, case.id, case, REMEMBERED)

    def next_review(self, scorer: Scorer | None) -> int:
        """The waiting case to offer next; those no longer in memory come last, by risk."""
        best = self._offers.choose(self.reviews.suppressed, self.cases, scorer)
        return self.reviews.next() if best is None else best

    def evidence(self, case: int) -> Json | None:
        """The evidence document of a recent case; None when it is too long ago."""
        found = self.cases.get(case)
        return self.gallery.describe(found) if found is not None else None
