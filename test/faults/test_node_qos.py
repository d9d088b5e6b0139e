"""QoS of the streams: what publishers offer is followed, and a parameter overrides it."""

import pytest

pytest.importorskip('rclpy')
import rclpy
from nodes import next_domain, until
from rclpy.parameter import Parameter
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from std_msgs.msg import Float32

from cobot_ai.core.errors import ConfigError
from cobot_ai.ros.drain import DrainedTopic

pytestmark = [pytest.mark.ros, pytest.mark.timeout(60)]
KIND = 'std_msgs/msg/Float32'
TOPIC = '/cell/current'
BEST_EFFORT = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)


@pytest.fixture
def make_node(monkeypatch):
    """Makes nodes with parameters, on a graph of their own."""
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    context, made = rclpy.Context(), []
    rclpy.init(context=context, domain_id=next_domain())

    def make(**overrides):
        prefix = f'qos_overrides.{TOPIC}.subscription.'
        given = [Parameter(prefix + k, value=v) for k, v in overrides.items()]
        made.append(rclpy.create_node('qos', context=context, parameter_overrides=given))
        return made[-1]

    yield make
    for node in made:
        node.destroy_node()
    context.try_shutdown()


def drained(node):
    return DrainedTopic(node, TOPIC, KIND, 100.0, 1.0)


def test_a_best_effort_publisher_is_followed(make_node):
    topic = drained(make_node())
    assert topic.qos.reliability is ReliabilityPolicy.RELIABLE
    assert topic.qos.depth == 200
    make_node().create_publisher(Float32, TOPIC, BEST_EFFORT)
    meet(topic)
    assert topic.qos.reliability is ReliabilityPolicy.BEST_EFFORT
    assert topic.match_offers() == 0
    topic.close()


def test_an_explicit_override_wins_over_what_is_offered(make_node):
    topic = drained(make_node(reliability='reliable', depth=7, history='keep_last'))
    make_node().create_publisher(Float32, TOPIC, BEST_EFFORT)
    assert meet(topic) == 1, 'that publisher cannot be heard, and it is said'
    assert topic.qos.reliability is ReliabilityPolicy.RELIABLE
    assert topic.qos.depth == 7
    topic.close()


def test_a_queue_without_end_and_best_effort_can_be_asked_for(make_node):
    topic = drained(make_node(reliability='best_effort', history='keep_all'))
    assert topic.qos.reliability is ReliabilityPolicy.BEST_EFFORT
    assert topic.qos.history is HistoryPolicy.KEEP_ALL
    topic.close()


def test_the_parameters_stay_when_a_topic_is_opened_again(make_node):
    node = make_node(depth=7)
    for _ in range(2):
        topic = drained(node)
        assert topic.qos.depth == 7
        topic.close()


@pytest.mark.parametrize(
    'wrong', [{'reliability': 'maybe'}, {'history': 'all'}, {'depth': -1}, {'depth': 'many'}]
)
def test_a_wrong_override_is_refused_in_words(make_node, wrong):
    with pytest.raises(ConfigError, match=f'qos_overrides.{TOPIC}.subscription'):
        drained(make_node(**wrong))


def meet(topic):
    """Until the publisher was found; how many publishers cannot be heard."""
    refused = 0

    def met():
        nonlocal refused
        refused += topic.match_offers()
        return refused or topic.qos.reliability is BEST_EFFORT.reliability

    until(met, 20.0, 'the publisher was not found')
    return refused
