"""Every shipped recipe against a mock of its vendor's driver (the wire is left out)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import mock_robot
import pytest
from fakes import ManualClock
from mock_robot import MockDriver, Robot

from cobot_ai.app.recipe_guard import RecipeGuard
from cobot_ai.cli.main import main
from cobot_ai.core.build import build
from cobot_ai.core.config import parse_cell, spec_to_json
from cobot_ai.core.errors import ConfigError, StoreError
from cobot_ai.core.motion import JointMotion, JointWatch, Outcome, Phase
from cobot_ai.core.recipe import RecipeSpec, ResumeBy, in_namespace
from cobot_ai.core.spec import MotionSpec
from cobot_ai.store.cellfile import load_cell, read_yaml, shipped

ROOT = Path(__file__).parents[2]
VENDORS: dict[str, Callable[[], Robot]] = {
    'trigger': mock_robot.Generic,
    'setbool': mock_robot.Generic,
    'ur': mock_robot.Ur,
    'ur_x': lambda: mock_robot.Ur(play='resume'),
    'franka': mock_robot.Franka,
    'xarm': mock_robot.XArm,
    'doosan': mock_robot.Doosan,
    'iiwa': mock_robot.Iiwa,
}
OWN: dict[str, dict[str, Any]] = {
    'trigger': {'hold_service': 'plc/hold', 'resume_service': 'plc/resume'},
    'setbool': {'hold_service': 'plc/set'},
}
STATEFUL = [name for name in VENDORS if name not in OWN]
SEEN_RUNNING = ['ur', 'ur_x', 'xarm']
PAUSING = ['trigger', 'setbool', 'ur', 'ur_x', 'xarm', 'doosan']


def plan_of(name: str) -> RecipeSpec:
    driver = build(RecipeSpec, read_yaml(shipped('recipes')[name], 'a recipe'), 'driver')
    plan = MotionSpec(name, driver=driver, joint_states='joint_states', **OWN.get(name, {})).plan
    assert plan is not None
    own = plan.joints if name in OWN else driver.joints
    return replace(plan, joints=own)


@dataclass
class Cell:
    """A guard on a mock robot; `run` lets time pass."""

    name: str
    robot: Robot
    clock: ManualClock = field(default_factory=ManualClock)
    stops: list[str] = field(default_factory=list)
    told: list[Outcome] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.plan = plan_of(self.name)
        self.driver = MockDriver(self.plan, self.robot, self.clock)
        self.guard = RecipeGuard(self.name, self.plan, self.driver, self.clock)
        self.guard.listen(self.stops.append, '')
        self.run(1.5)

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds * 100)):
            self.clock.pass_s(0.01)
            self.guard.poll()

    def hold(self, seconds: float = 4.0) -> list[Phase]:
        self.told = []
        self.guard.hold(1, self.told.append)
        self.run(seconds)
        return [o.phase for o in self.told]

    def resume(self, seconds: float = 4.0, person: bool = True) -> list[Phase]:
        self.told = []
        self.guard.resume(0, person, self.told.append)
        self.run(seconds)
        return [o.phase for o in self.told]

    @property
    def phase(self) -> str:
        return str(self.guard.status()['phase'])


@pytest.fixture(params=VENDORS)
def cell(request) -> Cell:
    return Cell(request.param, VENDORS[request.param]())


def test_every_shipped_recipe_has_a_mock_and_says_what_it_is_for():
    assert set(shipped('recipes')) == set(VENDORS)
    for name in VENDORS:
        plan = plan_of(name)
        assert plan.vendor
        assert set(plan.text) in ({'en', 'de', 'es', 'fr'}, set())
        assert plan.text or name in OWN, 'people must be told what to do at the robot'


def test_a_hold_is_confirmed_with_what_was_seen_and_resumed(cell):
    assert cell.hold() == [Phase.REQUESTED, Phase.CONFIRMED]
    assert cell.robot.speed == 0
    evidence = cell.told[-1].evidence
    assert evidence['joint_speed'] <= 0.01
    assert evidence['still_s'] >= 0.3
    assert cell.phase == 'held'
    assert cell.resume() == [Phase.REQUESTED, Phase.CONFIRMED]
    assert cell.phase == 'free'
    by_program = cell.plan.resume_by is ResumeBy.PROGRAM
    assert (cell.robot.speed == 0) is by_program, 'nothing is called where the program goes on'


def test_ok_from_the_driver_is_not_enough_while_the_joints_move(cell):
    cell.robot.stuck = True
    assert cell.hold(cell.plan.timeout_s + 0.2) == [Phase.REQUESTED, Phase.FAILED]
    assert 'the joints move (0.5 rad/s)' in cell.told[-1].reason
    assert cell.phase == 'not_held'
    cell.robot.stuck = False
    cell.run(2.0)
    assert [o.phase for o in cell.told][-1] is Phase.CONFIRMED, 'a late hold is a hold'


def test_the_robot_is_held_although_the_record_of_it_fails(cell):
    def refuse(outcome: Outcome) -> None:
        raise StoreError('The disk is full.')

    cell.guard.resume(0, True, lambda outcome: None)
    with pytest.raises(StoreError):
        cell.guard.hold(1, refuse)
    for _ in range(400):
        cell.clock.pass_s(0.01)
        with suppress(StoreError):
            cell.guard.poll()
    assert cell.robot.speed == 0
    assert cell.phase == 'held'


def test_a_service_that_never_answers_is_an_alarm_and_asked_again(cell):
    cell.robot.deaf = True
    assert cell.hold(20.0) == [Phase.REQUESTED, Phase.FAILED]
    assert cell.phase == 'not_held'
    cell.robot.deaf = False
    before = len(cell.robot.called)
    cell.run(20.0)
    held = [o.phase for o in cell.told][-1] is Phase.CONFIRMED
    assert held is (len(cell.robot.called) > before), 'confirmed only by a call that was taken'


def test_a_dead_driver_is_an_alarm_and_nothing_is_claimed(cell):
    cell.robot.dead = True
    assert cell.hold() == [Phase.REQUESTED, Phase.FAILED]
    assert 'is not there' in cell.told[-1].reason
    assert cell.resume()[-1] is not Phase.CONFIRMED or not cell.plan.normal


def test_a_held_robot_whose_driver_dies_is_not_held_for_sure(cell):
    cell.hold()
    cell.robot.dead = True
    cell.run(4.0)
    assert [o.phase for o in cell.told][-1] is Phase.LOST
    assert cell.phase == 'lost'


def test_a_held_robot_that_moves_is_told_at_once(cell):
    cell.hold()
    cell.robot.start_by_hand()
    cell.run(1.5)
    assert [o.phase for o in cell.told] == [Phase.REQUESTED, Phase.CONFIRMED, Phase.LOST]
    assert cell.phase == 'lost'


@pytest.mark.parametrize('name', PAUSING)
def test_a_refused_resume_leaves_the_robot_held(name):
    cell = Cell(name, VENDORS[name]())
    cell.hold()
    cell.robot.refuses = {c.service for c in cell.plan.resume}
    phases = cell.resume(person=False)
    assert phases == [Phase.REQUESTED, Phase.PENDANT if cell.plan.text else Phase.FAILED]
    assert cell.told[-1].reason == 'refused'
    assert cell.robot.speed == 0


@pytest.mark.parametrize('name', PAUSING)
def test_a_resume_nobody_answers_is_not_a_resume(name):
    cell = Cell(name, VENDORS[name]())
    cell.hold()
    cell.robot.deaf = True
    assert Phase.CONFIRMED not in cell.resume(cell.plan.timeout_s + 0.5)
    assert cell.robot.speed == 0


@pytest.mark.parametrize('name', STATEFUL)
def test_a_safety_stop_during_a_hold_disables_our_resume(name):
    cell = Cell(name, VENDORS[name]())
    cell.hold()
    cell.robot.stop_for_safety()
    cell.run(1.0)
    assert len(cell.stops) == 1
    before = list(cell.robot.called)
    for person in (False, True):  # the stop is still on: nobody can
        assert cell.resume(person=person) == [Phase.REQUESTED, Phase.FAILED]
        assert 'There was a safety stop' in cell.told[-1].reason
    cell.robot.clear()
    cell.run(1.5)
    assert cell.resume(person=False) == [Phase.REQUESTED, Phase.FAILED]
    assert 'a person must resume' in cell.told[-1].reason
    phases = cell.resume()
    assert Phase.CLEARED in phases
    assert cell.robot.called == before, 'after a safety stop nothing is called'
    if cell.plan.resume_by is ResumeBy.PROGRAM or name == 'xarm':  # an xArm says it is ready
        assert phases[-1] is Phase.CONFIRMED
        return
    assert phases[-1] is Phase.PENDANT
    assert cell.guard.status()['text']['en'] == cell.plan.text['en']
    if name in SEEN_RUNNING:
        assert cell.resume()[-1] is Phase.PENDANT, 'a second tap calls nothing either'
        assert cell.hold(1.0)[-1] is not Phase.LOST
        assert cell.resume()[-1] is Phase.PENDANT, 'nor after another hold'
        assert 'play' not in str(cell.robot.called[len(before) :])
    cell.robot.start_by_hand()
    cell.run(1.0)
    if name in SEEN_RUNNING:
        assert cell.told[-1].phase is Phase.CONFIRMED
    else:
        assert cell.resume()[-1] is Phase.CONFIRMED, 'a second tap says so'
    assert cell.guard.stopped == ''


@pytest.mark.parametrize('name', STATEFUL)
def test_a_safety_stop_while_running_is_noticed_and_stays_until_a_person(name):
    cell = Cell(name, VENDORS[name]())
    cell.robot.stop_for_safety()
    cell.run(1.0)
    cell.robot.clear()
    cell.run(2.0)
    assert len(cell.stops) == 1
    assert cell.guard.stopped
    cell.hold()
    assert cell.resume(person=False)[-1] is Phase.FAILED


@pytest.mark.parametrize('name', STATEFUL)
def test_without_the_vendors_package_nothing_is_called_and_it_says_what_to_install(name):
    cell = Cell(name, VENDORS[name]())
    cell.driver.absent = 'install vendor_msgs'
    assert cell.hold()[-1] is Phase.FAILED
    assert 'install vendor_msgs' in cell.told[-1].reason
    assert cell.resume()[-1] is Phase.FAILED
    assert cell.guard.status()['missing'] == 'install vendor_msgs'
    assert cell.robot.called == []


@pytest.mark.parametrize('name', VENDORS)
def test_two_resumes_close_together_are_one(name):
    cell = Cell(name, VENDORS[name]())
    cell.hold()
    before = len(cell.robot.called)
    first: list[Outcome] = []
    cell.guard.resume(0, True, first.append)
    second = cell.resume()  # another tablet, before the driver answered
    assert [o.phase for o in first] == second == [Phase.REQUESTED, Phase.CONFIRMED]
    assert len(cell.robot.called) - before == len(cell.plan.resume), 'called once, held by nothing'
    assert cell.phase == 'free'
    assert (cell.robot.speed == 0) is (cell.plan.resume_by is ResumeBy.PROGRAM)


def test_a_resume_that_came_too_late_holds_again_only_after_a_hold():
    robot = mock_robot.Ur()
    cell = Cell('ur', robot)
    cell.hold()
    robot.refuses = {'dashboard_client/play'}
    cell.guard.resume(0, True, cell.told.append)
    cell.run(0.1)  # refused: a person is sent to the robot
    robot.refuses = set()
    cell.driver._calls.clear()
    assert cell.resume()[-1] is Phase.CONFIRMED
    assert robot.called.count('dashboard_client/pause') == 1
    cell.hold()
    cell.guard.resume(0, True, lambda outcome: None)
    assert cell.hold()[-1] is Phase.CONFIRMED
    assert robot.program == 'PAUSED', 'the play that came after the hold was undone'


def test_a_hold_overtakes_a_resume():
    cell = Cell('ur', mock_robot.Ur())
    cell.hold()
    resumed: list[Outcome] = []
    cell.guard.resume(1, True, resumed.append)
    assert cell.hold()[-1] is Phase.CONFIRMED
    assert resumed[-1].reason == 'a hold came first'
    assert cell.robot.speed == 0


def test_ur_in_local_control_is_resumed_at_the_pendant():
    robot = mock_robot.Ur()
    cell = Cell('ur', robot)
    cell.hold()
    robot.remote = False
    cell.run(1.0)
    assert cell.resume() == [Phase.REQUESTED, Phase.PENDANT]
    assert 'local control' in cell.told[-1].reason
    assert cell.phase == 'pendant'
    robot.start_by_hand()
    cell.run(1.0)
    assert cell.told[-1].phase is Phase.CONFIRMED


def test_ur_paused_already_refuses_to_pause_and_is_held_all_the_same():
    robot = mock_robot.Ur()
    cell = Cell('ur', robot)
    robot.program, robot.moving = 'PAUSED', False
    assert cell.hold() == [Phase.REQUESTED, Phase.CONFIRMED]


NOT_READY = {
    'ur': {'mode': 5},
    'ur_x': {'mode': 3},
    'xarm': {'state': 4},
    'doosan': {'state': 15},
    'franka': {'mode': 0},
}


@pytest.mark.parametrize('name', NOT_READY)
def test_an_arm_that_is_not_enabled_yet_is_no_safety_stop(name):
    robot = VENDORS[name]()
    usual = {key: getattr(robot, key) for key in NOT_READY[name]}
    vars(robot).update(NOT_READY[name], moving=False, speed=0.0)
    cell = Cell(name, robot)  # the monitor starts first
    assert cell.stops == []
    assert cell.resume(person=False)[-1] is Phase.FAILED
    assert ' is ' in cell.told[-1].reason, 'it says what is missing'
    vars(robot).update(usual)
    robot.start_by_hand()
    cell.run(2.0)
    assert cell.hold()[-1] is Phase.CONFIRMED
    assert cell.resume(person=False)[-1] is Phase.CONFIRMED, 'nothing has to be cleared'


@pytest.mark.parametrize('names', [(), ('arm',)])
def test_joints_at_rest_are_those_of_the_arm_also_when_only_the_grippers_come(names):
    watch = JointWatch(0.01, 1.0, names)
    watch.take(['gripper'], [0.0], [0.0], 0)
    assert (watch.seen is None) is bool(names), 'a joint that is listed must come'
    for ms in range(0, 1000, 10):
        watch.take(['arm'], [0.0], [0.5], ms * 10**6)
        watch.take(['gripper'], [0.0], [0.0], ms * 10**6)
    for ms in range(1000, 3000, 10):  # the broadcaster of the arm died; the arm goes on
        watch.take(['gripper'], [0.0], [0.0], ms * 10**6)
    assert watch.seen == JointMotion(0.5, 990 * 10**6, 990 * 10**6, 'arm')
    watch.take(['arm'], [0.0], [0.0], 3000 * 10**6)
    assert watch.seen.still_since_ns == 3000 * 10**6, 'the silence counts for nothing'
    watch.take([], [0.0], [0.0], 3001 * 10**6)
    assert watch.seen.at_ns == (3000 if names else 2990) * 10**6


def test_ur_program_running_is_no_proof_of_running():
    """It stays true while paused, so no recipe may look at it."""
    sources = {s.source for name in ('ur', 'ur_x') for s in plan_of(name).states}
    assert not any('program_running' in s for s in sources)


def test_franka_full_rate_topic_is_watched_not_the_aggregate():
    plan = plan_of('franka')
    assert plan.joints is not None
    assert plan.joints.topic == 'franka/joint_states'


@pytest.mark.parametrize('name', STATEFUL)
def test_no_recipe_ever_calls_what_clears_a_stop(name):
    services = [c.service for c in (*plan_of(name).hold, *plan_of(name).resume)]
    words = ('unlock', 'restart', 'recover', 'reset', 'clear', 'power', 'brake', 'enable')
    assert not [s for s in services for w in words if w in s]


CELLS = ('ur', 'franka', 'xarm', 'doosan', 'iiwa')


@pytest.mark.parametrize('name', CELLS)
def test_the_vendors_cell_file_passes_check_and_uses_its_recipe(name, capsys):
    assert main(['check', name]) == 0
    spec = load_cell(name)
    assert spec.motion.recipe == name
    assert spec.motion.plan is not None
    assert parse_cell(spec_to_json(spec)) == spec, 'the recipe is part of what the ledger keeps'
    listed = [s.topic for s in spec.streams]
    assert all(t.startswith('/') for t in listed), 'the driver has its own namespace'
    joints = in_namespace(spec.motion.plan.joints.topic, spec.motion.namespace)
    assert joints in listed, 'the joints that must stand still are the ones recorded'


@pytest.mark.parametrize('name', CELLS)
def test_every_vendor_has_a_section_of_its_own_in_the_docs(name):
    text = (ROOT / 'docs' / 'robots.md').read_text()
    plan = plan_of(name)
    section = next(p for p in text.split('\n### ') if p.startswith(f'`{name}`'))
    for call in (*plan.hold, *plan.resume):
        assert call.service.removesuffix('/_action/cancel_goal').split('/')[-1] in section
    packages = {t.split('/')[0] for t in plan.types} - {'std_srvs', 'action_msgs'}
    assert all(p in section for p in packages)
    assert 'cannot be done' in section


def test_an_unknown_recipe_names_those_there_are(tmp_path):
    file = tmp_path / 'cell.yaml'
    text = (ROOT / 'config/cells/ur.yaml').read_text()
    file.write_text(text.replace('recipe: ur ', 'recipe: kukka '))
    with pytest.raises(ConfigError, match=r'`kukka`; there are none, doosan, franka'):
        load_cell(file)
    file.write_text(text.replace('recipe: ur ', 'recipe: trigger '))
    with pytest.raises(ConfigError, match=r'`motion.hold_service` is missing'):
        load_cell(file)
