"""The monitor's side of imported recordings: their cases go into the ledger and the clips, once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cobot_ai.app.ports import Draft, Entry, Ledger, LedgerReader
from cobot_ai.core.types import Json

AT_ONCE = 5
"""Cases that are written in one turn: the robot must not wait for a long import."""
AGAIN = 2000
"""Turns (about half a minute) until a clip the disk refused is offered again."""
IMPORT = 'import'


@dataclass(frozen=True, slots=True)
class Delivery:
    """Cut and checked cases of one recording, or why there are none.

    Attributes:
        id: Of the delivery. name: Of the recording. digest: Its SHA-256.
        refused: Why it was not taken, '' if it was.
        cases: What `Imported` says of each, and the `sha256` of its clip.
        code: Message key of why it was not taken. params: Its values.
    """

    id: str
    name: str
    digest: str
    refused: str
    cases: list[Json] = field(default_factory=list)
    code: str = ''
    params: Json = field(default_factory=dict)


class Inbox(Protocol):
    """Deliveries that wait."""

    def ready(self) -> Iterable[Delivery]:
        """What waits, the oldest first."""

    def clip(self, delivery: Delivery, number: int) -> Path:
        """The clip of one of its cases."""

    def finish(self, delivery: Delivery) -> None:
        """It is all in; it need not be kept."""


class Intake:
    """Writes deliveries down; a kill at any point loses nothing and doubles nothing.

    Args:
        inbox: Where they wait. ledger: For what is written already and the next case numbers.
        commit: Writes and announces.
        adopt: Takes a clip (case, file, SHA-256) among the cell's own, and has that written down;
            calls back with the case where it cannot be.
    """

    def __init__(
        self,
        inbox: Inbox,
        ledger: Ledger,
        commit: Callable[[list[Draft]], list[Entry]],
        adopt: Callable[[int, Path, str, Callable[[int], None]], None],
    ) -> None:
        self._inbox, self._ledger = inbox, ledger
        self._commit, self._adopt = commit, adopt
        self._now: Delivery | None = None
        self._at = 0
        self._waiting: dict[int, tuple[Path, str]] = {}
        self._unstored: list[int] = []
        self._turns = 0

    @property
    def busy(self) -> bool:
        """Whether a delivery is being written down."""
        return self._now is not None

    def poll(self) -> None:
        """Write down some more of what waits.

        Raises:
            StoreError: The disk refused; the next call tries again.
        """
        if self._now is None:
            self._now, self._at = next(iter(self._inbox.ready()), None), 0
        if self._now is None:
            return
        if self._now.refused:
            self._refused(self._now)
        elif self._at < len(self._now.cases):
            self._some(self._now)
            return
        elif not self._all_stored():
            return
        self._inbox.finish(self._now)
        self._now = None

    def _refused(self, delivery: Delivery) -> None:
        key = f'import-{delivery.id}'
        if self._ledger.by_key(key) is None:
            body = {'name': delivery.name, 'recording': delivery.digest, 'ok': False}
            why = {'reason': delivery.refused, 'code': delivery.code, 'params': delivery.params}
            self._commit([Draft(IMPORT, {**body, **why}, key=key)])

    def _some(self, delivery: Delivery) -> None:
        part = range(self._at, min(self._at + AT_ONCE, len(delivery.cases)))
        new = {n: self._ledger.next_case() for n in part if self._written(delivery, n) is None}
        drafts = [d for n, case in new.items() for d in _drafts(delivery, n, case)]
        if drafts:
            self._commit(drafts)
        for number in part:
            entry = self._written(delivery, number)
            clip = self._inbox.clip(delivery, number)
            if entry is not None and not self._stored(entry.case):
                self._offer(entry.case, clip, delivery.cases[number]['sha256'])
        self._at = part.stop

    def _offer(self, case: int, clip: Path, sha256: str) -> None:
        self._waiting[case] = clip, sha256
        self._adopt(case, clip, sha256, self._not_stored)

    def _not_stored(self, case: int) -> None:
        self._unstored.append(case)

    def _all_stored(self) -> bool:
        self._turns += 1
        offered, self._unstored = self._unstored, []
        for case in offered:
            if not self._waiting[case][0].exists():
                del self._waiting[case]  # it is gone, and that was told: the case has no clip
            elif self._turns % AGAIN == 0:
                self._offer(case, *self._waiting[case])
            else:
                self._unstored.append(case)
        for case in [c for c in self._waiting if self._stored(c)]:
            del self._waiting[case]
        return not self._waiting

    def _written(self, delivery: Delivery, number: int) -> Entry | None:
        return self._ledger.by_key(_key(delivery, number))

    def _stored(self, case: int) -> bool:
        return any(e.kind == 'clip' for e in self._ledger.of_case(case))


def taken_before(reader: LedgerReader, digest: str) -> str:
    """What the cell knows of a recording already, in words; '' if nothing."""
    first = reader.by_key(f'import-{digest}-0')
    if first is None:
        return ''
    return (
        f'It was imported before, from case {first.case} on. A wrong label is corrected on the '
        'page, or withdrawn with `cobot_ai labels forget`.'
    )


def _key(delivery: Delivery, number: int) -> str:
    return f'import-{delivery.digest}-{number}'


def _drafts(delivery: Delivery, number: int, case: int) -> list[Draft]:
    row = delivery.cases[number]
    place = {'context': row['context'], 'group': row['group'] or f'case={case}'}
    body = {'name': delivery.name, 'recording': delivery.digest, 'ok': True, 'reason': ''}
    span = {name: row[name] for name in ('facts', 'start_ns', 'end_ns', 'by')}
    label = {'label': row['label'], 'by': row['by'], 'source': IMPORT, 'revision': 1}
    return [
        Draft(IMPORT, {**body, **place, **span}, case, _key(delivery, number)),
        Draft('label', {**label, **place}, case),
    ]
