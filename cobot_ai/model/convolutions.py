"""The random-convolution block: how much of the time a dilated kernel's output exceeds a bias.

The idea of MiniRocket (Dempster, Schmidt, Webb 2021) on a budget: its 84 fixed kernels of length
nine (three weights 2, six weights -1), some 340 of them over at most six dilations, each on a
small random set of channels, with two biases each taken from quantiles of its own output.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from cobot_ai.core.types import Bools, Floats
from cobot_ai.model.blocks import Emitted, all_alive
from cobot_ai.model.graph import Graph
from cobot_ai.model.scaling import LIMIT, Scaling, Signals

MAPS = 336
BIASES = 2
DILATIONS = 6
LENGTH = 9
MOST_CHANNELS = 9
SHARPNESS = 3.0
"""Slope of the step at a bias: a hard one would flip with the last bit of a sum, so that two
correct runtimes would disagree; this one is as accurate on the robot failure sets."""
GOLDEN = (np.sqrt(5) + 1) / 2


@dataclass(frozen=True, slots=True)
class Layer:
    """The kernels of one dilation.

    Attributes:
        dilation: Samples between two taps. picks: 1.0 for the channels a map adds up
            [map, channel]. kernels: Kernel of each map [map, 9]. biases: [map, BIASES].
    """

    dilation: int
    picks: Floats
    kernels: Floats
    biases: Floats


class Convolutions:
    """Shares of time above a bias, per kernel; on standard scores, not measured counts as mean."""

    name = 'convolutions'

    def __init__(self, layers: tuple[Layer, ...]) -> None:
        self._layers = layers
        self.width = sum(layer.biases.size for layer in layers)

    def reads(self) -> Bools:
        """Which channels each feature is made of."""
        picks = (layer.picks > 0 for layer in self._layers)
        return np.concatenate([rows for rows in picks for _ in range(BIASES)])

    def emit(self, g: Graph, s: Signals) -> Emitted:
        """Write the block into the graph; a kernel is measured if all its channels are alive.

        A map is one kernel on the sum of its channels: first the sums, then one kernel each,
        which is a sixth of the multiplications of a full convolution.
        """
        shares: list[str] = []
        zero, one = g.const(0.0), g.const(1.0)
        flat = g.op('Unsqueeze', s.plain, g.const([2]))
        for layer in self._layers:
            pad = LENGTH // 2 * layer.dilation
            sums = g.op('Conv', flat, g.const(layer.picks[:, :, None, None]))
            y = g.op(
                'Conv',
                sums,
                g.const(SHARPNESS * layer.kernels[:, None, None, :]),
                dilations=[1, layer.dilation],
                pads=[0, pad, 0, pad],
                group=len(layer.kernels),
            )
            for b in range(BIASES):
                level = g.const(SHARPNESS * layer.biases[:, b, None, None] - 0.5)
                above = g.op('Clip', g.op('Sub', y, level), zero, one)
                shares.append(g.op('Flatten', g.op('GlobalAveragePool', above)))
        features = g.op('Concat', *shares, axis=1)
        return features, all_alive(g, s, self.reads())


def kernels() -> Floats:
    """The 84 fixed kernels [84, 9]; each sums to zero."""
    fixed = -np.ones((84, LENGTH), np.float32)
    for i, places in enumerate(combinations(range(LENGTH), 3)):
        fixed[i, list(places)] = 2
    return fixed


def make_convolutions(values: Floats, mask: Floats, scaling: Scaling, seed: int) -> Convolutions:
    """Draw channels and take biases from the training windows [case, channel, time]."""
    rng = np.random.default_rng(seed)
    cases, channels, samples = values.shape

    def examples(count: int) -> Floats:
        rows = rng.integers(cases, size=count)
        with np.errstate(over='ignore'):
            plain = (values[rows] - scaling.mean) * scaling.inverse_sd * mask[rows]
        return np.asarray(np.clip(plain, -LIMIT, LIMIT))  # as in the graph

    chosen = dilations(samples)
    maps = max(1, MAPS // len(chosen))
    return Convolutions(
        tuple(_layer(examples, channels, d, i * maps, maps, rng) for i, d in enumerate(chosen))
    )


def dilations(samples: int) -> list[int]:
    """At most six dilations, from 1 to where a kernel spans the window, evenly in the exponent."""
    most = np.log2(max(1, (samples - 1) / (LENGTH - 1)))
    found = np.unique(np.exp2(np.linspace(0, most, 32)).astype(int))
    picks = np.linspace(0, len(found) - 1, DILATIONS).astype(int)
    return [int(d) for d in np.unique(found[picks])]


def _layer(
    examples: Callable[[int], Floats],
    channels: int,
    dilation: int,
    first: int,
    maps: int,
    rng: np.random.Generator,
) -> Layer:
    shape = kernels()[(np.arange(maps) + first) % 84]
    most = np.log2(min(channels, MOST_CHANNELS) + 1)
    count = np.maximum(1, np.exp2(rng.uniform(0, most, maps)).astype(int))
    rank = rng.random((maps, channels)).argsort(axis=1).argsort(axis=1)
    picks = (rank < count[:, None]).astype(np.float32)
    mixed = (picks[:, None, :] @ examples(maps))[:, 0]
    samples = mixed.shape[1]
    pad = LENGTH // 2 * dilation
    padded = np.pad(mixed, ((0, 0), (pad, pad)))
    taps = [shape[:, j, None] * padded[:, j * dilation :][:, :samples] for j in range(LENGTH)]
    output = np.sort(np.sum(taps, axis=0), axis=1)
    order = np.arange(maps * BIASES).reshape(maps, BIASES) + first * BIASES
    levels = (order + 1) * GOLDEN % 1
    return Layer(dilation, picks, shape, _quantiles(output, levels))


def _quantiles(rows: Floats, levels: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> Floats:
    """Linear quantiles of sorted rows [map, time] at levels [map, BIASES]."""
    place = levels * (rows.shape[1] - 1)
    low = place.astype(int)
    high = np.minimum(low + 1, rows.shape[1] - 1)
    a, b = np.take_along_axis(rows, low, 1), np.take_along_axis(rows, high, 1)
    return np.asarray(a + (b - a) * (place - low), np.float32)
