"""Streams of cases in several orders, from real and from made-up recordings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import synthetic
from bench_setup import Setup
from data import SKAB_ROWS, aeon_set, make_cases, noisy

from cobot_ai.app.operator import Habits
from cobot_ai.core.types import LabelledCase

HOUR_S = 3600.0


@dataclass(frozen=True)
class Stream:
    """Cases in order, who answers, and cases of the same kind that never come in the stream."""

    cases: list[LabelledCase]
    team: dict[str, Habits] = field(default_factory=lambda: {'operator': Habits()})
    apart: list[LabelledCase] = field(default_factory=list)


Maker = Callable[[Setup, int, int], Stream]
"""(setup, seed, length) -> stream."""


def vowels_shuffled(setup: Setup, seed: int, length: int) -> Stream:
    """Nine classes, real, with noise: the cases in random order."""
    cases = noisy(aeon_set('JapaneseVowels'), 1.0)
    order = np.random.default_rng(seed).permutation(len(cases))
    return Stream(_take(cases, order[:length]), apart=_take(cases, order[length:]))


def made_shuffled(setup: Setup, seed: int, length: int) -> Stream:
    """Made up, independent draws."""
    return Stream(
        synthetic.draw(length, 1000 + seed).cases, apart=synthetic.draw(600, 2000 + seed).cases
    )


def class_late(setup: Setup, seed: int, length: int) -> Stream:
    """Made up: for the first half only good ones of one kind, then everything."""
    cases = synthetic.draw(4 * length, 3000 + seed).cases
    good = [c for c in cases if c.label == synthetic.CLASSES[0]][: length // 2]
    rest = [c for c in cases if c not in good][: length - len(good)]
    return Stream(_renumber([*good, *rest]))


def regimes(setup: Setup, seed: int, length: int) -> Stream:
    """The pump test bed in its true order, run after run, every run at its own level.

    A run is a declared group: its windows follow one another and are alike. 35 runs, 300 windows.
    """
    data = np.load(setup.data / 'skab.npz')
    starts, labels, runs = [], [], []
    for run, name in enumerate(data['rec_names'].tolist()):
        rows = np.flatnonzero(data['rec'] == run)[seed % SKAB_ROWS :]
        for i in range(0, len(rows) - SKAB_ROWS + 1, SKAB_ROWS):
            starts.append(rows[i])
            share = (data['L_anomaly'][rows[i : i + SKAB_ROWS]] == 1).mean()
            labels.append('anomaly' if share >= 0.5 else 'normal')
            runs.append(f'run {name}')
    picks = np.unique(np.linspace(0, len(starts) - 1, length).astype(int))
    x = np.stack([data['X'][starts[i] : starts[i] + SKAB_ROWS].T for i in picks])
    found = ([of[i] for i in picks] for of in (labels, runs))
    return Stream(make_cases(x, next(found), context='pump', groups=next(found)))


def regimes_undeclared(setup: Setup, seed: int, length: int) -> Stream:
    """The same, but nobody said which windows are of one run."""
    stream = regimes(setup, seed, length)
    return Stream([replace(c, group='') for c in stream.cases])


def new_context(setup: Setup, seed: int, length: int) -> Stream:
    """Made up: in the second half another operation, declared, with other curves."""
    half = length // 2
    old = synthetic.draw(half, 4000 + seed).cases
    new = synthetic.draw(length - half, 5000 + seed, curves=8).cases
    return Stream(_renumber([*old, *(replace(c, context='new') for c in new)]))


def wrong_answers(setup: Setup, seed: int, length: int) -> Stream:
    """Made up: two operators take turns, one of them is wrong in 10 % of his answers."""
    team = {'right': Habits(), 'often_wrong': Habits(error_rate=0.1, seed=seed)}
    return replace(made_shuffled(setup, seed, length), team=team)


def absent(setup: Setup, seed: int, length: int) -> Stream:
    """Made up: nobody answers for an hour in the middle (120 cases)."""
    begin = length * 30.0 / 3
    team = {'operator': Habits(absent=((begin, begin + HOUR_S),))}
    return replace(made_shuffled(setup, seed, length), team=team)


ORDERS: dict[str, Maker] = {
    'vowels_shuffled': vowels_shuffled,
    'made_shuffled': made_shuffled,
    'class_late': class_late,
    'regimes': regimes,
    'regimes_undeclared': regimes_undeclared,
    'new_context': new_context,
    'wrong_answers': wrong_answers,
    'absent': absent,
}


def _take(cases: Sequence[LabelledCase], order: Sequence[int]) -> list[LabelledCase]:
    return _renumber([cases[i] for i in order])


def _renumber(cases: Sequence[LabelledCase]) -> list[LabelledCase]:
    return [replace(c, id=i) for i, c in enumerate(cases, 1)]
