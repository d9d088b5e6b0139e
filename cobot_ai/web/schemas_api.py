"""What the HTTP routes return, for documentation and types."""

from __future__ import annotations

from pydantic import BaseModel

from cobot_ai.web.schemas_entries import Entry
from cobot_ai.web.schemas_evidence import Alike, Evidence
from cobot_ai.web.schemas_models import CertificateDoc


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


class SopDoc(BaseModel):
    """Route `/api/sop/<language>`: the work instruction, cleaned of everything that could run."""

    html: str
