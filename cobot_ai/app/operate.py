"""Commands of engineers and of the plant: models, maintenance, hold and resume."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cobot_ai.app.fields import reply_of
from cobot_ai.app.ports import Draft, LedgerReader
from cobot_ai.app.promote import Versions
from cobot_ai.core.errors import DataError, GateError
from cobot_ai.core.types import Json

Call = Callable[[str, Mapping[str, object]], list[Draft]]


class Operations:
    """Every command that is not about an ask. Each returns what it wrote down.

    Args:
        versions: Model versions. ledger: For commands that came before.
        now_ns: Stamp clock, for planned swaps. withdraw: Takes the label of a case back.
        more: Commands carried out elsewhere.
    """

    def __init__(
        self,
        versions: Versions,
        ledger: LedgerReader,
        now_ns: Callable[[], int],
        withdraw: Callable[[int, str], Draft],
        more: Mapping[str, Call],
    ) -> None:
        self._ledger = ledger
        self._calls: dict[str, Call] = {
            'promote': lambda by, c: versions.promote(_named(c), by, 'person'),
            'rollback': lambda by, c: versions.rollback(by, _model(c)),
            'maintenance': lambda by, c: versions.set_maintenance(bool(c.get('on')), by),
            'schedule': lambda by, c: versions.schedule(_model(c), str(c.get('at')), by, now_ns()),
            'unschedule': lambda by, c: versions.unschedule(by),
            'retrain': lambda by, c: [],  # the trainer follows the ledger and sees the command
            'forget': lambda by, c: self._forget(by, c, withdraw),
            **more,
        }

    def stored(self, key: str) -> Json | None:
        """The reply given earlier to the same key."""
        entry = self._ledger.by_key(key)
        return {**reply_of(entry.body), 'seq': entry.seq} if entry is not None else None

    def carry_out(self, command: Mapping[str, object]) -> tuple[list[Draft], Json]:
        """Do it; returns what to commit and the reply.

        Raises:
            CobotAiError: It is refused; the message says why.
        """
        kind, by = str(command.get('kind')), str(command.get('by', ''))
        key = command.get('key')
        if kind not in self._calls:
            raise DataError(f'There is no command "{kind}".')
        if not isinstance(key, str) or not key:
            raise DataError('The command needs a key.')
        drafts = self._calls[kind](by, command)
        reply: Json = {'key': key, 'ok': True, 'status': 'done', 'reason': ''}
        why = str(command.get('why', ''))
        body = {'kind': kind, 'by': by, 'ok': True, 'reason': why, 'reply': reply}
        return [*drafts, Draft('command', body, key=key)], reply

    def _forget(
        self, by: str, command: Mapping[str, object], withdraw: Callable[[int, str], Draft]
    ) -> list[Draft]:
        """Withdraw the label of a case, or every label a person gave."""
        case, person = command.get('case'), command.get('person')
        if (case is None) == (person is None) or not command.get('why'):
            raise DataError('Say why, and which: one case, or one person.')
        labels = {c: e for c, e in self._ledger.labels().items() if e.body['label'] is not None}
        found = [c for c, e in sorted(labels.items()) if person in (e.body['by'], None)]
        found = [c for c in found if case in (c, None)]
        if not found:
            whose = f'case {case}' if person is None else f'"{person}"'
            raise DataError(f'There is no label of {whose} to forget.')
        return [withdraw(c, by) for c in found]


def _named(command: Mapping[str, object]) -> str:
    """The version a command names, or that was staged when a service was called.

    Raises:
        GateError: There is none.
    """
    model = _model(command)
    if model is None:
        raise GateError('No version waits to go live; name one that passed the gate.')
    return model


def _model(command: Mapping[str, object]) -> str | None:
    """The version a command names; none stands for the newest that passed."""
    model = command.get('model')
    return None if model is None else str(model)
