"""Named checks a candidate model must pass, and their report."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cobot_ai.core.honest import Honest
from cobot_ai.core.types import Doubles


@dataclass(frozen=True, slots=True)
class Check:
    """One named check with its figures.

    Attributes:
        name: Stable name, e.g. `enough_labels`; the page has the sentence for it.
        passed: Whether the candidate passed.
        why: One plain sentence with the figures, for reports and logs.
        figures: The numbers behind it.
        cases: Cases that speak against the candidate, for the page to open.
    """

    name: str
    passed: bool
    why: str
    figures: Mapping[str, Any] = field(default_factory=dict)
    cases: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class GateReport:
    """All checks of one candidate, in the order they ran."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """True when every check passed (and there was at least one)."""
        return bool(self.checks) and all(c.passed for c in self.checks)

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the checks that failed."""
        return tuple(c.name for c in self.checks if not c.passed)


PARITY = 1e-5
"""Largest allowed difference of a probability between numpy and onnxruntime."""
SLICE = 20
"""Cases a context needs before it is compared on its own."""
LOWEST = 1e-3
"""A probability below this counts as this in a log-loss, so that one case cannot decide it."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One case as the current version and the candidate judged it, both without having seen it."""

    case: int
    context: str
    old: Honest
    new: Honest


def enough_labels(
    labels: Mapping[str, int], classes: Sequence[str], min_labels: int, min_total: int
) -> Check:
    """Every learnt class has enough labels, and so has the model as a whole."""
    total = sum(labels.values())
    short = {c: labels.get(c, 0) for c in classes if labels.get(c, 0) < min_labels}
    passed = not short and total >= min_total and len(classes) >= 2
    why = f'{total} labels for {len(classes)} classes (at least {min_total}, {min_labels} a class)'
    if short:
        why += '; too few for ' + ', '.join(f'{c} ({n})' for c, n in sorted(short.items()))
    return Check('enough_labels', passed, f'{why}.', {'total': total, 'labels': dict(labels)})


def finite(outputs: Doubles) -> Check:
    """All probabilities are numbers between 0 and 1 that sum to 1 [case, class]."""
    sums = np.abs(outputs.sum(axis=1) - 1) < 1e-3
    bad = int((~(np.isfinite(outputs).all(axis=1) & (outputs >= 0).all(axis=1) & sums)).sum())
    why = f'{len(outputs) - bad} of {len(outputs)} outputs are proper probabilities.'
    return Check('finite', bad == 0, why, {'bad': bad, 'of': len(outputs)})


def shapes(outputs: Doubles, classes: Sequence[str], rows: int) -> Check:
    """One probability for each class and window."""
    passed = outputs.shape == (rows, len(classes))
    why = f'The model gives {outputs.shape[-1]} probabilities for {len(classes)} classes.'
    return Check('shapes', passed, why, {'shape': list(outputs.shape)})


def parity(reference: Doubles, served: Doubles) -> Check:
    """The served model computes what the trained one does [window, class]."""
    if reference.shape != served.shape:
        return Check('parity', False, 'Reference and served model differ in shape.')
    gap = float(np.abs(reference - served).max(initial=0.0))
    flips = int((reference.argmax(axis=1) != served.argmax(axis=1)).sum())
    passed = bool(gap <= PARITY) and flips == 0
    why = f'Largest difference {gap:.1e} (at most {PARITY:.0e}), {flips} flipped classes.'
    return Check('parity', passed, why, {'flips': flips, 'limit': PARITY, 'windows': len(served)})


def not_worse(pairs: Sequence[Pair], against: str) -> Check:
    """The candidate is not clearly worse, overall and in each context with enough cases.

    Worse means: of the cases the two versions judge differently, clearly more became wrong than
    right (sign test, McNemar 1947, normal approximation), or the log-loss grew by clearly more
    than chance explains. `Clearly` is 1.64 standard errors overall and 2.33 for a single context,
    because several contexts are looked at.

    Args:
        pairs: Cases both versions judged without having seen them.
        against: Name of what it is compared with, for the sentence.
    """
    if not pairs:
        return Check('not_worse', True, f'There is no common held-out case to compare {against}.')
    by_context: dict[str, list[Pair]] = {}
    for pair in pairs:
        by_context.setdefault(pair.context, []).append(pair)
    slices = {c: p for c, p in by_context.items() if len(p) >= SLICE and len(by_context) > 1}
    o = _compare(pairs, 1.64)
    contexts = {c: _compare(p, 2.33) for c, p in sorted(slices.items())}
    worse = ['overall'] if o['worse'] else []
    worse += [c for c, figures in contexts.items() if figures['worse']]
    why = (
        f'Accuracy {o["accuracy"]:.3f} against {o["accuracy_old"]:.3f}, log-loss {o["loss"]:.3f} '
        f'against {o["loss_old"]:.3f} on {len(pairs)} held-out cases, compared with {against}'
    )
    why += f'; clearly worse in: {", ".join(worse)}.' if worse else '.'
    lost = tuple(p.case for p in pairs if p.old.right and not p.new.right) if worse else ()
    figures = {'against': against, 'overall': o, 'contexts': contexts}
    return Check('not_worse', not worse, why, figures, lost)


def golden(cases: Sequence[tuple[int, str, str, float, float | None]]) -> Check:
    """No golden case is wrong with a confidence that would act alone.

    Args:
        cases: (case, label, answered class, confidence, threshold of its context or None).
    """
    bad = tuple(
        c for c, label, got, p, limit in cases if limit is not None and got != label and p >= limit
    )
    why = f'{len(cases) - len(bad)} of {len(cases)} golden cases are right or would be asked.'
    return Check('golden', not bad, why, {'of': len(cases)}, bad)


def latency(times_ms: Sequence[float], limit_ms: float) -> Check:
    """99 % of decisions are made in time; no times means it was not measured (a replay)."""
    if not times_ms:
        return Check('latency', True, 'Not measured: a replay has no real time.', {})
    p99 = float(np.quantile(times_ms, 0.99))
    why = f'99 % of {len(times_ms)} runs took at most {p99:.1f} ms (limit {limit_ms:g} ms).'
    return Check('latency', p99 <= limit_ms, why, {'p99_ms': round(p99, 2), 'limit_ms': limit_ms})


def _compare(pairs: Sequence[Pair], z: float) -> dict[str, Any]:
    old = np.array([p.old.right for p in pairs])
    new = np.array([p.new.right for p in pairs])
    before = -np.log(np.maximum([p.old.p for p in pairs], LOWEST))
    after = -np.log(np.maximum([p.new.p for p in pairs], LOWEST))
    lost, won = int((old & ~new).sum()), int((new & ~old).sum())
    growth = after - before
    error = float(growth.std()) / math.sqrt(len(pairs))
    less_right = lost - won > z * math.sqrt(lost + won)
    return {
        'cases': len(pairs),
        'accuracy': round(float(new.mean()), 4),
        'accuracy_old': round(float(old.mean()), 4),
        'loss': round(float(after.mean()), 4),
        'loss_old': round(float(before.mean()), 4),
        'lost': lost,
        'won': won,
        'worse': bool(less_right or float(growth.mean()) > 0.02 + z * error),
    }
