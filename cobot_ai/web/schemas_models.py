"""Ledger entries about model versions, their audits and alarms, for documentation and types."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from cobot_ai.web.schemas_base import Body


class AuditFigures(BaseModel):
    """What audits say about decisions acted alone (docs/risk.md)."""

    share: float
    drawn: int
    total: int
    failed: int
    acted: int
    errors: float
    bound: float | None
    steady: float | None
    needed: int


class AuditBody(AuditFigures, Body):
    """`audit`: what a person said about a case the model was sure of, and the figures since."""

    context: str
    right: bool
    guess: str
    label: str


class AlarmBody(Body):
    """`alarm`: a change was noticed (`on`), or the alarm is over."""

    context: str
    on: bool
    figure: str
    capital: float
    limit: float
    by: str
    reason: str


class GateCheck(Body):
    """One named check of a candidate."""

    name: str
    passed: bool
    why: str
    figures: dict[str, Any] = {}
    cases: list[int] = []


class CertificateDoc(Body):
    """A calibrated threshold with what stands behind it."""

    context: str
    rule: str
    epsilon: float
    delta: float
    threshold: float | None
    labels: int
    accepted: int = 0
    errors: int = 0
    bound: float | None = None
    missing: int = 0
    created_ns: int = 0
    level: str = 'context'
    model: str = ''
    recent: int = 0
    recent_errors: int = 0
    costs: dict[str, float] = {}
    changed: int = 0
    since: int = 0
    since_errors: int = 0
    groups: int = 0
    wider: dict[str, float] = {}


class CandidateBody(Body):
    """`candidate`."""

    model: str
    passed: bool
    failed: list[str]
    checks: list[GateCheck]
    labels: dict[str, int]
    certificates: list[CertificateDoc] = []
    parent: str | None = None
    head: str = ''
    staged: bool = False
    reason: str = ''
    dropped: list[str] = []


class SensorsBody(Body):
    """`sensors`: channels were lost or came back, and who judges now."""

    context: str
    lost: list[str]
    serving: Literal['full', 'masked', 'without']
    model: str | None


class PromoteBody(Body):
    """`promote`."""

    model: str
    parent: str | None = None
    by: str
    reason: str


class RollbackBody(Body):
    """`rollback`; `from` is the version that was live before."""

    model: str
    gone: str = Field(alias='from')
    by: str


class ScheduleBody(Body):
    """`schedule`; without `model` the newest that passed, without `at_ns` the next break."""

    model: str | None
    at: str
    at_ns: int | None
    by: str


class UnscheduleBody(Body):
    """`unschedule`: a plan was dropped, and why."""

    model: str | None
    reason: str
    detail: str = ''
    by: str
