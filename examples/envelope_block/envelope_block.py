"""Envelope of vibration: how strongly each channel trembles, early and late in the window.

Knocks and chatter are short and fast: in the mean of a time bin they vanish. This block takes
the steps between neighbouring samples (which removes everything slow), their size (the
envelope), and the logarithm of its mean in eight stretches of the window.
"""

import numpy as np

from cobot_ai.core.types import Floats
from cobot_ai.model.graph import Graph
from cobot_ai.model.plugins import Inputs, Output

STRETCHES = 8


class Envelope:
    """Log mean size of the steps, in eight stretches per channel."""

    version = '1.0'

    def __init__(self) -> None:
        self._floor: Floats = np.array(1e-9, np.float32)

    def fit(self, channels: tuple[str, ...], values: Floats, mask: Floats) -> None:
        """A floor for the logarithm: a hundredth of a channel's usual step."""
        steps = np.abs(np.diff(values, axis=2)) * mask[:, :, 1:] * mask[:, :, :-1]
        self._floor = (0.01 * steps.mean(axis=(0, 2))[:, None] + 1e-9).astype(np.float32)

    def emit(self, g: Graph, inputs: Inputs) -> Output:
        """Write the block: features [B, channels x stretches]."""
        end, count = inputs.samples, len(inputs.channels)
        later = (g.slice(inputs.x, 1, end), g.slice(inputs.mask, 1, end))
        before = (g.slice(inputs.x, 0, end - 1), g.slice(inputs.mask, 0, end - 1))
        both = g.op('Mul', later[1], before[1])
        size = g.op('Mul', g.op('Abs', g.op('Sub', later[0], before[0])), both)
        pool = g.const(stretches(end - 1))
        measured = g.op('Max', g.op('MatMul', both, pool), g.const(1.0))
        mean = g.op('Div', g.op('MatMul', size, pool), measured)
        level = g.op('Log', g.op('Add', mean, g.const(self._floor)))
        reads = [(channel,) for channel in inputs.channels for _ in range(STRETCHES)]
        return Output(g.flat(level, count * STRETCHES), tuple(reads))


def stretches(samples: int) -> Floats:
    """Which sample belongs to which of the eight stretches [sample, stretch]."""
    place = np.arange(samples) * STRETCHES // max(samples, 1)
    return (place[:, None] == np.arange(STRETCHES)).astype(np.float32)
