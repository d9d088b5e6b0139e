"""The start of a cell: only good cases are labelled so far, and novelty decides what to ask.

A ridge regression onto the constant 1 over the kernel of the stored cases, without a base: its
value (the evidence) is near 1 among cases like the stored ones and falls to 0 away from them.
Cross-fitted evidence makes a conformal p-value of it: the share of the good cases that are at
least as unusual (Vovk, Gammerman and Shafer 2005). The confidence is what that p-value leaves of
the chance that the case is good, at the least: posterior odds with the bound -e p ln p of the
Bayes factor (Sellke, Bayarri and Berger 2001) and Laplace's rule for how rare faults were so far.
It is drawn as a line between quantiles of the evidence, the same in every runtime.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cobot_ai.core.types import Doubles, Json, LabelledCase
from cobot_ai.model.arms import Arm, ExactKernel, kernel_among
from cobot_ai.model.bank import Bank
from cobot_ai.model.data import OTHER, Training, spread
from cobot_ai.model.folds import assign_folds
from cobot_ai.model.graph import BATCH, FLOAT, Graph, Port
from cobot_ai.model.heads import Table, pick
from cobot_ai.model.kernel import SHARES, Part
from cobot_ai.model.ridge import Labels
from cobot_ai.model.solution import Exact, Prior
from cobot_ai.model.stills import STILL
from cobot_ai.model.views import GaussianMetric

LEAST_CASES = 10
"""Good cases below which a share of the usual ones means nothing."""
MOST_STORED = 800
"""Good cases that are stored, evenly over time."""
WIDTH, RIDGE = 2.0, 0.1
"""Chosen once on recordings (`benchmarks/one_class.py`): there is no other class to choose by."""
LEVELS = np.concatenate([np.linspace(0, 0.4, 25), np.linspace(0.5, 1, 6)])
"""Quantiles of the evidence the confidence is drawn through: dense where it falls."""
FOLDS = 8


def the_one_class(cases: Sequence[LabelledCase], min_labels: int) -> str | None:
    """The only class with enough labels; None when there is none, or more than one."""
    counts = Counter(c.label for c in cases)
    enough = [name for name, n in counts.items() if n >= max(min_labels, LEAST_CASES)]
    others = [name for name, n in counts.items() if n >= min_labels and name not in enough]
    return enough[0] if len(enough) == 1 and not others else None


@dataclass(frozen=True, slots=True)
class Confidence:
    """Evidence to confidence, as a line through knots that rise.

    Attributes:
        evidence: Knots, rising. value: Confidence at each knot, 0 to 1, never falling.
    """

    evidence: Doubles
    value: Doubles

    def of(self, evidence: Doubles) -> Doubles:
        """Confidence for some evidence."""
        return np.interp(evidence, self.evidence, self.value)

    def emit(self, g: Graph, evidence: str) -> str:
        """The same inside a graph [B, 1] -> [B, 1]: a sum of ramps, one per gap of knots."""
        low, high = self.evidence[:-1], self.evidence[1:]
        slope = np.diff(self.value) / (high - low)
        inside = g.op('Min', g.op('Max', evidence, g.const(low)), g.const(high))
        ramps = g.op('Mul', g.op('Sub', inside, g.const(low)), g.const(slope))
        return g.op('Clip', g.sum(ramps, axis=1), g.const(0.0), g.const(1.0))


def fit_confidence(evidence: Doubles, others: int = 0) -> Confidence:
    """The line for cross-fitted evidence of good cases.

    Args:
        evidence: Of each good case [case]. others: Labelled cases that were not good.
    """
    n = len(evidence)
    knots = np.quantile(evidence, LEVELS)
    values = chance_of_good((1 + LEVELS * (n - 1)) / (n + 1), n, others)
    # Beyond the most unusual good case it goes on falling, to nothing twice as far out.
    bottom = knots[0] - max(float(np.median(evidence) - knots[0]), 1e-3)
    line = [(float(bottom), 0.0)]
    # Knots too close together would make a step that two runtimes may take differently.
    apart = float(knots[-1] - bottom) / 500
    for knot, value in zip(knots.tolist(), values.tolist(), strict=True):
        close = knot - line[-1][0] < apart
        line.append((line.pop()[0] if close else knot, value))
    return Confidence(*np.array(line).T)


def chance_of_good(p: Doubles, good: int, others: int) -> Doubles:
    """Least chance that a case with this p-value is good.

    Args:
        p: p-values, 0 < p <= 1. good, others: Labels so far.
    """
    factor = np.where(p < 1 / np.e, -np.e * p * np.log(p), 1.0)
    odds = (good + 1) / (others + 1) * factor
    return np.asarray(odds / (1 + odds))


@dataclass(frozen=True, slots=True)
class OneClass:
    """A solved one-class model with the honest figures of every labelled case.

    Attributes:
        kernel: The ridge onto 1. confidence: From its evidence.
        evidence: Cross-fitted evidence [case]. stored: Positions of the stored cases.
        folds: Fold of each case.
    """

    kernel: ExactKernel
    confidence: Confidence
    evidence: Doubles
    stored: NDArray[np.int64]
    folds: NDArray[np.int64]

    def facts(self, asked: float, good: NDArray[np.bool_]) -> Json:
        """What the manifest says about it."""
        floor = float(np.quantile(self.evidence[good], asked))
        return {
            'one_class': {'asked': asked, 'width': WIDTH, 'ridge': RIDGE},
            'evidence_floor': floor,
            'blocks': list(self.kernel.blocks),
        }

    def export(self, bank: Bank, name: str) -> bytes:
        """One graph from window to confidence, evidence, novelty and nearest stored cases."""
        g, emitted = bank.only(self.kernel.blocks).begin()
        raw, extra = self.kernel.emit(g, emitted)
        g.op('Identity', self.confidence.emit(g, raw), out='probs')
        g.op('ReduceMax', raw, out='evidence', axes=[1], keepdims=0)
        outputs: list[Port] = [('probs', FLOAT, (BATCH, 1)), ('evidence', FLOAT, (BATCH,))]
        notes = {'classes': json.dumps([name], ensure_ascii=False)}
        return g.to_bytes(bank.only(self.kernel.blocks).inputs, [*outputs, *extra], notes)


def fit_one_class(table: Table, training: Training, seed: int) -> OneClass | None:
    """Solve on the good cases and score every labelled case by a model without its group.

    Returns:
        None where a group holds nearly all of them: nothing is left to score its cases by, and
        how a case of another group would be judged nobody can say.
    """
    good = np.flatnonzero(training.y != OTHER)
    stored = good[spread(np.zeros(len(good), np.int64), MOST_STORED)]
    parts = _parts(table)
    folds = assign_folds(training.labels, training.groups, FOLDS, seed)
    evidence = np.zeros(len(training.y))
    for fold in np.unique(folds):
        held = folds == fold
        learn = stored[~held[stored]]
        if len(learn) < 2:
            return None
        evidence[held] = _solve(parts, pick(table, learn)).raw(pick(table, held))[:, 0]
    kernel = _solve(parts, pick(table, stored))
    return OneClass(
        kernel, fit_confidence(evidence[good], len(training.y) - len(good)), evidence, stored, folds
    )


def _parts(table: Mapping[str, object]) -> tuple[Part, ...]:
    """Convolutions and stills make a view each, all other blocks one; in equal shares."""
    alone = (SHARES, STILL)
    blocks = [tuple(b for b in table if b not in alone), *((b,) for b in alone if b in table)]
    there = [b for b in blocks if b]
    return tuple(Part(GaussianMetric(), b, WIDTH, 1 / len(there)) for b in there)


def _solve(parts: tuple[Part, ...], table: Table) -> ExactKernel:
    n = len(next(iter(table.values())).values)
    y: Labels = np.zeros(n, np.int64)
    rows = np.arange(n)
    arms: tuple[Arm, ...] = tuple(part.arm(table, y, rows) for part in parts)
    inverse = np.linalg.inv(kernel_among(arms, rows) + RIDGE * np.eye(n))
    prior = Prior(np.zeros(1), np.ones(1))
    return ExactKernel(arms, Exact(prior, RIDGE, y, (inverse + inverse.T) / 2))
