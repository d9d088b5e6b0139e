"""When the monitor reads its data, when it lets time pass, and how long it sleeps between."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from cobot_ai.ros.assembly import Cell
from cobot_ai.ros.doorbell import Doorbell
from cobot_ai.ros.drain import DeferredService, DrainedTopic, PolledTopic

BACKGROUND_S = 0.015
"""Between two looks at deadlines, the robot's state and what works in the background."""
HURRY_S = 0.0005
"""Between two reads of the data while a step that ended waits for its last samples."""

CALM_S = 1.0
"""Without a decision for so long, none is likely to be due at once."""

Safely = Callable[..., None]
"""Makes a call with its arguments; reports what it raises."""


class Pace:
    """Reads every `period_s`; at once, and more often, when a step ended or is asked for.

    Args:
        node: The monitor. cell: Takes the data. topics: Where it comes from.
        judged: The service of the robot program. commands: What a person says.
        period_s: Between two reads of the data. safely: Makes calls that may fail.
    """

    def __init__(
        self,
        node: Any,
        cell: Cell,
        topics: Sequence[DrainedTopic],
        judged: DeferredService,
        commands: PolledTopic,
        period_s: float,
        safely: Safely,
    ) -> None:
        self._cell, self._topics, self._judged = cell, topics, judged
        self._commands, self._period_s, self._safely = commands, period_s, safely
        # An edge is looked for on any topic, however fast it is: that must not ring.
        steps = [t for t in topics if t.topic == cell.authority.observer.step_topic]
        self._bell = Doorbell(node, [*steps, commands], [judged])
        self._rang: list[Any] = []
        self._looked_s = self._begun_s = self._decided_s = 0.0
        self._cases = 0

    @property
    def hurried(self) -> bool:
        """A step that ended waits for its last samples."""
        return self._cell.observer.next_change_ns() is not None

    def turn(self) -> None:
        """Read everything that waits; then let time pass, where there is a reason to."""
        self._begun_s = now_s = time.monotonic()
        cell, safely = self._cell, self._safely
        simulated = cell.clock.simulated
        now_ns = cell.clock.now_ns() if simulated else time.time_ns()
        for topic in self._topics:
            safely(self._read, topic, now_ns, simulated)
        background = now_s - self._looked_s >= BACKGROUND_S
        if not (background or self._rang or self.hurried):
            return
        safely(self._commands.poll)
        if background:
            self._looked_s = now_s
            safely(cell.poll)
            safely(cell.guard.poll)
        safely(self._judged.poll)
        safely(cell.authority.tick)
        self._swap(now_s)

    def _swap(self, now_s: float) -> None:
        """A loaded candidate waits until a decision was just made: the next is not due yet."""
        before, self._cases = self._cases, self._cell.authority.tally.cases
        if self._cases != before:
            self._decided_s = now_s
        if self._cases != before or now_s - self._decided_s >= CALM_S:
            self._safely(self._cell.models.poll)

    def _read(self, topic: DrainedTopic, now_ns: int, simulated: bool) -> None:
        batch = topic.read(now_ns, simulated)
        if batch is not None:
            self._cell.take(batch)

    def sleep(self) -> None:
        """Sleep until it is time for the next turn, or until something rings."""
        period_s = HURRY_S if self.hurried else self._period_s
        self._rang = self._bell.wait(period_s - (time.monotonic() - self._begun_s))

    def close(self) -> None:
        """Ring no more."""
        self._bell.close()
