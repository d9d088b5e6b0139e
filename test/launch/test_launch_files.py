"""The launch files, executed on a strict stand-in of launch: names, types, choices, namespaces."""

import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

pytest.importorskip('rclpy')
import fake_launch

from cobot_ai.ros import params, player_node, sim_node

pytestmark = pytest.mark.ros
ROOT = Path(__file__).resolve().parents[2]
FILES = {file.name.split('.')[0]: file for file in (ROOT / 'launch').glob('*.launch.py')}
REQUIRED = {'cell': {'cell': 'c.yaml'}, 'replay': {'cell': 'c.yaml', 'bag': '/b'}, 'demo': {}}
TABLES = {
    'monitor': params.MONITOR,
    'console': params.CONSOLE,
    'trainer': params.TRAINER,
    'sim': sim_node.TABLE,
    'player': player_node.TABLE,
}
SWITCHES = {'shadow', 'use_sim_time', 'camera'}


def started(file, **arguments):
    found = fake_launch.execute(FILES[file], **REQUIRED[file], **arguments)
    return {process.executable: process for process in found}


def test_all_three_files_are_there():
    assert FILES.keys() == REQUIRED.keys()


@pytest.mark.parametrize('file', REQUIRED)
def test_every_argument_is_described_and_switches_have_choices(file):
    arguments = fake_launch.described(FILES[file]).arguments()
    names = [a.name for a in arguments]
    assert len(names) == len(set(names))
    for argument in arguments:
        assert argument.description and argument.description.endswith('.'), argument.name
        if argument.default in ('true', 'false'):
            assert argument.name in SWITCHES and argument.choices == ['true', 'false']
    without = {a.name for a in arguments if a.default is None}
    assert without == REQUIRED[file].keys()


def test_the_arguments_of_a_cell_are_all_documented():
    names = {a.name for a in fake_launch.described(FILES['cell']).arguments()}
    wanted = 'cell namespace shadow web_host web_port log_level use_sim_time data_dir'
    assert set(wanted.split()) <= names
    page = (ROOT / 'docs' / 'operations.md').read_text()
    for file in FILES.values():
        for argument in fake_launch.described(file).arguments():
            assert f'`{argument.name}`' in page, argument.name


@pytest.mark.parametrize('file', REQUIRED)
def test_executables_and_parameters_exist_and_fit_their_types(file):
    for name, process in started(file).items():
        wrapper = ROOT / 'resource' / 'lib' / name
        assert os.access(wrapper, os.X_OK)
        (module,) = re.findall(r'-m (\S+)', wrapper.read_text())
        assert callable(import_module(module).main)
        known = {row.name: row for row in TABLES[name]}
        for key, value in process.parameters.items():
            if key == 'use_sim_time':
                assert isinstance(value, bool)
                continue
            assert type(value) is type(known[key].default), (name, key, value)
            if known[key].low is not None:
                assert known[key].low <= value <= known[key].high


@pytest.mark.parametrize('file', REQUIRED)
def test_the_namespace_is_pushed_on_every_node_and_nothing_else_names_one(file):
    for given, full in (({}, '/'), ({'namespace': 'plant/cell_1'}, '/plant/cell_1')):
        processes = started(file, **given)
        assert {p.namespace for p in processes.values()} == {full}
        for process in processes.values():
            told = [str(v) for v in process.parameters.values()]
            assert not any('plant' in value for value in told)


def test_the_three_nodes_of_a_cell_come_back_and_the_monitor_starts_itself():
    processes = started('cell')
    assert processes.keys() == {'monitor', 'console', 'trainer'}
    assert all(p.respawn and p.respawn_delay > 0 for p in processes.values())
    assert processes['monitor'].parameters['autostart'] is True
    assert processes['monitor'].parameters['shadow'] is True, 'touching the robot must be asked for'
    assert processes['console'].parameters['web_host'] == '127.0.0.1'


def test_arguments_arrive():
    processes = started(
        'cell',
        shadow='false',
        web_host='0.0.0.0',  # noqa: S104
        web_port='9000',
        log_level='debug',
        use_sim_time='true',
        data_dir='/d',
    )
    assert processes['monitor'].parameters['shadow'] is False
    assert processes['console'].parameters['web_host'] == '0.0.0.0'  # noqa: S104
    assert processes['console'].parameters['web_port'] == 9000
    for process in processes.values():
        assert process.parameters['use_sim_time'] is True
        assert (process.parameters['cell'], process.parameters['data_dir']) == ('c.yaml', '/d')
        assert process.ros_arguments == ['--log-level', 'debug']


@pytest.mark.parametrize('wrong', [{'shadow': 'maybe'}, {'log_level': 'loud'}])
def test_a_wrong_choice_is_refused(wrong):
    with pytest.raises(RuntimeError, match='is not one of'):
        started('cell', **wrong)


def test_without_a_cell_nothing_starts():
    with pytest.raises(RuntimeError, match='"cell" was not provided'):
        fake_launch.execute(FILES['cell'])


def test_a_recording_never_moves_a_robot():
    processes = started('replay', rate='5')
    assert processes['monitor'].parameters['shadow'] is True
    assert processes['monitor'].parameters['use_sim_time'] is True
    assert processes['monitor'].parameters['stall_s'] == 5.0
    assert 'use_sim_time' not in processes['player'].parameters, 'it is the clock'
    assert not processes['player'].respawn


def test_the_demo_really_holds_and_ends_with_its_steps():
    processes = started('demo', steps='3')
    assert processes['monitor'].parameters['shadow'] is False
    assert processes['monitor'].parameters['cell'] == 'demo'
    assert processes['sim'].parameters['steps'] == 3
    assert isinstance(processes['sim'].on_exit, fake_launch.Shutdown)


def test_wrappers_start_the_node_with_the_python_beside_them(tmp_path):
    home = tmp_path / 'lib' / 'cobot_ai'
    home.mkdir(parents=True)
    wrapper = home / 'monitor'
    wrapper.write_bytes((ROOT / 'resource' / 'lib' / 'monitor').read_bytes())
    wrapper.chmod(0o755)
    beside = tmp_path / 'bin' / 'python3'
    beside.parent.mkdir()
    beside.write_text('#!/bin/sh\necho beside "$@"\n')
    beside.chmod(0o755)
    said = subprocess.run([wrapper, '--ros-args'], capture_output=True, text=True, check=True)
    assert said.stdout == 'beside -m cobot_ai.ros.monitor_node --ros-args\n'
    beside.unlink()
    path = f'{Path(sys.executable).parent}{os.pathsep}{os.environ["PATH"]}'
    done = subprocess.run(
        [wrapper, '--ros-args', '-p', 'cell:=no_such'],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, 'PATH': path},
        cwd=ROOT,
    )
    assert done.returncode == 1 and 'There is no cell file no_such' in done.stderr
