"""The monitor's way up and down: what stands in its way is said, and a second way up works."""

import subprocess

import numpy as np
import pytest

pytest.importorskip('rclpy')
from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.srv import ChangeState
from nodes import START_S, Processes, forces, graph, of_kind, until
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParametersAtomically
from std_srvs.srv import Trigger

from cobot_ai.cli.supervise import node_command
from cobot_ai.ros import names
from cobot_ai.ros.console_node import Replies

pytestmark = [pytest.mark.ros, pytest.mark.timeout(180)]
MONITOR = names.MONITOR
CONFIGURE, CLEANUP, ACTIVATE, DEACTIVATE = 1, 2, 3, 4


@pytest.fixture
def robot(monkeypatch):
    with graph(monkeypatch) as robot:
        yield robot


def ends_with(values):
    done = subprocess.run(
        node_command('monitor', values), capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ('values', 'sentence'),
    [
        ({'cell': 'no_such_cell'}, 'There is no cell file no_such_cell.'),
        ({'cell': 'wrench_cases', 'stall_s': 700.0}, 'out of range'),
        ({'cell': 'wrench_cases', 'fifo_priority': 200}, 'out of range'),
    ],
)
def test_what_cannot_work_ends_with_one_sentence(robot, values, sentence):
    code, said = ends_with(values)
    assert code == 1
    assert sentence in said and len(said.strip().splitlines()) == 1, said


def test_a_damaged_ledger_ends_the_monitor_and_is_left_as_it_is(robot, tmp_path):
    ledger = tmp_path / 'ledger.db'
    ledger.write_bytes(b'this is not a database' * 100)
    code, said = ends_with({'cell': 'wrench_cases', 'data_dir': tmp_path})
    assert code == 1 and 'Restore a backup' in said, said
    assert ledger.read_bytes() == b'this is not a database' * 100


def test_a_second_monitor_of_the_same_cell_is_refused_and_the_first_goes_on(robot, tmp_path):
    cell = Processes(tmp_path)
    cell.start('monitor')
    robot.connect()
    code, said = ends_with({'cell': str(cell.cell), 'data_dir': cell.folder.root})
    assert code == 1, said
    assert robot.step(forces('good', np.random.default_rng(0)))['verdict'] == 'ask'
    cell.close()


def test_a_manager_may_take_it_down_and_up_again(robot, tmp_path):
    cell = Processes(tmp_path)
    monitor = cell.start('monitor', autostart=False, deadline_s=30.0)
    client = robot.node.create_client(ChangeState, 'cobot_ai_monitor/change_state')
    until(client.service_is_ready, START_S, 'no lifecycle service')

    def change(transition):
        request = ChangeState.Request()
        request.transition.id = transition
        assert robot.response(client.call_async(request)).success

    rng = np.random.default_rng(0)
    for way in ((CONFIGURE, ACTIVATE), (DEACTIVATE, ACTIVATE), (DEACTIVATE, CLEANUP, CONFIGURE)):
        for transition in way:
            change(transition)
    change(ACTIVATE)
    setter = robot.node.create_client(
        SetParametersAtomically, f'{MONITOR}/set_parameters_atomically'
    )
    value = ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=47.0)
    wanted = [Parameter(name='deadline_s', value=value)]
    request = SetParametersAtomically.Request(parameters=wanted)
    assert robot.response(setter.call_async(request)).result.successful
    for transition in (DEACTIVATE, ACTIVATE):
        change(transition)
    robot.connect()
    candidates = robot.node.create_publisher(
        DiagnosticArray, f'{names.TRAINER}/candidate', names.CANDIDATE_QOS
    )
    until(candidates.get_subscription_count, START_S, 'nobody listens to candidates')
    candidates.publish(DiagnosticArray())
    hold = robot.node.create_client(Trigger, f'{MONITOR}/hold')
    until(hold.service_is_ready, START_S, 'no service')
    assert robot.response(hold.call_async(Trigger.Request())).success, 'it lives on'
    case = robot.step(forces('good', rng))['case']
    told = robot.judge()
    robot.answer(case, 'good')
    assert robot.response(told).success
    change(DEACTIVATE)
    assert cell.end('monitor') == 0
    assert monitor.returncode == 0
    with cell.ledger() as ledger:
        assert len(of_kind(ledger, 'start')) == 4
        assert of_kind(ledger, 'ask')[0].body['deadline_s'] == 47.0, 'tuning outlives a pause'
        assert len(of_kind(ledger, 'decision')) == 1, 'an old subscription was still there'
        assert ledger.verify().ok


def test_everybody_who_waits_for_a_key_gets_its_reply():
    replies = Replies()
    waiting = [replies.expect('k') for _ in range(3)]
    assert replies.wait('k', waiting[0], 0.0) is None, 'it gave up'
    replies.arrive({'key': 'k', 'ok': True})
    replies.arrive({'key': 'k', 'ok': False})  # nobody waits any more
    assert [replies.wait('k', w, 0.0) for w in waiting[1:]] == [{'key': 'k', 'ok': True}] * 2
