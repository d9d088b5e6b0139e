"""A planned swap: when it is due, when it is skipped, and how it survives a restart."""

from __future__ import annotations

from dataclasses import dataclass

from cobot_ai.app.ports import LedgerReader

GRACE_NS = 15 * 60 * 10**9
"""A plan for a time is carried out at most so much later: nobody expects it any more after that."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A swap somebody planned.

    Attributes:
        model: Digest of the version; None: the newest that passed when the time comes.
        at_ns: Stamp clock, nanoseconds; None: the next maintenance break.
        by: Who planned it.
    """

    model: str | None
    at_ns: int | None
    by: str


def due(plan: Plan, now_ns: int, maintenance: bool) -> bool:
    """Whether its time has come."""
    return maintenance if plan.at_ns is None else now_ns >= plan.at_ns


def skipped(plan: Plan, now_ns: int, model: str | None, live: str | None) -> str:
    """Why a plan that is due is given up, '' if it is not.

    `not_idle`: the cell was busy all the time, or not running. `nothing_staged`: no candidate had
    passed. `was_live`: the version is live already.
    """
    late = plan.at_ns is not None and now_ns > plan.at_ns + GRACE_NS
    if model is None:
        return 'nothing_staged' if late else ''
    if model == live:
        return 'was_live'
    return 'not_idle' if late else ''


def recall(ledger: LedgerReader) -> Plan | None:
    """The plan that was open when the last run ended."""
    made = ledger.last('schedule')
    if not made:
        return None
    ends = [*ledger.last('unschedule'), *ledger.last('promote', 1000)]
    done = (e for e in ends if e.kind == 'unschedule' or e.body['reason'] == 'scheduled')
    if any(e.seq > made[0].seq for e in done):
        return None
    body = made[0].body
    return Plan(body['model'], body['at_ns'], body['by'])
