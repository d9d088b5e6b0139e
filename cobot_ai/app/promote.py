"""Model versions: offer, promote, schedule, roll back, and only between decisions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from cobot_ai.app import history
from cobot_ai.app.candidates import LATEST, candidate_body, obstacle, staged_last, tidy
from cobot_ai.app.model_ports import Registry, Scorer, ScorerLoader
from cobot_ai.app.ports import Draft, LedgerReader
from cobot_ai.app.schedule import Plan, due, recall, skipped
from cobot_ai.app.spares import Spares
from cobot_ai.core.calendar import Breaks
from cobot_ai.core.errors import CobotAiError, DataError, GateError, ModelError, StoreError

LOOK_NS = 10**9
"""How often the calendar is looked at."""
PEOPLE = ('person', 'scheduled')
"""Reasons of a promotion that a person decided; they end the pause after a rollback."""
CELL_FILE = 'cell_file'
"""Who begins and ends a declared maintenance break."""


class Versions:
    """The live model, the staged candidate and the rules of the swap.

    Every method that changes something returns the drafts that record it; the caller commits
    them. A version is loaded and warmed up before the pointer moves, so a bad file never takes
    the place of a good one.

    Args:
        registry: Stored versions. loader: Makes a scorer of one. ledger: What ran when.
        at_once: True when the cell file allows a swap outside a maintenance break.
        breaks: Declared maintenance breaks.
    """

    def __init__(
        self,
        registry: Registry,
        loader: ScorerLoader,
        ledger: LedgerReader,
        at_once: bool,
        breaks: Breaks | None = None,
    ) -> None:
        self._registry, self._loader, self._ledger = registry, loader, ledger
        self._at_once, self._breaks = at_once, breaks or Breaks()
        self.spares = Spares(registry, loader)
        self.scorer: Scorer | None = None
        self.live: str | None = None
        self.staged: str | None = None
        self.plan: Plan | None = None
        self.maintenance = False
        self.paused = False
        self._in_break = self._began = False
        self._looked_ns = -LOOK_NS

    def start(self) -> list[Draft]:
        """Load the live version, the staged candidate and the plan of the last run.

        Falls back to the version before when the live one cannot be loaded.
        """
        drafts: list[Draft] = []
        self.spares.recall(self._ledger)
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
        drafts += self.spares.load(self.live)
        self.plan = recall(self._ledger)
        self._recall_break()
        self.staged = staged_last(self._ledger, self._registry, self.live, self._lived())
        return drafts

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

    # ------------------------------------------------------------ candidates

    def offer(self, digest: str) -> list[Draft]:
        """Take in a candidate; it goes live now if the gate and the cell's rules allow it.

        One that comes a second time (after a restart it is announced again) is not recorded again.
        """
        if any(e.body['model'] == digest for e in self._ledger.last('candidate', LATEST)):
            return self.swap_if_allowed()
        try:
            _, manifest = self._registry.get(digest)
        except ModelError as e:
            return [_fault(f'Candidate {digest[:12]} was refused: {e}')]
        self._tidy(digest)
        reason = obstacle(digest, manifest, self.live, self._lived())
        body = candidate_body(digest, manifest) | {'staged': not reason, 'reason': reason}
        drafts = [Draft('candidate', body)]
        self.spares.learn(body)
        if reason:
            return drafts + self.spares.load(self.live)
        if self.plan is not None and self.plan.model not in (None, digest):
            drafts += self._unplan('replaced', 'cobot_ai', f'by the newer {digest[:12]}')
        self.staged = digest
        return drafts + self.swap_if_allowed()

    def _tidy(self, newest: str) -> None:
        """Forget old candidates; a version that ever decided stays, or nothing could be redone."""
        planned = self.plan.model if self.plan else None
        served = {e.body['model'] for e in self._ledger.last('sensors', 100_000)}
        keep = {*self._lived(), *served, *self.spares.digests, newest, self.live, self.staged}
        tidy(self._registry, keep | {planned})

    def _lived(self) -> set[str]:
        return {e.body['model'] for e in history.changes(self._ledger)}

    # ------------------------------------------------------------ swaps

    def swap_if_allowed(self) -> list[Draft]:
        """Promote the staged candidate when a swap is allowed at this moment."""
        allowed = (self._at_once or self.maintenance) and not self.paused
        plan = self.plan
        if plan is not None and plan.model and due(plan, self._looked_ns, self.maintenance):
            return []  # what a person wants comes first
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

    def rollback(self, by: str) -> list[Draft]:
        """Make the version that was live before live again, and stop automatic swaps.

        Raises:
            ModelError: There is no version before this one, or it is damaged.
        """
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

    # ------------------------------------------------------------ the calendar

    def set_maintenance(self, on: bool, by: str) -> list[Draft]:
        """Begin or end a maintenance break; a staged candidate goes live at its begin."""
        if on == self.maintenance:
            return []
        self.maintenance = on
        drafts = [Draft('maintenance', {'on': on, 'by': by})]
        return drafts + (self.swap_if_allowed() if on and by != CELL_FILE else [])

    def schedule(self, model: str | None, at: str, by: str, now_ns: int) -> list[Draft]:
        """Plan a swap; it takes the place of an earlier plan.

        Args:
            model: Version, None: the newest that passed when the time comes.
            at: `break` (the next maintenance break), or a time (`calendar.when`).
            by: Who wants it. now_ns: Stamp clock, nanoseconds.

        Raises:
            DataError: `at` is no time, or lies in the past.
            GateError: The version did not pass the gate.
            ModelError: It is unknown or damaged.
        """
        if model is not None and not self._registry.get(model)[1].gates.passed:
            raise GateError('This version did not pass the gate; choose another.', key='not_passed')
        at_ns = None if at == 'break' else self._breaks.when(at, now_ns)
        if at_ns is not None and at_ns <= now_ns:
            raise DataError('That time has passed; give one in the future.', key='time_passed')
        drafts = self._unplan('replaced', by, 'by a new plan')
        self.plan = Plan(model, at_ns, by)
        return [*drafts, Draft('schedule', {'model': model, 'at': at, 'at_ns': at_ns, 'by': by})]

    def unschedule(self, by: str) -> list[Draft]:
        """Drop the plan.

        Raises:
            DataError: There is none.
        """
        if self.plan is None:
            raise DataError('No swap is planned.', key='no_plan')
        return self._unplan('withdrawn', by, '')

    def tick(self, now_ns: int, idle: bool) -> list[Draft]:
        """Let the calendar act: declared breaks begin and end, a plan that is due is carried out.

        Args:
            now_ns: Stamp clock, nanoseconds. idle: No step runs and no question is open.
        """
        if abs(now_ns - self._looked_ns) < LOOK_NS:
            return []
        self._looked_ns = now_ns
        drafts = self._turn_of_break(self._breaks.at(now_ns) is not None)
        if self._began and self.maintenance and idle:
            drafts += self.swap_if_allowed()
        return drafts + self._carry_out(now_ns, idle)

    def _recall_break(self) -> None:
        """A break goes on after a restart; a declared one ends when the calendar says so."""
        last = self._ledger.last('maintenance')
        if last and last[0].body['on']:
            self.maintenance = True
            self._in_break = self._began = last[0].body['by'] == CELL_FILE

    def _turn_of_break(self, inside: bool) -> list[Draft]:
        if inside == self._in_break:
            return []
        self._in_break = inside
        if inside:
            drafts = self.set_maintenance(True, CELL_FILE)
            self._began = bool(drafts)
            return drafts
        began, self._began = self._began, False  # a person's own break goes on
        return self.set_maintenance(False, CELL_FILE) if began else []

    def _carry_out(self, now_ns: int, idle: bool) -> list[Draft]:
        plan = self.plan
        if plan is None or not due(plan, now_ns, self.maintenance):
            return []
        model = plan.model or self.staged
        reason = skipped(plan, now_ns, model, self.live)
        if reason:
            return self._unplan(reason, 'cobot_ai', '')
        if model is None or not idle:
            return []
        try:
            drafts = self.promote(model, plan.by, 'scheduled')
        except CobotAiError as e:
            return self._unplan('refused', 'cobot_ai', str(e))
        self.plan = None
        return drafts

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


def _fault(detail: str) -> Draft:
    return Draft('fault', {'code': 'model', 'detail': detail})
