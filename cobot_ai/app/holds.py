"""Why the process is held, and what may let it go on (guarantee G11)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cobot_ai.app.fields import MACHINES, whole_of
from cobot_ai.app.ports import Draft, LedgerReader
from cobot_ai.app.robot import Guard
from cobot_ai.core.errors import DataError
from cobot_ai.core.motion import Outcome, Phase
from cobot_ai.core.spec import Action
from cobot_ai.core.types import Json

Moved = Callable[[str, int, str, Outcome], None]
NO_STEP = 'no step'
ROBOT = 'robot'
"""By whom a safety stop is."""
SHOWN = 5
"""Reasons that are named, the newest; of the others only how many."""
STAYS = (Action.STOP.value, Action.HOLD.value)
"""Actions after which the process does not go on."""
LOOK_BACK = 200
"""Rows of each kind that are read after a restart."""


class Holds:
    """All reasons to hold; the process goes on only when none of them is left.

    A case's hold ends with its own answer. Every other hold (a person's, a fail-safe, a judgement
    for a step that never came) ends only when a person resumes.

    Args:
        guard: Holds and resumes.
        moved: Told kind, case, by whom and the outcome, for the record.
        head: Sequence number of the newest ledger entry.

    Attributes:
        newest: Number of the newest hold or safety stop, larger than that of every earlier one,
            also across restarts. A page names it when it resumes, so that nobody lets go what
            they have not seen.
    """

    def __init__(self, guard: Guard, moved: Moved, head: Callable[[], int]) -> None:
        self._guard, self._moved, self._head = guard, moved, head
        self._reasons: dict[str, None] = {}
        self.newest = 0

    def __str__(self) -> str:
        reasons = list(self._reasons)
        more = [f'{len(reasons) - SHOWN} more'] if len(reasons) > SHOWN else []
        return ', '.join([*reasons[-SHOWN:], *more])

    def named(self) -> list[Json]:
        """The newest reasons as message keys with their parameters, for any language."""
        reasons = list(self._reasons)
        more = [{'key': 'more', 'n': len(reasons) - SHOWN}] if len(reasons) > SHOWN else []
        return [*map(_keyed, reasons[-SHOWN:]), *more]

    def __bool__(self) -> bool:
        return bool(self._reasons)

    def recall(self, ledger: LedgerReader) -> None:
        """After a restart: what was held and not resumed since is held still, and asked for again.

        Nobody watched meanwhile: until the driver shows it, it does not count as confirmed. A
        robot program that holds by itself, because its step never came, is remembered as well.
        """
        faults = ledger.last('fault', LOOK_BACK)
        holds, resumes = ledger.last('hold', LOOK_BACK), ledger.last('resume', LOOK_BACK)
        resumed = next((e.seq for e in resumes if e.body['confirmed']), 0)
        asked = self._resumed_in_shadow(ledger)
        since = [e for e in holds if e.seq > resumed]
        held = [e for e in since if e.body['phase'] != Phase.STOPPED.value]
        # Cleared is not enough: the robot was not yet seen to be started by hand.
        stops = [e for e in since if e.body['phase'] == Phase.STOPPED.value]
        self._count()
        self._guard.listen(self._stopped, stops[0].body['reason'] if stops else '')
        if any(e.body['code'] == 'no_step' for e in faults if e.seq > max(resumed, asked)):
            self.note(NO_STEP)
        alive = [e for e in held if not _went_on(ledger, e.case)] or held[:1]
        for entry in reversed(alive):
            self._reasons[_name(entry.case, entry.body['by'])] = None
        if alive:
            self._hold(alive[0].case, alive[0].body['by'])

    def _resumed_in_shadow(self, ledger: LedgerReader) -> int:
        """In shadow mode no resume is written; there, the command of a person is the record."""
        if self._guard.status()['phase'] != 'shadow':
            return 0
        commands = ledger.last('command', LOOK_BACK)
        return next((e.seq for e in commands if e.body['kind'] == 'resume'), 0)

    def case(self, case: int) -> None:
        """Hold for a case that waits for a person, or whose outcome is a stop."""
        self._hold(case, 'cobot_ai')

    def person(self, by: str) -> None:
        """Hold because a person or the plant wants it."""
        self._hold(0, by)

    def note(self, reason: str) -> None:
        """The robot program holds by itself; only a person ends it."""
        self._count()
        self._reasons[reason] = None

    def answered(self, case: int) -> None:
        """The case was answered and the robot told what to do; its hold ends, no other."""
        name = _name(case, '')
        if self._reasons.pop(name, '') is None and not self._reasons:
            self._resume(case, 'cobot_ai', {name: None})

    def resume(self, by: str, command: Mapping[str, object]) -> None:
        """A person lets the process go on, whatever held it.

        Args:
            by: Who. command: `hold` is the newest hold they saw; without it the present one.

        Raises:
            DataError: Nothing is held, another hold came since, or there was a safety stop and
                no person asks.
        """
        if not self._reasons and not self._guard.stopped:
            raise DataError('The process is not held.', key='not_held')
        if self._guard.stopped and by in MACHINES:
            raise DataError('After a safety stop a person resumes on the page.', key='safety_stop')
        if 'hold' in command and whole_of(command, 'hold') != self.newest:
            raise DataError('The hold changed since; look, then resume.', key='stale_hold')
        before, self._reasons = self._reasons, {}
        self._resume(0, by, before)

    def _count(self) -> None:
        self.newest = max(self.newest, self._head()) + 1

    def _hold(self, case: int, by: str) -> None:
        self._count()
        self._reasons[_name(case, by)] = None
        self._guard.hold(case, lambda outcome: self._moved('hold', case, by, outcome))

    def _resume(self, case: int, by: str, before: dict[str, None]) -> None:
        def told(outcome: Outcome) -> None:
            if outcome.phase is Phase.PENDANT:  # the next resume says: it was started there
                self._count()
            if outcome.phase is Phase.CONFIRMED:
                self._reasons = {r: None for r in self._reasons if r not in before}
            else:  # as good as held: it can be tried again
                self._reasons = before | self._reasons
            self._moved('resume', case, by, outcome)

        self._guard.resume(case, by not in MACHINES, told)

    def _stopped(self, reason: str) -> None:
        self._count()
        self._moved('hold', 0, ROBOT, Outcome(Phase.STOPPED, reason))


def _went_on(ledger: LedgerReader, case: int) -> bool:
    """Whether a case's own hold ended, although the process stayed held for something else."""
    outcomes = (e.body for e in ledger.of_case(case) if e.kind == 'resolution')
    return case > 0 and any(
        b['outcome'] == 'answered' and b['action'] not in STAYS for b in outcomes
    )


def moved_drafts(kind: str, case: int, by: str, outcome: Outcome) -> list[Draft]:
    """What is written about a hold or resume; a hold that is not sure is also a fault."""
    body = {
        'by': by,
        'phase': outcome.phase.value,
        'confirmed': outcome.phase is Phase.CONFIRMED,
        'reason': outcome.reason,
        'evidence': outcome.evidence,
    }
    drafts = [Draft(kind, body, case)]
    if kind == 'hold' and outcome.phase in (Phase.FAILED, Phase.LOST):
        what = 'The hold is not confirmed' if outcome.phase is Phase.FAILED else 'The hold is lost'
        detail = f'{what}: {outcome.reason}. Go to the robot.'
        drafts.append(Draft('fault', {'code': 'hold', 'detail': detail}, case))
    return drafts


def _keyed(name: str) -> Json:
    kind, _, number = name.partition(' ')
    if kind == 'case' and number.isdecimal():
        return {'key': 'case', 'n': int(number)}
    return {'key': 'no_step'} if name == NO_STEP else {'key': 'person', 'by': name}


def _name(case: int, by: str) -> str:
    return f'case {case}' if case else by or 'somebody'
