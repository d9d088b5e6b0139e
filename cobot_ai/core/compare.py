"""Is a candidate worse than the version it would replace? Paired, overall and slice by slice.

Both versions are judged on the same cases, which neither has seen. A loss refuses only where it
is larger than the stated tolerance AND more than chance explains, so that a small slice does not
refuse a good model by noise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from cobot_ai.core.gates import Check, tail
from cobot_ai.core.honest import Honest
from cobot_ai.core.suite import AccuracyLimits, CalibrationLimits, SkillLimits
from cobot_ai.core.types import Bools, Doubles

BINS = 10
"""Bins of the expected calibration error."""
ECE_CASES = 50
"""Cases from which on a calibration error says more about the model than about its bins."""
RESAMPLES = 200
"""Bootstrap resamples behind the uncertainty of a calibration error."""

Figures = dict[str, Any]
Judge = Callable[[Sequence['Pair'], float], Figures]


@dataclass(frozen=True, slots=True)
class Pair:
    """One case as the current version and the candidate judged it, both without having seen it.

    Attributes:
        case: Case number.
        slices: What it belongs to: dimension (context, shift, sensors, class) -> value.
        old: The current version's opinion. new: The candidate's.
    """

    case: int
    slices: Mapping[str, str]
    old: Honest
    new: Honest


def not_worse(pairs: Sequence[Pair], against: str, limits: AccuracyLimits) -> Check:
    """Accuracy: of the cases the two judge differently, not clearly more became wrong.

    Exact sign test on the cases that changed (McNemar 1947): the chance that so many of them
    would be losses if gains and losses were equally likely.

    Args:
        pairs: Cases both versions judged. against: What it is compared with, for the sentence.
        limits: Tolerance, confidence and slices.
    """

    def judge(group: Sequence[Pair], alpha: float) -> Figures:
        old, new = _right(group)
        lost, won = int((old & ~new).sum()), int((new & ~old).sum())
        chance = tail(lost, lost + won)
        return {
            'cases': len(group),
            'accuracy': round(float(new.mean()), 4),
            'accuracy_old': round(float(old.mean()), 4),
            'lost': lost,
            'won': won,
            'chance': round(chance, 4),
            'worse': lost - won > limits.tolerance * len(group) and chance <= alpha,
        }

    o, parts, worse = _slices(pairs, limits, judge)
    why = (
        f'Accuracy {o["accuracy"]:.3f} against {o["accuracy_old"]:.3f} of {against} on '
        f'{len(pairs)} cases that neither had seen'
        if pairs
        else f'There is no case to compare with {against}'
    )
    if worse:
        why += f'; clearly worse in: {_named(worse, parts)}'
    figures = {'against': against, 'overall': o, 'slices': parts, 'tolerance': limits.tolerance}
    return Check('not_worse', not worse, f'{why}.', figures, _lost(pairs, worse))


def skill(pairs: Sequence[Pair], limits: SkillLimits) -> Check:
    """A first model knows clearly more than the shares of the classes.

    Compared case by case with a forecast of the class shares, by the Brier score. Without this,
    a model that learnt nothing could act alone wherever failures are rarer than epsilon.

    Args:
        pairs: Cases, the old side being the class shares. limits: How sure it must be.
    """
    gain = np.array([p.old.brier - p.new.brier for p in pairs])
    mean = float(gain.mean()) if len(gain) else 0.0
    error = float(gain.std(ddof=1)) / math.sqrt(len(gain)) if len(gain) > 1 else math.inf
    passed = mean > 0 and mean > _z(1 - limits.confidence) * error
    shares = round(float(np.mean([p.old.brier for p in pairs])), 4) if pairs else None
    why = (
        f'On {len(pairs)} cases it had not seen, the Brier score is better by {mean:.3f} than that '
        f'of the class shares alone ({shares}): '
    )
    why += 'it learnt something.' if passed else 'that may be chance.'
    figures = {'cases': len(pairs), 'gain': round(mean, 4), 'of_shares': shares}
    return Check('skill', passed, why, figures)


def calibration(pairs: Sequence[Pair], against: str, limits: CalibrationLimits) -> Check:
    """Probabilities: neither Brier score nor expected calibration error clearly grew.

    The Brier score is compared case by case (mean growth beyond the tolerance by more than its
    standard error explains); the calibration error by resampling the same cases for both. A
    calibration error counts only where the Brier score did not become better: a more accurate
    model that is too modest is no loss.

    Args:
        pairs: Cases both versions judged. against: What it is compared with, for the sentence.
        limits: Tolerances, confidence and slices.
    """

    def judge(group: Sequence[Pair], alpha: float) -> Figures:
        before = np.array([p.old.brier for p in group])
        growth = np.array([p.new.brier for p in group]) - before
        error = float(growth.std(ddof=1)) / math.sqrt(len(group)) if len(group) > 1 else math.inf
        brier_worse = float(growth.mean()) > limits.brier + _z(alpha) * error
        old, new = _ece(group)
        enough = len(group) >= ECE_CASES
        grew = enough and new - old > limits.ece and float(growth.mean()) >= 0
        ece_worse = grew and _ece_grew(group, alpha, limits.ece)
        return {
            'cases': len(group),
            'brier': round(float((before + growth).mean()), 4),
            'brier_old': round(float(before.mean()), 4),
            'ece': round(new, 4),
            'ece_old': round(old, 4),
            'worse': bool(brier_worse or ece_worse),
        }

    o, parts, worse = _slices(pairs, limits, judge)
    why = (
        f'Brier score {o["brier"]:.3f} against {o["brier_old"]:.3f}, calibration error '
        f'{o["ece"]:.3f} against {o["ece_old"]:.3f} of {against}'
        if pairs
        else f'There is no case to compare with {against}'
    )
    if worse:
        why += f'; clearly worse in: {_named(worse, parts)}'
    figures = {
        'against': against,
        'overall': o,
        'slices': parts,
        'tolerance': {'brier': limits.brier, 'ece': limits.ece},
    }
    return Check('calibration', not worse, f'{why}.', figures, _lost(pairs, worse))


def calibration_error(top: Doubles, right: Bools) -> float:
    """Expected calibration error: mean gap of confidence and accuracy over ten bins [case]."""
    bins = np.minimum((top * BINS).astype(np.int64), BINS - 1)
    gaps = np.bincount(bins, top - right, minlength=BINS)
    return float(np.abs(gaps).sum() / len(top))


def _slices(
    pairs: Sequence[Pair], limits: AccuracyLimits | CalibrationLimits, judge: Judge
) -> tuple[Figures, dict[str, Figures], list[str]]:
    """Figures overall and per slice, and the names of those that are worse ('' is overall)."""
    if not pairs:
        return {'cases': 0, 'worse': False}, {}, []
    alpha = 1 - limits.confidence
    groups: dict[str, list[Pair]] = {}
    for pair in pairs:
        for dimension in limits.slices:
            if dimension in pair.slices:
                groups.setdefault(f'{dimension} {pair.slices[dimension]}', []).append(pair)
    groups = {
        name: group
        for name, group in sorted(groups.items())
        if limits.slice_cases <= len(group) < len(pairs)
    }
    overall = judge(pairs, alpha)
    parts = {name: judge(group, alpha / len(groups)) for name, group in groups.items()}
    worse = [''] if overall['worse'] else []
    return overall, parts, worse + [name for name, f in parts.items() if f['worse']]


def _named(worse: Sequence[str], parts: Mapping[str, Figures]) -> str:
    return ', '.join(f'{name} ({parts[name]["cases"]} cases)' if name else 'all' for name in worse)


def _lost(pairs: Sequence[Pair], worse: Sequence[str]) -> tuple[int, ...]:
    """The cases that became wrong where it is worse."""
    return tuple(
        p.case
        for p in pairs
        if p.old.right
        and not p.new.right
        and ('' in worse or any(f'{d} {v}' in worse for d, v in p.slices.items()))
    )


def _right(pairs: Sequence[Pair]) -> tuple[Bools, Bools]:
    return np.array([p.old.right for p in pairs]), np.array([p.new.right for p in pairs])


def _tops(pairs: Sequence[Pair]) -> tuple[Doubles, Doubles]:
    return np.array([p.old.top for p in pairs]), np.array([p.new.top for p in pairs])


def _ece(pairs: Sequence[Pair]) -> tuple[float, float]:
    old, new = zip(_tops(pairs), _right(pairs), strict=True)
    return calibration_error(*old), calibration_error(*new)


def _ece_grew(pairs: Sequence[Pair], alpha: float, tolerance: float) -> bool:
    """Whether the growth is beyond the tolerance in all but a share alpha of resamples."""
    (old_top, new_top), (old_right, new_right) = _tops(pairs), _right(pairs)
    rows = np.random.default_rng(0).integers(0, len(pairs), (RESAMPLES, len(pairs)))
    growth = [
        calibration_error(new_top[r], new_right[r]) - calibration_error(old_top[r], old_right[r])
        for r in rows
    ]
    return bool(np.quantile(growth, alpha) > tolerance)


def _z(alpha: float) -> float:
    return NormalDist().inv_cdf(1 - alpha)
