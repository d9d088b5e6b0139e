"""Per-channel level and spread of the training windows, ignoring what was not measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cobot_ai.core.types import Bools, Floats
from cobot_ai.core.wild import tamed
from cobot_ai.model.graph import Graph

LIMIT = 1e6
"""Scaled values are cut here, so that no finite input can overflow float32 later."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """Robust and plain location and inverse scale, float32 [channel, 1]; 0 for a constant one.

    Attributes:
        median: Median. robust: 1 / (1.4826 MAD + 0.05 sd).
        mean: Mean. inverse_sd: 1 / sd.
    """

    median: Floats
    robust: Floats
    mean: Floats
    inverse_sd: Floats


def fit_scaling(values: Floats, mask: Floats) -> Scaling:
    """Scaling of windows [case, channel, time]; a channel never measured gets all zeros."""
    rows = [_channel(values[:, c], mask[:, c] > 0) for c in range(values.shape[1])]
    median, robust, mean, inverse = np.array(rows, np.float32).T[:, :, None]
    return Scaling(median, robust, mean, inverse)


def _channel(values: Floats, there: Bools) -> tuple[float, ...]:
    x = values[there].astype(np.float64)
    if not len(x):
        return 0.0, 0.0, 0.0, 0.0
    x, median, usual = tamed(x, lambda: np.nonzero(there)[0])
    sd = float(x.std())
    spread = 1.4826 * usual + 0.05 * sd
    flat = sd <= 1e-9 * max(abs(median), 1e-20)
    return median, 0.0 if flat else 1 / spread, float(x.mean()), 0.0 if flat else 1 / sd


@dataclass(frozen=True, slots=True)
class Signals:
    """Names of the scaled signals inside a graph.

    Attributes:
        robust: asinh of the robustly scaled samples [B, C, T], 0 where not measured.
        plain: Standard scores [B, C, T], 0 where not measured.
        mask: 1.0 where measured [B, C, T]. count: Measured samples [B, C, 1].
        alive: 1.0 where a channel has any sample, else 0.0 [B, C, 1].
        channels: C. samples: T.
    """

    robust: str
    plain: str
    mask: str
    count: str
    alive: str
    channels: int
    samples: int


def emit_signals(g: Graph, scaling: Scaling, samples: int) -> Signals:
    """Write the scaling into a graph that has the inputs `x` and `mask`."""
    low, high, one = g.const(-LIMIT), g.const(LIMIT), g.const(1.0)

    def scaled(offset: Floats, factor: Floats) -> str:
        return g.op('Clip', g.affine('x', offset, factor), low, high)

    robust = _asinh(g, scaled(scaling.median, scaling.robust))
    plain = scaled(scaling.mean, scaling.inverse_sd)
    count = g.sum('mask')
    return Signals(
        g.op('Mul', robust, 'mask'),
        g.op('Mul', plain, 'mask'),
        'mask',
        count,
        g.op('Min', count, one),
        len(scaling.median),
        samples,
    )


def _asinh(g: Graph, x: str) -> str:
    """sign(x) log(|x| + sqrt(x^2 + 1)): onnxruntime's own Asinh is eight times slower."""
    root = g.op('Sqrt', g.op('Add', g.op('Mul', x, x), g.const(1.0)))
    return g.op('Mul', g.op('Log', g.op('Add', g.op('Abs', x), root)), g.op('Sign', x))
