"""`cobot_ai run`: a killed node comes back, with growing pauses; signals end everything once."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip('rclpy')
import rclpy
from nodes import START_S, Processes, graph, of_kind, until
from rclpy.context import Context
from rclpy.node import Node

from cobot_ai.cli.supervise import BACKOFF_S, STEADY_S, Child, node_command

pytestmark = [pytest.mark.ros, pytest.mark.timeout(240)]


def fails_at_once(child, now, said):
    child.poll(now, said.append)
    child.process.wait()


def test_a_node_that_keeps_failing_is_restarted_with_growing_pauses():
    child, said, now, pauses = Child('x', [sys.executable, '-c', 'exit(3)']), [], 100.0, []
    for _ in range(7):
        fails_at_once(child, now, said)
        child.poll(now, said.append)
        assert child.process is None, 'it was restarted without a pause'
        pauses.append(child.retry_at - now)
        child.poll(child.retry_at - 0.01, said.append)
        assert child.process is None
        now = child.retry_at
    assert pauses == sorted(pauses) and pauses[-1] == BACKOFF_S[-1]
    assert pauses[0] <= 1.0
    assert said[0] == f'x ended with 3; again in {pauses[0]} s'


def test_a_node_that_ran_long_comes_back_soon():
    child, said = Child('x', [sys.executable, '-c', 'exit(3)'], failures=4), []
    fails_at_once(child, 100.0, said)
    child.poll(100.0 + STEADY_S + 1, said.append)
    assert child.retry_at - (100.0 + STEADY_S + 1) == BACKOFF_S[0]


def test_a_node_gets_its_texts_as_they_are_given():
    texts = [
        '2024',
        'c #1/d',
        'null',
        "it's: [a, {b",
        'größe \\ "x"',
        '~/cell',
        '1e3',
        'true',
        ' x ',
    ]
    values = {f'p{i}': text for i, text in enumerate(texts)}
    command = node_command('monitor', {**values, 'n': 3, 'f': 1.5, 'b': True}, 'cell_1/a')
    context = Context()
    rclpy.init(args=command[command.index('--ros-args') :], context=context)
    node = Node('t', context=context, automatically_declare_parameters_from_overrides=True)
    try:
        assert [node.get_parameter(name).value for name in values] == texts
        assert [node.get_parameter(name).value for name in 'nfb'] == [3, 1.5, True]
        assert node.get_namespace() == '/cell_1/a'
    finally:
        node.destroy_node()
        context.shutdown()


def children(pid):
    """Processes a process started, by name of their node."""
    found = {}
    for number in Path(f'/proc/{pid}/task/{pid}/children').read_text().split():
        words = Path(f'/proc/{number}/cmdline').read_text().split('\0')
        node = next((w for w in words if w.startswith('cobot_ai.ros.')), '')
        found[node.removeprefix('cobot_ai.ros.').removesuffix('_node')] = int(number)
    return found


def alive(pid):
    """True while a process runs (a zombie does not)."""
    try:
        return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0] != 'Z'
    except FileNotFoundError:
        return False


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_run_restarts_a_killed_monitor_and_ends_cleanly_on_a_double_signal(
    monkeypatch, tmp_path, number
):
    with graph(monkeypatch) as robot:
        cell = Processes(tmp_path)
        command = [sys.executable, '-m', 'cobot_ai.cli.main', 'run', str(cell.cell)]
        command += ['--data-dir', str(cell.folder.root), '--web-port', '0']
        run = subprocess.Popen(command, stdout=cell.log, stderr=cell.log, start_new_session=True)
        try:
            robot.connect()
            nodes = until(lambda: len(c := children(run.pid)) == 3 and c, START_S, 'not all run')
            assert nodes.keys() == {'monitor', 'console', 'trainer'}
            until(lambda: robot.consoles() == 1, START_S, 'the console did not start')
            os.kill(nodes['monitor'], signal.SIGKILL)
            robot.bury()
            robot.connect()
            again = children(run.pid)
            assert again['monitor'] != nodes['monitor']
            assert again['console'] == nodes['console']
            for _ in range(2):  # as a service manager does: to every process, and once more
                for pid in (run.pid, *again.values()):
                    os.kill(pid, number)
            assert run.wait(20) == 0
            assert not any(alive(pid) for pid in again.values())
        finally:
            run.kill()
            run.wait()
            cell.close()
    log = (tmp_path / 'nodes.log').read_text()
    assert 'monitor ended with -9; again in 1.0 s' in log
    assert 'Traceback' not in log, log
    with cell.ledger() as ledger:
        assert ledger.verify().ok
        assert len(of_kind(ledger, 'start')) == 2
