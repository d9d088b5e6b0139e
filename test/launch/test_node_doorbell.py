"""Sleep that a message ends, a player that waits for its readers, and the search for garbage."""

import gc
import time

import pytest

pytest.importorskip('rclpy')
import rclpy
from nodes import next_domain
from rclpy.impl.implementation_singleton import rclpy_implementation
from std_msgs.msg import String

from cobot_ai.core.errors import DataError
from cobot_ai.ros import runtime
from cobot_ai.ros.doorbell import Doorbell
from cobot_ai.ros.drain import DrainedTopic
from cobot_ai.ros.publish import publish_patiently

pytestmark = [pytest.mark.ros, pytest.mark.timeout(60)]
LONG_S = 20.0


@pytest.fixture
def node(monkeypatch):
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=next_domain())
    node = rclpy.create_node('bell', context=context, start_parameter_services=False)
    yield node
    node.destroy_node()
    context.try_shutdown()


@pytest.fixture
def topic(node):
    return DrainedTopic(node, '/bell', 'std_msgs/msg/String', None, 1.0)


@pytest.fixture
def bell(node, topic):
    bell = Doorbell(node, [topic], [])
    yield bell
    bell.close()


def publish(node, topic):
    publisher = node.create_publisher(String, '/bell', topic.qos)
    while not publisher.get_subscription_count():
        time.sleep(0.01)
    publisher.publish(String(data='come'))
    return publisher


def test_a_message_ends_the_sleep_and_rings_until_it_is_taken(node, topic, bell):
    assert bell.wait(0.01) == []
    publish(node, topic)
    begun = time.monotonic()
    assert bell.wait(LONG_S) == [topic]
    assert bell.wait(LONG_S) == [topic]
    assert topic.read(0, True).data
    assert time.monotonic() - begun < LONG_S / 2
    while bell.wait(0.05):  # it may have rung once more before the message was taken
        pass


def test_a_subscription_that_took_the_place_of_another_rings(node, topic, bell):
    assert bell.wait(0.01) == []
    topic.keep_all()
    assert bell.wait(0.01) == []
    publish(node, topic)
    assert bell.wait(LONG_S) == [topic]


class Full:
    """A publisher whose readers take nothing for the first calls."""

    topic_name = '/full'

    def __init__(self, refused):
        self.left, self.sent = refused, []

    def publish(self, message):
        if self.left:
            self.left -= 1
            raise rclpy_implementation.RCLError('cannot publish data')
        self.sent.append(message)


def test_a_player_tries_again_until_a_slow_reader_made_room():
    full = Full(3)
    publish_patiently(full, b'data', LONG_S)
    assert full.sent == [b'data']


def test_a_player_says_who_takes_nothing_any_more_and_stops_when_told():
    with pytest.raises(DataError, match='/full takes no messages'):
        publish_patiently(Full(10**9), b'data', 0.0)
    full = Full(1)
    publish_patiently(full, b'data', LONG_S, lambda: True)
    assert not full.sent


def test_garbage_is_looked_for_only_when_it_is_time(monkeypatch):
    now, done = [100.0], []
    monkeypatch.setattr(runtime.time, 'monotonic', lambda: now[0])
    monkeypatch.setattr(runtime.gc, 'collect', lambda *age: done.append(age))
    try:
        sweep = runtime.Sweep()
        assert not gc.isenabled()
        for now[0] in (100.5, 101.0, 101.5, 160.0):
            sweep()
    finally:
        gc.enable()
    assert done == [(1,), ()]


def test_a_subscription_that_is_gone_for_a_moment_does_not_end_the_bell(node, topic, bell):
    assert bell.wait(0.01) == []
    node.destroy_subscription(topic._sub)
    bell._wake()
    bell.wait(0.05)
    topic._open(reliable=True)
    publish(node, topic)
    begun = time.monotonic()
    assert bell.wait(LONG_S) == [topic]
    assert time.monotonic() - begun < LONG_S / 2
