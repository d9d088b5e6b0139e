"""Subscriptions and services that nobody waits on: they are read until empty by a timer.

A wait set is rebuilt for every message a Python executor dispatches; draining costs a fifth of
that at 3 kHz and loses nothing as long as the queue is deep enough (see `names.stream_qos`).
`handle.take_message` and `handle.service_take_request` are rclpy's own calls below its executors.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.event_handler import QoSSubscriptionEventType, UnsupportedEventTypeError
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.qos import QoSCompatibility, ReliabilityPolicy, qos_check_compatible

from cobot_ai.core.errors import ConfigError
from cobot_ai.core.losses import Losses
from cobot_ai.core.samples import RawBatch
from cobot_ai.ros.names import (
    BEST_EFFORT_STEP_QOS,
    CONTEXT_QOS,
    EVERYTHING,
    MAX_DEPTH,
    STEP_QOS,
    stream_qos,
)
from cobot_ai.ros.qos import Overrides


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
    """A raw subscription read by polling; follows publishers that only offer best effort.

    Args:
        node: Gets the subscription. topic: Full name. kind: ROS type.
        rate_hz: Rated rate; None for a topic that is rare and must arrive.
        stall_s: Longest stall no message may be lost in, seconds.
        latched: Also take what was sent before we came, and stay reliable.
    """

    def __init__(
        self,
        node: Any,
        topic: str,
        kind: str,
        rate_hz: float | None,
        stall_s: float,
        latched: bool = False,
    ) -> None:
        self.topic, self.kind = topic, kind
        self._rate_hz, self._stall_s, self._latched = rate_hz, stall_s, latched
        self._node, self._group = node, Untouched()
        self._class = message_class(kind)
        self._losses = Losses()
        self._refused: set[bytes] = set()
        self._overrides = Overrides(node, topic)
        self._open(reliable=True)

    def _open(self, reliable: bool, everything: bool = False) -> None:
        self._reliable = reliable
        if everything:
            self.qos = EVERYTHING
        elif self._latched:
            self.qos = CONTEXT_QOS
        elif self._rate_hz is None:
            self.qos = STEP_QOS if reliable else BEST_EFFORT_STEP_QOS
        else:
            self.qos = stream_qos(self._rate_hz, reliable=reliable, stall_s=self._stall_s)
        if not everything:
            self.qos = self._overrides.apply(self.qos)
        self._sub = self._node.create_subscription(
            self._class, self.topic, _ignore, self.qos, callback_group=self._group, raw=True
        )
        self._lost_event = _event(self._sub, 'RCL_SUBSCRIPTION_MESSAGE_LOST')

    @property
    def handle(self) -> Any:
        """The subscription below rclpy, the one in use now."""
        return self._sub.handle

    def keep_all(self) -> None:
        """Hold publishers back instead of losing anything: right for a replay only."""
        self.close()
        self._open(reliable=True, everything=True)

    def match_offers(self) -> int:
        """Go best effort when a publisher offers no more; a reliable reader would stay silent.

        Returns:
            Publishers met since the last call that we cannot hear even so.
        """
        offers = self._node.get_publishers_info_by_topic(self.topic)
        weak = any(o.qos_profile.reliability is ReliabilityPolicy.BEST_EFFORT for o in offers)
        if weak and self._reliable and not self._latched and self._overrides.follows:
            self.close()
            self._open(reliable=False)
        refused = {bytes(o.endpoint_gid) for o in offers if _unfit(o.qos_profile, self.qos)}
        new, self._refused = refused - self._refused, refused
        return len(new)

    def read(self, now_ns: int, simulated: bool) -> RawBatch | None:
        """All messages that wait, oldest first, and how many before them were lost.

        Args:
            now_ns: The node's clock. simulated: It is not the clock on the wall: `now_ns` counts
                as arrival, not the time at which the middleware took a message in.
        """
        data: list[bytes] = []
        infos: list[dict[str, Any]] = []
        handle, kind = self._sub.handle, self._sub.msg_type
        with handle:
            take = handle.take_message
            while len(data) < MAX_DEPTH and (taken := take(kind, True)) is not None:
                data.append(taken[0])
                infos.append(taken[1])
        if not data:
            return None
        times = [now_ns if simulated else i['received_timestamp'] or now_ns for i in infos]
        return RawBatch(self.topic, self.kind, times, data, self._lost(infos))

    def _lost(self, infos: list[dict[str, Any]]) -> int:
        """How many messages are missing before these, by their publishers' numbers."""
        return self._losses.seen_together(
            [i['publisher_gid']['data'] for i in infos],
            [i['publication_sequence_number'] for i in infos],
        )

    def lost_events(self) -> int:
        """Messages the middleware itself reported as lost since the last call."""
        if self._lost_event is None:
            return 0
        with self._lost_event:
            event = self._lost_event.take_event()
        return int(event.total_count_change) if event is not None else 0

    def close(self) -> None:
        """End the subscription."""
        if self._lost_event is not None:
            self._lost_event.destroy_when_not_in_use()
        self._node.destroy_subscription(self._sub)


def _event(subscription: Any, name: str) -> Any:
    """An event of a subscription for polling; None where this rclpy or middleware has none."""
    try:
        kind = getattr(QoSSubscriptionEventType, name)
        with subscription.handle:
            return rclpy_implementation.EventHandle(subscription.handle, kind)
    except (AttributeError, UnsupportedEventTypeError):
        return None


def _unfit(offered: Any, wanted: Any) -> bool:
    return bool(qos_check_compatible(offered, wanted)[0] == QoSCompatibility.ERROR)


class PolledTopic:
    """A typed subscription to something rare that is read by polling.

    The doorbell waits on it in its own thread, and two wait sets must not hold the same entity.
    """

    def __init__(
        self, node: Any, kind: Any, topic: str, call: Callable[[Any], None], qos: Any
    ) -> None:
        self._node, self._call = node, call
        self._sub = node.create_subscription(kind, topic, _ignore, qos, callback_group=Untouched())

    @property
    def handle(self) -> Any:
        """The subscription below rclpy."""
        return self._sub.handle

    def poll(self) -> None:
        """Hand every message that waits to the call."""
        while True:
            handle = self._sub.handle
            with handle:
                taken = handle.take_message(self._sub.msg_type, False)
            if taken is None:
                return
            self._call(taken[0])

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

    @property
    def handle(self) -> Any:
        """The service below rclpy."""
        return self._service.handle

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
