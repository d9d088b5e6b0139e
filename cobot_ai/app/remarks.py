"""What people say about a case that is over: a cause, something they saw.

None of it moves anything; it is for learning and for the record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cobot_ai.app.escalate import Desk
from cobot_ai.app.fields import done, text_of, unknown, whole_of
from cobot_ai.app.ports import Draft, Ledger
from cobot_ai.core.types import Json

Command = Mapping[str, object]


class Remarks:
    """Carries out `reason` and `report`.

    Args:
        desk: Writes and announces, knows the classes. ledger: What was decided.
    """

    def __init__(self, desk: Desk, ledger: Ledger) -> None:
        self._desk, self._ledger = desk, ledger

    @property
    def commands(self) -> dict[str, Callable[[Command], Json]]:
        """Kind of command -> what carries it out."""
        return {'reason': self._reason, 'report': self._report}

    def _reason(self, command: Command) -> Json:
        """Somebody names the cause of a bad step; no label changes."""
        case, reason = whole_of(command, 'case'), text_of(command, 'reason')
        if 'decision' not in self._kinds(case):
            return unknown(command)
        return self._note(command, case, {'reason': reason}, [])

    def _report(self, command: Command) -> Json:
        """A worker saw something without being asked: a wrong step, or something odd.

        A wrong step gets the label that comes with it; without one its label is withdrawn until
        somebody decides. A step whose question is still open is answered, not reported.
        """
        case, what = whole_of(command, 'case'), text_of(command, 'what')
        label = text_of(command, 'label') if command.get('label') is not None else None
        if not (label is None or self._desk.may_label(label)) or not self._may_report(case, what):
            return unknown(command)
        more = []
        if what == 'wrong':
            source = 'report' if label is None else 'correction'
            more = [self._desk.label(case, label, text_of(command, 'by'), source)]
        reason = str(command.get('reason') or '')
        return self._note(command, case, {'what': what, 'label': label, 'reason': reason}, more)

    def _may_report(self, case: int, what: str) -> bool:
        if case == 0:
            return what == 'odd'
        kinds = self._kinds(case)
        return 'decision' in kinds and ('ask' not in kinds or 'resolution' in kinds)

    def _note(self, command: Command, case: int, facts: Json, more: list[Draft]) -> Json:
        who = {'by': text_of(command, 'by'), 'tablet': text_of(command, 'tablet')}
        reply = done(command)
        body = {**who, **facts, 'reply': reply}
        draft = Draft(text_of(command, 'kind'), body, case, text_of(command, 'key'))
        return {**reply, 'seq': self._desk.commit([draft, *more])[0].seq}

    def _kinds(self, case: int) -> set[str]:
        return {e.kind for e in self._ledger.of_case(case)}
