"""The figures of a run, computed from the ledger alone (and the truth, where it is known)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np

from cobot_ai.app.ports import Entry, LedgerReader
from cobot_ai.app.report_guess import guess, guessed
from cobot_ai.app.report_why import Standing, explained, reasons
from cobot_ai.core.ring import Counts
from cobot_ai.core.types import Json, Why

SCHEMA = 1
FAIL_SAFE = ('expired', 'unsure', 'cancelled', 'suppressed', 'unwritten')
"""Outcomes that leave the process held."""


@dataclass(slots=True)
class CaseRow:
    """One case of a run: decision, outcome, and the truth (None when it is not known)."""

    case: int
    context: str
    decision: Json
    outcome: str = ''
    label: str | None = None
    truth: str | None = None
    asked_ns: int = 0

    @property
    def acted(self) -> bool:
        """True when the model acted alone."""
        return bool(self.decision['verdict'] == 'act')

    @property
    def merged(self) -> bool:
        """True for a sliding window that belongs to an event another case was asked for."""
        return bool(self.decision['why'] == Why.MERGED.value)

    @property
    def guess(self) -> tuple[str, str] | None:
        """What the model thought and what it was, by the truth or else the answer."""
        thought, was = guess(self.decision), self.truth or self.label
        return (thought, was) if thought and was else None

    @property
    def wrong_alone(self) -> bool:
        """True when it acted alone and the truth is another class."""
        return self.acted and self.truth is not None and self.truth != self.decision['label']


@dataclass(slots=True)
class Run:
    """What happened in a run, read from its entries."""

    cases: dict[int, CaseRow] = field(default_factory=dict)
    models: list[Json] = field(default_factory=list)
    candidates: int = 0
    refused: int = 0
    faults: int = 0
    standing: Standing = field(default_factory=Standing)


def all_entries(reader: LedgerReader) -> list[Entry]:
    """The whole ledger, oldest first."""
    entries: list[Entry] = []
    while more := reader.since(entries[-1].seq if entries else 0):
        entries += more
    return entries


def read_run(entries: Iterable[Entry], truth: Callable[[Json], str | None] | None = None) -> Run:
    """Gather a run from its ledger entries.

    Args:
        entries: All entries, in order. truth: True class of a decision's body, if known.
    """
    run = Run()
    gates: dict[str, Json] = {}
    for entry in entries:
        run.standing.take(entry)
        if entry.kind == 'decision':
            row = CaseRow(entry.case, entry.body['context'], entry.body)
            row.truth = truth(entry.body) if truth else None
            run.cases[entry.case] = row
        elif entry.kind == 'ask':
            run.cases[entry.case].asked_ns = entry.t_ns
        elif entry.kind == 'resolution':
            row = run.cases[entry.case]
            row.outcome, row.label = entry.body['outcome'], entry.body['label']
        elif entry.kind == 'candidate':
            run.candidates += 1
            run.refused += not entry.body['passed']
            gates[entry.body['model']] = {c['name']: c['passed'] for c in entry.body['checks']}
        elif entry.kind in ('promote', 'rollback'):
            run.models.append(_model(entry, gates))
        elif entry.kind == 'fault':
            run.faults += 1
    return run


def _model(entry: Entry, gates: Mapping[str, Json]) -> Json:
    model = entry.body['model']
    why = entry.body.get('reason', 'rollback')
    return {'hash': model, 'when_ns': entry.t_ns, 'why': why, 'gates': gates.get(model, {})}


def figures(rows: Sequence[CaseRow], known: bool) -> Json:
    """Counts over some cases; every case is exactly one of acted and asked.

    Windows that were merged into an event are counted apart.
    """
    acted, merged = sum(r.acted for r in rows), sum(r.merged for r in rows)
    return {
        'cases': len(rows) - merged,
        'acted': acted,
        'asked': len(rows) - acted - merged,
        'merged': merged,
        'expired': sum(r.outcome == 'expired' for r in rows),
        'held': sum(r.outcome in FAIL_SAFE for r in rows),
        'wrong_alone': sum(r.wrong_alone for r in rows) if known else None,
    }


def report(
    run: Run,
    *,
    span_ns: int,
    latency_ms: Sequence[float],
    counts: Mapping[str, Counts],
    known: bool,
) -> Json:
    """The report of a run (docs/replay.md explains every field).

    Args:
        run: The run. span_ns: Length of the recording, nanoseconds.
        latency_ms: Time from a complete step to its decision, milliseconds per case.
        counts: What each stream got and did not get. known: Whether the truth is known.
    """
    rows = list(run.cases.values())
    contexts = sorted({r.context for r in rows})
    asked = sum(not r.acted and not r.merged for r in rows)
    return {
        'schema': SCHEMA,
        'digest': digest(run),
        **figures(rows, known),
        'guessed': _guessed(rows),
        'reasons': reasons(r.decision for r in rows),
        'contexts': {
            c: _context(c, [r for r in rows if r.context == c], run, known) for c in contexts
        },
        'asks_per_hour': round(asked / (span_ns / 3.6e12), 3) if span_ns > 0 else None,
        'models': run.models,
        'candidates': run.candidates,
        'refused': run.refused,
        'faults': run.faults,
        'latency_ms': _percentiles(latency_ms),
        'dropped': sum(c.dropped for c in counts.values()),
        'late': sum(c.late for c in counts.values()),
        'missing': sum(c.missing for c in counts.values()),
        'streams': {n: asdict(c) for n, c in counts.items()},
        'span_s': round(span_ns / 1e9, 3),
    }


def _context(context: str, rows: Sequence[CaseRow], run: Run, known: bool) -> Json:
    """The figures of a context, and why it was decided alone or not."""
    answers = sum(r.label is not None for r in rows)
    found = _guessed(rows)
    why = explained(context, [r.decision for r in rows], answers, found, run.standing)
    return {**figures(rows, known), 'guessed': found, **why}


def _guessed(rows: Sequence[CaseRow]) -> Json:
    return guessed([r.guess for r in rows if r.guess and not r.merged])


def digest(run: Run) -> str:
    """SHA-256 over every decision, its outcome and every model: equal runs, equal digest."""
    h = hashlib.sha256()
    for row in run.cases.values():
        body = row.decision
        facts = [
            row.case,
            row.context,
            body['start_ns'],
            body['verdict'],
            body['why'],
            body['label'],
            body['probs'],
            body['model'],
            row.outcome,
            row.label,
        ]
        h.update(json.dumps(facts, sort_keys=True).encode())
    for model in run.models:
        h.update(json.dumps([model['hash'], model['when_ns'], model['why']]).encode())
    return h.hexdigest()


def _percentiles(values: Sequence[float]) -> Json:
    if not values:
        return {'p50': None, 'p99': None}
    p50, p99 = np.percentile(values, [50, 99])
    return {'p50': round(float(p50), 3), 'p99': round(float(p99), 3)}
