"""What the monitor says twice a second whether or not anything happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from cobot_ai.app.health import Health, silent
from cobot_ai.core.types import Json
from cobot_ai.ros import convert, names
from cobot_ai.ros.assembly import Cell
from cobot_ai.ros.drain import DrainedTopic


class Beat:
    """State and heartbeat; health, and a look at the graph, in turn.

    No beat may keep a decision waiting for long, so the two do not fall into one.

    Args:
        node: The monitor. cell: What is told about. topics: Where its data comes from.
        send: Publishes (topic, kind, body). health: Publishes diagnostics.
    """

    def __init__(
        self,
        node: Any,
        cell: Cell,
        topics: Sequence[DrainedTopic],
        send: Callable[[str, str, Json], None],
        health: Any,
    ) -> None:
        self._node, self._cell, self._topics = node, cell, topics
        self._send, self._health = send, health
        self._odd = False

    def __call__(self) -> None:
        """One beat."""
        state = self._cell.authority.state()
        health = self._cell.health.of(state, self._cell.clock.monotonic_ns())
        state |= {'silent': silent(health), 'blind': self._cell.health.blind(health)}
        self._send(names.STATE, 'state', state)
        self._send(names.HEARTBEAT, 'heartbeat', {'head': state['head'], 't': time.time()})
        self._odd = not self._odd
        if self._odd:
            self._report(health)
        else:
            self._look_around()

    def _report(self, found: Sequence[Health]) -> None:
        stamp = self._node.get_clock().now().to_msg()
        cell = self._node.get_namespace() + self._cell.spec.name
        self._health.publish(convert.health_to_array(found, stamp, cell))

    def _look_around(self) -> None:
        for topic in self._topics:
            refused, events = topic.match_offers(), topic.lost_events()
            self._cell.observer.reported(topic.topic, refused, events)
