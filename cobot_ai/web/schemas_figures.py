"""Figures and data sets as the HTTP routes return them, for documentation and types."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


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
    """What a context has and what it lacks: `needed` answers, `missing` labels for a threshold.

    `taught`: answers the live version has learnt; null without one.
    """

    context: str
    cases: int
    labels: int
    taught: int | None
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


class Figure(BaseModel):
    """A figure with its band (90 %, or the quartiles of a median) and the cases behind it."""

    value: float | None
    low: float | None
    high: float | None
    n: int


class ShiftFigure(Figure):
    """The figure of one shift, `2026-11-22 06:00`."""

    shift: str


class ClassFigure(Figure):
    """The figure of one class."""

    label: str


class Kpi(BaseModel):
    """One figure overall and per shift, the newest last.

    `most`: what it should stay below, null where nothing is declared. `parts`: scrap by class.
    """

    all: Figure
    shifts: list[ShiftFigure]
    most: float | None = None
    parts: list[ClassFigure] = []


class KpiDoc(BaseModel):
    """Route `/api/kpi`.

    Figures: asks_per_hour, answer_s, acted_share, first_pass, scrap, available, oee (without
    performance), expired, between_interventions_s, wrong_alone (audits that found it wrong).
    `since_ns`: stamp of the oldest case.
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
