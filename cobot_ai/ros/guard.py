"""Hold and resume recipes. A process pause, not a safety function: only ever less motion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from std_srvs.srv import Trigger

from cobot_ai.app.ports import Clock, Guard
from cobot_ai.core.spec import MotionSpec

Done = Callable[[bool, str], None]


class LiveGuard(Guard, Protocol):
    """A guard whose confirmations arrive later."""

    def poll(self) -> None:
        """Report what was confirmed, refused or took too long."""


class ShadowGuard:
    """Recipe `none`: advise only. Nothing is called, and nothing is claimed."""

    def hold(self, case: int, done: Done) -> None:
        """Nothing to hold."""

    def resume(self, case: int, done: Done) -> None:
        """Nothing to resume."""

    def poll(self) -> None:
        """Nothing runs."""


class TriggerGuard:
    """Recipe `trigger`: two `std_srvs/Trigger` services the integrator names.

    A service that is not there or does not confirm in time is a refused hold, and is recorded
    as such; the robot program itself stays where it waits for `~/judge`.
    """

    def __init__(self, node: Any, spec: MotionSpec, clock: Clock) -> None:
        self._clock = clock
        self._timeout_ns = round(spec.timeout_s * 1e9)
        self._hold = node.create_client(Trigger, spec.hold_service)
        self._resume = node.create_client(Trigger, spec.resume_service)
        self._running: list[tuple[Any, int, Done]] = []

    def hold(self, case: int, done: Done) -> None:
        """Call the hold service."""
        self._call(self._hold, done)

    def resume(self, case: int, done: Done) -> None:
        """Call the resume service."""
        self._call(self._resume, done)

    def _call(self, client: Any, done: Done) -> None:
        if not client.service_is_ready():
            done(False, f'the service {client.srv_name} is not there')
            return
        future = client.call_async(Trigger.Request())
        self._running.append((future, self._clock.monotonic_ns() + self._timeout_ns, done))

    def poll(self) -> None:
        """Report calls that were confirmed, refused or took too long."""
        now = self._clock.monotonic_ns()
        for item in list(self._running):
            future, until, done = item
            if future.done():
                self._running.remove(item)
                done(*_outcome(future))
            elif now >= until:
                self._running.remove(item)
                future.cancel()
                done(False, 'no confirmation in time')


def _outcome(future: Any) -> tuple[bool, str]:
    """What a finished call came to; a call that failed did not confirm anything."""
    try:
        result = future.result()
    except Exception as e:
        return False, str(e)
    return bool(result.success), str(result.message)


def make_guard(node: Any, spec: MotionSpec, clock: Clock, shadow: bool) -> LiveGuard:
    """The guard of a cell; shadow mode never touches the robot."""
    if shadow or spec.recipe == 'none':
        return ShadowGuard()
    return TriggerGuard(node, spec, clock)
