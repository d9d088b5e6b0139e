"""Model versions without models: what is live, on a clock moved by hand."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from fakes import ManualClock, MemoryLedger, MemoryRegistry
from model_versions import version

from cobot_ai.app import history
from cobot_ai.app.ports import Draft, Entry
from cobot_ai.app.promote import Versions
from cobot_ai.core.calendar import breaks_of
from cobot_ai.core.gates import Check, GateReport

NOON = 1_700_049_600 * 10**9
"""Wednesday, 15 November 2023, 12:00 UTC."""
MINUTE = 60 * 10**9


def scorer(blob: bytes, manifest: Any) -> Any:
    return SimpleNamespace(manifest=manifest)


class VersionCell:
    """Versions with a ledger; a restart keeps ledger and registry."""

    def __init__(self, at_once: bool = False, breaks: tuple[str, ...] = ()) -> None:
        self.ledger, self.registry = MemoryLedger(), MemoryRegistry()
        self.clock = ManualClock(NOON)
        self._args = (at_once, breaks_of(breaks, 'UTC'))
        self.restart()

    def restart(self) -> None:
        self.versions = Versions(self.registry, scorer, self.ledger, *self._args)
        self.commit(self.versions.start())

    def commit(self, drafts: list[Draft]) -> list[str]:
        """Write down; returns the kinds."""
        self.clock.pass_s(1.5)
        self.ledger.commit(drafts, self.clock.t_ns)
        return [d.kind for d in drafts]

    def make(self, n: int, passed: bool = True, parent: str | None = None) -> str:
        """Store a version trained on what is live (or on `parent`)."""
        blob, manifest = version(n)
        parent = (self.versions.live or '') if parent is None else parent
        gates = GateReport((Check('skill', passed, 'so it is.'),))
        manifest = replace(manifest, parent=parent, gates=gates)
        assert manifest.blob == hashlib.sha256(blob).hexdigest()
        return self.registry.put(blob, manifest)

    def offer(self, digest: str) -> list[str]:
        return self.commit(self.versions.offer(digest))

    def go(self, n: int) -> str:
        """Make and promote a version."""
        digest = self.make(n)
        self.commit(self.versions.promote(digest, 'ann', 'person'))
        return digest

    def tick(self, minutes: float = 0.0, idle: bool = True) -> list[str]:
        self.clock.pass_s(60 * minutes)
        return self.commit(self.versions.tick(self.clock.t_ns, idle))

    def of(self, kind: str) -> list[Entry]:
        return [e for e in self.ledger.entries if e.kind == kind]

    @property
    def served(self) -> tuple[Any, ...]:
        """Everything a swap changes: pointer, scorer, and where a rollback would lead."""
        v = self.versions
        digest = v.scorer.manifest.digest if v.scorer else None
        back = history.before(history.changes(self.ledger), v.live)
        return v.live, digest, self.registry.current(), back
