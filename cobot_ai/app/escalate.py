"""The desk: questions to people, their answers, and the one resolution of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

from cobot_ai.app.judgement import Resolved
from cobot_ai.app.parts import each
from cobot_ai.app.ports import Clock, Draft, Entry, Ledger
from cobot_ai.app.records import Records
from cobot_ai.app.wording import (
    came_through,
    closed_ask,
    resolution_body,
    said_otherwise,
    standing_answer,
    unlike,
)
from cobot_ai.core import asks
from cobot_ai.core.asks import NOT_SURE, Ask, Phase
from cobot_ai.core.errors import ConflictError, DataError
from cobot_ai.core.spec import CellSpec
from cobot_ai.core.types import Case, Json

KEPT_CLOSED = 500
"""Closed asks kept in memory for late answers; older ones are looked up in the ledger."""
RETRY_NS = 10**9
"""Time between two tries to write an outcome that the disk refused."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What the robot was told before it could be written: from then on nothing else counts."""

    outcome: str
    at_ns: int


class Desk(Records):
    """Owns every open ask and its deadline.

    Args:
        spec: The cell. ledger: Where everything is written before anybody is told.
        clock: Deadlines run on its monotonic side.
        announce: Called with every entry after its commit.
        settled: Called once with every resolution, after its commit.
        evidence: Evidence document of a recent case, None where it is too long ago.
    """

    def __init__(
        self,
        spec: CellSpec,
        ledger: Ledger,
        clock: Clock,
        announce: Callable[[Entry], None],
        settled: Callable[[Resolved], None],
        evidence: Callable[[int], Json | None] = lambda case: None,
    ) -> None:
        super().__init__(spec, ledger, clock, announce, evidence)
        self._settled = settled
        self._asks: dict[int, Ask] = {}
        self._open: dict[int, Ask] = {}
        self._under_way: Ask | None = None
        self._told: dict[int, _Told] = {}
        self._owed: dict[int, int] = {}

    # ------------------------------------------------------------ opening

    def open(self, case: Case, write: Callable[[], object]) -> None:
        """Have the entry of an ask written; its clock runs from now on, also while that waits."""
        ask = asks.open_ask(case.id, self.spec.question, self._clock.monotonic_ns())
        try:
            with self._waiting(ask):
                write()
        except Exception:  # there is no such question
            self._told.pop(case.id, None)
            raise
        self._put(ask)

    def abandon(self, why: str) -> None:
        """After a restart: every ask left open ends in the fail-safe; given answers stay labels."""
        for case in self._ledger.open_cases():
            self._resolve(case, 'cancelled', more=partial(self._late_label, case), reason=why)

    @property
    def open_asks(self) -> list[Ask]:
        """Asks that still wait for their outcome, oldest first."""
        return list(self._open.values())

    # ------------------------------------------------------------ time

    def overdue(self) -> list[Resolved]:
        """Fail-safes whose time has come while the disk keeps something waiting.

        Telling the robot to stay where it is needs no record first; everything else does. An
        answer on its way to the disk is not given yet: from here on it is a late one.
        """
        now = self._clock.monotonic_ns()
        coming = [self._under_way] if self._under_way is not None else []
        late = {a.case: a for a in [*self.open_asks, *coming] if _expired(a, now)}
        for case in late:
            self._told.setdefault(case, _Told('expired', now))
        action = self.spec.question.fail_safe.value
        return [Resolved(c, told.outcome, '', action, False) for c, told in self._told.items()]

    def next_change_ns(self) -> int | None:
        """Monotonic time of the next deadline, lease or undo window to end."""
        times = [t for a in self.open_asks if (t := asks.next_change_ns(a)) is not None]
        return min(times, default=None)

    def tick(self) -> None:
        """Let time pass; settles what is final or expired."""
        now = self._clock.monotonic_ns()
        each(
            [
                *(partial(self._pass, ask, now) for ask in self.open_asks),
                *(partial(self._make_up, case) for case, at in self._owed.items() if now >= at),
            ]
        )

    def _pass(self, ask: Ask, now: int) -> None:
        after = self._counting(asks.tick(ask, now))
        if after is ask:
            return
        self._keep(after)
        if ask.phase is Phase.CLAIMED and after.phase is Phase.OPEN and ask.holder:
            by, tablet = ask.holder
            body = {'by': by, 'tablet': tablet, 'epoch': after.epoch}
            self.commit([Draft('release', body, ask.case)])
        self._settle(after, now)

    def _settle(self, ask: Ask, now: int) -> None:
        if ask.phase is Phase.EXPIRED:
            self._told.setdefault(ask.case, _Told('expired', now))
            self._resolve_told(ask)
        elif ask.phase is Phase.FINAL and ask.label == NOT_SURE:
            self._resolve(ask.case, 'unsure', '', ask.by[0])
        elif ask.phase is Phase.FINAL:
            more = partial(self._label_of, ask)
            self._resolve(ask.case, 'answered', ask.label, ask.by[0], more=more)
        self._forget()

    def _label_of(self, ask: Ask) -> list[Draft]:
        """What the answer that counts teaches."""
        others = said_otherwise(self._ledger.of_case(ask.case))
        return [self._taught(ask.case, ask.label, ask.by[0], 'answer', others)]

    def _taught(self, case: int, label: str, by: str, source: str, others: set[str]) -> Draft:
        """The label of an answer; where others disagree somebody has to decide."""
        return self.label(case, None if others else label, by, source, {label, *others})

    def _resolve_told(self, ask: Ask) -> None:
        """Write what the robot was told; an answer that only came after that is a label."""
        told, case = self._told[ask.case], ask.case
        late_ms = max(0.0, (told.at_ns - ask.deadline_ns) / 1e6)
        more = partial(self._late_label, case)
        self._resolve(case, told.outcome, more=more, late_ms=round(late_ms, 3))

    def _late_label(self, case: int) -> list[Draft]:
        """What an answer still teaches that came too late to move anything."""
        entries = self._ledger.of_case(case)
        given = standing_answer(entries)
        if given is None or given.body['label'] == NOT_SURE:
            return []
        names, others = (given.body['label'], given.body['by']), said_otherwise(entries)
        return [self._taught(case, *names, 'late', others)]

    def _make_up(self, case: int) -> None:
        """The disk may take again what it refused: the outcome as the robot was told it."""
        self._owed[case] = self._clock.monotonic_ns() + RETRY_NS
        try:
            self._resolve_told(self._asks[case])
        except ConflictError:  # it came through when the disk said that it did not
            del self._owed[case]
            told, found = self._told.pop(case).outcome, came_through(self._ledger.of_case(case))
            for entry in found:
                self._announce(entry)
            if found[0].body['outcome'] != told:
                self.commit([unlike(found[0], told)])

    def _resolve(
        self,
        case: int,
        outcome: str,
        label: str = '',
        by: str = '',
        more: Callable[[], list[Draft]] = list,
        **facts: object,
    ) -> None:
        """Write the outcome of a case, then tell it.

        Args:
            case: The case. outcome, label, by: What became of it, and by whom.
            more: Makes what is written with it. facts: More of its body.
        """
        body = resolution_body(self.spec, outcome, label, by) | facts
        try:
            self.commit([Draft('resolution', body, case), *more()])
        except Exception:
            # What is not written did not happen: the robot is told the fail-safe, whatever was
            # answered. It is written as soon as the disk takes it, or at the next start.
            self._refused(case)
            raise
        self._told.pop(case, None)
        if self._owed.pop(case, None) is None:  # else it was told long ago
            self._settled(Resolved(case, outcome, label, body['action'], body['go']))

    def _refused(self, case: int) -> None:
        if case in self._owed:  # told when it was refused first
            return
        now, ask = self._clock.monotonic_ns(), self._asks.get(case)
        outcome = 'unwritten'
        if ask is not None:
            outcome = self._told.setdefault(case, _Told(outcome, now)).outcome
            self._keep(self._counting(ask))
            self._owed[case] = now + RETRY_NS
        action = self.spec.question.fail_safe.value
        self._settled(Resolved(case, outcome, '', action, False))

    def _forget(self) -> None:
        closed = [c for c, a in self._asks.items() if a.phase.closed and c not in self._owed]
        for case in closed[:-KEPT_CLOSED]:
            del self._asks[case]

    # ------------------------------------------------------------ helpers

    def find(self, case: int) -> Ask:
        """The ask of a case, also one whose outcome was settled long ago.

        Raises:
            DataError: The case was never asked.
        """
        return self._asks.get(case) or self._closed_ask(case)

    def carry(self, after: Ask, drafts: list[Draft]) -> tuple[Ask, list[Entry]]:
        """Write entries, then put the new state of an ask in force.

        Returns:
            The state in force: expired where the robot was told so while the disk kept us waiting.
        """
        with self._waiting(after):
            entries = self.commit(drafts)
        return self._put(after), entries

    def _put(self, after: Ask) -> Ask:
        before = self._asks.get(after.case)
        after = self._keep(self._counting(after))
        if after.phase.closed and not (before is not None and before.phase.closed):
            self._settle(after, self._clock.monotonic_ns())
        return after

    def _keep(self, ask: Ask) -> Ask:
        self._asks[ask.case] = ask
        if ask.phase.closed:
            self._open.pop(ask.case, None)
        else:
            self._open[ask.case] = ask
        return ask

    def _counting(self, ask: Ask) -> Ask:
        """The state that counts: over, where the robot was told the fail-safe already."""
        if ask.case not in self._told or ask.phase is Phase.EXPIRED:
            return ask
        return replace(ask, phase=Phase.EXPIRED, holder=None, label='', by=('', ''))

    @contextmanager
    def _waiting(self, ask: Ask) -> Iterator[None]:
        """While it is written, the new state of an ask has its deadline already."""
        self._under_way = ask
        try:
            yield
        finally:
            self._under_way = None

    def _closed_ask(self, case: int) -> Ask:
        """An ask from the ledger that is no longer in memory: its outcome is settled."""
        entries = self._ledger.of_case(case)
        if not {'decision', 'resolution'} <= {e.kind for e in entries}:
            raise DataError(f'Case {case} has no question; refresh the page.', key='no_question')
        return closed_ask(entries, self.spec.question)


def _expired(ask: Ask, now: int) -> bool:
    return asks.tick(ask, now).phase is Phase.EXPIRED
