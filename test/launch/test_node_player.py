"""A bag over real topics: what was recorded is judged, at the times it was recorded."""

import subprocess

import numpy as np
import pytest

pytest.importorskip('rclpy')
from cells import S, step_messages
from nodes import Processes, graph, of_kind

from cobot_ai.cli.supervise import node_command
from cobot_ai.store.clips import Clips
from cobot_ai.store.typestore import encode_step

pytestmark = [pytest.mark.ros, pytest.mark.timeout(180)]
FIRST_NS = 1_600_000_000 * S
STEPS = 6


@pytest.fixture
def bag(tmp_path):
    """Six steps, a second apart, recorded long ago."""
    rng = np.random.default_rng(0)
    messages = []
    for n in range(STEPS):
        values = [(float(x), float(z)) for x, z in rng.normal((0, 2), 0.3, (40, 2))]
        begin, *samples, end = step_messages(FIRST_NS + n * S, values)
        # Stamped by the robot program: on a busy machine arrival alone would shift the steps.
        messages += [stamped('begin', begin), *samples, stamped('end', end)]
    Clips(tmp_path / 'bag', 100.0).write(1, messages, 'asked')
    (file,) = (tmp_path / 'bag').glob('*.mcap')
    return file


def stamped(name, message):
    facts = {'operation': 'insert', 'stamp_ns': str(message.t_ns)}
    return message._replace(data=encode_step(name, facts))


@pytest.fixture
def robot(monkeypatch):
    with graph(monkeypatch) as robot:
        yield robot


def play(cell, bag, **values):
    values = {'bag': str(bag), 'cell': str(cell.cell), **values}
    return subprocess.run(
        node_command('player', values), capture_output=True, text=True, timeout=90, check=False
    )


def test_every_recorded_step_is_judged_once_at_its_recorded_time(robot, tmp_path, bag):
    cell = Processes(tmp_path)
    cell.start('monitor', use_sim_time=True, stall_s=4.0)
    robot.connect()
    done = play(cell, bag, rate=1.0)
    assert done.returncode == 0, done.stderr
    assert f'{STEPS * 42} messages played' in done.stderr + done.stdout
    robot.wait(lambda: len(robot.heard('decision')) == STEPS, why='a step was not judged')
    for n, decision in enumerate(robot.heard('decision')):
        assert decision['start_ns'] == FIRST_NS + n * S
        assert {x['channel'] for x in decision['notes']} <= {'wrench.fy'}, 'samples were lost'
        # It was decided in bag time, around the step's end (`/clock` comes in steps).
        assert abs(decision['t_ns'] - decision['end_ns']) < 2 * S
    assert cell.end('monitor') == 0
    with cell.ledger() as ledger:
        assert len(of_kind(ledger, 'decision')) == STEPS
    cell.close()


def test_a_recorded_namespace_is_replaced(robot, tmp_path, bag):
    cell = Processes(tmp_path)
    cell.start('monitor', use_sim_time=True)
    robot.connect()
    done = play(cell, bag, recorded_namespace='/elsewhere')
    assert done.returncode == 1
    assert "it has ['/step', '/wrench']" in done.stderr
    assert '/elsewhere/wrench' in done.stderr and len(done.stderr.splitlines()) == 1
    cell.close()


def test_without_a_listener_the_player_says_what_to_start(robot, tmp_path, bag):
    done = play(Processes(tmp_path), bag, wait_s=0.2)
    assert done.returncode == 1
    assert 'start the monitor with the same cell' in done.stderr


def test_a_missing_bag_is_one_sentence(robot, tmp_path):
    done = play(Processes(tmp_path), tmp_path / 'none')
    assert done.returncode == 1
    assert done.stderr.startswith('cobot_ai: There is no bag at')
