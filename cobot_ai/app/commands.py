"""What people and the plant command, each key once: carried out, or refused with the reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cobot_ai.app.answers import Answers
from cobot_ai.app.escalate import Desk
from cobot_ai.app.holds import Holds
from cobot_ai.app.memory import Memory
from cobot_ai.app.operate import Operations
from cobot_ai.app.parts import Parts
from cobot_ai.app.ports import Draft, Entry
from cobot_ai.app.proposals import Proposals
from cobot_ai.app.tuning import Tuning
from cobot_ai.core.errors import CobotAiError, DataError
from cobot_ai.core.types import Json

Command = Mapping[str, object]


class Commands:
    """Carries out every command there is.

    Args:
        parts: What the authority is made of. desk: The questions. memory: What the cell learnt.
        holds: Why the process is held. tuning: The cell as it is now.
        commit: Writes and announces.
    """

    def __init__(
        self,
        parts: Parts,
        desk: Desk,
        memory: Memory,
        holds: Holds,
        tuning: Tuning,
        commit: Callable[[list[Draft]], list[Entry]],
    ) -> None:
        self._p, self._desk, self._memory = parts, desk, memory
        self._holds, self._tuning, self._commit = holds, tuning, commit
        self.answers = Answers(desk, parts.ledger, parts.clock, memory.reviews)
        proposals = Proposals(tuning, parts.ledger)
        self._operations = Operations(
            parts.versions,
            parts.ledger,
            parts.clock.now_ns,
            lambda case, by: desk.label(case, None, by, 'forgotten'),
            {
                'hold': self._hold,
                'resume': self._resume,
                'tune': tuning.tune,
                'word': tuning.word,
                'propose': proposals.propose,
                'approve': proposals.approve,
                'decline': proposals.decline,
                'end_alarm': self._calm,
            },
        )

    def reply(self, command: Command) -> Json:
        """Carry out a command and return the reply; never raises on bad input."""
        try:
            if self.answers.handles(str(command.get('kind'))):
                return self.answers.command(command)
            return self._operate(command)
        except CobotAiError as e:
            why = {'reason': str(e), 'code': e.key, 'params': e.params}
            return {'key': command.get('key', ''), 'ok': False, 'status': 'refused', **why}

    def _operate(self, command: Command) -> Json:
        stored = self._operations.stored(str(command.get('key', '')))
        if stored is not None:
            return stored
        with self._p.versions.recorded(), self._tuning.recorded():
            drafts, reply = self._operations.carry_out(command)
            return {**reply, 'seq': self._commit(drafts)[-1].seq}

    def _hold(self, by: str, command: Command) -> list[Draft]:
        self._holds.person(by)
        return []

    def _resume(self, by: str, command: Command) -> list[Draft]:
        if self._desk.open_asks:
            raise DataError('A question is still open; answer it first.', key='question_open')
        self._holds.resume(by, command)
        self._p.observer.look_again()
        return []

    def _calm(self, by: str, command: Command) -> list[Draft]:
        context, record = str(command.get('context', '')), self._memory.record
        if record.drift.alarm(context) is None:
            raise DataError('There is no alarm in this context.', key='no_alarm')
        return [record.alarm_over(context, by, 'person')]
