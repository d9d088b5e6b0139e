"""Candidates: what is recorded of one, why one is not staged, and how many are kept."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress

from cobot_ai.app import history
from cobot_ai.app.model_ports import Registry
from cobot_ai.app.ports import LedgerReader
from cobot_ai.core.errors import ModelError
from cobot_ai.core.manifest import Manifest
from cobot_ai.core.types import Json, to_plain

LATEST = 50
"""Candidates that are looked through for one that is announced again."""
KEPT_CANDIDATES = 10
"""Candidates that never went live and are kept for somebody to look at."""


def obstacle(digest: str, manifest: Manifest, live: str | None, lived: Collection[str]) -> str:
    """Why a candidate is not staged (docs/versions.md), '' if it is.

    Args:
        digest: The candidate. manifest: Its manifest. live: Digest of the live version.
        lived: Every version that was ever live.
    """
    if not manifest.gates.passed:
        return 'gate'
    if digest in lived:
        return 'was_live'
    if manifest.facts.get('dropped'):
        return 'spare'
    # It was compared with a version that is no longer live: nobody knows whether it is better
    # than the present one. The trainer makes another at its next fit.
    return '' if manifest.parent == (live or '') else 'stale_parent'


def staged_last(
    ledger: LedgerReader, registry: Registry, live: str | None, lived: Collection[str]
) -> str | None:
    """The candidate that was staged when the last run ended.

    Args:
        ledger: What was offered. registry: Stored versions. live: See `obstacle`. lived: There.
    """
    moves = history.changes(ledger)
    since = moves[-1].seq if moves else 0
    for entry in ledger.last('candidate', LATEST):
        if entry.seq > since and entry.body['passed']:
            digest = str(entry.body['model'])
            with suppress(ModelError):
                if not obstacle(digest, registry.get(digest)[1], live, lived):
                    return digest
    return None


def tidy(registry: Registry, keep: Collection[str | None]) -> None:
    """Forget old candidates; a version that ever decided stays, or nothing could be redone.

    Args:
        registry: Stored versions. keep: Versions that must stay.
    """
    spare = [d for d in registry.versions() if d not in keep]
    for digest in spare[:-KEPT_CANDIDATES]:
        registry.forget(digest)


def candidate_body(digest: str, manifest: Manifest) -> Json:
    """The ledger's record of a candidate and its gate (docs/ledger.md)."""
    return {
        'model': digest,
        'parent': manifest.parent or None,
        'passed': manifest.gates.passed,
        'failed': list(manifest.gates.failed),
        'checks': [to_plain(c) for c in manifest.gates.checks],
        'labels': dict(manifest.labels),
        'certificates': [to_plain(c) for c in manifest.certificates],
        'head': manifest.head,
        'dropped': list(manifest.facts.get('dropped', ())),
    }
