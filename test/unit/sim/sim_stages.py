"""Stages and recordings for the tests of the simulated cell."""

from dataclasses import replace

import numpy as np

from cobot_ai.sim.program import drain
from cobot_ai.sim.variation import stage


def plain(part='peg_a', seed=0, **changes):
    """An ordinary, well aligned stage with some things changed."""
    ordinary = stage(np.random.default_rng(seed), part, 'none')
    still = {'offset': (0.0, 0.0, 0.0), 'tilt': (0.0, 0.0, 0.0), 'plunger': 15.0, 'friction': 0.25}
    return replace(ordinary, **{**still, **changes})


class Run:
    """One step with its readings, by stream."""

    def __init__(self, cell, draw, release=True):
        self.pick = list(cell.pick(draw.part, draw))
        self.readings = []
        self.truth = drain(self.readings.append, cell.insert())
        self.after = list(cell.retreat(release=release))

    def values(self, stream):
        return np.array([r.values for r in self.readings if r.stream == stream])

    @property
    def everything(self):
        return self.pick + self.readings + self.after
