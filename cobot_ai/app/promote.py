"""Model versions: what is offered, what is planned, and swaps only between decisions."""

from __future__ import annotations

from cobot_ai.app import history
from cobot_ai.app.candidates import LATEST, candidate_body, obstacle, staged_last, tidy
from cobot_ai.app.model_ports import Registry, ScorerLoader
from cobot_ai.app.ports import Draft, LedgerReader
from cobot_ai.app.schedule import Plan, due, recall, skipped
from cobot_ai.app.swaps import Swaps, fault
from cobot_ai.core.calendar import Breaks
from cobot_ai.core.errors import CobotAiError, DataError, GateError, ModelError, StoreError

LOOK_NS = 10**9
"""How often the calendar is looked at."""
CELL_FILE = 'cell_file'
"""Who begins and ends a declared maintenance break."""


class Versions(Swaps):
    """The live model, the staged candidate and the rules of the swap.

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
        super().__init__(registry, loader, ledger)
        self._at_once, self._breaks = at_once, breaks or Breaks()
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
                drafts.append(fault(f'Model {digest[:12]} cannot be used: {e}'))
                digest = self._before(digest)
        if self.live is not None and self.live != self._recorded():
            self._registry.promote(self.live)
            drafts.append(self._record('promote', self.live, 'cobot_ai', 'recovered'))
        drafts += self.spares.load(self.live)
        self.plan = recall(self._ledger)
        self._recall_break()
        self.staged = staged_last(self._ledger, self._registry, self.live, self._lived())
        return drafts

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
            return [fault(f'Candidate {digest[:12]} was refused: {e}')]
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
            return [fault(f'Candidate {digest[:12]} was refused: {e}')]
        except StoreError as e:  # it stays staged for the next break
            return [fault(f'Candidate {self.staged[:12]} did not go live: {e}')]

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
