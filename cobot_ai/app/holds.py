"""Why the process is held, and what may let it go on (guarantee G11)."""

from __future__ import annotations

from collections.abc import Callable

from cobot_ai.app.ports import Guard

Moved = Callable[[str, int, bool, str, str], None]
NO_STEP = 'no step'


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
        return ', '.join(self._reasons)

    def __bool__(self) -> bool:
        return bool(self._reasons)

    def case(self, case: int) -> None:
        """Hold for a case that waits for a person."""
        self._hold(f'case {case}', case, 'cobot_ai')

    def person(self, by: str) -> None:
        """Hold because a person or the plant wants it."""
        self._hold(by or 'somebody', 0, by)

    def note(self, reason: str) -> None:
        """The robot program holds by itself; only a person ends it."""
        self._reasons[reason] = None

    def answered(self, case: int) -> None:
        """The case was answered and the robot told what to do; its hold ends, no other."""
        if self._reasons.pop(f'case {case}', '') is None and not self._reasons:
            self._resume(case, 'cobot_ai')

    def resume(self, by: str) -> None:
        """A person lets the process go on, whatever held it."""
        self._reasons.clear()
        self._resume(0, by)

    def _hold(self, reason: str, case: int, by: str) -> None:
        self._reasons[reason] = None
        self._guard.hold(case, lambda ok, why: self._moved('hold', case, ok, why, by))

    def _resume(self, case: int, by: str) -> None:
        self._guard.resume(case, lambda ok, why: self._moved('resume', case, ok, why, by))
