"""What can be seen of the robot, against what a recipe demands."""

from __future__ import annotations

from collections.abc import Sequence

from cobot_ai.app.ports import Clock
from cobot_ai.app.robot import Driver
from cobot_ai.core.recipe import CheckSpec, RecipeSpec
from cobot_ai.core.types import Json

UNKNOWN_SPEED = 1e6
"""Stands for a speed nobody reports, where a number must be written."""


class Witness:
    """Compares what a driver shows with the checks of its recipe.

    Args:
        plan: The recipe. driver: What it shows. clock: Ages are on its monotonic side.
    """

    def __init__(self, plan: RecipeSpec, driver: Driver, clock: Clock) -> None:
        self._plan, self._driver, self._clock = plan, driver, clock
        self._latched = {s.name for s in plan.states if s.latched}

    def safety_stop(self) -> str:
        """The safety stop that the driver reports now, in words; '' if none."""
        for check in self._plan.normal:
            seen = self._driver.value(check.state)
            if seen is not None and seen.value not in check.any_of:
                return check.words(seen.value)
        return ''

    def failing(self, checks: Sequence[CheckSpec], since_ns: int) -> tuple[list[str], Json]:
        """Checks that do not pass on what came since, in words; and every value seen."""
        reasons: list[str] = []
        evidence: Json = {}
        for check in checks:
            seen = self._driver.value(check.state)
            if seen is None or (seen.at_ns < since_ns and check.state not in self._latched):
                reasons.append(f'{check.state} is not reported')
                continue
            evidence[check.state] = seen.value
            if seen.value not in check.any_of:
                reasons.append(check.words(seen.value))
        return reasons, evidence

    def not_still(self, since_ns: int | None, evidence: Json) -> list[str]:
        """Why the joints do not count as standing still, in words; adds figures to `evidence`.

        Args:
            since_ns: They must stand still for the recipe's time after this; None: only now.
        """
        joints, seen = self._plan.joints, self._driver.joints()
        if joints is None:
            return []
        if seen is None:
            return ['no joint states come']
        if self._clock.monotonic_ns() - seen.at_ns > joints.stale_s * 1e9:
            return [f'no joint states of {seen.joint} come']
        speed = min(seen.speed, UNKNOWN_SPEED)
        still_s = (seen.at_ns - max(seen.still_since_ns, since_ns or 0)) / 1e9
        evidence |= {'joint_speed': round(speed, 6), 'still_s': round(max(0.0, still_s), 3)}
        if seen.speed > joints.limit:
            return [f'the joints move ({speed:.3g} rad/s)']
        short = since_ns is not None and still_s < joints.still_s
        return ['the joints stand still for too short a time'] if short else []
