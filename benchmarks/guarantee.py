"""Section `guarantee`: does the promised share of silent errors hold, and what does it cost?

Again and again a pool is split into labelled cases and the rest. A model is fitted on the labels,
a threshold is made from its cross-fitted scores by the product's own `certify`, and the silent
errors of the rest are counted. The rules of others run on the same splits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import ours
import synthetic
from bench_setup import NEEDED, Setup, table
from data import aeon_set, noisy, skab
from figures import Probs, bar
from numpy.typing import NDArray
from peers import indices
from plot import draw_guarantee
from rules import Scored, certificate, single_option, textbook

from cobot_ai.core.types import LabelledCase

EPSILONS = (0.10, 0.05, 0.02)
DELTA = 0.1
LABELS = 300
RECORDED = ('skab',)
"""Sets that are recordings."""
MOST_TESTED = 2000
NOISE = 1.0
"""Noise added to the real vowels, in standard deviations of a channel."""
FIXED = (0.8, 0.9, 0.95)
CERTIFIED = 'cross-fit certified (ours)'
SPLIT = 'split certified'
SPLIT_OURS = 'split, our rule'
COLUMNS = ('coverage', 'silent_error', 'p_exceed', 'wrong_of_all', 'worst_5_percent')


@dataclass(frozen=True)
class Split:
    """Labelled cases, cases to test, and the chance that each class is true [case, class]."""

    learn: list[LabelledCase]
    test: list[LabelledCase]
    truth: NDArray[np.float64]
    names: Sequence[str]


@dataclass
class Tally:
    """What one rule did in every resplit: share acted on, share of those that was wrong."""

    acted: list[float] = field(default_factory=list)
    wrong: list[float] = field(default_factory=list)

    def add(self, act: NDArray[np.bool_], loss: NDArray[np.float64]) -> None:
        """One resplit: which cases were acted on, chance that each was wrong [case]."""
        self.acted.append(float(act.mean()))
        self.wrong.append(float(loss[act].mean()) if act.any() else 0.0)

    def row(self, epsilon: float) -> dict[str, float]:
        """Figures over all resplits."""
        acted, wrong = np.array(self.acted), np.array(self.wrong)
        return {
            'epsilon': epsilon,
            'coverage': float(acted.mean()),
            'coverage_sd': float(acted.std()),
            'silent_error': float((acted * wrong).sum() / max(acted.sum(), 1e-12)),
            'p_exceed': float((wrong > epsilon).mean()),
            'wrong_of_all': float((acted * wrong).mean()),
            'worst_5_percent': float(np.quantile(wrong, 0.95)),
        }


def run(setup: Setup) -> dict[str, object]:
    """All sets and rules; the bars are read off the sets with large test parts."""
    count = 12 if setup.quick else 120
    sets = ('made', 'skab') if setup.quick else ('made', 'skab', 'japanese_vowels_noise')
    names = [name for name in sets if setup.recordings or name not in RECORDED]
    found = {name: resplit(source(name, setup), count, setup.seed) for name in names}
    rows = [
        {'set': name, 'rule': rule, 'labels': LABELS, 'resplits': count, **tally.row(epsilon)}
        for name, tallies in found.items()
        for (rule, epsilon), tally in tallies.items()
    ]
    document = {'rows': rows, **headline(found), 'resplits': count, 'labels': LABELS}
    document['left_out'] = {name: NEEDED for name in sets if name not in names}
    for name in names:
        own = [r for r in rows if r['set'] == name]
        table(
            f'guarantee {name}',
            COLUMNS,
            {f'{r["rule"]}, {r["epsilon"]:g}': [r[c] for c in COLUMNS] for r in own},
        )
    table('guarantee', (), {}, document['bars'])
    if setup.plot is not None:
        draw_guarantee(rows, names, setup.plot)
    return document


def headline(found: dict[str, dict[tuple[str, float], Tally]]) -> dict[str, object]:
    """Fixed places: worst set for the share of broken promises, coverage against both splits."""
    exceed, ratio, same = {}, {}, {}
    for epsilon in EPSILONS:
        key = f'{epsilon:.2f}'
        own = (t[CERTIFIED, epsilon].row(epsilon) for t in found.values())
        exceed[key] = max(row['p_exceed'] for row in own)
        ratio[key] = _ratio(found, epsilon, SPLIT)
        same[key] = _ratio(found, epsilon, SPLIT_OURS)
    bars = {f'p_exceed {k}': bar(v, DELTA, '<=') for k, v in exceed.items()}
    bars['coverage_vs_split 0.05'] = bar(ratio['0.05'], 1.5, '>=')
    bars['coverage_vs_split_our_rule 0.05'] = bar(same['0.05'], 1.5, '>=')
    return {
        'p_exceed': exceed,
        'coverage_vs_split': ratio,
        'coverage_vs_split_our_rule': same,
        'bars': bars,
    }


def _ratio(
    found: dict[str, dict[tuple[str, float], Tally]], epsilon: float, other: str
) -> float | None:
    """Our coverage divided by that of another rule, summed over the sets; None: it has none."""
    mine, theirs = (
        sum(tallies[rule, epsilon].row(epsilon)['coverage'] for tallies in found.values())
        for rule in (CERTIFIED, other)
    )
    return mine / theirs if theirs > 0 else None


def source(name: str, setup: Setup) -> Callable[[int], Split]:
    """A function from the number of the resplit to the split."""
    if name == 'made':
        return _made
    if name == 'skab':
        pool = skab(setup.data)
        return lambda number: _from_pool(pool, number)
    clean = aeon_set('JapaneseVowels')
    return lambda number: _from_noisy(clean, number)


def _made(number: int) -> Split:
    learn, test = synthetic.draw(LABELS, 2 * number), synthetic.draw(MOST_TESTED, 2 * number + 1)
    return Split(learn.cases, test.cases, test.truth, synthetic.CLASSES)


def _from_pool(pool: list[LabelledCase], number: int) -> Split:
    names = sorted({c.label for c in pool})
    order = np.random.default_rng(number).permutation(len(pool))[: LABELS + MOST_TESTED]
    learn = [pool[i] for i in sorted(order[:LABELS])]
    test = [pool[i] for i in order[LABELS:]]
    return Split(learn, test, np.eye(len(names))[indices(test, names)], names)


def _from_noisy(clean: list[LabelledCase], number: int) -> Split:
    """Labels: 300 recordings with noise. Test: all others, each with fresh noise several times.

    The noise makes most of the errors; with it drawn anew the few recordings left tell more.
    """
    names = sorted({c.label for c in clean})
    order = np.random.default_rng(number).permutation(len(clean))
    learn = noisy([clean[i] for i in sorted(order[:LABELS])], NOISE, 2 * number)
    rest = [clean[i] for i in order[LABELS:]]
    test = noisy(rest * max(1, MOST_TESTED // len(rest)), NOISE, 2 * number + 1)
    return Split(learn, test, np.eye(len(names))[indices(test, names)], names)


def resplit(make: Callable[[int], Split], count: int, seed: int) -> dict[tuple[str, float], Tally]:
    """Every rule on `count` splits."""
    tallies: dict[tuple[str, float], Tally] = {}
    for number in range(seed * 10_000, seed * 10_000 + count):
        split = make(number)
        for rule, epsilon, act, loss in decide(split, number):
            tallies.setdefault((rule, epsilon), Tally()).add(act, loss)
    return tallies


def decide(
    split: Split, number: int
) -> list[tuple[str, float, NDArray[np.bool_], NDArray[np.float64]]]:
    """What every rule acts on in one split, and the chance of each case to be wrong."""
    whole, honest = _fitted(split, split.learn)
    order = np.random.default_rng(number).permutation(len(split.learn))
    half = [split.learn[i] for i in order[: len(order) // 2]]
    kept = [split.learn[i] for i in order[len(order) // 2 :]]
    halved, calibration = _fitted(split, half, kept)
    loss, loss_half = _loss(whole, split.truth), _loss(halved, split.truth)
    sure, sure_half = whole.max(axis=1), halved.max(axis=1)
    out = []
    for epsilon in EPSILONS:
        thresholds = {
            CERTIFIED: certificate(honest, epsilon, DELTA, 'certified'),
            'cross-fit expected (ours)': certificate(honest, epsilon, DELTA, 'expected'),
            **{f'fixed {p:g}': p for p in FIXED},
            'never ask': 0.0,
        }
        out += [(name, epsilon, sure >= t, loss) for name, t in thresholds.items()]
        thresholds = {
            SPLIT: textbook(calibration, epsilon, DELTA),
            SPLIT_OURS: certificate(calibration, epsilon, DELTA, 'certified'),
            'split expected': certificate(calibration, epsilon, DELTA, 'expected'),
        }
        out += [(name, epsilon, sure_half >= t, loss_half) for name, t in thresholds.items()]
        act = single_option(calibration, halved, epsilon)
        out.append(('single option (KnowNo)', epsilon, act, loss_half))
    return out


def _fitted(
    split: Split, learn: list[LabelledCase], kept: list[LabelledCase] | None = None
) -> tuple[Probs, Scored]:
    """Probabilities of the test cases, and honest scores: cross-fitted or of the kept cases."""
    fitted = ours.fit(learn)
    windows = [c.window for c in (kept or []) + split.test]
    served = ours.probabilities(fitted, windows)
    probs = ours.spread_over(served, fitted.classes, split.names)
    if kept is not None:
        return probs[len(kept) :], Scored(probs[: len(kept)], indices(kept, split.names))
    by_id = {c.id: c for c in learn}
    scores = ours.spread_over(fitted.scores, fitted.classes, split.names)
    return probs, Scored(scores, indices([by_id[i] for i in fitted.cases], split.names))


def _loss(probs: Probs, truth: NDArray[np.float64]) -> NDArray[np.float64]:
    """Chance that the most probable class is not the true one [case]."""
    return np.asarray(1 - truth[np.arange(len(truth)), probs.argmax(axis=1)])
