"""Accuracy, calibration and ranking of the heads on the robot failure sets, 3 x 5 folds.

Run: `python benchmarks/learning.py --data FOLDER [--json FILE] [--heads kernel,linear]`
(the folder may also come from COBOT_AI_DATA). ExtraTrees runs beside our heads where
scikit-learn is installed (`pip install 'cobot_ai[bench]'`).
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cobot_ai.core.manifest import Manifest
from cobot_ai.core.spec import ModelSpec
from cobot_ai.core.types import LabelledCase, Window
from cobot_ai.model.fitter import OnnxFitter
from cobot_ai.model.folds import assign_folds
from cobot_ai.model.scorer import load

SETS = tuple(f'robot_failures_lp{i}' for i in range(1, 6))
REPEATS = 3
FOLDS = 5
Probs = NDArray[np.float64]
Model = Callable[[list[LabelledCase], list[LabelledCase], Sequence[str]], Probs]


def read_cases(file: Path) -> list[LabelledCase]:
    """Labelled cases of one recording file."""
    data = np.load(file)
    names, channels = data['label_names'], tuple(str(c) for c in data['channels'])
    rows = zip(data['X'].astype(np.float32), data['y'], data['group'], strict=True)
    return [
        LabelledCase(i, file.stem, str(g), to_window(x, channels), str(names[y]))
        for i, (x, y, g) in enumerate(rows, 1)
    ]


def to_window(x: NDArray[np.float32], channels: tuple[str, ...]) -> Window:
    """A window with whatever is finite marked as measured."""
    mask = np.isfinite(x)
    return Window(channels, np.where(mask, x, np.float32(0)), mask, 0, 1)


def ours(head: str) -> Model:
    """One of our heads, trained and served exactly as in the product."""

    def run(train: list[LabelledCase], test: list[LabelledCase], names: Sequence[str]) -> Probs:
        fitted = OnnxFitter().fit(train, ModelSpec(head=head, min_labels=1))
        if fitted is None:
            raise SystemExit('A training fold has only one class; use another data set.')
        window = train[0].window
        manifest = Manifest(
            hashlib.sha256(fitted.blob).hexdigest(),
            '',
            fitted.classes,
            window.channels,
            window.values.shape[1],
            (),
            {},
            {},
            '',
            '',
            '',
            0,
            0,
            head,
            fitted.facts,
        )
        scorer = load(fitted.blob, manifest)
        out = np.zeros((len(test), len(names)))
        columns = [names.index(c) for c in fitted.classes]
        out[:, columns] = [scorer.score(case.window).probs for case in test]
        return out

    return run


def extra_trees(train: list[LabelledCase], test: list[LabelledCase], names: Sequence[str]) -> Probs:
    """300 trees on the raw samples and simple statistics."""
    from sklearn.ensemble import ExtraTreesClassifier  # noqa: PLC0415 - an optional peer

    forest = ExtraTreesClassifier(300, random_state=0).fit(
        [flat(c) for c in train], [names.index(c.label) for c in train]
    )
    out = np.zeros((len(test), len(names)))
    out[:, forest.classes_] = forest.predict_proba([flat(c) for c in test])
    return out


def flat(case: LabelledCase) -> NDArray[np.float64]:
    """Samples and statistics of one case."""
    x = case.window.values.astype(np.float64)
    step = np.diff(x, axis=1)
    parts = [x.mean(1), x.std(1), x.min(1), x.max(1), np.abs(step).mean(1), step.std(1)]
    return np.concatenate([x.ravel(), *parts])


def measure(probs: Probs, y: NDArray[np.int64]) -> dict[str, float]:
    """Accuracy, macro-F1, ECE (10 bins), Brier score and area under risk-coverage."""
    confidence, right = probs.max(axis=1), probs.argmax(axis=1) == y
    bins = np.minimum((confidence * 10).astype(int), 9)
    gaps = [
        (bins == b).mean() * abs(confidence[bins == b].mean() - right[bins == b].mean())
        for b in np.unique(bins)
    ]
    order = np.argsort(-confidence, kind='stable')
    risk = np.cumsum(~right[order]) / np.arange(1, len(y) + 1)
    one_hot = np.eye(probs.shape[1])[y]
    return {
        'accuracy': float(right.mean()),
        'macro_f1': macro_f1(probs.argmax(axis=1), y),
        'ece': float(sum(gaps)),
        'brier': float(((probs - one_hot) ** 2).sum(axis=1).mean()),
        'aurc': float(risk.mean()),
    }


def macro_f1(answer: NDArray[np.int64], y: NDArray[np.int64]) -> float:
    """Mean over classes of 2 TP / (2 TP + FP + FN)."""
    scores = []
    for c in np.unique(y):
        hit = ((answer == c) & (y == c)).sum()
        scores.append(2 * hit / ((answer == c).sum() + (y == c).sum()))
    return float(np.mean(scores))


def evaluate(cases: list[LabelledCase], model: Model) -> dict[str, float]:
    """Figures of the out-of-fold predictions pooled over the repeats; seconds per fit and test."""
    names = sorted({c.label for c in cases})
    pooled, truth, seconds = [], [], []
    for repeat in range(REPEATS):
        order = np.random.default_rng(repeat).permutation(len(cases))
        mixed = [cases[i] for i in order]
        folds = assign_folds([c.label for c in mixed], [c.group for c in mixed], FOLDS, repeat)
        probs = np.zeros((len(mixed), len(names)))
        for fold in range(FOLDS):
            train = [c for c, f in zip(mixed, folds, strict=True) if f != fold]
            test = [c for c, f in zip(mixed, folds, strict=True) if f == fold]
            begin = time.perf_counter()
            probs[folds == fold] = model(train, test, names)
            seconds.append(time.perf_counter() - begin)
        pooled.append(probs)
        truth.append(np.array([names.index(c.label) for c in mixed]))
    figures = measure(np.concatenate(pooled), np.concatenate(truth))
    shares = [(p.argmax(axis=1) == y).mean() for p, y in zip(pooled, truth, strict=True)]
    figures |= {'accuracy_sd': float(np.std(shares)), 'seconds': mean(seconds)}
    return {key: round(value, 4) for key, value in figures.items()}


def main() -> int:
    """Measure, print a table and write the figures."""
    options = _options()
    models: dict[str, Model] = {head: ours(head) for head in options.heads.split(',')}
    if importlib.util.find_spec('sklearn'):
        models['extra_trees'] = extra_trees
    folder = Path(options.data)
    missing = [s for s in SETS if not (folder / f'{s}.npz').exists()]
    if missing:
        print(f'{folder} lacks {", ".join(missing)}; name the folder with --data.')
        return 1
    sets = {name: read_cases(folder / f'{name}.npz') for name in SETS}
    report: dict[str, Any] = {'schema': 1, 'protocol': f'{REPEATS} x {FOLDS} folds', 'models': {}}
    for name, model in models.items():
        found = {s: evaluate(cases, model) for s, cases in sets.items()}
        average = {key: round(mean(f[key] for f in found.values()), 4) for key in found[SETS[0]]}
        report['models'][name] = {'mean': average, 'sets': found}
        for line, figures in [*found.items(), ('mean', average)]:
            print(f'{name:12s} {line:20s}', *(f'{k} {v:.3f}' for k, v in figures.items()))
    if options.json:
        Path(options.json).write_text(json.dumps(report, indent=1) + '\n', encoding='utf-8')
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--data', default=os.environ.get('COBOT_AI_DATA', '.'))
    parser.add_argument('--heads', default='kernel,linear')
    parser.add_argument('--json', default='')
    return parser.parse_args()


if __name__ == '__main__':
    sys.exit(main())
