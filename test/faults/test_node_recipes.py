"""Recipes over a real graph: a driver's services and states by type, believed or not."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

pytest.importorskip('rclpy')
from nodes import CELL, Processes, graph, of_kind, until
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import JointState
from std_msgs.msg import String, UInt8
from std_srvs.srv import SetBool, Trigger

pytestmark = [pytest.mark.ros, pytest.mark.timeout(180)]
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
WEAK = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
TRIGGER = {'type': 'std_srvs/srv/Trigger', 'reason_path': 'message'}
LIKE_UR = {
    'recipe': 'like_ur',
    'namespace': '/ur',
    'driver': {
        'vendor': 'A dashboard whose states have standard types',
        'hold': [{'service': 'dashboard_client/pause', **TRIGGER}],
        'resume': [{'service': 'dashboard_client/play', **TRIGGER}],
        'states': [
            {
                'name': 'program',
                'source': 'program_state',
                'type': 'std_msgs/msg/String',
                'path': 'data',
            },
            {
                'name': 'safety',
                'source': 'safety_mode',
                'type': 'std_msgs/msg/UInt8',
                'path': 'data',
                'latched': True,
            },
        ],
        'held': [{'state': 'program', 'any_of': ['PAUSED']}],
        'running': [{'state': 'program', 'any_of': ['PLAYING']}],
        'normal': [{'state': 'safety', 'any_of': ['1'], 'names': {'3': 'protective stop'}}],
        'joints': {'topic': 'joint_states'},
        'text': {'en': 'Press Play.'},
    },
}


class Driver:
    """A driver node beside the robot program: dashboard, PLC, states and joints."""

    def __init__(self, node: Any) -> None:
        self.program, self.speed, self.obeys = 'PLAYING', 0.5, True
        self.calls: list[str] = []
        self._joints = node.create_publisher(JointState, '/ur/joint_states', WEAK)
        self._program = node.create_publisher(String, '/ur/program_state', WEAK)
        self._safety = node.create_publisher(UInt8, '/ur/safety_mode', LATCHED)
        self.safety(1)
        for name, state in (('pause', 'PAUSED'), ('play', 'PLAYING')):
            call = self._service(name, state)
            node.create_service(Trigger, f'/ur/dashboard_client/{name}', call)
        node.create_service(SetBool, '/plc/set', self._set)
        node.create_timer(0.02, self._publish)

    def _service(self, name: str, state: str) -> Any:
        def call(request: Any, response: Any) -> Any:
            self._go(name, state)
            response.success = True
            return response

        return call

    def _set(self, request: Any, response: Any) -> Any:
        self._go(*(('pause', 'PAUSED') if request.data else ('play', 'PLAYING')))
        response.success = True
        return response

    def _go(self, name: str, state: str) -> None:
        self.calls.append(name)
        self.program = state
        if self.obeys:
            self.speed = 0.0 if state == 'PAUSED' else 0.5

    def safety(self, mode: int) -> None:
        self._safety.publish(UInt8(data=mode))

    def _publish(self) -> None:
        self._program.publish(String(data=self.program))
        state = JointState(name=['j1'], position=[0.0], velocity=[self.speed])
        self._joints.publish(state)


@pytest.fixture
def robot(monkeypatch):
    with graph(monkeypatch) as robot:
        yield robot


@pytest.fixture
def start(robot, tmp_path):
    cells = []

    def begin(motion: dict[str, Any]) -> tuple[Processes, Driver]:
        driver = Driver(robot.node)
        cell = Processes(tmp_path)
        cell.cell.write_text(yaml.safe_dump({**CELL, 'motion': motion}))
        cells.append(cell)
        cell.start('monitor', shadow=False)
        robot.connect()
        robot.wait(lambda: motion_of(robot).get('recipe') == motion['recipe'], why='no state')
        return cell, driver

    yield begin
    for cell in cells:
        cell.close()


def motion_of(robot: Any) -> dict[str, Any]:
    return robot.state.get('motion', {})


def until_phase(robot: Any, phase: str) -> dict[str, Any]:
    robot.wait(lambda: motion_of(robot).get('phase') == phase, why=f'never {phase}: {robot.state}')
    return motion_of(robot)


def ask(robot: Any, kind: str) -> None:
    key = robot.tap(kind)
    reply = robot.wait(lambda: robot.replies.get(key), why='no reply came')
    assert reply['ok'], reply


def test_a_dashboard_is_held_resumed_and_disabled_by_a_safety_stop(robot, start):
    cell, driver = start(LIKE_UR)
    ask(robot, 'hold')
    evidence = until_phase(robot, 'held')['evidence']
    assert evidence['program'] == 'PAUSED'
    assert evidence['joint_speed'] == 0
    ask(robot, 'resume')
    until_phase(robot, 'free')
    assert driver.calls == ['pause', 'play']
    ask(robot, 'hold')
    until_phase(robot, 'held')
    driver.safety(3)
    robot.wait(lambda: motion_of(robot).get('stopped'), why='the stop was not seen')
    ask(robot, 'resume')
    robot.wait(lambda: 'protective stop' in motion_of(robot).get('reason', ''), why='no reason')
    driver.safety(1)
    until(lambda: resumed_by_hand(robot), 15.0, 'never at the pendant')
    assert motion_of(robot)['text'] == {'en': 'Press Play.'}
    assert driver.calls == ['pause', 'play', 'pause'], 'nothing is called after a safety stop'
    driver._go('by hand', 'PLAYING')
    until_phase(robot, 'free')
    with cell.ledger() as ledger:
        phases = [e.body['phase'] for e in of_kind(ledger, 'resume')]
        stops = [e.body['reason'] for e in of_kind(ledger, 'hold') if e.body['by'] == 'robot']
    assert 'cleared' in phases
    assert phases[-2:] == ['pendant', 'confirmed']
    assert stops == ['safety is 3 (protective stop)']


def resumed_by_hand(robot: Any) -> bool:
    """A person tries again until the driver's news has arrived."""
    phase = motion_of(robot).get('phase')
    if phase == 'not_resumed' or motion_of(robot).get('stopped'):
        key = robot.tap('resume')
        robot.wait(lambda: robot.replies.get(key), why='no reply came')
    return phase == 'pendant'


def test_a_plc_that_says_yes_while_the_joints_move_is_the_loudest_alarm(robot, start):
    motion = {'recipe': 'setbool', 'hold_service': '/plc/set', 'joint_states': '/ur/joint_states'}
    cell, driver = start(motion)
    driver.obeys = False
    ask(robot, 'hold')
    assert 'the joints move (0.5 rad/s)' in until_phase(robot, 'not_held')['reason']
    driver.obeys = True
    driver._go('stopped by hand', 'PAUSED')
    until_phase(robot, 'held')
    with cell.ledger() as ledger:
        rows = [(e.body['phase'], e.body['confirmed']) for e in of_kind(ledger, 'hold')]
        faults = [e.body for e in of_kind(ledger, 'fault')]
    assert rows == [('requested', False), ('failed', False), ('confirmed', True)]
    assert [f['code'] for f in faults] == ['hold']
    assert 'Go to the robot' in faults[0]['detail']


def test_a_recipe_whose_package_is_missing_says_what_to_install(robot, start):
    start({'recipe': 'xarm'})
    assert 'xarm_msgs' in motion_of(robot)['missing']
    ask(robot, 'hold')
    assert 'install xarm_msgs' in until_phase(robot, 'not_held')['reason']
