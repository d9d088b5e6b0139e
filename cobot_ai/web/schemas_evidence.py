"""The evidence document of a case as the page sees it (docs/ledger.md)."""

from __future__ import annotations

from cobot_ai.web.schemas_base import Body, Texts


class Nearest(Body):
    """A stored case that resembles the present one."""

    case: int
    similarity: float


class Alike(Nearest):
    """The same with the label that counts, and the shift or (without one) who gave it."""

    label: str | None
    shift: str | None = None
    by: str | None = None
    t_ns: int | None = None


class EvidenceChannel(Body):
    """One channel of the evidence document."""

    name: str
    unit: str
    text: Texts
    t: list[float]
    value: list[float | None]
    low: list[float | None] | None
    high: list[float | None] | None
    score: float | None
    note: str | None = None


class PastChannel(Body):
    """One signal of a past case."""

    name: str
    t: list[float]
    value: list[float | None]


class PastCase(Body):
    """A past case of the same context, to compare with."""

    case: int
    good: bool
    label: str
    t_ns: int
    channels: list[PastChannel]


class Evidence(Body):
    """The evidence document of an ask: channels sorted by how much they deviate.

    `nearest` (what the model goes by) is empty until somebody answered.
    `past` is added by the console: at most one good and one bad case of the same context.
    """

    channels: list[EvidenceChannel]
    still: str | None = None
    good: int | None = None
    bad: int | None = None
    span_s: float
    band_cases: int
    nearest: list[Alike] = []
    past: list[PastCase] = []
