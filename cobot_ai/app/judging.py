"""From a complete step to a written decision: judged, merged, budgeted, held, asked."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from cobot_ai.app.decide import case_of, decision_body, judge
from cobot_ai.app.escalate import Desk
from cobot_ai.app.events import Events
from cobot_ai.app.holds import STAYS, Holds
from cobot_ai.app.judgement import JudgeQueue, Resolved
from cobot_ai.app.memory import Memory
from cobot_ai.app.observe import Cut
from cobot_ai.app.parts import Parts, Tally
from cobot_ai.app.ports import Draft, Entry
from cobot_ai.app.recall import alike
from cobot_ai.app.wording import resolution_body
from cobot_ai.core.errors import StoreError
from cobot_ai.core.spec import Action, CellSpec
from cobot_ai.core.types import Case, Decision, Json, Verdict, Why


@dataclass(slots=True)
class Judging:
    """Judges steps and carries out what was decided, less motion first.

    Attributes:
        spec: The cell. parts: Its collaborators. desk, memory, holds, judges, tally: What the
            authority keeps. commit: Writes and announces. settled: Told of every outcome.
        blind: The newest case that people are asked about a silence of all sensors, 0: none.
    """

    spec: CellSpec
    parts: Parts
    desk: Desk
    memory: Memory
    holds: Holds
    judges: JudgeQueue
    tally: Tally
    commit: Callable[[list[Draft], dict[int, Json] | None], list[Entry]]
    settled: Callable[[Resolved], None]
    events: Events = field(init=False)
    blind: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.events = Events(self.spec.step, self.spec.question)

    def judge(self, cut: Cut) -> None:
        """Judge a step and see to what follows from it."""
        begun = self.parts.stopwatch()
        case = case_of(self.parts.ledger.next_case(), cut, self.spec)
        self.judges.decided(case.id, cut.span.number)
        try:
            kept = self._decide(case, cut, begun)
        except Exception:
            self._unwritten(case)
            raise
        self.parts.clips.save(case.id, cut.messages, kept)

    def _decide(self, case: Case, cut: Cut, begun: float) -> str:
        """Decide, write and carry out; returns what the clip is kept as."""
        now, versions = self.parts.clock.monotonic_ns(), self.parts.versions
        scorer, notes = versions.spares.choose(
            versions.scorer, versions.live, case.context, case.window
        )
        standing = self.memory.standing(case, scorer, now)
        decision, broken = judge(case, scorer, standing, self.spec)
        decision = self.events.merged(case, decision, now)
        if decision.why is not Why.MERGED:  # it puts no question
            decision = self.memory.within_budget(decision, now)
        latency_ms = (self.parts.stopwatch() - begun) * 1e3
        body = decision_body(case, decision, latency_ms, cut.ingest)
        drafts = [*notes, Draft('decision', body, case.id)]
        if broken is not None:
            drafts.append(Draft('fault', {'code': 'model', 'detail': broken}, case.id))
        self.memory.keep(case)
        self._write(case, decision, drafts)
        versions.spares.written(notes)
        self.tally.latency_ms.append(latency_ms)
        return 'routine' if decision.verdict is Verdict.ACT else 'asked'

    def _write(self, case: Case, decision: Decision, drafts: list[Draft]) -> None:
        self.tally.cases += 1
        if not case.window.mask.any():
            self.blind = decision.params['case'] if decision.why is Why.MERGED else case.id
        if decision.verdict is Verdict.ACT:
            self._act(case, decision, drafts)
        elif decision.why is Why.MERGED:  # held and asked as the case it belongs to
            self.commit(drafts, None)
            self.judges.follow(case.id, decision.params['case'])
        else:
            self._ask(case, decision, drafts)

    def _act(self, case: Case, decision: Decision, drafts: list[Draft]) -> None:
        self.tally.acted += 1
        label, action = decision.label or '', decision.action or ''
        if action in STAYS:  # less motion first, then the record of it
            self.holds.case(case.id)
        self.commit(drafts, None)
        go = action == Action.CONTINUE.value
        self.settled(Resolved(case.id, 'acted', label, action, go))

    def _ask(self, case: Case, decision: Decision, drafts: list[Draft]) -> None:
        self.tally.asked += 1
        self.events.asked(case, decision)
        self.holds.case(case.id)
        if decision.why is Why.BUDGET:
            self._suppress(case, drafts)
            return
        evidence = self.memory.gallery.describe(case)
        near = decision.score.nearest if decision.score else ()
        evidence['nearest'] = alike(self.parts.ledger, near)
        drafts.append(Draft('ask', self.desk.ask_body(case, decision), case.id))
        self.desk.open(case, lambda: self.commit(drafts, {case.id: evidence}))

    def _suppress(self, case: Case, drafts: list[Draft]) -> None:
        """Not put to anybody: decision and outcome in one commit, so that none is without other."""
        body = resolution_body(self.spec, 'suppressed', '', '')
        drafts.append(Draft('resolution', body, case.id))
        self.commit(drafts, {case.id: self.memory.gallery.describe(case)})
        self.settled(Resolved(case.id, 'suppressed', '', body['action'], body['go']))

    def uncut(self, failed: Exception) -> None:
        """A step that could not be cut is nobody's success: whoever waits for it hears no_step."""
        detail = f'A step could not be judged: {type(failed).__name__}: {failed}'
        self.commit([Draft('fault', {'code': 'window', 'detail': detail})], None)
        raise failed

    def offer_review(self) -> None:
        """In a quiet minute: a case that was not asked, or needs a second look, is offered."""
        reviews, now = self.memory.reviews, self.parts.clock.monotonic_ns()
        if not reviews.open or self.desk.open_asks or not self.memory.budget.quiet(now):
            return
        case = self.memory.next_review(self.parts.versions.scorer)
        body = self.desk.review_body(case, **reviews.waiting[case])
        evidence = self.desk.not_stored(case)
        self.commit([Draft('review', body, case)], {case: evidence} if evidence else None)

    def _unwritten(self, case: Case) -> None:
        """The disk refused: nothing may go on that is not written down."""
        fail_safe = self.spec.question.fail_safe.value
        if fail_safe in STAYS:
            with suppress(StoreError):
                self.holds.case(case.id)
        self.settled(Resolved(case.id, 'unwritten', '', fail_safe, False))
