"""Read-only questions to ledger and registry, as plain JSON for the HTTP routes."""

from __future__ import annotations

from cobot_ai.app import history
from cobot_ai.app.ports import Entry, LedgerReader
from cobot_ai.app.recall import alike
from cobot_ai.core.errors import CobotAiError
from cobot_ai.core.types import Json, Neighbour, Why
from cobot_ai.web.examples import examples
from cobot_ai.web.said import said
from cobot_ai.web.services import Services
from cobot_ai.web.wire import to_wire

MODEL_KINDS = ('candidate', 'promote', 'rollback', 'maintenance', 'schedule', 'unschedule')
STATS_OVER = 500
"""Newest decisions the figures are made of."""
RATE_OVER_S = 600.0
"""A rate per hour says nothing when less than this was seen."""


def case_rows(reader: LedgerReader, limit: int) -> list[Json]:
    """The newest decisions, newest first."""
    return [_case_row(e, reader.of_case(e.case)) for e in reader.last('decision', limit)]


def _case_row(decision: Entry, entries: list[Entry]) -> Json:
    body = decision.body
    end = next((e.body for e in entries if e.kind == 'resolution'), {})
    return {
        'case': decision.case,
        't_ns': decision.t_ns,
        **{k: body.get(k) for k in ('verdict', 'why', 'context', 'label', 'confidence')},
        **{k: body.get(k) for k in ('threshold', 'model')},
        'outcome': end.get('outcome'),
        'answer': end.get('label'),
        'by': end.get('by'),
        'notes': len(body.get('notes', ())),
    }


def case_doc(services: Services, case: int) -> Json | None:
    """One decision end to end, None when there is no such case."""
    entries = services.reader.of_case(case)
    if not entries:
        return None
    wall_ns = services.wall_ns()
    return {
        'case': case,
        'entries': [_keys_only(to_wire(e, wall_ns, whole=True)) for e in entries],
        'evidence': _with_examples(services, case),
        'nearest': _nearest(services.reader, entries),
    }


def evidence_doc(services: Services, case: int, blind: bool = False) -> Json | None:
    """The evidence document of a question; what the model finds alike only after an answer.

    Args:
        services: The ledger. case: Which. blind: For a second opinion: never what it finds alike.
    """
    found = _with_examples(services, case)
    if not found or not found.get('nearest'):
        return found
    entries = services.reader.of_case(case)
    answered = any(e.kind in ('answer', 'resolution') for e in entries)
    return found if answered and not blind else {**found, 'nearest': []}


def _with_examples(services: Services, case: int) -> Json | None:
    reader, question = services.reader, services.spec.question
    found = reader.evidence(case)
    return None if found is None else {**found, 'past': examples(reader, case, found, question)}


def _nearest(reader: LedgerReader, entries: list[Entry]) -> list[Json]:
    """The stored cases the model went by, with the labels that count for them now."""
    body = next((e.body for e in entries if e.kind == 'decision'), {})
    return alike(reader, (Neighbour(**n) for n in body.get('nearest', ())))


def models(services: Services) -> Json:
    """All model versions, newest first, with what the ledger says about them."""
    reader, registry = services.reader, services.registry
    current = registry.current()
    checks = {e.body['model']: e.body for e in reversed(reader.last('candidate', STATS_OVER))}
    rows = [_model_row(services, d, checks.get(d, {}), current) for d in registry.versions()]
    history = sorted(
        (e for kind in MODEL_KINDS for e in reader.last(kind, 100)), key=lambda e: -e.seq
    )
    wall_ns = services.wall_ns()
    return {
        'current': current,
        'versions': rows[::-1],
        'history': [_keys_only(to_wire(e, wall_ns, whole=True)) for e in history],
    }


def _model_row(services: Services, digest: str, candidate: Json, current: str | None) -> Json:
    try:
        doc = services.registry.get(digest)[1].to_json()
        damaged = False
    except CobotAiError:
        doc, damaged = {}, True
    checks = doc.get('gates', {}).get('checks') or candidate.get('checks', [])
    return {
        'model': digest,
        'live': digest == current,
        'damaged': damaged,
        **{k: doc.get(k) for k in ('created_ns', 'parent', 'head')},
        **{k: doc.get(k, {}) for k in ('labels', 'contexts')},
        'certificates': doc.get('certificates') or candidate.get('certificates', []),
        'checks': [_check_row(c) for c in checks],
        'passed': bool(checks) and all(c['passed'] for c in checks),
    }


def _check_row(check: Json) -> Json:
    return {
        **{k: check[k] for k in ('name', 'passed')},
        'said': said(check),
        'cases': list(check.get('cases') or ()),
    }


SENTENCES = ('checks', 'certificates', 'detail')
"""Parts of a body with sentences of the ledger: a version's own row has the first two as keys."""


def _keys_only(entry: Json) -> Json:
    """An entry for the page: what is said in sentences stays on this side."""
    body = {k: v for k, v in entry['body'].items() if k not in SENTENCES}
    return {**entry, 'body': body}


def spans(reader: LedgerReader, at_ns: int | None = None) -> list[Json]:
    """Which version was live from when to when, oldest first; only that of one moment if given."""
    found = history.spans(history.changes(reader))
    if at_ns is not None:
        found = [s for s in [history.live_at(found, at_ns)] if s is not None]
    return [span.to_json() for span in found]


def stats(reader: LedgerReader) -> Json:
    """Figures of the newest decisions."""
    decisions = reader.last('decision', STATS_OVER)
    verdicts = [e.body['verdict'] for e in decisions]
    span_s = (decisions[0].t_ns - decisions[-1].t_ns) / 1e9 if len(decisions) > 1 else 0.0
    cases = {e.case for e in decisions}
    expired = [e for e in reader.last('resolution', STATS_OVER) if e.body['outcome'] == 'expired']
    audited = _audited(reader, {e.case: e for e in decisions if e.body['verdict'] == 'act'})
    merged = sum(e.body['why'] == Why.MERGED.value for e in decisions)
    asked = verdicts.count('ask') - merged
    return {
        'decisions': len(decisions),
        'acted': verdicts.count('act'),
        'asked': asked,
        'held': verdicts.count('hold'),
        'expired': sum(e.case in cases for e in expired),
        'span_s': span_s,
        'asks_per_hour': asked / span_s * 3600 if span_s >= RATE_OVER_S else None,
        'audited': len(audited),
        'audit_wrong': sum(audited),
    }


def _audited(reader: LedgerReader, acted: dict[int, Entry]) -> list[bool]:
    """For each case a person judged that the model was sure of: was the model wrong?

    Those are the audits (their label holds the model's guess) and corrections of acted cases.
    """
    guesses = {case: e.body['label'] for case, e in acted.items()}
    outcomes = []
    for case, entry in reader.labels().items():
        guess = entry.body.get('audit', {}).get('guess', guesses.get(case))
        if guess is not None and entry.body['label'] is not None:
            outcomes.append(guess != entry.body['label'])
    return outcomes
