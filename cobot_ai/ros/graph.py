"""Looks at a live graph: every topic of a known type is listened to for some seconds."""

from __future__ import annotations

import time
from typing import Any

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

from cobot_ai.app.survey import Offer, Survey
from cobot_ai.core.errors import ConfigError
from cobot_ai.core.samples import RawMessage
from cobot_ai.ros.drain import Untouched, message_class
from cobot_ai.store.surveyor import Surveyor

DISCOVERY_S = 1.5
PERIOD_S = 0.005
LOOK_S = 0.25
DEPTH = 5000


def survey_graph(seconds: float, namespace: str = '') -> Survey:
    """Listen to the graph.

    Args:
        seconds: How long. namespace: Only topics below it, '' for all.
    """
    rclpy.init()
    node = rclpy.create_node('cobot_ai_survey', enable_rosout=False)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        _wait(executor, DISCOVERY_S)
        return _Listener(node, namespace).listen(seconds)
    finally:
        executor.shutdown(timeout_sec=0)
        node.destroy_node()
        rclpy.try_shutdown()


def _wait(executor: SingleThreadedExecutor, seconds: float) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        executor.spin_once(timeout_sec=left)


class _Listener:
    """Raw subscriptions to everything of a known type, read by polling."""

    def __init__(self, node: Any, namespace: str) -> None:
        self._node = node
        self._prefix = f'/{namespace.strip("/")}/' if namespace.strip('/') else '/'
        self._types: dict[str, str] = {}
        self._subs: dict[str, Any] = {}

    def _look(self) -> None:
        """Subscribe to what has appeared since the last look; discovery takes its time."""
        for topic, kinds in self._node.get_topic_names_and_types():
            if kinds and topic.startswith(self._prefix) and topic not in self._types:
                self._types[topic] = kinds[0]
                if sub := self._subscribe(topic, kinds[0]):
                    self._subs[topic] = sub

    def _subscribe(self, topic: str, kind: str) -> Any:
        try:
            message = message_class(kind)
        except ConfigError:
            return None  # a type that is not installed here: named in the survey, not read
        qos = QoSProfile(
            depth=DEPTH,
            history=HistoryPolicy.KEEP_LAST,
            reliability=ReliabilityPolicy.BEST_EFFORT,  # matches whatever is offered
            durability=DurabilityPolicy.TRANSIENT_LOCAL
            if self._offer(topic).latched
            else DurabilityPolicy.VOLATILE,
        )
        return self._node.create_subscription(
            message, topic, lambda _: None, qos, callback_group=Untouched(), raw=True
        )

    def listen(self, seconds: float) -> Survey:
        """Take in everything for so many seconds."""
        surveyor, end = Surveyor(), time.monotonic() + seconds
        looked = 0.0
        while (now := time.monotonic()) < end:
            if now - looked > LOOK_S:
                looked = now
                self._look()
            for topic, sub in self._subs.items():
                self._drain(surveyor, topic, sub)
            time.sleep(PERIOD_S)
        offers = {topic: self._offer(topic) for topic in self._types}
        services = {n: k[0] for n, k in self._node.get_service_names_and_types() if k}
        return surveyor.survey('the live graph', self._types, offers, services)

    def _drain(self, surveyor: Surveyor, topic: str, sub: Any) -> None:
        handle = sub.handle
        with handle:
            while (taken := handle.take_message(sub.msg_type, True)) is not None:
                surveyor.take(
                    RawMessage(topic, self._types[topic], time.time_ns(), bytes(taken[0]))
                )

    def _offer(self, topic: str) -> Offer:
        offers = [o.qos_profile for o in self._node.get_publishers_info_by_topic(topic)]
        return Offer(
            len(offers),
            all(o.reliability is ReliabilityPolicy.RELIABLE for o in offers),
            bool(offers) and all(o.durability is DurabilityPolicy.TRANSIENT_LOCAL for o in offers),
        )
