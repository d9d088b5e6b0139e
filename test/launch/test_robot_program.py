"""The example robot program of README beside a real monitor."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip('rclpy')
from nodes import Processes, graph

pytestmark = [pytest.mark.ros, pytest.mark.timeout(120)]
PROGRAM = Path(__file__).parents[2] / 'examples' / 'robot_program.py'


@pytest.fixture
def robot(monkeypatch):
    with graph(monkeypatch) as robot:
        yield robot


def program(*options):
    """Started with Python alone, as a plant would."""
    command = [sys.executable, str(PROGRAM), '--topic', 'step', '--seconds', '0.2', *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_it_goes_on_after_a_good_answer_and_after_no_other(robot, tmp_path):
    cell = Processes(tmp_path)
    try:
        cell.start('monitor')
        robot.connect()
        for case, (label, code) in enumerate((('good', 0), ('bad', 1)), 1):
            started = program('operation=insert', 'part_id=P-1')
            decision = robot.wait(lambda n=case: robot.heard('decision', n), 30)[0]
            assert decision['facts'] == {'operation': 'insert', 'part_id': 'P-1'}
            robot.answer(case, label)
            said, errors = started.communicate(timeout=30)
            assert f'class={label}' in said, errors
            assert f'case={case} outcome=answered' in said
            assert started.returncode == code
    finally:
        cell.close()


def test_without_a_monitor_it_says_so_and_does_not_go_on(robot):
    alone = program('--patience', '0.2')
    said, errors = alone.communicate(timeout=30)
    assert (alone.returncode, said) == (1, '')
    assert 'No cobot_ai_monitor listens' in errors
