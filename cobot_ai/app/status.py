"""What `~/state` says about a cell, twice a second."""

from __future__ import annotations

from dataclasses import asdict

from cobot_ai.app.decide import Record
from cobot_ai.app.escalate import Desk
from cobot_ai.app.parts import Parts, Tally
from cobot_ai.core.spec import CellSpec
from cobot_ai.core.types import Json


def status(
    spec: CellSpec, parts: Parts, desk: Desk, record: Record, tally: Tally, held: str
) -> Json:
    """The present state of a cell as plain JSON.

    Args:
        spec: The cell. parts: Its collaborators. desk: Its open asks. record: What it has learnt.
        tally: Its figures. held: Why the process is held, '' when it is not.
    """
    versions = parts.versions
    audits, failed, bound = record.audits.bound(spec.risk.delta)
    return {
        'cell': spec.name,
        'mode': _mode(versions.maintenance, bool(desk.open_asks), bool(held)),
        'held': held,
        'motion': parts.guard.status(),
        'model': versions.live,
        'staged': versions.staged,
        'maintenance': versions.maintenance,
        'auto_paused': versions.paused,
        'open_asks': [a.case for a in desk.open_asks],
        'asks': desk.time_left(),
        'asks_last_hour': len(tally.asked_ns),
        'budget_warn': spec.budget.warn,
        'budget_hard': spec.budget.hard,
        'cases': tally.cases,
        'acted': tally.acted,
        'asked': tally.asked,
        'expired': tally.expired,
        'audits': {'total': audits, 'failed': failed, 'bound': bound},
        'head': parts.ledger.head(),
        'steps': parts.observer.steps,
        'streams': {n: asdict(c) for n, c in parts.observer.counts.items()},
    }


def _mode(maintenance: bool, asking: bool, held: bool) -> str:
    if maintenance:
        return 'maintenance'
    if asking:
        return 'asking'
    return 'held' if held else 'running'
