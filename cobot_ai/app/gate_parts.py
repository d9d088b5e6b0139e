"""Small parts of the gate: files, slices, windows to try a model on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cobot_ai.app.model_ports import ModelFiles, Scorer, ScorerLoader
from cobot_ai.core.calendar import shift_of, zone_of
from cobot_ai.core.gates import Check
from cobot_ai.core.manifest import Manifest
from cobot_ai.core.spec import CellSpec
from cobot_ai.core.suite import Suite
from cobot_ai.core.types import Json, LabelledCase, Window

FILE_CHECKS = ('size', 'parse', 'external_data', 'operators', 'weights', 'shapes', 'trial')
"""Checks of the file, in the order they are made; the first that fails ends the gate."""
MEASURED = 0.5
"""A channel counts as missing in a case when less than this share of it was measured."""


class LoaderFiles(ModelFiles):
    """A loader that makes its own checks."""

    def __init__(self, loader: ScorerLoader) -> None:
        self._loader = loader

    def inspect(self, blob: bytes, manifest: Manifest, suite: Suite) -> None:
        """The loader inspects."""

    def trial(self, blob: bytes, manifest: Manifest, suite: Suite) -> Json:
        """No child process: the file is our own."""
        return {}

    def load(self, blob: bytes, manifest: Manifest) -> Scorer:
        """Load and check."""
        return self._loader(blob, manifest)


def slices_of(case: LabelledCase, spec: CellSpec | None) -> dict[str, str]:
    """What a case belongs to when candidates are compared: dimension -> value."""
    measured = case.window.mask.mean(axis=1) >= MEASURED
    found = {
        'context': case.context,
        'sensors': 'complete' if measured.all() else 'missing channels',
        'class': case.label,
    }
    if spec is not None:
        shift = shift_of(case.window.start_ns, spec.shifts, zone_of(spec.timezone))
        found |= {'shift': shift} if shift else {}
    return found


def safe(name: str) -> Check:
    """A check of the file that passed."""
    said = {
        'size': 'The file is small enough.',
        'parse': 'The file is a whole ONNX model.',
        'external_data': 'The file reads no other file.',
        'operators': 'Only allowed operators: nothing that may never end.',
        'weights': 'All weights are finite numbers.',
        'shapes': 'One probability per class, for the declared window.',
        'trial': 'It ran once in a child process with limited time and memory.',
    }
    return Check(name, True, said[name])


def empty(manifest: Manifest) -> Window:
    """A window of zeros, where there is no case to try a model on."""
    shape = (len(manifest.channels), manifest.samples)
    return Window(manifest.channels, np.zeros(shape, np.float32), np.ones(shape, bool), 0, 1)


def spread(cases: Sequence[LabelledCase], most: int) -> list[LabelledCase]:
    """A few cases, evenly spread over all."""
    if not cases:
        return []
    picks = np.unique(np.linspace(0, len(cases) - 1, most).astype(int))
    return [cases[i] for i in picks]
