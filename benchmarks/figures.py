"""Figures of classifiers that may ask: accuracy, calibration, selective quality."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import mean, pstdev

import numpy as np
from numpy.typing import NDArray

Probs = NDArray[np.float64]
Labels = NDArray[np.int64]
BINS = 10


def measure(probs: Probs, y: Labels) -> dict[str, float]:
    """Accuracy, macro-F1, ECE, Brier score and area under the risk-coverage curve.

    Args:
        probs: Probabilities [case, class]. y: True class index [case].
    """
    answer = probs.argmax(axis=1)
    confidence, right = probs.max(axis=1), answer == y
    return {
        'accuracy': float(right.mean()),
        'macro_f1': macro_f1(answer, y),
        'ece': ece(confidence, right),
        'brier': brier(probs, y),
        'aurc': aurc(confidence, right),
    }


def macro_f1(answer: Labels, y: Labels) -> float:
    """Mean over the classes that occur of 2 TP / (2 TP + FP + FN)."""
    scores = []
    for c in np.unique(y):
        hit = ((answer == c) & (y == c)).sum()
        scores.append(2 * hit / ((answer == c).sum() + (y == c).sum()))
    return float(np.mean(scores))


def ece(confidence: Probs, right: NDArray[np.bool_]) -> float:
    """Expected calibration error over ten bins of equal width (Guo et al. 2017)."""
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = (
        (bins == b).mean() * abs(confidence[bins == b].mean() - right[bins == b].mean())
        for b in np.unique(bins)
    )
    return float(sum(gaps))


def brier(probs: Probs, y: Labels) -> float:
    """Brier score summed over classes, 0 (best) to 2."""
    return float(((probs - np.eye(probs.shape[1])[y]) ** 2).sum(axis=1).mean())


def aurc(confidence: Probs, right: NDArray[np.bool_]) -> float:
    """Area under risk-coverage (Geifman, El-Yaniv 2017); equal confidences enter together.

    Models that give only 0 and 1 have one large group of equal confidence: no order inside it is
    taken for granted, each of its cases counts with the mean risk of the group's entry.
    """
    order = np.argsort(-confidence, kind='stable')
    sorted_, wrong = confidence[order], (~right[order]).astype(float)
    starts = np.flatnonzero(np.append(True, np.diff(sorted_) != 0))
    sizes = np.diff(np.append(starts, len(sorted_)))
    spread = np.repeat(np.add.reduceat(wrong, starts) / sizes, sizes)
    return float((np.cumsum(spread) / np.arange(1, len(sorted_) + 1)).mean())


def average(rows: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Mean of every figure over some sets."""
    found = list(rows)
    return {key: mean(row[key] for row in found) for key in found[0]}


def spread(values: Sequence[float]) -> dict[str, float]:
    """Mean, standard deviation and extremes over repeats."""
    return {'mean': mean(values), 'sd': pstdev(values), 'min': min(values), 'max': max(values)}


def bar(value: float | None, limit: float, rule: str) -> dict[str, object]:
    """One bar of the issue: measured value, limit, and whether it is met (`<=` or `>=`)."""
    met = value is not None and (value <= limit if rule == '<=' else value >= limit)
    return {'value': value, 'rule': f'{rule} {limit:g}', 'met': bool(met)}


def rounded(value: object) -> object:
    """A document with every float cut to six significant digits (NaN becomes null)."""
    if isinstance(value, Mapping):
        return {str(k): rounded(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(v) for v in value]
    if isinstance(value, float | np.floating):
        return float(f'{value:.6g}') if np.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value
