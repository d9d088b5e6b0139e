"""A gate suite: which named checks a candidate must pass, and their limits.

A suite is a small YAML file that plants can share; the cell file names it (`model.suite`). Every
section is a check of the same name (docs/gates.md); `enabled: false` switches it off, and the
report says so.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from cobot_ai.core.build import build
from cobot_ai.core.types import Json


@dataclass(frozen=True, slots=True)
class Switch:
    """A check without limits."""

    enabled: bool = True


@dataclass(frozen=True, slots=True)
class LabelLimits:
    """Least labels; the cell file's `model.min_labels` and `risk.min_answers` may ask for more.

    Attributes:
        per_class: For each class that is learnt.
        per_context: For each context in which the candidate may act alone.
        total: In all.
    """

    enabled: bool = True
    per_class: int = 2
    per_context: int = 5
    total: int = 6


@dataclass(frozen=True, slots=True)
class SizeLimit:
    """Largest model file, megabytes."""

    enabled: bool = True
    limit_mb: float = 64.0


@dataclass(frozen=True, slots=True)
class TrialLimits:
    """Limits of the child process that runs the model once: seconds and megabytes."""

    enabled: bool = True
    seconds: float = 20.0
    memory_mb: float = 1536.0


@dataclass(frozen=True, slots=True)
class MemoryLimit:
    """Largest memory that loading and running the model may add, megabytes."""

    enabled: bool = True
    limit_mb: float = 200.0


@dataclass(frozen=True, slots=True)
class ParityLimit:
    """Largest difference of a probability between numpy and onnxruntime."""

    enabled: bool = True
    limit: float = 1e-5


@dataclass(frozen=True, slots=True)
class ClaimLimit:
    """Largest loss of accuracy of the served model against what its honest scores claim."""

    enabled: bool = True
    tolerance: float = 0.05


@dataclass(frozen=True, slots=True)
class UnseenLimit:
    """Least cases that a model from outside has certainly not seen."""

    enabled: bool = True
    cases: int = 30


@dataclass(frozen=True, slots=True)
class SkillLimits:
    """How sure it must be that a first model is better than the shares of the classes."""

    enabled: bool = True
    confidence: float = 0.95


@dataclass(frozen=True, slots=True)
class AccuracyLimits:
    """When accuracy counts as worse than that of the version it is compared with.

    Attributes:
        tolerance: Loss that is accepted in any case, share of the cases.
        confidence: How sure the loss must be before it refuses; for slices it is divided among
            all that are looked at (Bonferroni).
        slice_cases: Cases a slice needs before it is compared on its own.
        slices: What cases are sliced by: context, shift, sensors, class.
    """

    enabled: bool = True
    tolerance: float = 0.01
    confidence: float = 0.95
    slice_cases: int = 20
    slices: tuple[str, ...] = ('context', 'shift', 'sensors', 'class')


@dataclass(frozen=True, slots=True)
class CalibrationLimits:
    """When probabilities count as worse than those of the version they are compared with.

    Attributes:
        brier: Growth of the mean Brier score that is accepted in any case.
        ece: Growth of the expected calibration error that is accepted in any case.
        confidence: See `AccuracyLimits`. slice_cases: See there. slices: See there.
    """

    enabled: bool = True
    brier: float = 0.01
    ece: float = 0.03
    confidence: float = 0.95
    slice_cases: int = 20
    slices: tuple[str, ...] = ('context', 'shift', 'sensors')


@dataclass(frozen=True, slots=True)
class LeakLimits:
    """When honest scores count as flattered by copies on the other side of a split.

    Attributes:
        similar: Distance to another group's case, as a share of the usual distance between two
            cases, below which it is a near copy.
        share: Share of near copies that is accepted.
        drop: Loss of honest accuracy without them that is accepted.
    """

    enabled: bool = True
    similar: float = 0.01
    share: float = 0.1
    drop: float = 0.05


@dataclass(frozen=True, slots=True)
class DeadChannelLimit:
    """Share of confident wrong answers that is accepted while a channel is dead."""

    enabled: bool = True
    wrong_alone: float = 0.1


@dataclass(frozen=True, slots=True)
class LatencyLimit:
    """Longest processor time of 99 % of the scorings on this machine, milliseconds."""

    enabled: bool = True
    limit_ms: float = 50.0


@dataclass(frozen=True, slots=True)
class Suite:
    """All checks with their limits; `digest` is the SHA-256 of its canonical JSON form."""

    name: str = 'default'
    text: str = ''
    enough_labels: LabelLimits = field(default_factory=LabelLimits)
    classes: Switch = field(default_factory=Switch)
    inputs: Switch = field(default_factory=Switch)
    size: SizeLimit = field(default_factory=SizeLimit)
    external_data: Switch = field(default_factory=Switch)
    operators: Switch = field(default_factory=Switch)
    weights: Switch = field(default_factory=Switch)
    shapes: Switch = field(default_factory=Switch)
    trial: TrialLimits = field(default_factory=TrialLimits)
    memory: MemoryLimit = field(default_factory=MemoryLimit)
    outputs: Switch = field(default_factory=Switch)
    parity: ParityLimit = field(default_factory=ParityLimit)
    unseen_cases: UnseenLimit = field(default_factory=UnseenLimit)
    leakage: LeakLimits = field(default_factory=LeakLimits)
    as_claimed: ClaimLimit = field(default_factory=ClaimLimit)
    skill: SkillLimits = field(default_factory=SkillLimits)
    not_worse: AccuracyLimits = field(default_factory=AccuracyLimits)
    calibration: CalibrationLimits = field(default_factory=CalibrationLimits)
    golden: Switch = field(default_factory=Switch)
    dead_channel: DeadChannelLimit = field(default_factory=DeadChannelLimit)
    latency: LatencyLimit = field(default_factory=LatencyLimit)
    digest: str = ''

    def on(self, check: str) -> bool:
        """Whether a check is switched on; one without a section always is."""
        return bool(getattr(getattr(self, check, None), 'enabled', True))

    def without(self, *checks: str) -> Suite:
        """The same suite with some checks switched off."""
        return replace(self, **{c: replace(getattr(self, c), enabled=False) for c in checks})


def parse_suite(doc: Mapping[str, Any]) -> Suite:
    """Check a suite file's values and make the suite out of them.

    Raises:
        ConfigError: The first problem found: key path, what is wrong, what is allowed.
    """
    suite: Suite = build(Suite, doc, '')
    return replace(suite, digest=_digest(suite))


def suite_to_json(suite: Suite) -> Json:
    """Plain JSON form with every default written out; `parse_suite` reads it back."""
    doc = asdict(suite)
    del doc['digest']
    return dict(json.loads(json.dumps(doc)))


def _digest(suite: Suite) -> str:
    text = json.dumps(suite_to_json(suite), sort_keys=True, separators=(',', ':'), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
