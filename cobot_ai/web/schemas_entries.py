"""Ledger entries as the page sees them (docs/ledger.md), for documentation and types."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from cobot_ai.web.schemas_base import Body, Texts
from cobot_ai.web.schemas_evidence import Nearest


class Note(Body):
    """What was missing in a channel and what was done about it."""

    channel: str
    problem: str
    action: str
    share: float


class AskClass(Body):
    """One possible answer of an ask."""

    name: str
    action: str
    nominal: bool
    text: Texts


class CellReason(Body):
    """A cause people may name after a bad step."""

    name: str
    text: Texts


class CellQuestion(Body):
    """The words of the cell's question; tablets get them instead of the whole `spec`."""

    classes: list[AskClass] = []
    open_classes: bool = False
    reasons: list[CellReason] = []
    text: Texts = {}
    sop: str = ''


class StartBody(Body):
    """`start`. Tablets get neither `digest` nor `spec`, but `question` as it is now."""

    version: str
    cell: str
    shadow: bool
    boot: str
    digest: str = ''
    spec: dict[str, Any] = {}
    question: CellQuestion | None = None
    sqlite: str | None = None
    wal_safe: bool | None = None
    head: str | None = None


class ConfigBody(Body):
    """`config`: a number or a text was changed. Tablets get `question` as it is now, no more."""

    name: str = ''
    old: float | str = ''
    new: float | str = ''
    by: str = ''
    digest: str = ''
    proposed_by: str = ''
    question: CellQuestion | None = None


class DecisionBody(Body):
    """`decision`. Tablets get neither what the model thinks nor why it was asked."""

    verdict: Literal['act', 'ask', 'hold']
    why: str = ''
    params: dict[str, Any] = {}
    label: str | None = None
    action: str | None = None
    context: str
    facts: Texts
    probs: dict[str, float] | None = None
    confidence: float | None = None
    threshold: float | None = None
    model: str | None = None
    nearest: list[Nearest] = []
    notes: list[Note] = []
    start_ns: int
    end_ns: int
    group: str = ''
    clip: str | None = None
    latency_ms: float | None = None


class AskBody(Body):
    """`ask`. Tablets are not told `why`."""

    context: str
    facts: Texts
    why: str = ''
    classes: list[AskClass]
    open_classes: bool
    text: Texts
    deadline_s: float
    undo_s: float
    lease_s: float
    deadline_wall_ns: int
    fail_safe: str
    sop: str = ''
    cost: float = 1.0
    blind: bool = False
    risk: float = 0.0
    evidence: str | None = None


class ReviewBody(Body):
    """`review`: a question without any hurry; it has no deadline and moves nothing.

    Tablets get neither `why` nor `risk`.
    """

    context: str
    facts: Texts
    why: Literal['', 'suppressed', 'audit', 'conflict'] = ''
    risk: float = 0.0
    classes: list[AskClass]
    open_classes: bool
    text: Texts
    sop: str = ''
    evidence: str | None = None


class ClaimBody(Body):
    """`claim`."""

    by: str
    tablet: str
    epoch: int
    lease_s: float


class ReleaseBody(Body):
    """`release`."""

    by: str
    tablet: str
    epoch: int


class AnswerBody(Body):
    """`answer`."""

    by: str
    tablet: str
    label: str
    epoch: int
    status: str
    reason: str = ''
    react_ms: float | None = None


class UndoBody(Body):
    """`undo`."""

    by: str
    tablet: str
    epoch: int


class ResolutionBody(Body):
    """`resolution`."""

    outcome: Literal['answered', 'expired', 'cancelled', 'unsure', 'suppressed', 'unwritten']
    label: str | None
    action: str | None
    go: bool
    by: str | None = None
    late_ms: float | None = None


class LabelBody(Body):
    """`label`; null takes the case out of training (people disagree).

    `said`: what a second look said, also where it settled nothing. `undone`: who took a look back.
    `wrong`: people disagree, but none of them says what the model thought.
    """

    label: str | None
    by: str
    source: str
    context: str
    group: str = ''
    revision: int
    said: str = ''
    undone: str = ''
    wrong: bool = False


class ImportBody(Body):
    """`import`: a step of a recording that was dropped, or why a recording was refused."""

    name: str
    recording: str
    ok: bool
    reason: str = ''
    code: str = ''
    params: dict[str, Any] = {}
    by: str | None = None
    context: str | None = None
    group: str | None = None
    facts: dict[str, str] = {}
    start_ns: int | None = None
    end_ns: int | None = None


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


class ReasonBody(Body):
    """`reason`: the cause somebody named after a bad step."""

    by: str
    tablet: str
    reason: str


class ReportBody(Body):
    """`report`: something a worker saw without being asked."""

    by: str
    tablet: str
    what: Literal['wrong', 'odd']
    label: str | None = None
    reason: str = ''


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


class MaintenanceBody(Body):
    """`maintenance`."""

    on: bool
    by: str


class HoldBody(Body):
    """`hold` and `resume`."""

    by: str
    confirmed: bool
    reason: str = ''
    phase: str = ''
    evidence: dict[str, Any] = {}


class Entry(BaseModel):
    """One ledger entry on the wire; `left_ms` (asks only) is the time left when it was sent.

    `age_ms` (asks, decisions and what changes the line) says how long ago, null if no clock knows.

    The event `entries` is a list of these, in order and without gaps.
    """

    seq: int
    t_ns: int
    kind: str
    case: int
    body: dict[str, Any]
    left_ms: float | None = None
    age_ms: float | None = None


class Snapshot(BaseModel):
    """Event `snapshot`: the entries that make up the present state (with gaps), up to `seq`."""

    ledger: str
    seq: int
    entries: list[Entry]
