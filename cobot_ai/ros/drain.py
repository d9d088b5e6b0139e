"""Subscriptions and services that nobody waits on: they are read until empty by a timer.

A wait set is rebuilt for every message a Python executor dispatches; draining costs a fifth of
that at 3 kHz and loses nothing as long as the queue is deep enough (see `names.stream_qos`).
`handle.take_message` and `handle.service_take_request` are rclpy's own calls below its executors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.qos import ReliabilityPolicy

from cobot_ai.core.errors import ConfigError
from cobot_ai.ros.names import STEP_QOS, stream_qos


class Untouched(CallbackGroup):
    """A group no executor ever runs."""

    def can_execute(self, entity: Any) -> bool:  # noqa: D102
        return False

    def beginning_execution(self, entity: Any) -> bool:  # noqa: D102
        return False

    def ending_execution(self, entity: Any) -> None:  # noqa: D102
        pass


def message_class(name: str) -> Any:
    """The class of a ROS type such as `sensor_msgs/msg/Imu`.

    Raises:
        ConfigError: No such message is installed.
    """
    package, _, kind = name.replace('/msg/', '/').partition('/')
    try:
        return getattr(import_module(f'{package}.msg'), kind)
    except (ImportError, AttributeError) as e:
        raise ConfigError(f'The message type {name} is not installed on this machine.') from e


def _ignore(_: Any) -> None:
    """The callback that a drained subscription must have and never gets called."""


class DrainedTopic:
    """A raw subscription read by polling; follows publishers that only offer best effort."""

    def __init__(
        self, node: Any, topic: str, kind: str, rate_hz: float | None, stall_s: float
    ) -> None:
        self.topic, self.kind = topic, kind
        self._rate_hz, self._stall_s = rate_hz, stall_s
        self._node, self._group = node, Untouched()
        self._class = message_class(kind)
        self._reliable = True
        self._open()

    def _open(self) -> None:
        qos = STEP_QOS
        if self._rate_hz is not None:
            qos = stream_qos(self._rate_hz, reliable=self._reliable, stall_s=self._stall_s)
        self._sub = self._node.create_subscription(
            self._class, self.topic, _ignore, qos, callback_group=self._group, raw=True
        )

    def match_offers(self) -> None:
        """Go best effort when a publisher offers no more; a reliable reader would stay silent."""
        offers = self._node.get_publishers_info_by_topic(self.topic)
        weak = any(o.qos_profile.reliability is ReliabilityPolicy.BEST_EFFORT for o in offers)
        if weak and self._reliable and self._rate_hz is not None:
            self._reliable = False
            self.close()
            self._open()

    def take(self) -> Iterator[bytes]:
        """All messages that wait, oldest first."""
        handle = self._sub.handle
        with handle:
            while (taken := handle.take_message(self._sub.msg_type, True)) is not None:
                yield bytes(taken[0])

    def close(self) -> None:
        """End the subscription."""
        self._node.destroy_subscription(self._sub)


class DeferredService:
    """A service whose response may come much later, without a blocked thread."""

    def __init__(
        self, node: Any, kind: Any, name: str, call: Callable[[Any, Callable[[Any], None]], None]
    ) -> None:
        self._node, self._call = node, call
        self._service = node.create_service(
            kind, name, lambda request, response: response, callback_group=Untouched()
        )

    def poll(self) -> None:
        """Hand every waiting request to the call together with the function that answers it."""
        while True:
            handle = self._service.handle
            with handle:
                taken = handle.service_take_request(self._service.srv_type.Request)
            request, header = taken if taken is not None else (None, None)
            if header is None:
                return
            self._call(request, self._answer_to(header))

    def _answer_to(self, header: Any) -> Callable[[Any], None]:
        def answer(response: Any) -> None:
            self._service.send_response(response, header)

        return answer

    def close(self) -> None:
        """End the service."""
        self._node.destroy_service(self._service)
