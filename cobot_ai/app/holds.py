"""Why the process is held, and what may let it go on (guarantee G11)."""

from __future__ import annotations

from collections.abc import Callable

from cobot_ai.app.ports import Guard, LedgerReader

Moved = Callable[[str, int, bool, str, str], None]
NO_STEP = 'no step'
SHOWN = 5
"""Reasons that are named, the newest; of the others only how many."""


class Holds:
    """All reasons to hold; the process goes on only when none of them is left.

    A case's hold ends with its own answer. Every other hold (a person's, a fail-safe, a judgement
    for a step that never came) ends only when a person resumes.

    Args:
        guard: Holds and resumes.
        moved: Told kind, case, confirmed, reason and by whom, for the record.
    """

    def __init__(self, guard: Guard, moved: Moved) -> None:
        self._guard, self._moved = guard, moved
        self._reasons: dict[str, None] = {}

    def __str__(self) -> str:
        reasons = list(self._reasons)
        more = [f'{len(reasons) - SHOWN} more'] if len(reasons) > SHOWN else []
        return ', '.join([*reasons[-SHOWN:], *more])

    def __bool__(self) -> bool:
        return bool(self._reasons)

    def recall(self, ledger: LedgerReader) -> None:
        """After a restart: what was held and not resumed since is held still."""
        holds, resumes = ledger.last('hold'), ledger.last('resume')
        resumed = resumes[0].seq if resumes and resumes[0].body['confirmed'] else 0
        if holds and holds[0].seq > resumed:
            self._reasons[_name(holds[0].case, holds[0].body['by'])] = None

    def case(self, case: int) -> None:
        """Hold for a case that waits for a person, or whose outcome is a stop."""
        self._hold(case, 'cobot_ai')

    def person(self, by: str) -> None:
        """Hold because a person or the plant wants it."""
        self._hold(0, by)

    def note(self, reason: str) -> None:
        """The robot program holds by itself; only a person ends it."""
        self._reasons[reason] = None

    def answered(self, case: int) -> None:
        """The case was answered and the robot told what to do; its hold ends, no other."""
        name = _name(case, '')
        if self._reasons.pop(name, '') is None and not self._reasons:
            self._resume(case, 'cobot_ai', {name: None})

    def resume(self, by: str) -> None:
        """A person lets the process go on, whatever held it."""
        before, self._reasons = self._reasons, {}
        self._resume(0, by, before)

    def _hold(self, case: int, by: str) -> None:
        self._reasons[_name(case, by)] = None
        self._guard.hold(case, lambda ok, why: self._moved('hold', case, ok, why, by))

    def _resume(self, case: int, by: str, before: dict[str, None]) -> None:
        def done(ok: bool, why: str) -> None:
            if not ok:  # as good as held: it can be tried again
                self._reasons = before | self._reasons
            self._moved('resume', case, ok, why, by)

        self._guard.resume(case, done)


def _name(case: int, by: str) -> str:
    return f'case {case}' if case else by or 'somebody'
