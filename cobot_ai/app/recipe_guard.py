"""Carries out a hold or resume recipe and believes only what it sees. Not a safety function.

A hold counts as confirmed when the driver took the call, reports what the recipe demands, and the
joints stand still. Until then people are told that it is not. Nothing here ever resets a safety
stop; after one, our resume calls nothing until a person resumed and the robot was started by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cobot_ai.app.motion_request import Request
from cobot_ai.app.ports import Clock
from cobot_ai.app.robot import Driver
from cobot_ai.app.witness import Witness
from cobot_ai.core.motion import Outcome, Phase, Told
from cobot_ai.core.recipe import CallSpec, RecipeSpec, ResumeBy
from cobot_ai.core.types import Json

RETRIES = 3
"""How often a hold that was not confirmed is asked for again."""
SETTLE_NS = 500_000_000
"""How long a held robot must contradict before the hold counts as lost."""
BY_HAND = 'after a safety stop the robot is started by hand'
SHOWN = {
    ('hold', Phase.REQUESTED): 'holding',
    ('hold', Phase.CONFIRMED): 'held',
    ('hold', Phase.FAILED): 'not_held',
    ('hold', Phase.LOST): 'lost',
    ('resume', Phase.REQUESTED): 'resuming',
    ('resume', Phase.FAILED): 'not_resumed',
    ('resume', Phase.PENDANT): 'pendant',
}


class RecipeGuard:
    """Port `Guard` on a driver.

    Args:
        name: Name of the recipe. plan: The recipe. driver: Calls and sees.
        clock: Time-outs run on its monotonic side.
    """

    def __init__(self, name: str, plan: RecipeSpec, driver: Driver, clock: Clock) -> None:
        self._name, self._plan, self._driver, self._clock = name, plan, driver, clock
        self._witness = Witness(plan, driver, clock)
        self._hold: Request | None = None
        self._resume: Request | None = None
        self._on_stop: Callable[[str], None] = lambda reason: None
        self.stopped = ''
        self._by_hand = False
        self._holds = 0

    # ------------------------------------------------------------ port

    def listen(self, stopped: Callable[[str], None], recalled: str) -> None:
        """Who is told of a safety stop, and the one of an earlier run that nobody cleared."""
        self._on_stop, self.stopped = stopped, recalled

    def hold(self, case: int, told: Told) -> None:
        """Hold, and say what became of it; a hold always overtakes a resume.

        The driver is called before anybody is told: a record that fails must not keep the robot
        moving.
        """
        overtaken, self._resume = self._resume, None
        self._holds += 1
        if self._hold is not None and self._hold.phase is Phase.REQUESTED:
            self._hold.told.append(told)
        else:
            self._hold = self._new('hold', [told])
            self._send(self._hold, self._plan.hold)
        if overtaken is not None and overtaken.phase is not Phase.FAILED:
            overtaken.tell(Phase.FAILED, 'a hold came first')
        told(Outcome(Phase.REQUESTED))

    def resume(self, case: int, person: bool, told: Told) -> None:
        """Resume, or say why not; `person`: a person wants it, not an answer to a question."""
        told(Outcome(Phase.REQUESTED))
        before = self._resume.phase if self._resume is not None else None
        if self._resume is not None and before is Phase.REQUESTED:
            self._resume.told.append(told)
            return
        again = before is Phase.PENDANT
        self._resume = request = self._new('resume', [told])
        obstacle = self._obstacle(person)
        if obstacle:
            request.tell(Phase.FAILED, obstacle)
        elif again and person and not self._plan.running:
            self._free(request, 'a person says so; the driver does not tell')
        elif self.stopped:
            self._clear(request)
        elif self._plan.resume_by is ResumeBy.PROGRAM:
            self._free(request, 'the robot program goes on by itself')
        else:
            self._let_go(request)

    def status(self) -> Json:
        """For `~/state`: recipe, phase, reason, evidence, safety stop, and what to tell people."""
        request = self._shown
        phase = SHOWN[request.kind, request.phase] if request is not None else 'free'
        refused = self._resume.reason if self._resume is not None else ''
        return {
            'recipe': self._name,
            'phase': phase,
            'reason': (request.reason if request is not None else '') or refused,
            'evidence': request.evidence if request is not None else {},
            'stopped': self.stopped,
            'missing': self._driver.missing(),
            'text': dict(self._plan.text) if phase == 'pendant' or self.stopped else {},
        }

    def poll(self) -> None:
        """Look at the robot; confirm, give up, or notice what changed."""
        self._driver.poll()
        self._watch_safety()
        if self._resume is not None:
            self._follow_resume(self._resume)
        if self._hold is not None and self._shown is self._hold:
            self._follow_hold(self._hold)

    def close(self) -> None:
        """Let go of the driver."""
        self._driver.close()

    def _new(self, kind: str, told: list[Told]) -> Request:
        return Request(kind, self._now(), self._holds, told)

    @property
    def _shown(self) -> Request | None:
        """What people are told about: a hold goes on when its resume failed."""
        resume = self._resume
        if resume is None or (resume.phase is Phase.FAILED and self._hold is not None):
            return self._hold
        return resume

    # ------------------------------------------------------------ hold

    def _follow_hold(self, request: Request) -> None:
        why, evidence = self._against_held(request)
        if request.phase is Phase.CONFIRMED:
            self._watch_held(request)
        elif not why:
            request.tell(Phase.CONFIRMED, '', evidence)
        elif request.phase is Phase.REQUESTED:
            self._give_up(request, why, evidence)
        elif request.phase is Phase.FAILED:
            self._try_again(request)

    def _give_up(self, request: Request, why: str, evidence: Json) -> None:
        # A driver that is held already may refuse: its own state then decides.
        hopeless = request.refused and not self._plan.held
        if hopeless or self._age(request.begun_ns) >= self._plan.timeout_s:
            request.tell(Phase.FAILED, '; '.join(w for w in (request.refused, why) if w), evidence)

    def _try_again(self, request: Request) -> None:
        after_s = (request.retries + 2) * max(self._plan.timeout_s, 1.0)
        if request.retries < RETRIES and self._age(request.begun_ns) >= after_s:
            request.retries += 1
            request.refused, request.since_ns = '', None
            self._send(request, self._plan.hold)

    def _against_held(self, request: Request) -> tuple[str, Json]:
        """What speaks against a confirmed hold ('' when nothing does), and what was seen."""
        since = request.since_ns or request.begun_ns
        reasons, evidence = self._witness.failing(self._plan.held, since)
        if request.since_ns is None and (reasons or not self._plan.held):
            reasons.append(request.refused or 'the driver has not taken the call')
        reasons += self._witness.not_still(since, evidence)
        return '; '.join(dict.fromkeys(reasons)), evidence

    def _watch_held(self, request: Request) -> None:
        reasons, evidence = self._witness.failing(self._plan.held, 0)
        reasons += self._witness.not_still(None, evidence)
        if not reasons:
            request.contrary_ns = None
            return
        now = self._now()
        request.contrary_ns = begun = request.contrary_ns or now
        if now - begun >= SETTLE_NS:
            request.contrary_ns, request.since_ns = None, now
            request.tell(Phase.LOST, '; '.join(reasons), evidence)

    # ------------------------------------------------------------ resume

    def _obstacle(self, person: bool) -> str:
        if missing := self._driver.missing():
            return missing
        reasons = self._witness.failing(self._plan.normal, 0)[0]
        reasons = reasons or self._witness.failing(self._plan.ready, 0)[0]
        if not reasons and self.stopped and not person:
            reasons = ['a person must resume on the page']
        if self.stopped and reasons:
            return f'There was a safety stop ({self.stopped}): {"; ".join(reasons)}'
        return '; '.join(reasons)

    def _clear(self, request: Request) -> None:
        """Normal again and a person resumes. The old motion is never started from here."""
        self.stopped, self._by_hand = '', True
        request.tell(Phase.CLEARED)
        if self._plan.resume_by is ResumeBy.PROGRAM:
            self._free(request, 'the robot program goes on by itself')
        else:
            self._to_pendant(request, BY_HAND)

    def _let_go(self, request: Request) -> None:
        reasons, _ = self._witness.failing(self._plan.mode, 0)
        if self._by_hand:
            reasons = [BY_HAND]
        if reasons or self._plan.resume_by is ResumeBy.PENDANT:
            self._to_pendant(request, '; '.join(reasons))
        else:
            self._send(request, self._plan.resume)

    def _to_pendant(self, request: Request, reason: str) -> None:
        request.since_ns = self._now()
        request.tell(Phase.PENDANT, reason)

    def _follow_resume(self, request: Request) -> None:
        if request.phase is Phase.REQUESTED and (request.refused or self._obstacle(True)):
            self._refused(request, request.refused or self._obstacle(True))
        elif request.since_ns is not None:
            self._look_for_running(request, request.since_ns)
        self._in_time(request)

    def _refused(self, request: Request, reason: str) -> None:
        if self._plan.text and not self.stopped:
            self._to_pendant(request, reason)
        else:
            request.tell(Phase.FAILED, reason)

    def _look_for_running(self, request: Request, since_ns: int) -> None:
        reasons, evidence = self._witness.failing(self._plan.running, since_ns)
        if self._plan.running and not reasons and not self.stopped:
            self._free(request, '', evidence)
        elif not self._plan.running and request.phase is Phase.REQUESTED:
            self._free(request, 'the driver took the call')

    def _in_time(self, request: Request) -> None:
        if request.phase is not Phase.REQUESTED or request is not self._resume:
            return
        if self._age(request.begun_ns) >= self._plan.timeout_s:
            reasons, evidence = self._witness.failing(self._plan.running, request.begun_ns)
            if request.since_ns is None:
                reasons = ['the driver has not taken the call']
            request.tell(Phase.FAILED, '; '.join(reasons), evidence)

    def _free(self, request: Request, reason: str, evidence: Json | None = None) -> None:
        self._hold = self._resume = None
        self._by_hand = False
        request.tell(Phase.CONFIRMED, reason, evidence)

    # ------------------------------------------------------------ driver

    def _send(self, request: Request, calls: Sequence[CallSpec]) -> None:
        if not calls:
            request.since_ns = self._now()
            return

        def done(ok: bool, why: str) -> None:
            if request not in (self._hold, self._resume):
                self._overtaken(request)
            elif ok:
                self._send(request, calls[1:])
            else:
                request.refused = why or 'the driver refused'

        self._driver.call(calls[0], done)

    def _overtaken(self, request: Request) -> None:
        """A hold came after this resume, which was carried out all the same: hold once more."""
        if request.kind == 'resume' and self._hold is not None and request.holds != self._holds:
            self._hold = self._new('hold', self._hold.told)
            self._send(self._hold, self._plan.hold)

    def _watch_safety(self) -> None:
        found = self._witness.safety_stop()
        before, self.stopped = self.stopped, found or self.stopped
        if found and not before:
            self._on_stop(found)

    def _now(self) -> int:
        return self._clock.monotonic_ns()

    def _age(self, at_ns: int) -> float:
        return (self._now() - at_ns) / 1e9
