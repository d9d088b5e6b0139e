"""The masked kernel: distances of cases that did not measure everything.

Features the present case did not measure are left out and the distance is scaled up to what it
would usually be with them. So that a case with hardly anything measured does not look identical
to everything, a small part of what is missing enters as the usual distance: with nothing measured
all stored cases are usually far away.
"""

from __future__ import annotations

import numpy as np

from cobot_ai.core.types import Floats
from cobot_ai.model.graph import Graph
from cobot_ai.model.ridge import Labels

PRIOR = 0.05
"""Share of what is missing that enters as the usual distance."""
TINY = 1e-9


def complete(full: Floats, valid: Floats, usual: Floats, zero: Floats) -> Floats:
    """Take out what missing features added (they stood at zero) and scale up [case, stored]."""
    missing = np.float32(1) - valid
    if not missing.any():
        return full
    lost = (missing @ usual)[:, None]
    pad = PRIOR * lost
    scale = usual.sum() / np.maximum(usual.sum() - lost + pad, TINY)
    return np.asarray((full - missing @ zero.T + pad) * scale, np.float32)


def complete_others(
    full: Floats, valid: Floats, usual: Floats, zero: Floats, learn: Labels
) -> Floats:
    """Complete the rows of the cases that are not learnt."""
    others = np.setdiff1d(np.arange(len(full)), learn)
    full[others] = complete(full[others], valid[others], usual, zero)
    return full


def emit_complete(g: Graph, measured: str, valid: str, usual: Floats) -> str:
    """The same inside a graph, in double precision.

    Args:
        g: The graph. measured: Distances by the measured features alone, double [B, stored].
        valid: 1.0 where measured [B, feature]. usual: Usual distance of each feature.
    """
    missing = g.op('Sub', g.const(1.0), valid)
    total = g.double(g.const(usual.sum()))
    lost = g.double(g.op('MatMul', missing, g.const(usual[:, None])))
    pad = g.op('Mul', lost, g.double(g.const(PRIOR)))
    kept = g.op('Add', g.op('Sub', total, lost), pad)
    scale = g.op('Div', total, g.op('Max', kept, g.double(g.const(TINY))))
    return g.op('Mul', g.op('Add', measured, pad), scale)
