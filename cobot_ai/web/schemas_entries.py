"""Ledger entries as the page sees them (docs/ledger.md), for documentation and types."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel

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
