"""Child processes import the package that started them, whatever folder they start in."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cobot_ai.cli import commands, supervise
from cobot_ai.cli.main import main
from cobot_ai.core.errors import ConfigError
from cobot_ai.store.folder import CellFolder
from cobot_ai.store.ledger import open_ledger


def test_children_started_beside_a_clone_find_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / 'cobot_ai').mkdir()  # a clone, seen from its parent
    monkeypatch.setenv('PYTHONPATH', '/opt/ros/somewhere')
    monkeypatch.chdir(tmp_path)
    assert main(['check', 'demo']) == 0
    assert os.environ['PYTHONPATH'].startswith('/opt/ros/somewhere' + os.pathsep)
    child = [sys.executable, '-m', 'cobot_ai.cli.main', '--version']
    assert subprocess.run(child, check=False, capture_output=True).returncode == 0


def test_the_demo_never_shows_the_page_of_another_program(capsys, tmp_path):
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        port = taken.getsockname()[1]
        args = ['demo', '--headless', '--port', str(port), '--data-dir', str(tmp_path)]
        assert main(args) == 1
    said = capsys.readouterr()
    assert f'Port {port} is taken' in said.err and 'page:' not in said.out


@pytest.mark.parametrize('namespace', ['cell-1', '1a', 'a//b', 'a b', 'größe'])
def test_a_namespace_that_ros_does_not_take_is_refused_before_anything_starts(
    namespace, capsys, tmp_path
):
    args = ['run', 'wrench_cases', '--data-dir', str(tmp_path), '--namespace', namespace]
    assert main(args) == 1
    assert 'is no ROS namespace' in capsys.readouterr().err
    with pytest.raises(ConfigError):
        supervise.node_command('monitor', {}, namespace)


def test_without_ros_run_says_so_once(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(supervise, 'find_spec', lambda name: None)
    assert main(['run', 'wrench_cases', '--data-dir', str(tmp_path)]) == 1
    (said,) = capsys.readouterr().err.strip().splitlines()
    assert 'No ROS 2 is installed' in said


@pytest.fixture
def started(monkeypatch):
    """Supervisors that were started; no process is."""
    runs = []
    monkeypatch.setattr(commands, 'need_ros', lambda: None)
    monkeypatch.setattr(commands.Supervisor, 'handle_signals', lambda self: None)
    monkeypatch.setattr(commands.Supervisor, 'run', lambda self: runs.append(self.children))
    return runs


def run_cell(folder: Path, port: int = 0) -> int:
    return main(['run', 'wrench_cases', '--data-dir', str(folder), '--web-port', str(port)])


def test_run_starts_nothing_on_a_folder_where_a_cell_runs(started, capsys, tmp_path):
    with CellFolder(tmp_path).create().claimed():  # another `run`, its monitor still on the way up
        assert run_cell(tmp_path) == 1
    ledger = open_ledger(CellFolder(tmp_path).ledger)  # a monitor that launch started
    assert run_cell(tmp_path) == 1
    ledger.close()
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 2 and all('in use by another' in line for line in said)
    assert not started
    assert run_cell(tmp_path) == 0 and len(started) == 1


def test_run_starts_nothing_where_the_port_of_the_page_is_taken(started, capsys, tmp_path):
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert run_cell(tmp_path, port) == 1
    (said,) = capsys.readouterr().err.strip().splitlines()
    assert f'Port {port} is taken' in said and '--web-port 0' in said
    assert not started
    assert run_cell(tmp_path, port) == 0 and started
