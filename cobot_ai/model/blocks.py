"""Named feature blocks: each writes itself into the graph.

A block turns the scaled signals into a row of features per window, and says for every feature
whether it was measured; the head treats what was not measured as the training mean.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from cobot_ai.core.types import Bools
from cobot_ai.model.graph import FLOAT, Graph
from cobot_ai.model.scaling import Signals

Emitted = tuple[str, str]
"""Names of features [B, width] and of their validity (1.0 measured, 0.0 not) [B, width]."""


class Block(Protocol):
    """A feature block with its frozen parameters."""

    @property
    def name(self) -> str:
        """Its name in the cell file."""

    @property
    def width(self) -> int:
        """Number of features."""

    def reads(self) -> Bools:
        """Which channels each feature is made of [feature, channel]."""

    def emit(self, g: Graph, s: Signals) -> Emitted:
        """Write the block into the graph."""


def per_channel(channels: int, each: int) -> Bools:
    """`reads` of a block with `each` features per channel, channel by channel."""
    return np.repeat(np.eye(channels, dtype=bool), each, axis=0)


def all_alive(g: Graph, s: Signals, reads: Bools) -> str:
    """Validity of features: 1.0 where every channel a feature reads has any sample."""
    one = g.const(1.0)
    dead = g.flat(g.op('Sub', one, s.alive), s.channels)
    hit = g.op('MatMul', dead, g.const(reads.T.astype(np.float32)))
    return g.op('Sub', one, g.op('Min', hit, one))


class Statistics:
    """Nine figures per channel: mean, sd, slope, first, last, min, max, mean |dx|, sd dx."""

    name = 'statistics'

    def __init__(self, channels: int) -> None:
        self.width = channels * 9
        self._channels = channels

    def reads(self) -> Bools:
        """Which channels each feature is made of."""
        return per_channel(self._channels, 9)

    def emit(self, g: Graph, s: Signals) -> Emitted:
        """Write the block into the graph; works on the robustly scaled samples."""
        count = g.op('Max', s.count, g.const(1.0))
        level = [*_moments(g, s, count), *_ends(g, s), *_range(g, s)]
        steps, pair = _steps(g, s)
        features = g.op('Concat', *level, *steps, axis=2)
        valid = g.op('Concat', *[s.alive] * len(level), *[pair] * len(steps), axis=2)
        return g.flat(features, self.width), g.flat(valid, self.width)


def _moments(g: Graph, s: Signals, count: str) -> list[str]:
    """Mean, standard deviation and least-squares slope over what was measured."""
    time = g.const(np.linspace(-1, 1, s.samples))
    mean = g.op('Div', g.sum(s.robust), count)
    deviation = g.op('Mul', g.op('Sub', s.robust, mean), s.mask)
    sd = g.op('Sqrt', g.op('Div', g.sum(g.op('Mul', deviation, deviation)), count))
    centre = g.op('Div', g.sum(g.op('Mul', s.mask, time)), count)
    lever = g.op('Mul', g.op('Sub', time, centre), s.mask)
    weight = g.op('Max', g.sum(g.op('Mul', lever, lever)), g.const(1e-6))
    slope = g.op('Div', g.sum(g.op('Mul', lever, s.robust)), weight)
    return [mean, sd, slope]


def _ends(g: Graph, s: Signals) -> list[str]:
    """First and last measured sample."""
    rank = np.arange(1.0, s.samples + 1)
    return [_at_highest(g, s, g.op('Mul', s.mask, g.const(r))) for r in (rank[::-1], rank)]


def _at_highest(g: Graph, s: Signals, rank: str) -> str:
    """The sample where the rank is highest."""
    limit = g.op('Sub', g.op('ReduceMax', rank, axes=[2], keepdims=1), g.const(0.5))
    there = g.op('Cast', g.op('Greater', rank, limit), to=FLOAT)
    return g.sum(g.op('Mul', s.robust, there))


def _range(g: Graph, s: Signals) -> list[str]:
    """Smallest and largest measured sample."""
    away = g.op('Mul', g.op('Sub', g.const(1.0), s.mask), g.const(1e3))
    low = g.op('ReduceMin', g.op('Add', s.robust, away), axes=[2], keepdims=1)
    high = g.op('ReduceMax', g.op('Sub', s.robust, away), axes=[2], keepdims=1)
    return [low, high]


def _steps(g: Graph, s: Signals) -> tuple[list[str], str]:
    """Mean size and standard deviation of the steps between neighbouring measured samples."""
    end = s.samples
    both = g.op('Mul', g.slice(s.mask, 1, end), g.slice(s.mask, 0, end - 1))
    step = g.op('Sub', g.slice(s.robust, 1, end), g.slice(s.robust, 0, end - 1))
    step = g.op('Mul', step, both)
    pairs, one = g.sum(both), g.const(1.0)
    count = g.op('Max', pairs, one)
    size = g.op('Div', g.sum(g.op('Abs', step)), count)
    mean = g.op('Div', g.sum(step), count)
    deviation = g.op('Mul', g.op('Sub', step, mean), both)
    sd = g.op('Sqrt', g.op('Div', g.sum(g.op('Mul', deviation, deviation)), count))
    return [size, sd], g.op('Min', pairs, one)
