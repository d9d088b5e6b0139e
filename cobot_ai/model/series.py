"""Feature blocks over time: coarse samples and the log spectrum."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np

from cobot_ai.core.types import Bools, Floats
from cobot_ai.model.blocks import Emitted, per_channel
from cobot_ai.model.graph import Graph
from cobot_ai.model.scaling import Signals

BINS = 32
BANDS = 12
FREQUENCIES = 256
FLOOR = 0.02
"""Added to a magnitude before the logarithm, so that silence has a finite value."""


def bin_edges(samples: int, bins: int) -> list[tuple[int, int]]:
    """Begin and end of `bins` (at most `samples`) neighbouring ranges of equal length."""
    edges = np.linspace(0, samples, min(samples, bins) + 1).astype(int).tolist()
    return list(pairwise(edges))


class Samples:
    """Means of at most 32 time bins per channel of the robustly scaled samples."""

    name = 'samples'

    def __init__(self, channels: int, samples: int) -> None:
        self._edges = bin_edges(samples, BINS)
        self._samples, self._channels = samples, channels
        self.width = channels * len(self._edges)

    def reads(self) -> Bools:
        """Which channels each feature is made of."""
        return per_channel(self._channels, len(self._edges))

    def emit(self, g: Graph, s: Signals) -> Emitted:
        """Write the block into the graph; a bin counts as measured if any sample in it was."""
        pool = np.zeros((self._samples, len(self._edges)), np.float32)
        for j, (begin, end) in enumerate(self._edges):
            pool[begin:end, j] = 1
        one, matrix = g.const(1.0), g.const(pool)
        count = g.op('MatMul', s.mask, matrix)
        mean = g.op('Div', g.op('MatMul', s.robust, matrix), g.op('Max', count, one))
        return g.flat(mean, self.width), g.flat(g.op('Min', count, one), self.width)


class Spectrum:
    """Log magnitude in at most 12 log-spaced frequency bands per channel of the standard scores.

    Two matrix products with the rows of a discrete Fourier transform, at most 256 frequencies.
    """

    name = 'spectrum'

    def __init__(self, channels: int, samples: int) -> None:
        self._samples, self._channels = samples, channels
        count = min(max(1, samples // 2), FREQUENCIES)
        edges = np.unique(np.round(np.geomspace(1, count + 1, BANDS + 1)).astype(int)) - 1
        self._bands = np.zeros((count, len(edges) - 1), np.float32)
        for j, (begin, end) in enumerate(pairwise(edges)):
            self._bands[begin:end, j] = 1 / (end - begin)
        self.width = channels * self._bands.shape[1]

    def reads(self) -> Bools:
        """Which channels each feature is made of."""
        return per_channel(self._channels, self._bands.shape[1])

    def emit(self, g: Graph, s: Signals) -> Emitted:
        """Write the block into the graph; samples that were not measured count as the mean."""
        one = g.const(1.0)
        mean = g.op('Div', g.sum(s.plain), g.op('Max', s.count, one))
        centred = g.op('Mul', g.op('Sub', s.plain, mean), s.mask)
        parts = [
            g.op('MatMul', centred, g.const(wave))
            for wave in _waves(self._samples, len(self._bands))
        ]
        power = g.op('Add', *(g.op('Mul', p, p) for p in parts))
        bands = g.op('MatMul', g.op('Sqrt', power), g.const(self._bands))
        level = g.op('Log', g.op('Add', bands, g.const(FLOOR)))
        valid = g.op('Concat', *[s.alive] * self._bands.shape[1], axis=2)
        return g.flat(level, self.width), g.flat(valid, self.width)


@lru_cache(maxsize=8)
def _waves(samples: int, count: int) -> tuple[Floats, Floats]:
    """Cosines and sines of the first `count` frequencies [sample, frequency]."""
    angle = 2 * np.pi * np.arange(samples)[:, None] * np.arange(1, count + 1) / samples
    root = np.sqrt(samples)
    return (np.cos(angle) / root).astype(np.float32), (np.sin(angle) / root).astype(np.float32)
