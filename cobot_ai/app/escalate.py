"""The desk: questions to people, their answers, and the one resolution of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from cobot_ai.app.judgement import Resolved
from cobot_ai.app.parts import each
from cobot_ai.app.ports import Clock, Draft, Entry, Ledger
from cobot_ai.app.record import AUDITED
from cobot_ai.core import asks
from cobot_ai.core.asks import NOT_SURE, Ask, Phase, Status
from cobot_ai.core.errors import DataError, StoreError
from cobot_ai.core.policy import risk_of
from cobot_ai.core.spec import Action, CellSpec
from cobot_ai.core.types import Case, Decision, Facts, Json

KEPT_CLOSED = 500
"""Closed asks kept in memory for late answers; older ones are looked up in the ledger."""


class Desk:
    """Owns every open ask and its deadline.

    Args:
        spec: The cell. ledger: Where everything is written before anybody is told.
        clock: Deadlines run on its monotonic side.
        announce: Called with every entry after its commit.
        settled: Called once with every resolution, after its commit.
    """

    def __init__(
        self,
        spec: CellSpec,
        ledger: Ledger,
        clock: Clock,
        announce: Callable[[Entry], None],
        settled: Callable[[Resolved], None],
    ) -> None:
        self.spec, self._ledger, self._clock = spec, ledger, clock
        self._announce, self._settled = announce, settled
        self._asks: dict[int, Ask] = {}
        self._place: dict[int, tuple[str, str]] = {}
        self._expiring: list[int] = []

    # ------------------------------------------------------------ opening

    def ask_body(self, case: Case, decision: Decision) -> Json:
        """The record of a question as it is put to people."""
        q = self.spec.question
        return {
            **self._question(case.context, case.facts),
            'why': decision.why.value,
            'risk': round(risk_of(decision.why, decision.score, q), 6),
            'deadline_s': q.deadline_s,
            'undo_s': q.undo_s,
            'lease_s': q.lease_s,
            'deadline_wall_ns': self._clock.wall_ns() + round(q.deadline_s * 1e9),
            'fail_safe': q.fail_safe.value,
            'blind': decision.why.value in AUDITED,
        }

    def review_body(self, case: int, why: str, risk: float) -> Json:
        """The record of a question without any hurry: it has no deadline and moves nothing."""
        body = next(e.body for e in self._ledger.of_case(case) if e.kind == 'decision')
        question = self._question(body['context'], body['facts'])
        return {**question, 'why': why, 'risk': risk}

    def _question(self, context: str, facts: Facts) -> Json:
        q = self.spec.question
        return {
            'context': context,
            'facts': dict(facts),
            'classes': [
                {'name': c.name, 'action': c.action.value, 'nominal': c.nominal, 'text': {**c.text}}
                for c in q.classes
            ],
            'cost': max((c.cost for c in q.classes), default=1.0),
            'open_classes': q.open_classes,
            'text': dict(q.text),
            'sop': q.sop,
        }

    def open(self, case: Case, now_ns: int) -> None:
        """Start the clock of an ask whose entry was committed."""
        self._asks[case.id] = asks.open_ask(case.id, self.spec.question, now_ns)
        self._place[case.id] = (case.context, case.group)

    def abandon(self, why: str) -> None:
        """After a restart: every ask left open ends in the fail-safe; given answers stay labels."""
        for case in self._ledger.open_cases():
            entries = self._ledger.of_case(case)
            self._resolve(case, 'cancelled', '', '', reason=why)
            given = _standing_answer(entries)
            if given is not None and given.body['label'] != NOT_SURE:
                self.commit([self.label(case, given.body['label'], given.body['by'], 'late')])

    @property
    def open_asks(self) -> list[Ask]:
        """Asks that still wait for their outcome, oldest first."""
        return [a for a in self._asks.values() if not a.phase.closed]

    def time_left(self) -> dict[str, Json]:
        """Milliseconds until each open ask expires, and until its answer becomes final."""
        now = self._clock.monotonic_ns()
        return {
            str(a.case): {
                'left_ms': max(0.0, (a.deadline_ns - now) / 1e6),
                'undo_ms': max(0.0, (a.final_ns - now) / 1e6) if a.label else None,
            }
            for a in self.open_asks
        }

    # ------------------------------------------------------------ time

    def due_unwritten(self) -> list[Resolved]:
        """Fail-safes whose time has come while the disk keeps their record waiting.

        Telling the robot to stay where it is needs no record first; everything else does.
        """
        now = self._clock.monotonic_ns()
        late = [a.case for a in self.open_asks if asks.tick(a, now).phase is Phase.EXPIRED]
        action = self.spec.question.fail_safe.value
        return [Resolved(case, 'expired', '', action, False) for case in [*self._expiring, *late]]

    def next_change_ns(self) -> int | None:
        """Monotonic time of the next deadline, lease or undo window to end."""
        times = [t for a in self.open_asks if (t := asks.next_change_ns(a)) is not None]
        return min(times, default=None)

    def tick(self) -> None:
        """Let time pass; settles what is final or expired."""
        now = self._clock.monotonic_ns()
        each(partial(self._pass, ask, now) for ask in self.open_asks)

    def _pass(self, ask: Ask, now: int) -> None:
        after = asks.tick(ask, now)
        if after is ask:
            return
        self._asks[ask.case] = after
        if ask.phase is Phase.CLAIMED and after.phase is Phase.OPEN and ask.holder:
            by, tablet = ask.holder
            body = {'by': by, 'tablet': tablet, 'epoch': after.epoch}
            self.commit([Draft('release', body, ask.case)])
        self._settle(after, now)

    def _settle(self, ask: Ask, now: int) -> None:
        if ask.phase is Phase.EXPIRED:
            late_ms = (now - ask.deadline_ns) / 1e6
            self._expiring = [ask.case]
            self._resolve(ask.case, 'expired', '', '', late_ms=round(late_ms, 3))
            self._expiring = []
        elif ask.phase is Phase.FINAL and ask.label == NOT_SURE:
            self._resolve(ask.case, 'unsure', '', ask.by[0])
        elif ask.phase is Phase.FINAL:
            label = self.label(ask.case, None if ask.disputed else ask.label, ask.by[0], 'answer')
            self._resolve(ask.case, 'answered', ask.label, ask.by[0], label)
        self._forget()

    def _resolve(
        self, case: int, outcome: str, label: str, by: str, *more: Draft, **facts: object
    ) -> None:
        question = self.spec.question
        action = question.action_of(label) if outcome == 'answered' else self._otherwise(outcome)
        go = outcome == 'answered' and action is Action.CONTINUE
        body: Json = {
            'outcome': outcome,
            'label': label or None,
            'action': action.value,
            'go': go,
            'by': by,
            'late_ms': 0.0,
            **facts,
        }
        try:
            self.commit([Draft('resolution', body, case), *more])
        except StoreError:
            # What is not written did not happen: the robot is told the fail-safe, whatever
            # was answered, and the next start closes the ask in the ledger.
            self._settled(Resolved(case, 'unwritten', '', question.fail_safe.value, False))
            raise
        self._settled(Resolved(case, outcome, label, action.value, go))

    def _otherwise(self, outcome: str) -> Action:
        """What the robot does where nobody answered."""
        over = self.spec.budget.over
        if outcome == 'suppressed' and over != 'fail_safe':
            return Action(over)
        return self.spec.question.fail_safe

    def suppress(self, case: int) -> None:
        """Close a case that was not put to anybody (ask budget): as declared, listed."""
        self._resolve(case, 'suppressed', '', '')

    def _forget(self) -> None:
        closed = [c for c, a in self._asks.items() if a.phase.closed]
        for case in closed[:-KEPT_CLOSED]:
            del self._asks[case]
            self._place.pop(case, None)

    # ------------------------------------------------------------ helpers

    def find(self, case: int) -> Ask:
        """The ask of a case, also one whose outcome was settled long ago.

        Raises:
            DataError: The case was never asked.
        """
        return self._asks.get(case) or self._closed_ask(case)

    def change(self, after: Ask) -> None:
        """Put the new state of an ask in force, after whatever it says was committed."""
        before = self._asks.get(after.case)
        self._asks[after.case] = after
        if before is not None and after.phase.closed and not before.phase.closed:
            self._settle(after, self._clock.monotonic_ns())

    def _closed_ask(self, case: int) -> Ask:
        """An ask from the ledger that is no longer in memory: its outcome is settled."""
        entries = self._ledger.of_case(case)
        resolution = next((e for e in entries if e.kind == 'resolution'), None)
        if resolution is None:
            raise DataError(f'Case {case} has no question; refresh the page.', key='no_question')
        ask = asks.open_ask(case, self.spec.question, 0)
        decision = next(e for e in entries if e.kind == 'decision')
        self._place[case] = (decision.body['context'], decision.body['group'])
        answered = resolution.body['outcome'] == 'answered'
        phase = Phase.FINAL if answered else Phase.EXPIRED
        by, label = resolution.body['by'], resolution.body['label'] or ''
        return replace(ask, phase=phase, by=(by, ''), label=label)

    def label(self, case: int, label: str | None, by: str, source: str) -> Draft:
        """The next revision of a case's label; None withdraws it until somebody decides."""
        context, group = self._place.get(case) or self._where(case)
        entries = self._ledger.of_case(case)
        revision = 1 + sum(e.kind == 'label' for e in entries)
        body: Json = {
            'label': label,
            'by': by,
            'source': source,
            'context': context,
            'group': group,
            'revision': revision,
        }
        guess = _audited(entries)
        if guess is not None:
            body['audit'] = guess
        return Draft('label', body, case)

    def _where(self, case: int) -> tuple[str, str]:
        for entry in self._ledger.of_case(case):
            if entry.kind == 'decision':
                return entry.body['context'], entry.body['group']
        raise DataError(f'There is no case {case}.')

    def commit(self, drafts: list[Draft]) -> list[Entry]:
        """Write entries and announce them."""
        if not drafts:
            return []
        entries = self._ledger.commit(drafts, self._clock.now_ns())
        for entry in entries:
            self._announce(entry)
        return entries


def _standing_answer(entries: list[Entry]) -> Entry | None:
    """The accepted answer that was not taken back, if there is one."""
    given = None
    for entry in entries:
        if entry.kind == 'answer' and entry.body['status'] == Status.ACCEPTED.value:
            given = entry
        elif entry.kind == 'undo':
            given = None
    return given


def _audited(entries: list[Entry]) -> Json | None:
    """What the model thought of a case it was sure of and a person was asked about anyway."""
    body = next((e.body for e in entries if e.kind == 'decision'), {})
    if body.get('why') not in AUDITED or not body['probs']:
        return None
    guess = max(body['probs'], key=lambda name: body['probs'][name])
    share = body['params'].get('share', 1.0)
    return {'guess': guess, 'confidence': body['confidence'], 'share': share}
