"""The newest good and bad case of the same context, to compare a new case with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cobot_ai.app.ports import Entry, LedgerReader
from cobot_ai.app.records import PLACES
from cobot_ai.core.spec import QuestionSpec
from cobot_ai.core.types import Json

SEARCHED = 200
"""Newest labels that are looked at."""
CHANNELS = 6
"""Signals that go along, those that deviate most in the new case."""


def examples(reader: LedgerReader, case: int, document: Json, question: QuestionSpec) -> list[Json]:
    """One past good and one past bad case of the same context, where there are any.

    Args:
        reader: The ledger. case: The new case. document: Its evidence.
        question: The classes there are, where the case was never put to anybody.
    """
    entries = reader.of_case(case)
    place = next((e for e in entries if e.kind in PLACES), None)
    if place is None:
        return []
    ask = next((e.body for e in entries if e.kind in ('ask', 'review')), {})
    classes = ask.get('classes') or [
        {'name': c.name, 'nominal': c.nominal} for c in question.classes
    ]
    nominal = {c['name'] for c in classes if c['nominal']}
    names = [c['name'] for c in document['channels'][:CHANNELS]]
    found: dict[bool, Json] = {}
    for entry in _labels(reader, place):
        good = entry.body['label'] in nominal
        if good not in found and (shown := reader.evidence(entry.case)) is not None:
            found[good] = _example(entry, good, shown, names)
        if len(found) == 2:
            break
    return [found[good] for good in (True, False) if good in found]


def _labels(reader: LedgerReader, new: Entry) -> Iterator[Entry]:
    """The labels that count of other cases of the context, newest first."""
    seen = {new.case}
    for entry in reader.last('label', SEARCHED):
        if entry.case in seen:
            continue
        seen.add(entry.case)
        if entry.body.get('context') == new.body['context'] and entry.body['label'] is not None:
            yield entry


def _example(label: Entry, good: bool, document: Json, names: list[str]) -> Json:
    channels: dict[str, Any] = {c['name']: c for c in document['channels']}
    return {
        'case': label.case,
        'good': good,
        'label': label.body['label'],
        't_ns': label.t_ns,
        'channels': [
            {'name': n, 't': channels[n]['t'], 'value': channels[n]['value']}
            for n in names
            if n in channels
        ],
    }
