"""Section `unknown_context`: LP2 as an operation nobody has seen, declared and undeclared.

Trained on LP1, LP4 and LP5 without the windows that LP2 repeats (the five files share many), normal
or failure. peers.md of the study: no input-novelty score sees this change, only context or labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import mean, median

import numpy as np
import ours
from bench_setup import Setup, table
from data import robot_failures
from figures import bar
from loop import cell, run_stream
from peers import TABULAR, indices
from rules import Scored, certificate, single_option

from cobot_ai.core.types import LabelledCase

KNOWN = ('robot_failures_lp1', 'robot_failures_lp4', 'robot_failures_lp5')
NEW = 'robot_failures_lp2'
NEAR = 1.0
"""Windows whose samples differ by less than this on average (sensor counts) are copies."""
ANSWERS = (0, 5, 10, 20)
EPSILON = 0.05
LONGEST = 400
"""Decisions after the undeclared change; LP2 is repeated in random order."""
NAMES = ('failure', 'normal')
COLUMNS = ('silent_share', 'pooled_share', 'wrong_of_all', 'asks')
RULES = ('certified', 'expected')


def run(setup: Setup) -> dict[str, object]:
    """Declared through the product's loop; rules that know no context; undeclared."""
    known, new, dropped = cases(setup)
    seeds, longest = (1, 150) if setup.quick else (10, LONGEST)
    declared = {rule: with_context(known, new, seeds, setup.seed, rule) for rule in RULES}
    rules = without_context(known, new, 4 if setup.quick else 40)
    hidden = undeclared(known, new, seeds, setup.seed, longest)
    for rule, found in declared.items():
        table(
            f'context declared (ours {rule})',
            COLUMNS,
            {f'after {n} answers': [row[c] for c in COLUMNS] for n, row in found.items()},
        )
    for who, rows in rules.items():
        table(
            f'context ignored: {who}',
            COLUMNS,
            {f'after {n} answers': [row[c] for c in COLUMNS] for n, row in rows.items()},
        )
    table('undeclared', tuple(hidden), {'ours': list(hidden.values())})
    bars = {
        f'silent errors after {n} answers, {rule}': bar(row['silent_share'], EPSILON, '<=')
        for rule, found in declared.items()
        for n, row in found.items()
    }
    table('unknown_context', (), {}, bars)
    return {
        'declared': declared,
        'undeclared': hidden,
        'peers': rules,
        'bars': bars,
        'known_windows': len(known),
        'left_out_because_lp2_repeats_them': dropped,
        'new_windows': len(new),
    }


def cases(setup: Setup) -> tuple[list[LabelledCase], list[LabelledCase], int]:
    """Known cases without what LP2 repeats (nor each other), those of LP2, how many went."""
    new = _distinct([_plain(c) for c in robot_failures(setup.data, NEW)], [])
    every = [_plain(c) for name in KNOWN for c in robot_failures(setup.data, name)]
    unlike = [c for c in every if not _repeated(c, new)]
    return _distinct(unlike, []), new, len(every) - len(unlike)


def _plain(case: LabelledCase) -> LabelledCase:
    """Normal or failure: what the operations have in common."""
    return replace(case, label='normal' if case.label in ('normal', 'ok') else 'failure')


def _repeated(case: LabelledCase, others: Sequence[LabelledCase]) -> bool:
    gaps = [np.abs(case.window.values - o.window.values).mean() for o in others]
    return min(gaps, default=np.inf) < NEAR


def _distinct(found: Sequence[LabelledCase], kept: list[LabelledCase]) -> list[LabelledCase]:
    for case in found:
        if not _repeated(case, kept):
            kept.append(case)
    return kept


def with_context(
    known: list[LabelledCase], new: list[LabelledCase], seeds: int, first: int, rule: str
) -> dict[str, dict[str, float]]:
    """The whole loop: all known cases in random order, then LP2 under its own operation."""
    rows: dict[int, list[np.ndarray]] = {n: [] for n in ANSWERS}
    for seed in range(first, first + seeds):
        stream = _shuffled(known, seed) + _shuffled(new, seed)
        spec = cell(stream[0], NAMES[::-1], seed=seed, rule=rule, epsilon=EPSILON)
        judged, _ = run_stream(stream, spec)
        late = [r for r in judged if r.case > len(known)]
        for n in ANSWERS:
            asked = np.cumsum([not r.acted for r in late])
            after = [r for r, a in zip(late, asked, strict=True) if a >= n]
            pairs = [(r.acted, r.wrong_alone) for r in after]
            rows[n].append(np.array(pairs, int).reshape(-1, 2))
    return {str(n): _figures(runs) for n, runs in rows.items()}


