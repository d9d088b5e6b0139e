"""The shipped Fast DDS profile is read whole, and does what it is shipped for."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip('rclpy')
from nodes import graph
from std_msgs.msg import Float32

from cobot_ai.ros.names import EVERYTHING

pytestmark = [pytest.mark.ros, pytest.mark.timeout(120)]
PROFILE = Path(__file__).resolve().parents[2] / 'config/dds/fastdds_large_data.xml'
MESSAGES = 1000
PUBLISH = f"""
import re, time
from pathlib import Path
import rclpy
from std_msgs.msg import Float32
from cobot_ai.ros.names import EVERYTHING

def wakes():
    texts = [(task / 'status').read_text() for task in Path('/proc/self/task').iterdir()]
    events = [t for t in texts if re.search(r'Name:\\s+dds.ev', t)]
    return sum(int(re.search(r'\\nvoluntary_ctxt_switches:\\s+(\\d+)', t)[1]) for t in events)

rclpy.init()
node = rclpy.create_node('fast')
publisher = node.create_publisher(Float32, 'fast', EVERYTHING)
while not publisher.get_subscription_count():
    time.sleep(0.01)
before = wakes()
for _ in range({MESSAGES}):
    publisher.publish(Float32())
    time.sleep(0.0005)  # the pace of a sensor: in one burst a thread gets a turn by chance only
print(wakes() - before)
"""


def publish(**environment):
    """How often the event threads of Fast DDS woke, and what it complained of."""
    done = subprocess.run(
        [sys.executable, '-c', PUBLISH],
        env={k: v for k, v in os.environ.items() if 'PROFILES_FILE' not in k} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return int(done.stdout), done.stderr


@pytest.mark.alone
def test_a_fast_publisher_wakes_no_thread_after_every_message(monkeypatch):
    with graph(monkeypatch) as robot:
        robot.node.create_subscription(Float32, 'fast', lambda _: None, EVERYTHING)
        calm, complaints = publish(FASTDDS_DEFAULT_PROFILES_FILE=str(PROFILE))
        assert not complaints
        assert calm < MESSAGES / 2
        assert publish()[0] > 3 * calm  # as Fast DDS comes
