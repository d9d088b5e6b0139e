"""What the use cases need of models, their training and where versions are kept, as Protocols.

One contract test suite per Protocol runs on every implementation, real or fake.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from cobot_ai.core.manifest import Manifest
from cobot_ai.core.spec import ModelSpec
from cobot_ai.core.suite import Suite
from cobot_ai.core.types import Doubles, Json, LabelledCase, Score, Window


class Scorer(Protocol):
    """A loaded model version."""

    @property
    def manifest(self) -> Manifest:
        """Its manifest."""

    def score(self, window: Window) -> Score:
        """Judge one window.

        Raises:
            ModelError: The window does not fit the model, or its output is not finite.
        """

    def probabilities(self, windows: Sequence[Window]) -> Doubles:
        """Probabilities [window, class] of several windows, quicker than one by one.

        Raises:
            ModelError: As `score`.
        """


class ScorerLoader(Protocol):
    """Makes a Scorer from a stored version."""

    def __call__(self, blob: bytes, manifest: Manifest) -> Scorer:
        """Load, check and warm up a model.

        Raises:
            ModelError: The file must not be used; the message names the check.
        """


class ModelFiles(Protocol):
    """Opens model files nobody vouches for, step by step, each step a named check of the gate."""

    def inspect(self, blob: bytes, manifest: Manifest, suite: Suite) -> None:
        """Look at the file without running it.

        Raises:
            GateError: `key` is the name of the check that failed.
        """

    def trial(self, blob: bytes, manifest: Manifest, suite: Suite) -> Json:
        """Run it once in a limited child process; returns `peak_mb` and `seconds`.

        Raises:
            GateError: `trial`.
        """

    def load(self, blob: bytes, manifest: Manifest) -> Scorer:
        """Open an inspected file here.

        Raises:
            ModelError: It cannot be used.
        """


@dataclass(frozen=True, slots=True)
class Fitted:
    """The result of a fit.

    Attributes:
        blob: ONNX file. classes: Class names in output order.
        cases: Case numbers behind `scores`, in order.
        scores: float64 [case, class] honest (cross-fitted) probabilities of each labelled case;
            cases whose class is not in `classes` are scored too (they can only be wrong).
        facts: Hyper-parameters and figures for the manifest (plain JSON).
        state: What the same fitter needs to update it; kept in memory only.
    """

    blob: bytes
    classes: tuple[str, ...]
    cases: tuple[int, ...]
    scores: Doubles
    facts: Json
    state: object = None


class Fitter(Protocol):
    """Trains a model from labelled cases."""

    def fit(self, cases: Sequence[LabelledCase], spec: ModelSpec) -> Fitted | None:
        """Fit, cross-fit and export; deterministic for the same cases and seed.

        Returns:
            None while there are not at least two classes with `spec.min_labels` labels.
        """

    def update(
        self, fitted: Fitted, cases: Sequence[LabelledCase], spec: ModelSpec
    ) -> Fitted | None:
        """Learn new and forget lost cases exactly, with the hyper-parameters of the last fit.

        Args:
            fitted: What this fitter made last. cases: All cases that count now.

        Returns:
            None where a full refit is needed.
        """

    def without(self, fitted: Fitted, channels: Sequence[str]) -> Fitted | None:
        """Solve again as if some channels had never been measured, scored honestly.

        Returns:
            None where nothing would be left to judge by.
        """

    def predict(self, fitted: Fitted, windows: Sequence[Window]) -> Doubles:
        """Probabilities [window, class] computed in numpy, to compare with onnxruntime."""


class FeatureStore(Protocol):
    """Rows of features that were computed once; a cache that may lose them."""

    def load(self, bank: str, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        """The stored rows among some keys of 32 bytes; the first eight are the case number."""

    def save(self, bank: str, rows: Mapping[bytes, bytes]) -> None:
        """Store rows of one feature bank (named by its digest)."""

    def keep(self, cases: Iterable[int]) -> None:
        """Delete the rows of all other cases."""


class Registry(Protocol):
    """Content-addressed model versions and the one pointer to the live one."""

    def put(self, blob: bytes, manifest: Manifest) -> str:
        """Store a version durably (without making it live); returns its digest."""

    def get(self, digest: str) -> tuple[bytes, Manifest]:
        """Read a version and verify both hashes.

        Raises:
            ModelError: Unknown or damaged version.
        """

    def current(self) -> str | None:
        """Digest of the live version, None when none was ever promoted."""

    def promote(self, digest: str) -> None:
        """Make a stored version live, atomically and durably.

        Raises:
            ModelError: Unknown or damaged version; the old one stays live.
        """

    def versions(self) -> list[str]:
        """Digests of all stored versions, oldest first."""

    def forget(self, digest: str) -> None:
        """Delete a version; the live one stays, an unknown one is no error."""
