"""Named checks a candidate model must pass, and their report."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cobot_ai.core.suite import ClaimLimit, DeadChannelLimit, LabelLimits
from cobot_ai.core.types import Doubles, Window


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


def off(name: str) -> Check:
    """A check that the suite switched off: it passes, and says why."""
    return Check(name, True, 'Switched off in the suite.', {'off': True})


def enough_labels(
    labels: Mapping[str, int],
    classes: Sequence[str],
    acting: Mapping[str, int],
    limits: LabelLimits,
) -> Check:
    """Every learnt class, every context it may act in, and the model as a whole have enough labels.

    Args:
        labels: Labels per class. classes: Classes the candidate knows.
        acting: Labels per context in which the candidate may act alone.
        limits: How many are enough.
    """
    total = sum(labels.values())
    short = {c: labels.get(c, 0) for c in classes if labels.get(c, 0) < limits.per_class}
    thin = {c: n for c, n in acting.items() if n < limits.per_context}
    why = (
        f'{total} labels for {len(classes)} classes (at least {limits.total}, {limits.per_class} '
        f'a class, {limits.per_context} a context it may act alone in)'
    )
    lacking = [f'{c} ({n})' for c, n in sorted((short | thin).items())]
    if lacking:
        why += '; too few for ' + ', '.join(lacking)
    passed = not lacking and total >= limits.total and len(classes) >= 1
    figures = {
        'total': total,
        'labels': dict(labels),
        'contexts': dict(acting),
        'lacking': lacking,
    }
    return Check('enough_labels', passed, f'{why}.', figures)


def classes_kept(
    classes: Sequence[str], labels: Mapping[str, int], before: Sequence[str], per_class: int
) -> Check:
    """No class is lost: neither one with enough labels, nor one the live version knows.

    Args:
        classes: Classes the candidate knows. labels: Labels per class.
        before: Classes the live version knows. per_class: Labels a class needs to be learnt.
    """
    due = {c for c, n in labels.items() if n >= per_class}
    due |= {c for c in before if labels.get(c, 0) > 0}
    lost = sorted(due - set(classes))
    why = f'The candidate knows {len(classes)} classes'
    why += f'; it lost {", ".join(lost)}.' if lost else ', none with enough labels is missing.'
    few = [c for c in lost if labels[c] < per_class]
    if few:
        left = ', '.join(f'{c} ({labels[c]} labels left)' for c in few)
        why += f' {per_class} are needed to learn a class: label another {left}, or forget those.'
    return Check('classes', not lost, why, {'classes': list(classes), 'lost': lost})


def inputs(channels: Sequence[str], samples: int, window: Window) -> Check:
    """The model reads the channels of the cell, in their order, on its grid.

    Args:
        channels: The model's channels. samples: Its window length, points in time.
        window: A window of the cell.
    """
    there, length = window.channels, window.values.shape[1]
    passed = tuple(channels) == there and samples == length
    why = f'{len(there)} channels x {length} points, in the order of the cell file.'
    if tuple(channels) != there:
        same = sorted(channels) == sorted(there)
        why = (
            'The channels are in another order than in the cell file: '
            if same
            else ('The model was made for other channels than those of the cell file: ')
        )
        why += ', '.join(channels)[:300] + '.'
    elif not passed:
        why = f'The model wants windows of {samples} points; the cell cuts {length}.'
    return Check('inputs', passed, why, {'channels': list(channels), 'samples': samples})


def outputs(values: Doubles) -> Check:
    """All probabilities are numbers between 0 and 1 that sum to 1 [case, class].

    The one number of a one-class model is a share, at most 1.
    """
    over = values.sum(axis=1) - 1
    sums = (np.abs(over) if values.shape[1] > 1 else over) < 1e-3
    bad = int((~(np.isfinite(values).all(axis=1) & (values >= 0).all(axis=1) & sums)).sum())
    why = f'{len(values) - bad} of {len(values)} outputs are proper probabilities.'
    return Check('outputs', bad == 0, why, {'bad': bad, 'of': len(values)})


def parity(reference: Doubles, served: Doubles, limit: float) -> Check:
    """The served model computes what numpy computes from the same file [window, class]."""
    if reference.shape != served.shape:
        return Check('parity', False, 'Reference and served model differ in shape.')
    gap = float(np.abs(reference - served).max(initial=0.0))
    flips = int((reference.argmax(axis=1) != served.argmax(axis=1)).sum())
    passed = bool(gap <= limit) and flips == 0
    why = f'Largest difference {gap:.1e} (at most {limit:.0e}), {flips} flipped classes.'
    return Check('parity', passed, why, {'flips': flips, 'limit': limit, 'windows': len(served)})


def as_claimed(rows: Sequence[tuple[int, bool, bool]], limits: ClaimLimit) -> Check:
    """The served model is as good on labelled cases as its honest scores claim.

    It was trained on these cases, so it should be better on them, never clearly worse. If it is,
    the file is not the model the scores belong to: channels or classes in another order, other
    weights, another scaling.

    Args:
        rows: (case, whether its honest answer was right, whether the served one is).
        limits: Accepted loss.
    """
    if not rows:
        return Check('as_claimed', True, 'There is no case with an honest score to compare with.')
    claimed, served = (sum(r[i] for r in rows) for i in (1, 2))
    lost = tuple(case for case, honest, now in rows if honest and not now)
    won = sum(now and not honest for _, honest, now in rows)
    bad = len(lost) - won > limits.tolerance * len(rows) and tail(len(lost), len(lost) + won) < 0.01
    why = (
        f'The file is right on {served} of {len(rows)} labelled cases; its honest scores claim '
        f'{claimed}'
    )
    if bad:
        why += ': channels or classes may be in another order, or the weights are not its own'
    figures = {'claimed': claimed, 'served': served, 'of': len(rows)}
    return Check('as_claimed', not bad, f'{why}.', figures, lost if bad else ())


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


@dataclass(frozen=True, slots=True)
class Masked:
    """What the model does with one channel dead.

    Attributes:
        channel: Channel name. judged: Whether the cell file lets it judge without the channel.
        cases: How many cases were tried. right: How many it got right.
        wrong_alone: Cases it got wrong with a confidence that would act alone.
    """

    channel: str
    judged: bool
    cases: int
    right: int
    wrong_alone: tuple[int, ...]


def dead_channel(rows: Sequence[Masked], limits: DeadChannelLimit) -> Check:
    """With a channel dead the model asks rather than being confidently wrong.

    Counts only channels the cell file lets it judge without (`missing: mask` or `hold_last`);
    for the others a person is asked anyway, and the figures are for information.

    Args:
        rows: One for each channel. limits: Accepted share of confident wrong answers.
    """
    judged = [r for r in rows if r.judged and r.cases]
    alpha = 0.05 / max(1, len(judged))
    bad = [
        r for r in judged if binomial_tail(len(r.wrong_alone), r.cases, limits.wrong_alone) <= alpha
    ]
    figures = {
        r.channel: {
            'accuracy': round(r.right / r.cases, 4),
            'wrong_alone': round(len(r.wrong_alone) / r.cases, 4),
            'judged': r.judged,
            'cases': r.cases,
        }
        for r in rows
        if r.cases
    }
    if not figures:
        return Check('dead_channel', True, 'There is no case to try it on.', {})
    worst = min(figures, key=lambda c: figures[c]['accuracy'])
    why = (
        f'Worst channel to lose: {worst}, accuracy {figures[worst]["accuracy"]:.2f}, wrong alone '
        f'{figures[worst]["wrong_alone"]:.2f} (at most {limits.wrong_alone:g} where the cell file '
        'lets it judge without)'
    )
    if bad:
        why += '; confidently wrong without: ' + ', '.join(r.channel for r in bad)
    cases = tuple(sorted({c for r in bad for c in r.wrong_alone}))
    told = {'channels': figures, 'bad': [r.channel for r in bad]}
    return Check('dead_channel', not bad, f'{why}.', told, cases)


def latency(times_ms: Sequence[float], limit_ms: float) -> Check:
    """99 % of decisions are made in time; no times means it was not measured (a replay)."""
    if not times_ms:
        return not_measured('latency')
    p99 = float(np.quantile(times_ms, 0.99))
    why = (
        f'99 % of {len(times_ms)} runs took at most {p99:.1f} ms of processor time '
        f'(limit {limit_ms:g} ms).'
    )
    return Check('latency', p99 <= limit_ms, why, {'p99_ms': round(p99, 2), 'limit_ms': limit_ms})


def memory(peak_mb: float | None, limit_mb: float) -> Check:
    """Loading and running the model does not take too much memory."""
    if peak_mb is None:
        return not_measured('memory')
    why = f'Loading and running it took {peak_mb:.0f} MB (limit {limit_mb:g} MB).'
    figures = {'peak_mb': round(peak_mb, 1), 'limit_mb': limit_mb}
    return Check('memory', peak_mb <= limit_mb, why, figures)


def not_measured(name: str) -> Check:
    """A check of this machine that a replay leaves out, so that it gives the same every time."""
    why = 'Not measured: the result of a replay must not depend on the machine.'
    return Check(name, True, why, {'measured': False})


def tail(lost: int, changed: int) -> float:
    """Probability of at least `lost` heads in `changed` tosses of a fair coin."""
    return binomial_tail(lost, changed, 0.5)


def binomial_tail(hits: int, trials: int, share: float) -> float:
    """Probability of at least `hits` in `trials` when each comes with probability `share`."""
    logs = (
        math.lgamma(trials + 1)
        - math.lgamma(k + 1)
        - math.lgamma(trials - k + 1)
        + k * math.log(share)
        + (trials - k) * math.log1p(-share)
        for k in range(hits, trials + 1)
    )
    return min(1.0, sum(math.exp(v) for v in logs)) if hits > 0 else 1.0