def _figures(runs: Sequence[np.ndarray]) -> dict[str, float]:
    """Figures of (acted, wrong) rows; the silent share is the mean over the runs, as in streams."""
    pairs = np.concatenate(runs)
    acted, wrong = pairs[:, 0], pairs[:, 1]
    return {
        'silent_share': mean(float(run[:, 1].sum() / max(run[:, 0].sum(), 1)) for run in runs),
        'pooled_share': float(wrong.sum() / max(acted.sum(), 1)),
        'wrong_of_all': float(wrong.mean()),
        'asks': float(1 - acted.mean()),
        'decisions': len(pairs),
    }


def without_context(
    known: list[LabelledCase], new: list[LabelledCase], repeats: int
) -> dict[str, dict[str, dict[str, float]]]:
    """Rules that do not look at the context: fixed 0.9, a threshold from all labels, KnowNo."""
    rows: dict[str, dict[int, list[np.ndarray]]] = {}
    for repeat in range(repeats):
        order = np.random.default_rng(repeat).permutation(len(new))
        for n in ANSWERS:
            told, rest = [new[i] for i in order[:n]], [new[i] for i in order[n:]]
            for who, act, wrong in _decisions(known + told, rest, repeat):
                rows.setdefault(who, {}).setdefault(n, []).append(np.stack([act, wrong & act], 1))
    return {
        who: {str(n): _figures([f.astype(int) for f in found]) for n, found in by.items()}
        for who, by in rows.items()
    }


def _decisions(
    learn: list[LabelledCase], test: list[LabelledCase], seed: int
) -> list[tuple[str, np.ndarray, np.ndarray]]:
    learn = [replace(c, id=i) for i, c in enumerate(learn, 1)]
    fitted = ours.fit(learn)
    served = ours.probabilities(fitted, [c.window for c in test])
    probs = ours.spread_over(served, fitted.classes, NAMES)
    by_id = {c.id: c for c in learn}
    honest = Scored(
        ours.spread_over(fitted.scores, fitted.classes, NAMES),
        indices([by_id[i] for i in fitted.cases], NAMES),
    )
    forest = TABULAR['extra_trees'](learn, test, NAMES)
    y = indices(test, NAMES)
    wrong, sure = probs.argmax(axis=1) != y, probs.max(axis=1)
    threshold = certificate(honest, EPSILON, 0.1, 'expected')
    return [
        ('our model, fixed 0.9', sure >= 0.9, wrong),
        ('our model, threshold borrowed from the other operations', sure >= threshold, wrong),
        ('our model, single option (KnowNo)', single_option(honest, probs, EPSILON), wrong),
        ('extra_trees, fixed 0.9', forest.max(axis=1) >= 0.9, forest.argmax(axis=1) != y),
    ]


def undeclared(
    known: list[LabelledCase], new: list[LabelledCase], seeds: int, first: int, longest: int
) -> dict[str, float]:
    """The same change with the context key hidden: decisions until the alarm."""
    until, silent, asks, missed, false = [], [], [], 0, 0
    for seed in range(first, first + seeds):
        rng = np.random.default_rng(seed)
        later = [new[i] for i in rng.integers(len(new), size=longest)]
        stream = [replace(c, context='same') for c in _shuffled(known, seed) + later]
        stream = [replace(c, id=i) for i, c in enumerate(stream, 1)]
        spec = cell(stream[0], NAMES[::-1], seed=seed, rule='expected', epsilon=EPSILON)
        judged, entries = run_stream(stream, spec)
        on = [e.case for e in entries if e.kind == 'alarm' and e.body['on']]
        false += any(case <= len(known) for case in on)
        at = next((case - len(known) for case in on if case > len(known)), None)
        missed += at is None
        until.append(at if at is not None else longest)
        late = [r for r in judged if r.case > len(known)]
        silent.append(sum(r.wrong_alone for r in late) / max(1, sum(r.acted for r in late)))
        asks.append(mean(not r.acted for r in late))
    return {
        'decisions_until_alarm_median': float(median(until)),
        'decisions_until_alarm_max': float(max(until)),
        'never_alarmed': float(missed),
        'alarm_before_the_change': float(false),
        'silent_share': mean(silent),
        'ask_share': mean(asks),
        'seeds': float(seeds),
        'decisions_at_most': float(longest),
    }


def _shuffled(found: list[LabelledCase], seed: int) -> list[LabelledCase]:
    return [found[i] for i in np.random.default_rng(seed).permutation(len(found))]
