"""The feature block of camera stills: a row of numbers that enters the graph ready-made.

The network that looks is not part of the graph: it is large, and the same for all versions of a
cell. The manifest names the SHA-256 of its file; a still that another one looked at is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cobot_ai.core.errors import ModelError
from cobot_ai.core.types import Bools, Floats, Window
from cobot_ai.model.blocks import Emitted
from cobot_ai.model.graph import BATCH, FLOAT, Graph, Port
from cobot_ai.model.scaling import Signals

STILL = 'still'
"""Name of the block, and of the graph's third input."""


@dataclass(frozen=True, slots=True)
class Stills:
    """Features of stills as a block; a missing still is not measured as a whole."""

    width: int
    channels: int
    name: str = STILL

    def reads(self) -> Bools:
        """A still is made of no channel."""
        return np.zeros((self.width, self.channels), bool)

    def emit(self, g: Graph, s: Signals) -> Emitted:
        """Take the features from the third input; its last column says whether there are any."""
        values = g.slice(STILL, 0, self.width, axis=1)
        there = g.slice(STILL, self.width, self.width + 1, axis=1)
        return values, g.op('Mul', there, g.const(np.ones((1, self.width))))

    @property
    def port(self) -> Port:
        """The third input."""
        return STILL, FLOAT, (BATCH, self.width + 1)


def stack_stills(windows: Sequence[Window], by: str = '') -> tuple[Floats | None, str]:
    """Features of the windows' stills [case, feature + 1], and which network they are from.

    The last column is 1 where there is a still; None when no window has one.

    Args:
        by: SHA-256 of the network they must be from; empty: of whichever looked at the newest.

    Raises:
        ModelError: The stills were looked at by different networks.
    """
    found = [w.still for w in windows if w.still is not None]
    if not found:
        return None, by
    by = by or found[-1].by
    if any(s.by != by for s in found):
        raise ModelError(
            'Camera stills were looked at by another network than the model was trained on; '
            'restore backbone.onnx in the folder of the cell from a backup, or retrain.'
        )
    rows = np.zeros((len(windows), len(found[0].values) + 1), np.float32)
    for row, window in zip(rows, windows, strict=True):
        if window.still is not None:
            row[:-1], row[-1] = window.still.values, 1
    return rows, by
