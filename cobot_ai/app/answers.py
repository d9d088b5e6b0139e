"""What people do with an ask: look at it, answer, take back, correct."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from cobot_ai.app.escalate import Desk
from cobot_ai.app.fields import done, reply_of, text_of, unknown, whole_of
from cobot_ai.app.ports import Clock, Draft, Entry, Ledger
from cobot_ai.app.records import PLACES
from cobot_ai.app.remarks import Remarks
from cobot_ai.app.review import Reviews
from cobot_ai.app.second_look import SecondLooks
from cobot_ai.app.wording import standing_answer
from cobot_ai.core import asks
from cobot_ai.core.asks import NOT_SURE, Ask, Phase, Status
from cobot_ai.core.errors import DataError
from cobot_ai.core.spec import QuestionSpec
from cobot_ai.core.types import Json

GOOD = {Status.ACCEPTED, Status.CLAIMED, Status.RELEASED, Status.UNDONE, Status.AGREED}


class Answers:
    """Carries out people's commands on the desk's asks, each key once.

    Args:
        desk: Owner of the asks and of the question. ledger: For replies given earlier.
        clock: Its monotonic side decides what is in time.
        reviews: Cases that wait for a look without any hurry.
    """

    def __init__(
        self,
        desk: Desk,
        ledger: Ledger,
        clock: Clock,
        reviews: Reviews | None = None,
    ) -> None:
        self._reviews = reviews or Reviews()
        self._desk, self._ledger, self._clock = desk, ledger, clock
        self._commands: dict[str, Callable[[Mapping[str, object]], Json]] = {
            'claim': self._claim,
            'release': self._release,
            'answer': self._answer,
            'undo': self._undo,
            'correct': self._correct,
            **SecondLooks(desk, ledger, self._reviews).commands,
            **Remarks(desk, ledger).commands,
        }

    @property
    def _question(self) -> QuestionSpec:
        """What is asked now: its numbers and words may change while the cell runs."""
        return self._desk.spec.question

    def handles(self, kind: str) -> bool:
        """True when a command of this kind is the desk's."""
        return kind in self._commands

    def command(self, command: Mapping[str, object]) -> Json:
        """Carry out one command of a person; the same key always gets the same reply.

        Raises:
            DataError: The command is not well-formed.
        """
        stored = self._ledger.by_key(text_of(command, 'key'))
        if stored is not None:
            return {**self._reply_to(stored), 'key': command['key'], 'seq': stored.seq}
        return self._commands[text_of(command, 'kind')](command)

    def _reply_to(self, stored: Entry) -> Json:
        """The reply a command got; an answer the robot was told otherwise before got `late`."""
        reply = reply_of(stored.body)
        entries = self._ledger.of_case(stored.case)
        outcome = next((e.body['outcome'] for e in entries if e.kind == 'resolution'), '')
        if outcome not in ('expired', 'unwritten') or standing_answer(entries) != stored:
            return reply
        return {**reply, **_too_late()}

    def _claim(self, command: Mapping[str, object]) -> Json:
        ask, by, tablet = self._who(command)
        after, status = asks.claim(ask, by, tablet, self._clock.monotonic_ns())
        renewed = ask.holder == after.holder and ask.epoch == after.epoch
        drafts = []
        if status is Status.CLAIMED and not renewed:
            lease = self._question.lease_s
            body = {'by': by, 'tablet': tablet, 'epoch': after.epoch, 'lease_s': lease}
            drafts = [Draft('claim', body, ask.case)]
        after, _ = self._desk.carry(after, drafts)
        return self._reply(command, Status.REFUSED if after.phase.closed else status, after)

    def _release(self, command: Mapping[str, object]) -> Json:
        ask, by, tablet = self._who(command)
        after, status = asks.release(ask, by, tablet, self._clock.monotonic_ns())
        drafts = []
        if status is Status.RELEASED:
            body = {'by': by, 'tablet': tablet, 'epoch': after.epoch}
            drafts = [Draft('release', body, ask.case)]
        after, _ = self._desk.carry(after, drafts)
        return self._reply(command, status, after)

    def _answer(self, command: Mapping[str, object]) -> Json:
        ask, by, tablet = self._who(command)
        label, epoch = text_of(command, 'label'), whole_of(command, 'epoch')
        now = self._clock.monotonic_ns()
        if label == NOT_SURE and self._question.not_sure == 'wait':
            after, status = asks.tick(ask, now), Status.DONE
        else:
            after, status = asks.answer(ask, label, by, tablet, epoch, now)
        counting = self._counting(after)
        if (
            counting is not None
            and status in (Status.AGREED, Status.CONFLICT)
            and label != NOT_SURE
        ):
            status = Status.AGREED if label == counting else Status.CONFLICT
        reply = self._reply(command, status, after)
        body = {
            'by': by,
            'tablet': tablet,
            'label': label,
            'epoch': epoch,
            'status': status.value,
            'react_ms': command.get('react_ms'),
            'reply': reply,
        }
        drafts = [Draft('answer', body, ask.case, text_of(command, 'key'))]
        drafts += self._evidence_of(after, status, label, by, counting)
        return self._carry_out(after, drafts, reply)

    def _counting(self, ask: Ask) -> str | None:
        """The label that counts of a settled case; somebody may have corrected the first tap."""
        if not ask.phase.closed:
            return None
        labels = [e for e in self._ledger.of_case(ask.case) if e.kind == 'label']
        return labels[-1].body['label'] if labels else None

    def _evidence_of(
        self, ask: Ask, status: Status, label: str, by: str, counting: str | None
    ) -> list[Draft]:
        """What an answer that moves nothing still teaches."""
        unlabelled = not any(e.kind == 'label' for e in self._ledger.of_case(ask.case))
        if status is Status.LATE and label != NOT_SURE and unlabelled:
            return [self._desk.label(ask.case, label, by, 'late')]
        contrary = counting is not None and label not in (counting, NOT_SURE)
        if contrary and status in (Status.CONFLICT, Status.LATE):
            said = {str(counting), label}
            return [self._desk.label(ask.case, None, by, 'conflict', said)]
        return []

    def _undo(self, command: Mapping[str, object]) -> Json:
        ask, by, tablet = self._who(command)
        after, status = asks.undo(ask, whole_of(command, 'epoch'), self._clock.monotonic_ns())
        reply = self._reply(command, status, after)
        body = {'by': by, 'tablet': tablet, 'epoch': after.epoch, 'status': status.value}
        kind = 'undo' if status is Status.UNDONE else 'command'
        body |= {'kind': 'undo', 'reply': reply}
        draft = Draft(kind, body, ask.case, text_of(command, 'key'))
        return self._carry_out(after, [draft], reply)

    def _correct(self, command: Mapping[str, object]) -> Json:
        case, by, label = (
            whole_of(command, 'case'),
            text_of(command, 'by'),
            text_of(command, 'label'),
        )
        kinds = {e.kind for e in self._ledger.of_case(case)}
        if not (self._desk.may_label(label) and kinds & {*PLACES}):
            return unknown(command)
        if 'ask' in kinds and 'resolution' not in kinds:  # its answer would be the newer label
            raise DataError('The question is still open; answer it instead.', key='question_open')
        return self._teach(command, self._desk.label(case, label, by, 'correction'))

    def _teach(self, command: Mapping[str, object], draft: Draft) -> Json:
        reply = done(command)
        draft = replace(draft, body={**draft.body, 'reply': reply}, key=text_of(command, 'key'))
        return {**reply, 'seq': self._desk.commit([draft])[0].seq}

    def _carry_out(self, after: Ask, drafts: list[Draft], reply: Json) -> Json:
        """Commit first; only then does the new state count and the tablet hear of it."""
        counts, entries = self._desk.carry(after, drafts)
        if counts.phase is not after.phase and reply['status'] == Status.ACCEPTED.value:
            reply = {**reply, **_too_late()}
        return {**reply, 'seq': entries[0].seq}

    def _reply(self, command: Mapping[str, object], status: Status, ask: Ask) -> Json:
        reply: Json = {
            'key': command.get('key', ''),
            'ok': status in GOOD or status is Status.DONE,
            'status': status.value,
            'reason': '' if status in GOOD else ask.phase.value,
            'case': ask.case,
            'epoch': ask.epoch,
        }
        if ask.holder is not None:
            reply |= {'holder': ask.holder[0], 'holder_tablet': ask.holder[1]}
        if status in (Status.CONFLICT, Status.AGREED) or ask.phase is Phase.FINAL:
            reply |= {'by': ask.by[0], 'label': ask.label}
        return reply

    def _who(self, command: Mapping[str, object]) -> tuple[Ask, str, str]:
        case = whole_of(command, 'case')
        return self._desk.find(case), text_of(command, 'by'), text_of(command, 'tablet')


def _too_late() -> Json:
    """What the reply to an accepted answer becomes when its commit came after the fail-safe."""
    return {'ok': False, 'status': Status.LATE.value, 'reason': Phase.EXPIRED.value}
