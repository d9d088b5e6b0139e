"""What the HTTP routes return, for documentation and types."""

from __future__ import annotations

from pydantic import BaseModel

from cobot_ai.web.schemas_entries import Alike, CertificateDoc, Entry, Evidence, GateCheck


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
    checks: list[GateCheck]
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
