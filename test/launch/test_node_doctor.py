"""`cobot_ai init` and `cobot_ai doctor` on a live graph, with a best-effort sensor on it."""

import subprocess
import sys
import threading

import pytest

pytest.importorskip('rclpy')
from nodes import graph
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Temperature

from cobot_ai.store.cellfile import load_cell

pytestmark = [pytest.mark.ros, pytest.mark.timeout(120)]
SECONDS = '3'


@pytest.fixture
def robot(monkeypatch):
    with graph(monkeypatch) as robot:
        yield robot


@pytest.fixture
def running(robot):
    """Samples come all the time: a reliable wrench and a best-effort temperature in kelvin."""
    heat = robot.node.create_publisher(Temperature, 'heat', qos_profile_sensor_data)
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(0.02):
            now = robot.node.get_clock().now()
            robot.send_wrench(now.nanoseconds, 0.1, 0.2, now.nanoseconds % 7 + 1.0)
            heat.publish(Temperature(temperature=300.0 + now.nanoseconds % 5))

    thread = threading.Thread(target=work)
    thread.start()
    yield
    ended.set()
    thread.join()


def command(*args):
    return subprocess.run(
        [sys.executable, '-m', 'cobot_ai.cli.main', *args],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_first_cell_file_comes_from_the_graph_and_the_doctor_holds_it_against_it(
    running, tmp_path
):
    file = tmp_path / 'cell.yaml'
    made = command('init', '--from', 'graph', '--seconds', SECONDS, '--out', str(file))
    assert made.returncode == 0, made.stderr
    spec = load_cell(file)
    assert {s.topic: s.type for s in spec.streams} == {
        '/heat': 'sensor_msgs/msg/Temperature',
        '/wrench': 'geometry_msgs/msg/WrenchStamped',
    }
    assert spec.step.topic == '/step', 'a step topic on which the program rests is still one'
    assert all(25 < s.rate_hz < 60 for s in spec.streams)
    good = command('doctor', str(file), '--seconds', SECONDS)
    assert good.returncode == 0, good.stdout + good.stderr
    assert 'best effort' in good.stdout
    assert 'looks like K, not degC' in good.stdout
