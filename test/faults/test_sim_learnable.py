"""The classes can be learnt from the signals, and not from nothing."""

import numpy as np
import pytest

pytest.importorskip('mujoco', reason='the simulated cell needs the extra "sim"')

from cobot_ai.sim.cell import SimCell
from cobot_ai.sim.program import drain
from cobot_ai.sim.records import ACCELEROMETER, CLASSES, JOINT_STATES, WRENCH

TRAIN, TEST = 150, 100


def statistics(readings):
    """Simple statistics per channel over a step, and its duration."""
    rows = []
    for stream in (JOINT_STATES, WRENCH, ACCELEROMETER):
        x = np.array([r.values for r in readings if r.stream == stream])
        rows += [x.mean(0), x.std(0), x.min(0), x.max(0), x[-100:].mean(0)]
    return np.concatenate([*rows, [len(readings)]])


def record(steps):
    """Statistics [step, feature] and truth [step] of a seeded run."""
    cell = SimCell(41)
    features, labels = [], []
    for _ in range(steps):
        readings = []
        list(cell.pick())
        truth = drain(readings.append, cell.insert())
        list(cell.retreat(release=True))
        features.append(statistics(readings))
        labels.append(CLASSES.index(truth.label))
    return np.array(features), np.array(labels)


def softmax(x):
    p = np.exp(x - x.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


def accuracy(x, y):
    """Held-out accuracy of a linear softmax head fitted to the first `TRAIN` steps."""
    centre, scale = x[:TRAIN].mean(0), x[:TRAIN].std(0) + 1e-9
    z = np.c_[3 * np.tanh((x - centre) / scale / 3), np.ones(len(x))]
    target, w = np.eye(len(CLASSES))[y], np.zeros((z.shape[1], len(CLASSES)))
    for _ in range(3000):
        gap = softmax(z[:TRAIN] @ w) - target[:TRAIN]
        w -= 0.05 * (z[:TRAIN].T @ gap / TRAIN + 1e-3 * w)
    return float((np.argmax(z[TRAIN:] @ w, axis=1) == y[TRAIN:]).mean())


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_simple_classifier_learns_the_classes_from_150_answers():
    x, y = record(TRAIN + TEST)
    assert set(y) == set(range(len(CLASSES)))
    assert 0.55 < (y == 0).mean() < 0.75
    assert accuracy(x, y) >= 0.95
    shuffled = np.random.default_rng(0).permutation(y)
    assert accuracy(x, shuffled) < 0.75
