"""A look at a case without any hurry: a label at most, never motion, and never one's own case."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from cobot_ai.app.escalate import Desk
from cobot_ai.app.fields import done, plain_name, text_of, unknown, whole_of
from cobot_ai.app.ports import Draft, Entry, Ledger, LedgerReader
from cobot_ai.app.records import PLACES
from cobot_ai.app.review import FORGOTTEN, REVIEW, UNREVIEW, Reviews, verdict
from cobot_ai.core.asks import NOT_SURE
from cobot_ai.core.errors import DataError
from cobot_ai.core.types import Json

Command = Mapping[str, object]


class SecondLooks:
    """Carries out `review` and `unreview`.

    Args:
        desk: Writes and announces, knows the classes. ledger: What was said before.
        reviews: Cases that wait for a look.
    """

    def __init__(self, desk: Desk, ledger: Ledger, reviews: Reviews) -> None:
        self._desk, self._ledger, self._reviews = desk, ledger, reviews

    @property
    def commands(self) -> dict[str, Callable[[Command], Json]]:
        """Kind of command -> what carries it out."""
        return {REVIEW: self._review, UNREVIEW: self._undo}

    def _review(self, command: Command) -> Json:
        case, by = whole_of(command, 'case'), text_of(command, 'by')
        label = text_of(command, 'label')
        if self._reviews.why(case) is None or not self._allowed(label):
            return unknown(command)
        entries = self._ledger.of_case(case)
        if plain_name(by) in opinions_of(entries):
            self._reviews.pass_over(case)
            raise DataError('You labelled this case before; somebody else must.', key='own_label')
        reply = done(command)
        key = text_of(command, 'key')
        if label == NOT_SURE:
            body = {'kind': REVIEW, 'by': by, 'ok': True, 'reason': NOT_SURE, 'reply': reply}
            return self._write(reply, [Draft('command', body, case, key)])
        labels = [e for e in entries if e.kind == 'label']
        first = labels[0].body['label'] if labels else None
        guess = labels[0].body.get('audit') if labels else None
        said = {name for name in (first, label) if name}
        draft = self._desk.label(case, verdict(label, guess, first), by, REVIEW, said)
        # What was said stays in the record, also where it settles nothing.
        body = {**draft.body, 'said': label, 'reply': reply}
        return self._write(reply, [replace(draft, body=body, key=key)])

    def _undo(self, command: Command) -> Json:
        """Whoever looked takes it back: the label before counts again, and the case waits again."""
        case, by = whole_of(command, 'case'), text_of(command, 'by')
        entries = self._ledger.of_case(case)
        look = _last_look(entries)
        mine = look is not None and plain_name(look.body['by']) == plain_name(by)
        if look is None or not mine or not self._reviews.may_undo(case):
            raise DataError('There is no look of yours to take back.', key='no_look')
        reply = done(command)
        body = {'kind': UNREVIEW, 'by': by, 'ok': True, 'reason': '', 'reply': reply}
        taken_back = Draft('command', body, case, text_of(command, 'key'))
        return self._write(reply, [*self._before(look, entries, by), taken_back])

    def _before(self, look: Entry, entries: Sequence[Entry], by: str) -> list[Draft]:
        """The label as it was before a look; nothing where the look gave none."""
        if look.kind != 'label':
            return []
        earlier = [e.body for e in entries if e.kind == 'label' and e.seq < look.seq]
        was: Json = earlier[-1] if earlier else {'label': None, 'by': by, 'source': REVIEW}
        draft = self._desk.label(look.case, was['label'], was['by'], was['source'])
        return [replace(draft, body={**draft.body, 'undone': by})]

    def _write(self, reply: Json, drafts: list[Draft]) -> Json:
        return {**reply, 'seq': self._desk.commit(drafts)[-1].seq}

    def _allowed(self, label: str) -> bool:
        return label == NOT_SURE or self._desk.may_label(label)


def opinions_of(entries: Iterable[Entry]) -> set[str]:
    """Plain names of whoever said already what a case is; a look that was taken back is none."""
    found: set[str] = set()
    for entry in entries:
        if 'undone' in entry.body:
            found.discard(plain_name(entry.body['undone']))
        elif _is_opinion(entry):
            found.add(plain_name(entry.body['by']))
    return found


def _is_opinion(entry: Entry) -> bool:
    """Whether somebody said what a case is; who withdrew a label did not."""
    body = entry.body
    if entry.kind == 'answer':
        return body['status'] not in ('refused', 'stale')
    if entry.kind != 'label':
        return False
    return 'said' in body or (body['label'] is not None and body['source'] != FORGOTTEN)


def rows(reader: LedgerReader, reviews: Reviews, most: int) -> list[Json]:
    """Cases that wait for a look, what is most worth it first; nothing of what anybody thinks.

    Args:
        reader: The ledger. reviews: What waits. most: How many are listed.
    """
    return [_row(reader, reviews, case) for case in reviews.listed()[:most]]


def _row(reader: LedgerReader, reviews: Reviews, case: int) -> Json:
    entries = reader.of_case(case)
    place = next((e for e in entries if e.kind in PLACES), None)
    body: Json = place.body if place is not None else {}
    return {
        'case': case,
        'why': (reviews.why(case) or {}).get('why', ''),
        't_ns': place.t_ns if place is not None else 0,
        'context': body.get('context', ''),
        'facts': body.get('facts', {}),
        'by': sorted(opinions_of(entries)),
    }


def _last_look(entries: Sequence[Entry]) -> Entry | None:
    """The newest look at a case, where nothing was said or undone after it."""
    for entry in reversed(entries):
        if entry.kind == 'command' and entry.body.get('kind') == REVIEW:
            return entry
        if entry.kind == 'command' and entry.body.get('kind') == UNREVIEW:
            return None
        if entry.kind == 'label':
            looked = entry.body['source'] == REVIEW and 'undone' not in entry.body
            return entry if looked else None
    return None
