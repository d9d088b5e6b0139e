"""Model versions: offer, promote, roll back, and only between decisions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict

from cobot_ai.app.ports import Draft, Entry, LedgerReader, Registry, Scorer, ScorerLoader
from cobot_ai.core.errors import GateError, ModelError, StoreError
from cobot_ai.core.manifest import Manifest
from cobot_ai.core.types import Json

KEPT_CANDIDATES = 10
"""Candidates that never went live and are kept for somebody to look at."""


class Versions:
    """The live model, the staged candidate and the rules of the swap.

    Every method that changes something returns the drafts that record it; the caller commits
    them. A version is loaded and warmed up before the pointer moves, so a bad file never takes
    the place of a good one.

    Args:
        registry: Stored versions. loader: Makes a scorer of one. ledger: What ran when.
        at_once: True when the cell file allows a swap outside a maintenance break.
    """

    def __init__(
        self, registry: Registry, loader: ScorerLoader, ledger: LedgerReader, at_once: bool
    ) -> None:
        self._registry, self._loader, self._ledger = registry, loader, ledger
        self._at_once = at_once
        self.scorer: Scorer | None = None
        self.live: str | None = None
        self.staged: str | None = None
        self.maintenance = False
        self.paused = False

    def start(self) -> list[Draft]:
        """Load the live version; fall back to the one before when it cannot be loaded."""
        drafts: list[Draft] = []
        self.paused = self._rolled_back_last()
        digest = self._registry.current()
        while digest is not None and self.scorer is None:
            try:
                self.scorer, self.live = self._load(digest), digest
            except ModelError as e:
                drafts.append(_fault(f'Model {digest[:12]} cannot be used: {e}'))
                digest = self._before(digest)
        if self.live is not None and self.live != self._recorded():
            self._registry.promote(self.live)
            drafts.append(self._record('promote', self.live, 'cobot_ai', 'recovered'))
        return drafts

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """What changes inside counts only when it could be written down as well."""
        before = self.scorer, self.live, self.staged, self.maintenance, self.paused
        try:
            yield
        except StoreError:
            self.scorer, self.live, self.staged, self.maintenance, self.paused = before
            # A disk that refuses this too is put right by `start`, from the ledger.
            with suppress(ModelError, StoreError):
                if self.live is not None and self._registry.current() != self.live:
                    self._registry.promote(self.live)
            raise

    def offer(self, digest: str) -> list[Draft]:
        """Take in a candidate; it goes live now if the gate and the cell's rules allow it."""
        try:
            _, manifest = self._registry.get(digest)
        except ModelError as e:
            return [_fault(f'Candidate {digest[:12]} was refused: {e}')]
        self._tidy(digest)
        drafts = [Draft('candidate', candidate_body(digest, manifest))]
        if not manifest.gates.passed or manifest.parent != (self.live or ''):
            return drafts
        self.staged = digest
        return drafts + self.swap_if_allowed()

    def _tidy(self, newest: str) -> None:
        """Forget old candidates; a version that ever decided stays, or nothing could be redone."""
        lived = {e.body['model'] for k in ('promote', 'rollback') for e in self._all(k)}
        keep = {*lived, newest, self.live, self.staged}
        spare = [d for d in self._registry.versions() if d not in keep]
        for digest in spare[:-KEPT_CANDIDATES]:
            self._registry.forget(digest)

    def _all(self, kind: str) -> list[Entry]:
        return self._ledger.last(kind, 100_000)

    def swap_if_allowed(self) -> list[Draft]:
        """Promote the staged candidate when a swap is allowed at this moment."""
        allowed = (self._at_once or self.maintenance) and not self.paused
        if self.staged is None or not allowed:
            return []
        try:
            return self.promote(self.staged, 'cobot_ai', 'auto')
        except ModelError as e:
            digest, self.staged = self.staged, None
            return [_fault(f'Candidate {digest[:12]} was refused: {e}')]
        except StoreError as e:  # it stays staged for the next break
            return [_fault(f'Candidate {self.staged[:12]} did not go live: {e}')]

    def promote(self, digest: str, by: str, reason: str) -> list[Draft]:
        """Make a stored version live.

        Raises:
            GateError: It did not pass the gate.
            ModelError: It is unknown or damaged; the old one stays live.
        """
        _, manifest = self._registry.get(digest)
        if not manifest.gates.passed:
            failed = ', '.join(manifest.gates.failed) or 'the gate never ran'
            raise GateError(f'This version did not pass the gate: {failed}.')
        parent = self.live
        self._go_live(digest)
        if digest == self.staged:
            self.staged = None
        if reason == 'person':
            self.paused = False
        draft = self._record('promote', digest, by, reason)
        return [Draft(draft.kind, {**draft.body, 'parent': parent})]

    def rollback(self, by: str) -> list[Draft]:
        """Make the version that was live before live again, and stop automatic swaps.

        Raises:
            ModelError: There is no version before this one, or it is damaged.
        """
        before = self._before(self.live)
        if before is None or self.live is None:
            raise ModelError('There is no version before this one to go back to.')
        gone = self.live
        self._go_live(before)
        self.paused, self.staged = True, None
        return [Draft('rollback', {'model': before, 'from': gone, 'by': by})]

    def set_maintenance(self, on: bool, by: str) -> list[Draft]:
        """Begin or end a maintenance break; a staged candidate goes live at its begin."""
        if on == self.maintenance:
            return []
        self.maintenance = on
        drafts = [Draft('maintenance', {'on': on, 'by': by})]
        return drafts + (self.swap_if_allowed() if on else [])

    def _load(self, digest: str) -> Scorer:
        return self._loader(*self._registry.get(digest))

    def _go_live(self, digest: str) -> None:
        """Loaded first, then on record in the registry, only then in charge."""
        scorer = self._load(digest)
        self._registry.promote(digest)
        self.scorer, self.live = scorer, digest

    def _record(self, kind: str, digest: str, by: str, reason: str) -> Draft:
        return Draft(kind, {'model': digest, 'parent': None, 'by': by, 'reason': reason})

    def _history(self) -> list[str]:
        """Live versions in the order they went live, oldest first, a rollback undoing one."""
        entries = self._all('promote') + self._all('rollback')
        stack: list[str] = []
        for entry in sorted(entries, key=lambda e: e.seq):
            model = entry.body['model']
            if entry.kind == 'rollback' and model in stack:
                del stack[stack.index(model) + 1 :]
            elif not stack or stack[-1] != model:
                stack.append(model)
        return stack

    def _before(self, digest: str | None) -> str | None:
        stack = self._history()
        if digest in stack:
            place = stack.index(digest)
            return stack[place - 1] if place else None
        return stack[-1] if stack else None

    def _recorded(self) -> str | None:
        stack = self._history()
        return stack[-1] if stack else None

    def _rolled_back_last(self) -> bool:
        back = self._ledger.last('rollback')
        chosen = [e for e in self._ledger.last('promote', 1000) if e.body['reason'] == 'person']
        return bool(back) and (not chosen or chosen[0].seq < back[0].seq)


def candidate_body(digest: str, manifest: Manifest) -> Json:
    """The ledger's record of a candidate and its gate (docs/ledger.md)."""
    return {
        'model': digest,
        'parent': manifest.parent or None,
        'passed': manifest.gates.passed,
        'failed': list(manifest.gates.failed),
        'checks': [asdict(c) for c in manifest.gates.checks],
        'labels': dict(manifest.labels),
        'certificates': [asdict(c) for c in manifest.certificates],
        'head': manifest.head,
    }


def _fault(detail: str) -> Draft:
    return Draft('fault', {'code': 'model', 'detail': detail})
