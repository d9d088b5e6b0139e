"""QoS overrides of the subscriptions as parameters, named as rclcpp and rclpy name theirs.

rclpy's own `QoSOverridingOptions` cannot tell an override from its default, and would so end the
following of publishers that only offer best effort; here the default of `reliability` says it.
"""

from __future__ import annotations

from copy import copy
from typing import Any

from rcl_interfaces.msg import ParameterDescriptor
from rclpy.exceptions import InvalidParameterTypeException
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy

from cobot_ai.core.errors import ConfigError

AS_OFFERED = 'as_offered'
"""Reliable, or best effort where a publisher offers no more."""
OVERRIDES: tuple[tuple[str, str | int, str], ...] = (
    ('history', 'keep_last', 'keep_last or keep_all (a replay that holds its player back).'),
    ('depth', 0, 'Samples the queue holds; 0: twice what arrives in the longest stall.'),
    ('reliability', AS_OFFERED, 'as_offered, reliable or best_effort.'),
)
_HISTORY = {'keep_last': HistoryPolicy.KEEP_LAST, 'keep_all': HistoryPolicy.KEEP_ALL}
_RELIABILITY = {
    'reliable': ReliabilityPolicy.RELIABLE,
    'best_effort': ReliabilityPolicy.BEST_EFFORT,
}


class Overrides:
    """What the parameters `qos_overrides.<topic>.subscription.*` say about one topic.

    Args:
        node: Gets the parameters. topic: Full name.

    Raises:
        ConfigError: A value is none of the choices.
    """

    def __init__(self, node: Any, topic: str) -> None:
        self._name = f'qos_overrides.{topic}.subscription.'
        found = {row[0]: self._declared(node, *row) for row in OVERRIDES}
        self._depth = found['depth']
        if self._depth < 0:
            raise ConfigError(f'The parameter "{self._name}depth" must be 0 or more.')
        self._history = self._choice('history', found['history'], _HISTORY)
        self._reliability = None
        if found['reliability'] != AS_OFFERED:
            self._reliability = self._choice('reliability', found['reliability'], _RELIABILITY)

    def _declared(self, node: Any, key: str, default: str | int, text: str) -> Any:
        name = self._name + key
        if node.has_parameter(name):  # activated again
            return node.get_parameter(name).value
        try:
            descriptor = ParameterDescriptor(description=text, read_only=True)
            return node.declare_parameter(name, default, descriptor).value
        except InvalidParameterTypeException as e:
            raise ConfigError(f'The parameter "{name}" cannot be used: {e}.') from e

    def _choice(self, key: str, value: str, choices: dict[str, Any]) -> Any:
        if value not in choices:
            also = (AS_OFFERED,) if key == 'reliability' else ()
            raise ConfigError(
                f'The parameter "{self._name}{key}" is "{value}"; '
                f'choose one of {", ".join((*also, *choices))}.'
            )
        return choices[value]

    @property
    def follows(self) -> bool:
        """Whether reliability is what the publishers offer."""
        return self._reliability is None

    def apply(self, qos: QoSProfile) -> QoSProfile:
        """The profile with everything that was given explicitly."""
        found = copy(qos)
        found.history = self._history
        if self._depth:
            found.depth = self._depth
        if self._reliability is not None:
            found.reliability = self._reliability
        return found
