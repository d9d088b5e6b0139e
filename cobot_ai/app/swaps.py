"""The live model: promoted, rolled back, and what ran when."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from cobot_ai.app import history
from cobot_ai.app.model_ports import Registry, Scorer, ScorerLoader
from cobot_ai.app.ports import Draft, LedgerReader
from cobot_ai.app.schedule import Plan
from cobot_ai.app.spares import Spares
from cobot_ai.core.errors import GateError, ModelError, StoreError

PEOPLE = ('person', 'scheduled')
"""Reasons of a promotion that a person decided; they end the pause after a rollback."""


class Swaps:
    """The version in charge, and how another one takes its place.

    Every method that changes something returns the drafts that record it; the caller commits
    them. A version is loaded and warmed up before the pointer moves, so a bad file never takes
    the place of a good one.

    Args:
        registry: Stored versions. loader: Makes a scorer of one. ledger: What ran when.
    """

    def __init__(self, registry: Registry, loader: ScorerLoader, ledger: LedgerReader) -> None:
        self._registry, self._loader, self._ledger = registry, loader, ledger
        self.spares = Spares(registry, loader)
        self.scorer: Scorer | None = None
        self.live: str | None = None
        self.staged: str | None = None
        self.plan: Plan | None = None
        self.maintenance = False
        self.paused = False
        self._in_break = self._began = False

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """What changes inside counts only when it could be written down as well."""
        before = self._state()
        try:
            yield
        except StoreError:
            for name, value in before.items():
                setattr(self, name, value)
            self.spares.load(self.live)
            # A disk that refuses this too is put right by `start`, from the ledger.
            with suppress(ModelError, StoreError):
                if self.live is not None and self._registry.current() != self.live:
                    self._registry.promote(self.live)
            raise

    def _state(self) -> dict[str, object]:
        names = ('scorer', 'live', 'staged', 'plan', 'maintenance', 'paused')
        return {name: getattr(self, name) for name in (*names, '_in_break', '_began')}

    def promote(self, digest: str, by: str, reason: str) -> list[Draft]:
        """Make a stored version live.

        Raises:
            GateError: It did not pass the gate, or it is live already.
            ModelError: It is unknown or damaged; the old one stays live.
        """
        _, manifest = self._registry.get(digest)
        if not manifest.gates.passed:
            failed = ', '.join(manifest.gates.failed) or 'the gate never ran'
            raise GateError(f'This version did not pass the gate: {failed}.', key='not_passed')
        if digest == self.live and not self.paused:
            raise GateError('This version is live already.', key='live_already')
        parent = self.live
        self._go_live(digest)
        self.staged = None  # another one was compared with the version that is gone now
        if reason in PEOPLE:
            self.paused = False
        draft = self._record('promote', digest, by, reason)
        drafts = [Draft(draft.kind, {**draft.body, 'parent': parent}), *self.spares.load(digest)]
        if self.plan is not None and self.plan.model is not None and reason != 'scheduled':
            drafts += self._unplan('replaced', by, f'by {digest[:12]}')
        return drafts

    def rollback(self, by: str, gone: str | None = None) -> list[Draft]:
        """Make the version that was live before live again, and stop automatic swaps.

        Args:
            by: Who wants it.
            gone: The live version it is about: two people who want it gone go back one step, not
                two. None: whichever is live.

        Raises:
            ModelError: There is no version before this one, or it is damaged, or another is live.
        """
        if gone not in (None, self.live):
            raise ModelError('This version is not live any more.', key='not_live')
        before = self._before(self.live)
        if before is None or self.live is None:
            raise ModelError(
                'There is no version before this one to go back to.', key='no_version_before'
            )
        gone = self.live
        self._go_live(before)
        self.paused, self.staged = True, None
        drafts = [Draft('rollback', {'model': before, 'from': gone, 'by': by})]
        return drafts + self.spares.load(before) + self._unplan('rollback', by, '')

    def _unplan(self, reason: str, by: str, detail: str) -> list[Draft]:
        plan, self.plan = self.plan, None
        if plan is None:
            return []
        body = {'model': plan.model, 'reason': reason, 'detail': detail, 'by': by}
        return [Draft('unschedule', body)]

    # ------------------------------------------------------------ what ran when

    def _load(self, digest: str) -> Scorer:
        return self._loader(*self._registry.get(digest))

    def _go_live(self, digest: str) -> None:
        """Loaded first, then on record in the registry, only then in charge."""
        scorer = self._load(digest)
        self._registry.promote(digest)
        self.scorer, self.live = scorer, digest

    def _record(self, kind: str, digest: str, by: str, reason: str) -> Draft:
        return Draft(kind, {'model': digest, 'parent': None, 'by': by, 'reason': reason})

    def _before(self, digest: str | None) -> str | None:
        return history.before(history.changes(self._ledger), digest)

    def _recorded(self) -> str | None:
        stack = history.stack(history.changes(self._ledger))
        return stack[-1] if stack else None

    def _rolled_back_last(self) -> bool:
        back = self._ledger.last('rollback')
        chosen = [e for e in self._ledger.last('promote', 1000) if e.body['reason'] in PEOPLE]
        return bool(back) and (not chosen or chosen[0].seq < back[0].seq)


def fault(detail: str) -> Draft:
    """The record of a version that cannot be used."""
    return Draft('fault', {'code': 'model', 'detail': detail})
