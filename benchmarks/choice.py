"""The curves of the choice: cases that were not asked, offered by our choice or at random.

The setting leaves a choice: of a pool the budget let the first few through, all others wait, and
six an hour can be offered (`cobot_ai/app/offers.py`, the product's code). All ways begin with the
same answers, choose from the same kind of list, get the same number of answers, and are judged on
cases apart after every hour, when a new version has learnt them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import mean

import numpy as np
import ours
import synthetic
from bench_setup import Setup, table
from data import aeon_set, noisy, robot_failures, skab
from figures import bar, macro_f1

from cobot_ai.app.offers import LOOKED_AT, Offers
from cobot_ai.core.types import Case, LabelledCase

FIRST, HOURLY, HOURS = 12, 6, 12
"""Answers at the begin; offers an hour (the default budget); hours."""
POOL, APART = 300, 400
WAYS = ('active', 'random', 'doubt')
"""The product's choice, a draw from the same list, and always the most doubtful case."""
FIGURES = tuple(f'{way}_{figure}' for figure in ('error', 'f1') for way in WAYS)
SPREADS = 2.0
"""Standard errors of the mean that count as clear."""
RECORDED = ('robot_failures_lp1', 'robot_failures_lp4', 'robot_failures_lp5', 'skab')
SETS: dict[str, Callable[[Setup, int], list[LabelledCase]]] = {
    'made': lambda _, seed: synthetic.draw(POOL + APART, 1000 + seed).cases,
    'vowels': lambda *_: noisy(aeon_set('JapaneseVowels'), 1.0),
    **{n: lambda setup, _, n=n: robot_failures(setup.data, n) for n in RECORDED[:3]},  # type: ignore[misc]
    'skab': lambda setup, _: skab(setup.data),
}
Curve = list[tuple[int, float, float]]
"""Answers, error and macro-F1 on the cases apart, hour by hour."""


def curves(setup: Setup, seeds: int) -> tuple[dict[str, list[dict]], dict[str, dict]]:
    """Points of the curves per set, and what the choice gains on average over the curve."""
    points, gains = {}, {}
    hours = 3 if setup.quick else HOURS
    for name in ('made', 'vowels') if setup.quick else SETS:
        if name in RECORDED and not setup.recordings:
            continue
        runs = []
        for seed in range(setup.seed, setup.seed + seeds):
            found = SETS[name](setup, seed)
            order = np.random.default_rng(seed).permutation(len(found))
            cases = [replace(found[k], id=i) for i, k in enumerate(order, 1)]
            size = min(POOL, 2 * len(cases) // 3)
            parts = cases[:size], cases[size : size + APART]
            runs.append([curve(*parts, seed, hours, way) for way in WAYS])
        points[name], gains[name] = _points(np.array(runs)), _gain(np.array(runs))
        table(
            f'choice {name}',
            FIGURES,
            {f'{p["answers"]} answers': [p[f] for f in FIGURES] for p in points[name]},
        )
    return points, gains


def curve(
    pool: Sequence[LabelledCase], apart: list[LabelledCase], seed: int, hours: int, way: str
) -> Curve:
    """One run: answers by hour, chosen by the product or drawn at random from the same list."""
    truth = {case.id: case for case in pool}
    first = next(n for n in range(FIRST, len(pool)) if len({c.label for c in pool[:n]}) > 1)
    answered, waiting = list(pool[:first]), [case.id for case in pool[first:]]
    offers, rng, found = Offers(seed), np.random.default_rng(seed), []
    known = {c.id: Case(c.id, c.context, c.group, {}, c.window) for c in pool}
    for _ in range(hours + 1):
        fitted = ours.fit(sorted(answered, key=lambda case: case.id), seed=seed)
        found.append((len(answered), *judged(fitted, apart)))
        scorer = ours.scorer(fitted, pool[0].window)
        for _ in range(min(HOURLY, len(waiting))):
            if way == 'random':
                case = int(rng.choice(waiting[-LOOKED_AT:]))
            else:  # the first offer of all is always the most doubtful
                case = (offers if way == 'active' else Offers()).choose(waiting, known, scorer)
            waiting.remove(case)
            answered.append(truth[case])
    return found


def judged(fitted: object, apart: list[LabelledCase]) -> tuple[float, float]:
    """Share of wrong classes and macro-F1 on the cases apart."""
    probs = ours.probabilities(fitted, [c.window for c in apart])  # type: ignore[arg-type]
    guess = [fitted.classes[i] for i in probs.argmax(axis=1)]  # type: ignore[attr-defined]
    truth = [c.label for c in apart]
    f1 = macro_f1(np.array(guess), np.array(truth))
    return mean(g != t for g, t in zip(guess, truth, strict=True)), float(f1)


def _points(runs: np.ndarray) -> list[dict]:
    """Means over the seeds of [seed, way, hour, (answers, error, f1)]."""
    out = []
    for hour in range(runs.shape[2]):
        means = runs[:, :, hour, 1:].mean(axis=0).T.ravel()
        gap = runs[:, 1, hour, 1] - runs[:, 0, hour, 1]
        out.append(
            {
                'answers': int(runs[0, 0, hour, 0]),
                **dict(zip(FIGURES, map(float, means), strict=True)),
                'sd_of_difference': float(gap.std(ddof=1)),
                'seeds': len(runs),
            }
        )
    return out


def _gain(runs: np.ndarray) -> dict[str, float]:
    """What is gained on average over the hours after the common begin, with its spread."""
    error, f1 = runs[:, :, 1:, 1].mean(axis=2), runs[:, :, 1:, 2].mean(axis=2)
    less, more = error[:, 1] - error[:, 0], f1[:, 0] - f1[:, 1]
    return {
        'error': float(less.mean()),
        'error_se': _se(less),
        'macro_f1': float(more.mean()),
        'macro_f1_se': _se(more),
        'worst_seed': float(less.min()),
        'doubt_error': float((error[:, 1] - error[:, 2]).mean()),
        'doubt_error_se': _se(error[:, 1] - error[:, 2]),
    }


def _se(values: np.ndarray) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values)))


def bars(gains: dict[str, dict]) -> dict[str, object]:
    """Over all sets clearly less error than random; on no set clearly more."""
    total = mean(g['error'] for g in gains.values())
    se = float(np.sqrt(sum(g['error_se'] ** 2 for g in gains.values()))) / len(gains)
    out = {
        'all sets, random less active error, minus 2 standard errors': bar(
            total - SPREADS * se, 0.0, '>='
        )
    }
    for name, g in gains.items():
        out[f'{name}, random less active error, plus 2 standard errors'] = bar(
            g['error'] + SPREADS * g['error_se'], 0.0, '>='
        )
    return out
