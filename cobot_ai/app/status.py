"""What `~/state` says about a cell, twice a second."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from cobot_ai.app.escalate import Desk
from cobot_ai.app.holds import Holds
from cobot_ai.app.memory import Memory
from cobot_ai.app.parts import Parts, Tally
from cobot_ai.core.asks import Ask
from cobot_ai.core.levels import in_force
from cobot_ai.core.manifest import Manifest, vouching
from cobot_ai.core.spec import CellSpec
from cobot_ai.core.types import Json, to_plain

LISTED = 20
"""Most contexts that `~/state` tells about, those with the most labels."""
NEWEST = 20
"""Most cases it lists that wait for a look, the newest."""


def status(
    spec: CellSpec, parts: Parts, desk: Desk, memory: Memory, tally: Tally, holds: Holds
) -> Json:
    """The present state of a cell as plain JSON.

    Args:
        spec: The cell. parts: Its collaborators. desk: Its open asks. memory: What it learnt.
        tally: Its figures. holds: Why the process is held.
    """
    versions = parts.versions
    return {
        'cell': spec.name,
        'mode': _mode(versions.maintenance, bool(desk.open_asks), bool(holds)),
        'held': str(holds),
        'held_for': holds.named(),
        'newest_hold': holds.newest,
        'motion': parts.guard.status(),
        'model': versions.live,
        'staged': versions.staged,
        'plan': asdict(versions.plan) if versions.plan else None,
        'maintenance': versions.maintenance,
        'auto_paused': versions.paused,
        'open_asks': [a.case for a in desk.open_asks],
        'asks': time_left(desk.open_asks, parts.clock.monotonic_ns()),
        **_budget(memory, parts.clock.monotonic_ns()),
        'cases': tally.cases,
        'acted': tally.acted,
        'asked': tally.asked,
        'expired': tally.expired,
        'epsilon': spec.risk.epsilon,
        'audits': asdict(memory.record.audits.figures()),
        'contexts': contexts(spec, memory, versions.scorer.manifest if versions.scorer else None),
        'alarms': [
            {'context': c, **asdict(a), 'left': memory.record.drift.left(c)}
            for c, a in memory.record.drift.alarms.items()
        ],
        'head': parts.ledger.head(),
        'steps': parts.observer.steps,
        'streams': {n: to_plain(c) for n, c in parts.observer.counts.items()},
    }


def _budget(memory: Memory, now_ns: int) -> Json:
    warn, hard = memory.budget.limits(now_ns)
    waiting = memory.reviews.waiting
    return {
        'asks_last_hour': memory.budget.last_hour(now_ns),
        'operators': memory.budget.operators(now_ns),
        'budget_warn': warn,
        'budget_hard': hard,
        'waiting': len(waiting),
        'waiting_cases': list(waiting)[-NEWEST:],
        'review': memory.reviews.offered,
    }


def contexts(spec: CellSpec, memory: Memory, manifest: Manifest | None) -> list[Json]:
    """For each context: may the model act alone in it, and what stands behind that."""
    record = memory.record
    most = sorted(record.answers, key=lambda c: -record.answers[c])[:LISTED]
    valid = vouching(manifest, spec)
    rows = []
    for context in most:
        found = in_force(valid, context, spec.risk.fallback)
        audits = record.audits.figures(context)
        rows.append(
            {
                'context': context,
                'answers': record.answers[context],
                'needed_answers': spec.risk.min_answers,
                'taught': manifest.contexts.get(context, 0) if manifest else None,
                'threshold': found.threshold if found else None,
                'level': found.level if found else None,
                'missing': found.missing if found else None,
                'floor': record.audits.floor(context, record.answers[context]),
                'audits': asdict(audits),
                'alarm': record.drift.left(context),
            }
        )
    return rows


def _mode(maintenance: bool, asking: bool, held: bool) -> str:
    if maintenance:
        return 'maintenance'
    if asking:
        return 'asking'
    return 'held' if held else 'running'


def time_left(open_asks: Iterable[Ask], now_ns: int) -> dict[str, Json]:
    """Milliseconds until each open ask expires, and until its answer becomes final."""
    return {
        str(a.case): {
            'left_ms': max(0.0, (a.deadline_ns - now_ns) / 1e6),
            'undo_ms': max(0.0, (a.final_ns - now_ns) / 1e6) if a.label else None,
        }
        for a in open_asks
    }
