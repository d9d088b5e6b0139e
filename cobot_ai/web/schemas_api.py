"""What the HTTP routes return, for documentation and types."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from cobot_ai.web.schemas_entries import Alike, CertificateDoc, Entry, Evidence


class CaseRow(BaseModel):
    """One line of the list of recent decisions."""

    case: int
    t_ns: int
    verdict: str
    why: str
    context: str
    label: str | None
    confidence: float | None
    threshold: float | None
    model: str | None
    outcome: str | None
    answer: str | None
    by: str | None
    notes: int


class CaseList(BaseModel):
    """Route `/api/cases`."""

    cases: list[CaseRow]


class CaseDoc(BaseModel):
    """Route `/api/cases/<id>`: one decision end to end."""

    case: int
    entries: list[Entry]
    evidence: Evidence | None
    nearest: list[Alike] = []


class ClassCount(BaseModel):
    """Labelled cases of one class; the newest of them."""

    label: str
    n: int
    cases: list[int]


class DataRow(BaseModel):
    """Labelled cases of one slice: how many, how many the live version was taught, per class."""

    name: str
    n: int
    taught: int
    classes: list[ClassCount]


class DataSlice(BaseModel):
    """Labelled cases by context, shift, sensors, source, role or week."""

    of: str
    rows: list[DataRow]


class ContextData(BaseModel):
    """What a context has and what it lacks: `needed` answers, `missing` labels for a threshold."""

    context: str
    cases: int
    labels: int
    needed: int
    threshold: float | None
    missing: int | None


class RecordingDoc(BaseModel):
    """A recording that was taken in or refused; `code`: message key of why, with `params`."""

    name: str
    t_ns: int
    ok: bool
    code: str
    params: dict[str, Any]
    n: int
    cases: list[int]


class DropDoc(BaseModel):
    """The drop folder now: names of what waits, how many, cut and on the way, moved aside."""

    waiting: list[str]
    n: int
    ready: int
    taken: int
    refused: int


class LiveData(BaseModel):
    """The live version and how many labelled cases it was taught."""

    model: str
    cases: int


class DataDoc(BaseModel):
    """Route `/api/data`: what the model was and will be taught from.

    `withdrawn`: cases whose label was withdrawn, the newest. A role is that of a group: nobody is
    counted alone.
    """

    classes: list[str]
    labels: int
    decided: int
    withdrawn: list[int]
    live: LiveData | None
    slices: list[DataSlice]
    contexts: list[ContextData]
    recordings: list[RecordingDoc]
    drop: DropDoc | None


class ReviewRow(BaseModel):
    """A case that waits for a look; `by`: plain names of who said already what it is.

    Neither what they said nor what the model thinks.
    """

    case: int
    why: str
    t_ns: int
    context: str
    facts: dict[str, str]
    by: list[str]


class ReviewReason(BaseModel):
    """How many cases wait for one reason."""

    why: str
    n: int


class ReviewList(BaseModel):
    """Route `/api/review`: how many wait for which reason, and the first of them.

    Reasons: conflict, audit, sure, corrected, unsure, suppressed, second.
    """

    reasons: list[ReviewReason]
    cases: list[ReviewRow]


class SliceName(BaseModel):
    """A part of the cases: what kind (`context`, `shift`, `class`, ...) and which."""

    of: str
    name: str


class Said(BaseModel):
    """What a check says: a message key below `check.`; in `params` lists are names to join."""

    key: str
    params: dict[str, float | str | list[str] | list[SliceName]]


class CheckRow(BaseModel):
    """One gate check of a version; `cases` speak against it."""

    name: str
    passed: bool
    said: Said
    cases: list[int]


class ModelRow(BaseModel):
    """One model version."""

    model: str
    live: bool
    damaged: bool
    created_ns: int | None
    parent: str | None
    head: str | None
    labels: dict[str, int]
    contexts: dict[str, int]
    certificates: list[CertificateDoc]
    checks: list[CheckRow]
    passed: bool


class ModelDoc(BaseModel):
    """Route `/api/models`: newest version first, and the ledger entries about models."""

    current: str | None
    versions: list[ModelRow]
    history: list[Entry]


class Span(BaseModel):
    """A model version was live from `from_ns` to `to_ns` (null: still)."""

    model: str
    seq: int
    from_ns: int
    to_ns: int | None
    why: str
    by: str


class HistoryDoc(BaseModel):
    """Route `/api/history`: what ran when, oldest first; with `?at_ns=` only that moment."""

    spans: list[Span]


class Figure(BaseModel):
    """A figure with its band (90 %, or the quartiles of a median) and the cases behind it."""

    value: float | None
    low: float | None
    high: float | None
    n: int


class ShiftFigure(Figure):
    """The figure of one shift, `2026-11-22 06:00`."""

    shift: str


class Kpi(BaseModel):
    """One figure overall and per shift, the newest last."""

    all: Figure
    shifts: list[ShiftFigure]


class KpiDoc(BaseModel):
    """Route `/api/kpi`.

    Figures: asks_per_hour, answer_s, acted_share, first_pass, expired, between_interventions_s,
    wrong_alone (audits that found the model wrong). `since_ns`: stamp of the oldest case.
    """

    figures: dict[str, Kpi]
    cases: int
    since_ns: int | None


class ConfusionCell(BaseModel):
    """Cases of one class that the model took for another (or the same); the newest of them."""

    label: str
    guess: str
    n: int
    cases: list[int]


class ConfusionDoc(BaseModel):
    """Route `/api/confusion`."""

    classes: list[str]
    cells: list[ConfusionCell]


class WhatIfOption(BaseModel):
    """What one value of epsilon would have meant for the recorded cases."""

    epsilon: float
    contexts: int
    asks_per_shift: float
    asked_share: Figure
    wrong_alone: Figure
    cost_per_shift: float


class ProposalDoc(BaseModel):
    """An open proposal: `proposal` is its sequence number, for `approve` and `decline`."""

    proposal: int
    t_ns: int
    name: str
    old: float
    new: float
    by: str


class WhatIfDoc(BaseModel):
    """Route `/api/what_if`."""

    now: float
    cases: int
    shifts: int
    options: list[WhatIfOption]
    proposal: ProposalDoc | None


class WordRow(BaseModel):
    """What people read for one thing, per language; `name` is empty for the question."""

    of: str
    name: str
    text: dict[str, str]


class VocabularyDoc(BaseModel):
    """Route `/api/vocabulary`: everything the plant has words for."""

    words: list[WordRow]


class MeDoc(BaseModel):
    """Route `/api/me`: who the page is for, and how safely it is served.

    `tablet` is the enrolled tablet that asks, `station` what commands of this login carry as
    theirs (both may be empty). `build`: of the page that is served now.
    """

    name: str
    role: str
    tablet: str
    station: str
    build: str
    login: bool
    tls: bool
    simulated: bool


class PersonRow(BaseModel):
    """Somebody who may log in."""

    name: str
    role: str
    active: bool


class PeopleDoc(BaseModel):
    """Route `/api/admin/people`."""

    people: list[PersonRow]


class DoneDoc(BaseModel):
    """A change an admin asked for: done, or why not, as a message key with parameters."""

    ok: bool
    reason: str = ''
    params: dict[str, Any] = {}


class OfferDoc(DoneDoc):
    """Route `/api/admin/tablets`, POST: a pairing code, how long it is good for, seconds, and
    its QR code as a `data:` address (none where only this machine could open it)."""

    code: str = ''
    seconds: float = 0.0
    qr: str | None = None


class DeviceDoc(BaseModel):
    """A tablet as it is connected now, or was last; null: its browser does not tell.

    `rtt_ms`: heartbeat there and back. `build`: of its page. `reload`: it will, once it is idle.
    """

    connected: bool
    seen_ago_s: float
    browser: str
    address: str
    rtt_ms: float | None
    build: str
    awake: bool | None
    battery: float | None
    charging: bool | None
    busy: bool
    reload: bool


class TabletRow(BaseModel):
    """A tablet; `device` is null when it was not seen since the console started."""

    name: str
    enrolled: bool
    active: bool
    wall: bool
    device: DeviceDoc | None


class TabletsDoc(BaseModel):
    """Route `/api/admin/tablets`; `build`: of the page that is served now."""

    tablets: list[TabletRow]
    build: str


class ConnectionRow(BaseModel):
    """A live connection."""

    name: str
    role: str
    tablet: str
    address: str
    since_s: float


class ConnectionsDoc(BaseModel):
    """Route `/api/admin/connections`."""

    connections: list[ConnectionRow]


class AuditLine(BaseModel):
    """One line of the audit log: when (wall clock, seconds), what, who, from where."""

    model_config = ConfigDict(extra='allow')

    t: float
    what: str
    who: str = ''
    tablet: str = ''
    address: str = ''
    by: str = ''


class AuditLogDoc(BaseModel):
    """Route `/api/admin/audit`: newest line first; `intact`: no line was changed."""

    lines: list[AuditLine]
    intact: bool


class StatsDoc(BaseModel):
    """Route `/api/stats`: figures of the newest decisions the ledger has.

    `audited` and `audit_wrong` count cases the model was sure of and a person judged as well:
    audits, and corrections of what it decided alone.
    """

    decisions: int
    acted: int
    asked: int
    held: int
    expired: int
    span_s: float
    asks_per_hour: float | None
    audited: int
    audit_wrong: int


class SopDoc(BaseModel):
    """Route `/api/sop/<language>`: the work instruction, cleaned of everything that could run."""

    html: str
