"""The robot program's side: it asks for the judgement of the step that just ended, and waits."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

from cobot_ai.app.parts import each
from cobot_ai.core.newest import put_newest
from cobot_ai.core.steps import Place

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

    @property
    def text(self) -> str:
        """For the robot program: `class=seated action=continue case=12 outcome=acted`.

        Blanks and `=` of a class are written as in an address (`%20`, `%3D`): nothing in a name
        can be taken for another field.
        """
        label = (
            re.sub(r'[\s=]|%(?=[0-9A-F]{2})', lambda found: quote(found[0]), self.label) or 'none'
        )
        return f'class={label} action={self.action} case={self.case} outcome={self.outcome}'


Done = Callable[[Resolved], None]


@dataclass(slots=True)
class _Waiter:
    done: Done
    until_ns: int
    ended: int
    step: int | None = None
    case: int | None = None


class JudgeQueue:
    """Matches requests of the robot program to cases and tells each its outcome once.

    A request is for one step, known by its number: the one that runs when it comes, else the one
    that ended last, unless its outcome was given already; then for the next. It never gets the
    outcome of another one, however many are read and judged together.
    """

    def __init__(self) -> None:
        self._outcomes: OrderedDict[int, Resolved] = OrderedDict()
        self._followers: dict[int, list[int]] = {}
        self._waiters: list[_Waiter] = []
        self._cases: dict[int, int] = {}
        self._reported = 0

    def decided(self, case: int, step: int) -> None:
        """A step became a case.

        Args:
            case: Case number. step: Number of the step (`Span.number`).
        """
        put_newest(self._cases, step, case, REMEMBERED)
        for waiter in self._unbound():
            if waiter.step is None and step > waiter.ended:
                waiter.step = waiter.ended + 1
        self._bind()

    def same(self, step: int) -> None:
        """A window that is no case of its own: it shows the same as the one before."""
        case = self._cases.get(step - 1)
        if case is not None:
            self.decided(case, step)

    def settled(self, resolved: Resolved) -> None:
        """A case got its one outcome; a second one changes nothing."""
        for case in (resolved.case, *self._followers.pop(resolved.case, [])):
            self._outcomes.setdefault(case, resolved)
        self.tell()  # an event may have more windows than are remembered
        while len(self._outcomes) > REMEMBERED:
            self._outcomes.popitem(last=False)

    def follow(self, case: int, first: int) -> None:
        """A case is part of an event that another case was asked for; it has that outcome."""
        if first in self._outcomes:
            self._outcomes.setdefault(case, self._outcomes[first])
        else:
            self._followers.setdefault(first, []).append(case)

    def wait(self, done: Done, now_ns: int, ended: int) -> None:
        """Take a request; `done` is called once, never with a success that nobody gave.

        Args:
            done: Told the outcome. now_ns: Monotonic clock. ended: Ends of steps so far.
        """
        self._waiters.append(_Waiter(done, now_ns + round(WAIT_S * 1e9), ended))

    def next_change_ns(self) -> int | None:
        """When the next request gives up waiting for a step."""
        return min((w.until_ns for w in self._waiters if w.case is None), default=None)

    def drop(self, action: str) -> None:
        """The monitor ends: tell whoever still waits the fail-safe `action`."""
        dropped, self._waiters = self._waiters, []
        told = ((w.done, Resolved(w.case or 0, 'cancelled', '', action, False)) for w in dropped)
        each(partial(done, resolved) for done, resolved in told)

    def serve(self, now_ns: int, place: Place) -> list[Done]:
        """Answer every request whose outcome is known.

        Args:
            now_ns: Monotonic clock. place: Where the robot program is.

        Returns:
            Requests for a step that never came; the caller must answer them.
        """
        lost = []
        for waiter in self._unbound():
            if waiter.step is None:
                waiter.step = self._step_of(waiter, place)
        self._bind()
        self.tell()
        for waiter in list(self._waiters):
            if waiter.case is None and now_ns >= waiter.until_ns and not place.settling:
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

    def _unbound(self) -> list[_Waiter]:
        return [w for w in self._waiters if w.case is None]

    def _step_of(self, waiter: _Waiter, place: Place) -> int | None:
        """The step a request is for; None while the signals of one may be on their way."""
        if place.running or place.ended > waiter.ended:
            return waiter.ended + 1
        if place.busy:
            return None
        return waiter.ended + (self._reported >= waiter.ended)

    def _bind(self) -> None:
        """All who wait for a step wait for its case (a call repeated included)."""
        for waiter in self._unbound():
            if waiter.step is not None and waiter.step in self._cases:
                waiter.case = self._cases[waiter.step]
                self._reported = max(self._reported, waiter.step)
