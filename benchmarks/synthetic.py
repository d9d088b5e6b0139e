"""A seeded generator of step recordings whose true error share is known exactly.

It is made up and says so. A step follows the curve of one of several kinds; each kind has a
neighbour it passes into gradually (position right, position slightly off). How far it has passed
is hidden, and the label is drawn from a known probability of it. So the chance that a decision is
wrong is known for every single case, free of the noise of test labels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from data import make_cases
from numpy.typing import NDArray

from cobot_ai.core.types import LabelledCase

KINDS = 3
"""Kinds of step; each has two classes, `kind N good` and `kind N off`."""
CHANNELS, SAMPLES = 4, 48
BETA, NOISE = 0.3, 0.45
STEEP = 12.0
"""How sharply good passes into off."""


@dataclass(frozen=True)
class Drawn:
    """Cases and the true probability of every class [case, class], classes sorted by name."""

    cases: list[LabelledCase]
    truth: NDArray[np.float64]


CLASSES = tuple(sorted(f'kind {k} {end}' for k in range(KINDS) for end in ('good', 'off')))


def draw(count: int, seed: int, curves: int = 7) -> Drawn:
    """Draw independent cases; `curves` names the curves, whatever the seed."""
    rng = np.random.default_rng([2026, seed])
    good, off = _curves(curves)
    kind = rng.integers(KINDS, size=count)
    far = rng.beta(BETA, BETA, size=count)
    p_off = 1 / (1 + np.exp(-STEEP * (far - 0.5)))
    mix = far[:, None, None]
    gain = rng.normal(1, 0.12, size=(count, CHANNELS, 1))
    x = gain * ((1 - mix) * good[kind] + mix * off[kind])
    x += rng.normal(0, NOISE, size=x.shape)
    truth = np.zeros((count, len(CLASSES)))
    for i, name in enumerate(CLASSES):
        own = kind == int(name.split()[1])
        truth[own, i] = (p_off if name.endswith('off') else 1 - p_off)[own]
    y = (rng.random(count)[:, None] > np.cumsum(truth, axis=1)).sum(axis=1)
    labels = [CLASSES[min(i, len(CLASSES) - 1)] for i in y]
    groups = [f'draw {seed}/{i}' for i in range(count)]
    return Drawn(make_cases(x.astype(np.float32), labels, context='made', groups=groups), truth)


def _curves(seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Smooth curves [kind, channel, time] of the two ends of every kind."""
    rng = np.random.default_rng(seed)
    t = np.linspace(0, 1, SAMPLES)
    waves = np.stack([np.sin(np.pi * n * t) for n in range(1, 7)])
    good = rng.normal(0, 1, size=(KINDS, CHANNELS, 6)) / np.arange(1, 7) @ waves
    change = rng.normal(0, 0.5, size=(KINDS, CHANNELS, 6)) / np.arange(1, 7) @ waves
    return good, good + change
