"""Numbers of the risk: one person proposes another value, a second one approves it."""

from __future__ import annotations

from collections.abc import Mapping

from cobot_ai.app.fields import plain_name
from cobot_ai.app.ports import Draft, Entry, LedgerReader
from cobot_ai.app.tuning import Tuning
from cobot_ai.core.errors import ConfigError, DataError
from cobot_ai.core.tune import agreed_number, with_agreed
from cobot_ai.core.types import Json

MADE = 'made'


class Proposals:
    """At most one proposal is open, the newest; it lives in the ledger alone.

    Args:
        tuning: The cell as it is now. ledger: Where proposals are written.
    """

    def __init__(self, tuning: Tuning, ledger: LedgerReader) -> None:
        self._tuning, self._ledger = tuning, ledger

    def propose(self, by: str, command: Mapping[str, object]) -> list[Draft]:
        """Command `propose` {name, value}.

        Raises:
            ConfigError: The number may not be proposed, or not this value. DataError: Nobody is
                named, or it is the present value.
        """
        name, value = str(command.get('name')), command.get('value')
        if not isinstance(value, int | float):
            raise ConfigError('The command needs a number as `value`.')
        spec, old = self._tuning.spec, agreed_number(self._tuning.spec, name)
        with_agreed(spec, name, float(value))
        if float(value) == old:
            raise DataError(f'{name} is {old:g} already.', key='same_value')
        _named(by)
        body = {'what': MADE, 'name': name, 'old': old, 'new': float(value), 'by': by}
        return [Draft('proposal', {**body, 'digest': spec.digest})]

    def approve(self, by: str, command: Mapping[str, object]) -> list[Draft]:
        """Command `approve` {proposal}: a second person agrees, and the value is in force.

        Raises:
            DataError: It is not open (any more), or its own author approves it.
        """
        entry = self._open(command)
        name, new = str(entry.body['name']), float(entry.body['new'])
        if _named(by) == _named(str(entry.body['by'])):
            raise DataError('Somebody else must approve it.', key='own_proposal')
        ended = self._end('approved', by, entry)
        return [ended, self._tuning.agreed(name, new, by, str(entry.body['by']))]

    def decline(self, by: str, command: Mapping[str, object]) -> list[Draft]:
        """Command `decline` {proposal}: it is dropped, also by its author.

        Raises:
            DataError: It is not open (any more).
        """
        return [self._end('declined', by, self._open(command))]

    def _open(self, command: Mapping[str, object]) -> Entry:
        entry = pending(self._ledger, self._tuning.spec.digest)
        if entry is None or entry.seq != command.get('proposal'):
            raise DataError('That proposal is not open any more.', key='no_proposal')
        return entry

    @staticmethod
    def _end(what: str, by: str, entry: Entry) -> Draft:
        return Draft('proposal', {**entry.body, 'what': what, 'by': by, 'proposal': entry.seq})


def pending(ledger: LedgerReader, digest: str) -> Entry | None:
    """The open proposal for a cell file, None when there is none."""
    newest = next(iter(ledger.last('proposal')), None)
    mine = newest is not None and newest.body['what'] == MADE and newest.body['digest'] == digest
    return newest if mine else None


def proposal_json(entry: Entry | None) -> Json | None:
    """An open proposal for the page."""
    if entry is None:
        return None
    names = ('name', 'old', 'new', 'by')
    return {'proposal': entry.seq, 't_ns': entry.t_ns, **{n: entry.body[n] for n in names}}


def _named(by: str) -> str:
    """A person's name without regard to case and blanks; there must be one."""
    plain = plain_name(by)
    if not plain:
        raise DataError('Say who you are first.', key='no_name')
    return plain
