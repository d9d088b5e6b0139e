"""Plays a bag over real topics: the streams and step messages of one cell, and `/clock`."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import rclpy
from builtin_interfaces.msg import Time
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rosgraph_msgs.msg import Clock

from cobot_ai.app.observe import Observer
from cobot_ai.core.errors import CobotAiError, ConfigError
from cobot_ai.core.samples import RawMessage
from cobot_ai.ros import params, runtime
from cobot_ai.ros.drain import message_class
from cobot_ai.ros.names import EVERYTHING, stream_qos
from cobot_ai.ros.params import Param
from cobot_ai.ros.publish import publish_patiently
from cobot_ai.store.bags import Bag
from cobot_ai.store.cellfile import load_cell
from cobot_ai.store.messages import RosbagsDecoder

TABLE = (
    Param('bag', '', 'rosbag2 folder or .mcap file.'),
    Param('cell', '', 'Cell file, or the name of a shipped one: its topics are played.'),
    Param('rate', 1.0, 'Bag seconds per second.', 0.01, 20.0),
    Param('recorded_namespace', '', 'Namespace the bag was recorded in.'),
    Param(
        'wait_s', 30.0, 'How long to wait for somebody who listens, or takes no more.', 0.0, 3600.0
    ),
)
CLOCK_NS = 10_000_000
"""Time between two `/clock` messages: 100 Hz of bag time."""
LEAD_S = 0.5
"""The clock stands at the first message this long, so that everybody has it before the data."""
FOUND_S = 5.0
"""Longest wait for somebody who listens to the clock; nobody has to."""
ACK_S = 10.0
TICK_S = 0.02


class Player:
    """Publishes the bytes of a bag as they are, at the pace they were recorded in.

    Args:
        node: Gives publishers and the namespace. values: Parameters of `TABLE`.
        stop: Ends the playing early.

    Raises:
        ConfigError: The bag has none of the topics of the cell file, or another type on one.
        DataError: There is no bag, or it cannot be read.
    """

    def __init__(self, node: Node, values: dict[str, Any], stop: runtime.Stop) -> None:
        if not (values['bag'] and values['cell']):
            raise ConfigError('Name a bag and a cell file: set the parameters "bag" and "cell".')
        self._node, self._stop = node, stop
        self._rate, self._wait_s = float(values['rate']), float(values['wait_s'])
        self._bag = Bag(Path(values['bag']))
        self._topics = self._match(values['cell'], values['recorded_namespace'])
        self._clock = node.create_publisher(Clock, '/clock', stream_qos(100.0, reliable=True))
        self._out = {
            recorded: node.create_publisher(message_class(kind), live, EVERYTHING)
            for recorded, (live, kind) in self._topics.items()
        }

    def _match(self, cell: str, namespace: str) -> dict[str, tuple[str, str]]:
        """Recorded topic -> (live topic, type), of the topics the cell file wants."""
        spec, decoder = load_cell(cell), RosbagsDecoder()
        live = Observer(spec, decoder, self._node.resolve_topic_name).topics
        base = '/' + namespace.strip('/') + '/' if namespace.strip('/') else '/'
        own = self._node.get_namespace().rstrip('/') + '/'
        wanted = {base + topic.removeprefix(own): (topic, kind) for topic, kind in live.items()}
        there = self._bag.topics()
        found = {recorded: to for recorded, to in wanted.items() if recorded in there}
        for recorded, (_, kind) in found.items():
            if there[recorded][0] != kind:
                raise ConfigError(
                    f'Topic {recorded} is {there[recorded][0]} in the bag but {kind} in the '
                    'cell file; correct `type`.'
                )
        if not found:
            raise ConfigError(
                f'The bag has none of the topics of the cell file: it has {sorted(there)}, the '
                f'cell file wants {sorted(wanted)}. Correct `topic`, or set recorded_namespace.'
            )
        for recorded in sorted(wanted.keys() - found.keys()):
            self._node.get_logger().warning(f'{recorded} is not in the bag')
        return found

    def run(self) -> int:
        """Wait for listeners, play, wait until all is received; returns the messages played.

        Raises:
            ConfigError: Nobody listens to a topic.
            DataError: The bag is damaged; what could be read was played.
        """
        self._wait_for_listeners()
        played = 0
        try:
            for message in self._paced(self._bag.messages(self._topics)):
                out = self._out[message.topic]
                publish_patiently(out, message.data, self._wait_s, lambda: self._stop.wanted)
                played += 1
        finally:
            for publisher in self._out.values():
                publisher.wait_for_all_acked(Duration(seconds=ACK_S))
        return played

    def _wait_for_listeners(self) -> None:
        end = time.monotonic() + self._wait_s
        while not self._stop.wanted:
            deaf = [p.topic_name for p in self._out.values() if not p.get_subscription_count()]
            if not deaf:
                return
            if time.monotonic() > end:
                raise ConfigError(
                    f'Nobody listens to {", ".join(deaf)}: start the monitor with the same cell '
                    'file, namespace and ROS_DOMAIN_ID.'
                )
            time.sleep(TICK_S)

    def _paced(self, messages: Iterator[RawMessage]) -> Iterator[RawMessage]:
        """The messages, each at its time, with the clock running between them."""
        begun_ns, first_ns = 0, 0
        tick_ns = None
        for message in messages:
            if tick_ns is None:
                tick_ns = first_ns = message.t_ns
                self._lead_in(first_ns)
                begun_ns = time.monotonic_ns()
            while tick_ns <= message.t_ns:
                self._sleep_until(begun_ns + round((tick_ns - first_ns) / self._rate))
                self._tell_time(tick_ns)
                tick_ns += CLOCK_NS
            self._sleep_until(begun_ns + round((message.t_ns - first_ns) / self._rate))
            if self._stop.wanted:
                return
            yield message

    def _lead_in(self, first_ns: int) -> None:
        begun = found = time.monotonic()
        while (now := time.monotonic()) < found + LEAD_S and not self._stop.wanted:
            if not self._clock.get_subscription_count() and now < begun + FOUND_S:
                found = now
            self._tell_time(first_ns)
            time.sleep(TICK_S)

    def _tell_time(self, t_ns: int) -> None:
        self._clock.publish(Clock(clock=Time(sec=t_ns // 10**9, nanosec=t_ns % 10**9)))

    def _sleep_until(self, at_ns: int) -> None:
        while not self._stop.wanted and (ahead := at_ns - time.monotonic_ns()) > 0:
            time.sleep(min(ahead / 1e9, TICK_S))


def main(args: list[str] | None = None) -> int:
    """Entry point of the player."""
    stop = runtime.Stop()
    rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    try:
        node = Node('cobot_ai_player')
        played = Player(node, params.declare(node, TABLE), stop).run()
        node.get_logger().info(f'{played} messages played')
    except CobotAiError as e:
        sys.stderr.write(f'cobot_ai: {e}\n')
        return 1
    finally:
        rclpy.try_shutdown()
    return 0


if __name__ == '__main__':
    sys.exit(main())
