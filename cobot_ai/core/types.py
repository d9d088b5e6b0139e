"""The shared vocabulary: frozen values that pass between the layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Bools = NDArray[np.bool_]
Stamps = NDArray[np.int64]
"""Nanoseconds."""
Facts = Mapping[str, str]
"""Context facts a robot program declares: operation, part, tool, program, part_id, ..."""
Texts = Mapping[str, str]
"""Language code -> text."""
Json = dict[str, Any]


class Problem(str, Enum):
    """What was wrong with a channel inside a window."""

    MISSING = 'missing'
    GAP = 'gap'
    NON_FINITE = 'non_finite'
    FROZEN = 'frozen'
    OUT_OF_RANGE = 'out_of_range'
    UNIT = 'unit'


class Missing(str, Enum):
    """Missing-data policy of a channel (declared in the cell file)."""

    MASK = 'mask'
    HOLD_LAST = 'hold_last'
    ASK = 'ask'
    STOP = 'stop'


@dataclass(frozen=True, slots=True)
class ChannelNote:
    """What was missing in one channel of one case, and what was done about it.

    Attributes:
        channel: Channel name, e.g. `wrench.fx`.
        problem: What was found.
        action: The declared policy that was applied.
        share: Share of the window's grid points concerned, 0 to 1.
        hint: The unit that the values seem to have, for the problem `unit`.
    """

    channel: str
    problem: Problem
    action: Missing
    share: float
    hint: str = ''


@dataclass(frozen=True, slots=True)
class Still:
    """What a camera still looks like, in numbers.

    Attributes:
        values: float32 [feature]. by: SHA-256 of the network file that computed them.
    """

    values: Floats
    by: str


@dataclass(frozen=True, slots=True)
class Window:
    """A step's data on a fixed grid.

    Attributes:
        channels: Channel names, `stream.channel`.
        values: float32 [channel, time]; always finite, 0.0 where `mask` is False.
        mask: bool [channel, time]; True where the value was measured (or held by policy).
        start_ns: Time of the first grid edge, nanoseconds.
        end_ns: Time of the last grid edge, nanoseconds.
        notes: What was missing and what was done about it.
        still: The still that belongs to the step, None where there is none.
    """

    channels: tuple[str, ...]
    values: Floats
    mask: Bools
    start_ns: int
    end_ns: int
    notes: tuple[ChannelNote, ...] = ()
    still: Still | None = None


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A stored, labelled case that resembles the present one (similarity 0 to 1)."""

    case: int
    similarity: float


@dataclass(frozen=True, slots=True)
class Score:
    """A model's judgement of one window.

    Attributes:
        classes: Class names in the order of `probs`.
        probs: float64 [class], non-negative, sums to 1; with one class alone the least
            chance that the case is of it, 0 to 1.
        model: Manifest hash of the model that gave it.
        evidence: Largest raw class score; low means unlike anything labelled.
        novelty: 0 (well known) to 1 (unlike all stored cases); NaN where the head has none.
        nearest: Most similar stored cases, best first.
    """

    classes: tuple[str, ...]
    probs: tuple[float, ...]
    model: str
    evidence: float = float('nan')
    novelty: float = float('nan')
    nearest: tuple[Neighbour, ...] = ()

    @property
    def label(self) -> str:
        """Name of the most probable class."""
        return self.classes[int(np.argmax(self.probs))]

    @property
    def confidence(self) -> float:
        """Probability of the most probable class, 0 to 1."""
        return float(max(self.probs))


class Verdict(str, Enum):
    """What the policy decided to do with a case."""

    ACT = 'act'
    ASK = 'ask'
    HOLD = 'hold'


class Why(str, Enum):
    """The reason of a decision (a message key; the page has the sentence)."""

    SURE = 'sure'
    USUAL = 'usual'
    NO_MODEL = 'no_model'
    NEW_CONTEXT = 'new_context'
    NO_CERTIFICATE = 'no_certificate'
    BELOW_THRESHOLD = 'below_threshold'
    COST = 'cost'
    NEW_CLASS = 'new_class'
    UNUSUAL = 'unusual'
    NOT_OVER = 'not_over'
    SENSOR = 'sensor'
    SENSOR_STOP = 'sensor_stop'
    DRIFT = 'drift'
    AUDIT = 'audit'
    BUDGET = 'budget'
    MODEL_FAILED = 'model_failed'
    MERGED = 'merged'


@dataclass(frozen=True, slots=True)
class Decision:
    """Verdict on one case, always with its reason.

    Attributes:
        case: Case number, unique in the cell's ledger.
        verdict: Act alone, ask a person, or hold.
        why: Reason code; `params` fills its placeholders (figures, channel names).
        label: The class acted upon; None when asked or held.
        action: What the robot does: an `Action` value; for ask and hold the robot waits.
        score: The model's judgement, None when there was no model or it was not consulted.
        threshold: Confidence the context's certificate demands, None when none exists.
    """

    case: int
    verdict: Verdict
    why: Why
    params: Mapping[str, Any] = field(default_factory=dict)
    label: str | None = None
    action: str | None = None
    score: Score | None = None
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One judged window: what happened, in which context, with what evidence.

    Attributes:
        id: Case number, unique in the cell's ledger, counting from 1.
        context: Context key, e.g. `operation=insert/part=peg_a`.
        group: Cases of one group never stand on both sides of a split.
        facts: All facts the robot program declared.
        window: The data.
    """

    id: int
    context: str
    group: str
    facts: Facts
    window: Window


@dataclass(frozen=True, slots=True)
class LabelledCase:
    """A case with the label that counts for training.

    Attributes:
        id: Case number. context: Context key. group: Split group. window: The data.
        label: Class name. by: Pseudonym of who labelled it.
        labelled_ns: When, cell clock, nanoseconds.
        event: Case that was asked for it, where it was merged into the event of another; else 0.
        imported: It comes from a recording that was dropped, however old that is.
    """

    id: int
    context: str
    group: str
    window: Window
    label: str
    by: str = ''
    labelled_ns: int = 0
    event: int = 0
    imported: bool = False

    @property
    def answered(self) -> int:
        """The case whose answer its label is: one answer counts once, however many windows."""
        return self.event or self.id


def oldest_first(cases: Sequence[LabelledCase]) -> list[LabelledCase]:
    """Cases in the order in which they happened.

    Those of the cell itself happened in the order of their numbers, whatever became of its clock.
    An imported one has a new number and is as old as its stamps say: it comes before the first
    case of the cell that is younger.
    """
    happened: dict[int, int] = {}
    newest = 0
    for case in sorted(cases, key=lambda c: c.id):
        own = 0 if case.imported else case.window.start_ns
        newest = max(newest, own)
        happened[case.id] = case.window.start_ns if case.imported else newest
    return sorted(cases, key=lambda c: (happened[c.id], c.id))


def to_probs(classes: Sequence[str], probs: Sequence[float]) -> dict[str, float]:
    """Class probabilities as a plain mapping, rounded for records (6 digits)."""
    return {name: round(float(p), 6) for name, p in zip(classes, probs, strict=True)}


def to_plain(record: Any) -> Json:
    """The fields of a dataclass by name; quicker than `asdict`, which copies what they hold."""
    return {name: getattr(record, name) for name in record.__dataclass_fields__}
