"""The robot program's side: it asks for the judgement of the step that just ended, and waits."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from cobot_ai.app.parts import each

REMEMBERED = 200
"""Outcomes kept for a robot program that asks late."""
WAIT_S = 2.0
"""How long a request waits for the end of the step that it was made for."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The one outcome of a case: what the robot is told.

    Attributes:
        case: Case number, 0 when there was no step.
        outcome: acted, answered, unsure, expired, cancelled, suppressed, unwritten or no_step.
        label: The class, '' if none. action: What the robot does. go: True only for `continue`.
    """

    case: int
    outcome: str
    label: str
    action: str
    go: bool


Done = Callable[[Resolved], None]


@dataclass(slots=True)
class _Waiter:
    done: Done
    until_ns: int
    case: int | None = None


class JudgeQueue:
    """Matches requests of the robot program to cases and tells each its outcome once."""

    def __init__(self) -> None:
        self._outcomes: OrderedDict[int, Resolved] = OrderedDict()
        self._followers: dict[int, list[int]] = {}
        self._waiters: list[_Waiter] = []
        self._unreported: int | None = None

    def decided(self, case: int) -> None:
        """A step became a case; a request that comes now is meant for it."""
        self._unreported = case

    def moved_on(self) -> None:
        """A step begins or ends; whatever was decided before is another step's outcome."""
        self._unreported = None

    def settled(self, resolved: Resolved) -> None:
        """A case got its one outcome; a second one changes nothing."""
        for case in (resolved.case, *self._followers.pop(resolved.case, [])):
            self._outcomes.setdefault(case, resolved)
        while len(self._outcomes) > REMEMBERED:
            self._outcomes.popitem(last=False)

    def follow(self, case: int, first: int) -> None:
        """A case is part of an event that another case was asked for; it has that outcome."""
        if first in self._outcomes:
            self._outcomes.setdefault(case, self._outcomes[first])
        else:
            self._followers.setdefault(first, []).append(case)

    def wait(self, done: Done, now_ns: int) -> None:
        """Take a request; `done` is called once, never with a success that nobody gave."""
        self._waiters.append(_Waiter(done, now_ns + round(WAIT_S * 1e9)))

    def next_change_ns(self) -> int | None:
        """When the next request gives up waiting for a step."""
        return min((w.until_ns for w in self._waiters if w.case is None), default=None)

    def drop(self, action: str) -> None:
        """The monitor ends: tell whoever still waits the fail-safe `action`."""
        dropped, self._waiters = self._waiters, []
        told = ((w.done, Resolved(w.case or 0, 'cancelled', '', action, False)) for w in dropped)
        each(partial(done, resolved) for done, resolved in told)

    def serve(self, now_ns: int, running: bool, settling: bool) -> list[Done]:
        """Answer every request whose outcome is known.

        Args:
            now_ns: Monotonic clock.
            running: A step runs. settling: One that ended waits for its samples.

        Returns:
            Requests for a step that never came; the caller must answer them.
        """
        lost = []
        if not running and not settling:
            self._bind()
        self.tell()
        for waiter in list(self._waiters):
            if waiter.case is None and now_ns >= waiter.until_ns and not settling:
                self._waiters.remove(waiter)
                lost.append(waiter.done)
        return lost

    def tell(self) -> None:
        """Answer every request whose case has its outcome."""
        for waiter in list(self._waiters):
            outcome = self._outcomes.get(waiter.case) if waiter.case is not None else None
            if outcome is not None:
                self._waiters.remove(waiter)
                waiter.done(outcome)

    def _bind(self) -> None:
        """All who wait for a step wait for the one just decided (a call repeated included)."""
        unbound = [w for w in self._waiters if w.case is None]
        if self._unreported is None or not unbound:
            return
        for waiter in unbound:
            waiter.case = self._unreported
        self._unreported = None
