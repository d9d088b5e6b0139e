"""Did copies of a case stand on the other side of the split? Then honest scores are flattered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cobot_ai.core.gates import Check
from cobot_ai.core.suite import LeakLimits
from cobot_ai.core.types import Doubles, LabelledCase
from cobot_ai.core.wild import tamed

POINTS = 32
"""Points in time a channel is thinned to for the comparison."""
ENOUGH = 10
"""Cases without a near copy that are needed to tell what the copies did."""

SAMPLED = 2_000
"""Most cases whose pairs tell the usual distance."""
PAIRS = 10**9
"""Most pairs of cases that are compared."""
BLOCK = 64
"""Cases that are compared with their neighbours at once."""
ROUNDS = 8
"""Rounds of power iteration; any direction gives the same result, a wide one sooner."""


@dataclass(frozen=True, slots=True)
class Split:
    """How the honest scores of a candidate came about.

    Attributes:
        fold: Case number -> fold it was held out in; a case is judged by the other folds' model.
        right: Case number -> whether the honest answer was right.
    """

    fold: Mapping[int, int]
    right: Mapping[int, bool]


def leakage(cases: Sequence[LabelledCase], split: Split, limits: LeakLimits) -> Check:
    """No group spans two folds, and near copies in other folds do not carry the honest scores.

    A plant that repeats itself exactly has near copies too, and there they do no harm: they
    refuse only where the honest scores are clearly worse without them.

    Args:
        cases: Labelled cases. split: Folds and honest answers. limits: What is accepted.
    """
    cases = [c for c in cases if c.id in split.fold and c.id in split.right]
    if not cases:
        why = 'The candidate does not say which cases were held apart, so its scores prove nothing.'
        return Check('leakage', False, why, {'cases': 0})
    torn = _torn(cases, split.fold)
    if torn:
        why = (
            f'{len(torn)} groups stand on both sides of the split, for instance '
            f'"{cases[_first(cases, torn[0])].group}": cases of one group are near copies.'
        )
        ids = tuple(c.id for c in cases if c.group in torn)
        return Check('leakage', False, why, {'groups': torn[:20]}, ids)
    return _copies(cases, split, limits)


def near_copies(cases: Sequence[LabelledCase], folds: NDArray[np.int64], similar: float) -> Doubles:
    """Whether each case has a near copy in another fold [case], 0.0 or 1.0; NaN: not looked at.

    Each channel is thinned and divided by its spread over all cases; the distance of two cases
    is the root mean square difference. The usual distance is the median over all pairs, of many
    cases over the pairs of `SAMPLED` of them, evenly spread. Near copies differ little in any
    direction, so along the widest one only neighbours are compared (the same result); where even
    that is too much work, every second case (or third ...) is compared with all.
    """
    x = _features(cases)
    squares = np.einsum('ij,ij->i', x, x)
    # The matrix product leaves a rounding error of about this much between equal rows.
    rounding = 1e-7 * float(np.sqrt(squares.max() / x.shape[1]))
    limit = max(similar * _usual(x), rounding)
    along = x @ _widest(x)
    order = np.argsort(along, kind='stable')
    x, squares, along, fold = x[order], squares[order], along[order], folds[order]
    reach = (limit + rounding) * np.sqrt(x.shape[1])
    low = np.searchsorted(along, along - reach)
    high = np.searchsorted(along, along + reach, 'right')
    step = int(np.ceil((high - low).sum() / PAIRS)) or 1
    found = np.full(len(x), np.nan)
    for begin in range(0, len(x), BLOCK * step):
        rows = np.arange(begin, min(begin + BLOCK * step, len(x)), step)
        near = slice(low[rows[0]], high[rows[-1]])
        inner = squares[rows, None] + squares[near] - 2 * x[rows] @ x[near].T
        inner[fold[rows, None] == fold[near]] = np.inf
        nearest = np.sqrt(np.maximum(inner.min(axis=1), 0) / x.shape[1])
        found[order[rows]] = nearest <= limit
    return found


def _usual(x: Doubles) -> float:
    """The median distance of two cases."""
    x = x[:: int(np.ceil(len(x) / SAMPLED))]
    if len(x) < 2:
        return 0.0
    squares = np.einsum('ij,ij->i', x, x)
    distance = np.sqrt(np.maximum(squares[:, None] + squares - 2 * x @ x.T, 0) / x.shape[1])
    return float(np.median(distance[np.triu_indices(len(x), 1)]))


def _widest(x: Doubles) -> Doubles:
    """A direction (of length 1) in which the cases differ much: power iteration, a few rounds."""
    found = x[np.argmax(np.einsum('ij,ij->i', x, x))]
    for _ in range(ROUNDS):
        found = x.T @ (x @ found)
        found = found / (np.linalg.norm(found) or 1.0)
    return np.asarray(found)


def _copies(cases: Sequence[LabelledCase], split: Split, limits: LeakLimits) -> Check:
    folds = np.array([split.fold[c.id] for c in cases])
    right = np.array([split.right[c.id] for c in cases])
    found = near_copies(cases, folds, limits.similar)
    looked = np.isfinite(found)
    cases = [case for case, seen in zip(cases, looked, strict=True) if seen]
    copy, right = found[looked] > 0, right[looked]
    share, accuracy = float(copy.mean()), float(right.mean())
    rest = float(right[~copy].mean()) if (~copy).sum() >= ENOUGH else None
    harm = share > limits.share and (rest is None or accuracy - rest > limits.drop)
    why = f'{int(copy.sum())} of {len(cases)} cases have a near copy on the other side of the split'
    if len(found) > len(cases):
        why += f' (looked at evenly, of {len(found)})'
    if copy.any():
        why += f'; honest accuracy {accuracy:.3f}, without them ' + (
            f'{rest:.3f}' if rest is not None else 'unknown (too few are left)'
        )
    figures = {
        'copies': int(copy.sum()),
        'of': len(cases),
        **({'from': len(found)} if len(found) > len(cases) else {}),
        'share': round(share, 4),
        'limit': limits.share,
        'accuracy': round(accuracy, 4),
        'accuracy_without': None if rest is None else round(rest, 4),
    }
    ids = tuple(c.id for c, is_copy in zip(cases, copy, strict=True) if is_copy) if harm else ()
    return Check('leakage', not harm, f'{why}.', figures, ids[:100])


def _torn(cases: Sequence[LabelledCase], fold: Mapping[int, int]) -> list[str]:
    """Groups whose cases were held out in different folds."""
    seen: dict[str, set[int]] = {}
    for case in cases:
        if case.group:
            seen.setdefault(case.group, set()).add(fold[case.id])
    return sorted(group for group, folds in seen.items() if len(folds) > 1)


def _first(cases: Sequence[LabelledCase], group: str) -> int:
    return next(i for i, c in enumerate(cases) if c.group == group)


def _features(cases: Sequence[LabelledCase]) -> Doubles:
    samples = cases[0].window.values.shape[1]
    picks = np.unique(np.linspace(0, samples - 1, POINTS).astype(int))
    values = np.stack([c.window.values[:, picks] for c in cases]).astype(np.float64)
    case = np.repeat(np.arange(len(values)), len(picks))
    for channel in values.transpose(1, 0, 2):
        channel[:] = tamed(channel.ravel(), lambda: case)[0].reshape(channel.shape)
    middle, spread = values.mean(axis=(0, 2), keepdims=True), values.std(axis=(0, 2), keepdims=True)
    values -= middle
    values /= np.where(spread > 0, spread, 1)
    return np.asarray(values.reshape(len(cases), -1))
