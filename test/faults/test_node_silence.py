"""Nobody answers: no tablet, no console, a console that dies. The deadline is the monitor's own."""

import numpy as np
import pytest

pytest.importorskip('rclpy')
from diagnostic_msgs.msg import DiagnosticStatus
from nodes import START_S, Processes, forces, graph, of_kind, until
from rcl_interfaces.srv import SetParametersAtomically
from rclpy.parameter import Parameter

from cobot_ai.store.bags import Bag

pytestmark = [pytest.mark.ros, pytest.mark.timeout(180)]
DEADLINE_S = 1.0
BOUND_MS = 100.0


@pytest.fixture
def robot(monkeypatch):
    with graph(monkeypatch) as robot:
        yield robot


@pytest.fixture
def cell(robot, tmp_path):
    cell = Processes(tmp_path, deadline_s=DEADLINE_S)
    yield cell
    cell.close()


def unanswered(robot, rng):
    """One step nobody answers: what was asked, and what the robot was told."""
    case = robot.step(forces('bad', rng))['case']
    asked = robot.wait(lambda: robot.heard('ask', case))
    told = robot.response(robot.judge())
    robot.wait(lambda: robot.heard('resolution', case))
    return asked[0], told


@pytest.mark.alone
@pytest.mark.parametrize('asks', [5, pytest.param(100, marks=pytest.mark.long)])
def test_without_any_tablet_every_ask_ends_in_the_fail_safe_on_time(robot, cell, asks):
    rng = np.random.default_rng(0)
    cell.start('monitor')
    robot.connect()
    for _ in range(asks):
        asked, told = unanswered(robot, rng)
        assert not told.success
        assert told.message == f'class=none action=hold case={asked["case"]} outcome=expired'
    with cell.ledger() as ledger:
        late = [e.body['late_ms'] for e in of_kind(ledger, 'resolution')]
        assert len(late) == asks
        assert all(0 <= ms <= BOUND_MS for ms in late), late
        # By the monitor's own stamps: on a busy machine this process hears of it when it can.
        asked_ns = {e.case: e.t_ns for e in of_kind(ledger, 'ask')}
        waited = [e.t_ns - asked_ns[e.case] for e in of_kind(ledger, 'resolution')]
        assert min(waited) >= (DEADLINE_S - 0.05) * 1e9
        assert cell.end('monitor') == 0
        incidents = [e.body for e in of_kind(ledger, 'incident')]
    check_incidents(cell, incidents)


def test_monitoring_tools_hear_of_a_silent_sensor_and_of_a_cell_that_waits(robot, cell):
    cell.start('monitor')
    robot.connect()
    stream, whole = 'cobot_ai /node_cell: wrench', 'cobot_ai /node_cell: cell'
    robot.wait(lambda: level_of(robot, stream) == DiagnosticStatus.STALE, why='silence is not told')
    assert robot.health[whole].message == 'no model yet: every case is asked'
    robot.step(forces('good', np.random.default_rng(0)))
    robot.wait(lambda: level_of(robot, stream) == DiagnosticStatus.OK, why='it stays stale')


def test_parameters_change_together_while_the_cell_runs_and_are_recorded(robot, cell):
    cell.start('monitor')
    robot.connect()
    client = robot.node.create_client(
        SetParametersAtomically, 'cobot_ai_monitor/set_parameters_atomically'
    )
    robot.wait(client.service_is_ready, START_S, 'the monitor has no parameters')

    def set_all(**values):
        wanted = [Parameter(k, value=v).to_parameter_msg() for k, v in values.items()]
        future = client.call_async(SetParametersAtomically.Request(parameters=wanted))
        robot.wait(future.done, why='no response')
        return future.result().result

    assert set_all(deadline_s=33.0, undo_s=2.0).successful
    refused = set_all(deadline_s=44.0, undo_s=60.0)
    assert not refused.successful and 'undo_s' in refused.reason
    case = robot.step(forces('good', np.random.default_rng(0)))['case']
    asked = robot.wait(lambda: robot.heard('ask', case))[0]
    assert (asked['deadline_s'], asked['undo_s']) == (33, 2)
    with cell.ledger() as ledger:
        changes = {e.body['name']: e.body['new'] for e in of_kind(ledger, 'config')}
    assert changes == {'question.deadline_s': 33.0, 'question.undo_s': 2.0}
    assert set_all(deadline_s=-1.0, undo_s=-1.0).successful, 'back to what the cell file says'
    with cell.ledger() as ledger:
        undone = {e.body['name']: e.body['new'] for e in of_kind(ledger, 'config')}
    assert undone['question.deadline_s'] not in (33.0, -1.0)


def level_of(robot, name):
    return robot.health[name].level if name in robot.health else None


def check_incidents(cell, incidents):
    """What was sent before the first expiry is in its recording, and nothing was dropped."""
    assert {i['reason'] for i in incidents} == {'expired'}
    assert sum(i['dropped'] for i in incidents) == 0
    topics = Bag(cell.folder.incidents / incidents[0]['name']).topics()
    assert topics['/wrench'][1] >= 20
    assert topics['/step'][1] >= 2


def test_control_an_answer_in_time_is_a_success(robot, cell):
    cell.start('monitor')
    robot.connect()
    case = robot.step(forces('good', np.random.default_rng(0)))['case']
    told = robot.judge()
    assert robot.answer(case, 'good')['status'] == 'accepted'
    told = robot.response(told)
    assert told.success
    assert told.message == f'class=good action=continue case={case} outcome=answered'


@pytest.mark.alone
def test_a_killed_console_stops_neither_the_monitor_nor_its_deadlines(robot, cell):
    rng = np.random.default_rng(0)
    cell.start('monitor')
    cell.start('console', web_port=0)
    robot.connect()
    until(lambda: robot.consoles() == 1, 40, 'the console did not start')
    unanswered(robot, rng)
    beats = robot.beats
    cell.kill('console')
    asked, told = unanswered(robot, rng)
    assert not told.success and told.message.endswith('outcome=expired')
    robot.wait(lambda: robot.beats > beats + 2, why='the heartbeat stopped')
    with cell.ledger() as ledger:
        (resolution,) = [e for e in ledger.of_case(asked['case']) if e.kind == 'resolution']
        assert 0 <= resolution.body['late_ms'] <= BOUND_MS
        assert of_kind(ledger, 'fault') == []
