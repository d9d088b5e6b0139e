"""Model versions, of which one may be read and loaded before it is wanted."""

from __future__ import annotations

from dataclasses import dataclass

from cobot_ai.app.model_ports import Registry, Scorer, ScorerLoader
from cobot_ai.core.manifest import Manifest


@dataclass(frozen=True, slots=True)
class _Ready:
    digest: str
    blob: bytes
    manifest: Manifest
    scorer: Scorer | None


class Shelf:
    """A registry, and the loader of its versions, with one of them at hand.

    Reading, checking and loading a version takes longer than a decision may. `prepare` does it on
    whatever thread calls it; the same checks are made, only earlier.

    Args:
        registry: Stored versions. loader: Makes a scorer of one.
    """

    def __init__(self, registry: Registry, loader: ScorerLoader) -> None:
        self._registry, self._loader = registry, loader
        self._ready: _Ready | None = None
        self.put, self.promote = registry.put, registry.promote
        self.current, self.versions = registry.current, registry.versions

    def prepare(self, digest: str) -> None:
        """Have a version at hand instead of the one before.

        Raises:
            ModelError: It is unknown or damaged, or cannot be used; nothing is at hand then.
        """
        self._ready = None
        blob, manifest = self._registry.get(digest)
        scorer = self._loader(blob, manifest) if manifest.gates.passed else None
        self._registry.versions()  # reads what is new, so that taking it in need not
        self._ready = _Ready(digest, blob, manifest, scorer)

    def get(self, digest: str) -> tuple[bytes, Manifest]:
        """A version; see `Registry.get`."""
        ready = self._ready
        if ready is not None and ready.digest == digest:
            return ready.blob, ready.manifest
        return self._registry.get(digest)

    def load(self, blob: bytes, manifest: Manifest) -> Scorer:
        """The scorer of a version."""
        ready = self._ready
        if ready is not None and ready.scorer is not None and ready.manifest is manifest:
            return ready.scorer
        return self._loader(blob, manifest)

    def forget(self, digest: str) -> None:
        """Delete a version; see `Registry.forget`."""
        ready = self._ready
        if ready is not None and ready.digest == digest:
            self._ready = None
        self._registry.forget(digest)
