"""Scoring windows with a loaded model version."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cobot_ai.app.model_ports import ModelFiles
from cobot_ai.core.errors import GateError, ModelError
from cobot_ai.core.manifest import Manifest
from cobot_ai.core.suite import Suite
from cobot_ai.core.types import Doubles, Floats, Json, Neighbour, Score, Window
from cobot_ai.model.import_gate import CHECKS, inspect, trial
from cobot_ai.model.session import feed, inputs_of, open_session
from cobot_ai.model.stills import stack_stills

WARM_UP = 1
TOGETHER = 8
"""Windows scored in one call: more of them need more memory and are no quicker."""


class OnnxScorer:
    """A model version in onnxruntime, on one thread, warmed up."""

    def __init__(self, session: Any, manifest: Manifest) -> None:
        self._session = session
        self._manifest = manifest
        self._digest = manifest.digest
        self._ports = inputs_of(session)
        self._eye = str(manifest.facts.get('still', ''))
        self._names = [output.name for output in session.get_outputs()]
        self._stored: tuple[int, ...] = tuple(manifest.facts.get('stored', ()))
        shape = (len(manifest.channels), manifest.samples)
        for _ in range(WARM_UP):
            self._run(np.zeros((1, *shape), np.float32), np.ones((1, *shape), np.float32))

    @property
    def manifest(self) -> Manifest:
        """Its manifest."""
        return self._manifest

    def score(self, window: Window) -> Score:
        """Judge one window.

        Raises:
            ModelError: The window does not fit the model, or its output is not finite.
        """
        m, out = self._manifest, self._run(*self._inputs([window]))
        return Score(
            m.classes,
            tuple(float(p) for p in out['probs']),
            self._digest,
            float(out['evidence']),
            float(out.get('novelty', np.nan)),
            self._nearest(out),
        )

    def probabilities(self, windows: Sequence[Window]) -> Doubles:
        """Probabilities [window, class] of several windows, quicker than one by one.

        Raises:
            ModelError: As `score`.
        """
        parts = [windows[i : i + TOGETHER] for i in range(0, len(windows), TOGETHER)]
        found = [self._compute(['probs'], *self._inputs(part))[0] for part in parts]
        return np.asarray(np.concatenate(found), np.float64)

    def _inputs(self, windows: Sequence[Window]) -> tuple[Floats, Floats, Floats | None]:
        """Values and mask [window, channel, time], and the stills where the model has eyes."""
        m = self._manifest
        for window in windows:
            if window.channels != m.channels or window.values.shape[1] != m.samples:
                raise ModelError(
                    'This step was recorded with other channels or another window length than the '
                    'model was trained on; retrain the model for the present cell file.'
                )
        mask = np.array([w.mask for w in windows])
        values = np.where(mask, np.array([w.values for w in windows]), np.float32(0))
        still = stack_stills(windows, self._eye)[0] if self._eye else None
        return values, mask.astype(np.float32), still

    def _run(
        self, values: Floats, mask: Floats, still: Floats | None = None
    ) -> dict[str, NDArray[Any]]:
        out = self._compute(self._names, values, mask, still)
        return {name: array[0] for name, array in zip(self._names, out, strict=True)}

    def _compute(
        self, names: Sequence[str], values: Floats, mask: Floats, still: Floats | None = None
    ) -> list[NDArray[Any]]:
        inputs = feed(self._ports, values.astype(np.float32), mask, still)
        out: list[NDArray[Any]] = self._session.run(list(names), inputs)
        if not all(np.isfinite(a).all() for a in out):
            raise ModelError('The model gave a number that is not finite; roll back to the last.')
        return out

    def _nearest(self, out: dict[str, NDArray[Any]]) -> tuple[Neighbour, ...]:
        if 'near_idx' not in out or not self._stored:
            return ()
        pairs = zip(out['near_idx'].tolist(), out['near_sim'].tolist(), strict=True)
        return tuple(Neighbour(self._stored[i], min(1.0, max(0.0, s))) for i, s in pairs)


def load(blob: bytes, manifest: Manifest) -> OnnxScorer:
    """Load a version our own trainer made: all checks of the import gate except the trial run.

    Raises:
        GateError: The file must not be used; `key` is the name of the check.
    """
    if hashlib.sha256(blob).hexdigest() != manifest.blob:
        raise GateError(
            'The model file is not the one its manifest names; restore both from a backup.',
            key='hash',
        )
    inspect(blob, manifest)
    return _open(blob, manifest)


def _open(blob: bytes, manifest: Manifest) -> OnnxScorer:
    try:
        return OnnxScorer(open_session(blob), manifest)
    except ModelError:
        raise
    except Exception as e:  # onnxruntime raises its own unrelated classes
        raise GateError(f'onnxruntime refused the model ({e}); retrain it.', key='parse') from e


class GateFiles(ModelFiles):
    """Model files for the gate: only what the suite switched on is checked.

    Whatever a suite says, the monitor loads a version with `load`, which checks everything.
    """

    def inspect(self, blob: bytes, manifest: Manifest, suite: Suite) -> None:
        """Look at the file without running it.

        Raises:
            GateError: `key` is the name of the check that failed.
        """
        skip = [name for name in CHECKS if not suite.on(name)]
        inspect(blob, manifest, skip, suite.size.limit_mb * 1e6)

    def trial(self, blob: bytes, manifest: Manifest, suite: Suite) -> Json:
        """Run it once in a limited child process.

        Raises:
            GateError: `trial`.
        """
        return trial(blob, manifest, suite.trial.seconds, suite.trial.memory_mb)

    def load(self, blob: bytes, manifest: Manifest) -> OnnxScorer:
        """Open an inspected file.

        Raises:
            ModelError: It cannot be used.
        """
        return _open(blob, manifest)
