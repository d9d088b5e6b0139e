"""The start of a cell: how well novelty finds faults when only good cases were ever labelled.

Five folds by group: a model of the good cases of four parts judges the good cases of the fifth
and all bad ones. Caught and asked are the shares below the model's own evidence floor, with the
default of `model.one_class`; beside it the peers at the same share of good cases asked.
Run: `python benchmarks/learning.py --only one_class [--json FILE]`
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from bench_setup import Setup
from data import LP, make_cases, robot_failures, skab
from numpy.typing import NDArray
from ours import outputs
from peers import array, flat_array

from cobot_ai.core.spec import ModelSpec
from cobot_ai.core.types import LabelledCase
from cobot_ai.model.fitter import OnnxFitter
from cobot_ai.model.folds import assign_folds

FOLDS = 5
MOST_BAD = 300
UR3_ROWS = 15
Scores = NDArray[np.float64]
Novelty = Callable[[Sequence[LabelledCase], Sequence[LabelledCase]], Scores]


def run(setup: Setup) -> dict[str, Any]:
    """AUROC, share caught and share asked per set, ours beside the peers."""
    sets: dict[str, Callable[[Path], list[LabelledCase]]] = {
        name: lambda folder, name=name: good_or_bad(robot_failures(folder, name)) for name in LP
    }
    sets |= {'basic_motions': motions, 'skab': lambda f: good_or_bad(skab(f)), 'ur3': ur3}
    if setup.quick:
        sets = {name: sets[name] for name in (LP[0], LP[4], 'basic_motions')}
    models: dict[str, Novelty] = {'ours': ours, 'isolation_forest': forest, 'lof': neighbours}
    rows = {}
    for name, load in sets.items():
        cases = load(setup.data)
        rows[name] = {model: evaluate(cases, found) for model, found in models.items()}
        for model, figures in rows[name].items():
            text = '  '.join(f'{key} {value:.3f}' for key, value in figures.items())
            print(f'{name:22} {model:18} {text}', flush=True)
    keys = ('auroc', 'caught', 'asked')
    means = {m: {k: mean(row[m][k] for row in rows.values()) for k in keys} for m in models}
    print('mean', means)
    return {'sets': rows, 'mean': means}


def good_or_bad(cases: Sequence[LabelledCase]) -> list[LabelledCase]:
    """The cases with two labels: `good` (normal or ok in the recording) and `bad`."""
    x = np.stack([c.window.values for c in cases])
    labels = ['good' if c.label in ('normal', 'ok') else 'bad' for c in cases]
    return make_cases(x, labels, cases[0].window.channels, groups=[c.group for c in cases])


def motions(folder: Path) -> list[LabelledCase]:
    """Walking is good, the other three activities are bad."""
    data = np.load(folder / 'basic_motions.npz')
    names = [str(data['label_names'][y]) for y in data['y']]
    labels = ['good' if name == 'walking' else 'bad' for name in names]
    return make_cases(data['X'], labels, [str(c) for c in data['channels']])


def ur3(folder: Path) -> list[LabelledCase]:
    """A cobot's morning in windows of 15 s; bad: a protective stop or a lost grip inside."""
    data = np.load(folder / 'ur3_morning.npz')
    wrong = (data['L_protective_stop'] > 0) | (data['L_grip_lost'] > 0)
    starts = range(0, len(wrong) - UR3_ROWS + 1, UR3_ROWS)
    windows = np.stack([data['X'][s : s + UR3_ROWS].T for s in starts])
    labels = ['bad' if wrong[s : s + UR3_ROWS].any() else 'good' for s in starts]
    groups = [f'minutes {i // 10}' for i in range(len(labels))]
    return make_cases(windows, labels, [str(c) for c in data['channels']], groups=groups)


def evaluate(cases: Sequence[LabelledCase], novelty: Novelty) -> dict[str, float]:
    """AUROC, and share of bad cases caught and of good ones asked above the model's own limit."""
    good = [c for c in cases if c.label == 'good']
    bad = [c for c in cases if c.label != 'good']
    bad = [bad[i] for i in np.linspace(0, len(bad) - 1, min(len(bad), MOST_BAD)).astype(int)]
    folds = assign_folds([c.label for c in good], [c.group for c in good], FOLDS, 0)
    found = []
    for fold in range(FOLDS):
        train = [c for c, f in zip(good, folds, strict=True) if f != fold]
        test = [c for c, f in zip(good, folds, strict=True) if f == fold]
        if test and len(train) >= 10:
            scores = novelty(train, [*test, *bad])
            usual, odd = scores[: len(test)], scores[len(test) :]
            found.append((auroc(odd, usual), (odd > 0).mean(), (usual > 0).mean()))
    auc, caught, asked = np.mean(found, axis=0)
    shares = {'auroc': float(auc), 'caught': float(caught), 'asked': float(asked)}
    return {**shares, 'good': float(len(good)), 'bad': float(len(bad))}


def auroc(odd: Scores, usual: Scores) -> float:
    """Chance that a bad case scores higher than a good one; equal ones count half."""
    above = (odd[:, None] > usual).mean()
    return float(above + (odd[:, None] == usual).mean() / 2)


def ours(train: Sequence[LabelledCase], test: Sequence[LabelledCase]) -> Scores:
    """How far the product's one-class model is below its evidence floor."""
    fitted = OnnxFitter().fit(train, ModelSpec())
    if fitted is None:
        raise SystemExit('There are too few good cases for a one-class model.')
    evidence = outputs(fitted, [c.window for c in test], 'evidence')
    return np.asarray(fitted.facts['evidence_floor'] - evidence)


def _limited(train: Scores, test: Scores) -> Scores:
    """Distance above what a fifth of the good cases exceed, as ours asks by default."""
    return np.asarray(test - np.quantile(train, 1 - ModelSpec().one_class))


def forest(train: Sequence[LabelledCase], test: Sequence[LabelledCase]) -> Scores:
    """scikit-learn's IsolationForest on samples and statistics."""
    from sklearn.ensemble import IsolationForest  # noqa: PLC0415 - an optional peer

    x = flat_array(array(train))
    model = IsolationForest(n_estimators=300, random_state=0).fit(x)
    return _limited(-model.score_samples(x), -model.score_samples(flat_array(array(test))))


def neighbours(train: Sequence[LabelledCase], test: Sequence[LabelledCase]) -> Scores:
    """scikit-learn's local outlier factor on standardised samples and statistics."""
    from sklearn.neighbors import LocalOutlierFactor  # noqa: PLC0415 - an optional peer

    x = flat_array(array(train))
    mean_, sd = x.mean(axis=0), x.std(axis=0) + 1e-9
    model = LocalOutlierFactor(min(20, len(x) - 1), novelty=True).fit((x - mean_) / sd)
    known = -model.negative_outlier_factor_
    return _limited(known, -model.score_samples((flat_array(array(test)) - mean_) / sd))
