"""The guard of a live cell: a recipe on a ROS driver, or nothing at all in shadow mode."""

from __future__ import annotations

from typing import Any, Protocol

from cobot_ai.app.ports import Clock
from cobot_ai.app.recipe_guard import RecipeGuard
from cobot_ai.app.replay import NoGuard
from cobot_ai.app.robot import Guard
from cobot_ai.core.spec import MotionSpec
from cobot_ai.ros.driver import RosDriver


class LiveGuard(Guard, Protocol):
    """A guard whose confirmations arrive later."""

    def poll(self) -> None:
        """Report what was confirmed, refused or took too long."""

    def close(self) -> None:
        """Leave the graph."""


def make_guard(node: Any, spec: MotionSpec, clock: Clock, shadow: bool) -> LiveGuard:
    """The guard of a cell; shadow mode never touches the robot."""
    plan = spec.plan
    if shadow or plan is None:
        return NoGuard()
    driver = RosDriver(node, plan, spec.namespace, clock)
    return RecipeGuard(spec.recipe, plan, driver, clock)
