"""Ledger entries as they go to a page, and the snapshot of the present state."""

from __future__ import annotations

import math
from collections.abc import Iterable

from cobot_ai.app.ports import Entry, LedgerReader
from cobot_ai.app.tuning import now_spec
from cobot_ai.core.spec import CellSpec
from cobot_ai.core.types import Json
from cobot_ai.web.audience import for_tablet, question_of

RECENT = 20
"""Cases behind the present state that a snapshot carries for the idle screen."""
OLDEST_MS = 30 * 86_400_000.0
TIMED_KINDS = ('decision', 'start', 'maintenance', 'hold', 'resume', 'resolution')
"""Kinds that travel with their age."""
STATE_KINDS = ('start', 'config', 'review', 'maintenance', 'promote', 'rollback', 'hold', 'resume')
WORD_KINDS = ('start', 'config')
"""Kinds after which the words of the question may be others; they carry them as they are now."""


def to_wire(entry: Entry, wall_ns: int, whole: bool = False) -> Json:
    """One entry as JSON, without the model's opinion unless `whole`.

    An ask also tells how much time is left now (milliseconds).

    The tablet counts down from its own arrival time, so its wall clock does not matter.
    """
    doc: Json = {
        'seq': entry.seq,
        't_ns': entry.t_ns,
        'kind': entry.kind,
        'case': entry.case,
        'body': entry.body if whole else for_tablet(entry.kind, entry.body),
    }
    if entry.kind == 'ask':
        left_ms = (entry.body['deadline_wall_ns'] - wall_ns) / 1e6
        doc['left_ms'] = max(0.0, left_ms)
        doc['age_ms'] = max(0.0, entry.body['deadline_s'] * 1e3 - left_ms)
    elif entry.kind in TIMED_KINDS:
        # Stamps may follow a simulation or a bag; then nobody knows how long ago it was.
        age_ms = (wall_ns - entry.t_ns) / 1e6
        doc['age_ms'] = age_ms if 0 <= age_ms < OLDEST_MS else None
    return doc


def for_pages(
    entries: Iterable[Entry], reader: LedgerReader, wall_ns: int, spec: CellSpec
) -> list[Json]:
    """Entries as tablets get them, with the words of the question as they are now.

    Args:
        entries: In order. reader: For changes of words. wall_ns: Wall clock, nanoseconds.
        spec: The cell as its file says.
    """
    docs = [to_wire(e, wall_ns) for e in entries]
    named = [d for d in docs if d['kind'] in WORD_KINDS]
    if named:
        question = question_of(now_spec(spec, reader))
        for doc in named:
            doc['body'] = {**doc['body'], 'question': question}
    return docs


def snapshot(reader: LedgerReader, head: int, wall_ns: int, spec: CellSpec) -> Json:
    """The entries that make up the present state, in order, up to sequence number `head`.

    A page that applies them to an empty state shows what one that saw everything would show.
    """
    entries = {e.seq: e for kind in STATE_KINDS for e in reader.last(kind)}
    for case in _cases_of_now(reader):
        entries.update({e.seq: e for e in reader.of_case(case)})
    kept = sorted(seq for seq in entries if seq <= head)
    return {
        'ledger': reader.ledger_id,
        'seq': head,
        'entries': for_pages((entries[seq] for seq in kept), reader, wall_ns, spec),
    }


def _cases_of_now(reader: LedgerReader) -> Iterable[int]:
    recent = (e.case for kind in ('decision', 'answer') for e in reader.last(kind, RECENT))
    return {*reader.open_cases(), *recent} - {0}


def pulse(state: Json, age_ms: float) -> Json:
    """The heartbeat towards a page; an age that is not finite means there never was one."""
    return {'age_ms': age_ms if math.isfinite(age_ms) else None, 'state': state}
