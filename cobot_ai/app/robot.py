"""Ports towards the robot: the guard that holds and resumes it, and the driver it works with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from cobot_ai.core.motion import JointMotion, Seen, Told
from cobot_ai.core.recipe import CallSpec
from cobot_ai.core.types import Json


class Guard(Protocol):
    """Holds and resumes the process. Not a safety function.

    `told` is called with every change of the outcome, the first time with `requested`. A guard
    that only advises (shadow mode) never calls it, because nothing was asked of the robot.
    """

    @property
    def stopped(self) -> str:
        """The safety stop that no person has cleared yet, '' if none."""

    def listen(self, stopped: Callable[[str], None], recalled: str) -> None:
        """Who is told of a safety stop, and the one of an earlier run that nobody cleared."""

    def hold(self, case: int, told: Told) -> None:
        """Ask for a hold."""

    def resume(self, case: int, person: bool, told: Told) -> None:
        """Ask for a resume; after a safety stop only a person's is considered."""

    def status(self) -> Json:
        """Recipe, phase, reason and evidence, for `~/state`."""


class Driver(Protocol):
    """A robot driver as a recipe sees it."""

    def missing(self) -> str:
        """What must be installed before the recipe can be used, in words; '' if nothing."""

    def call(self, call: CallSpec, done: Callable[[bool, str], None]) -> None:
        """Call a service; `done(taken, words)` is called once, at once where it is not there."""

    def value(self, state: str) -> Seen | None:
        """The newest value of a state; None when the driver does not (any longer) report it."""

    def joints(self) -> JointMotion | None:
        """How the joints move; None before the first joint states."""

    def poll(self) -> None:
        """Take in what came."""

    def close(self) -> None:
        """Stop listening."""
