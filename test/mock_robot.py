"""Robots of several vendors as their ROS 2 drivers show them, with their documented habits.

No ROS here: the recipe's calls reach a handler of the vendor, which answers with an object that
has the fields of the vendor's response; states are read from objects with the fields of the
vendor's messages. Only the wire is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from types import SimpleNamespace
from typing import Any, ClassVar

from fakes import ManualClock

from cobot_ai.core.motion import JointMotion, JointWatch, Seen
from cobot_ai.core.recipe import CallSpec, RecipeSpec, StateSpec, as_text, outcome_of

S = 10**9
STEP_NS = S // 100
Response = Any


class Robot:
    """What all have in common: joints that ramp down and up, and a driver that may be dead.

    Attributes:
        target: Joint speed the running motion has, rad/s. stuck: Stopping does not work.
        deaf: Services take calls and never answer. dead: The driver is gone.
        refuses: Services that refuse.
    """

    target = 0.5
    joint_hz: ClassVar[dict[str, float]] = {'joint_states': 100.0}
    velocities = True

    def __init__(self) -> None:
        self.speed, self.position = self.target, 0.0
        self.moving = True
        self.stuck = self.deaf = self.dead = False
        self.refuses: set[str] = set()
        self.called: list[str] = []
        self.services: dict[str, Callable[[dict[str, str]], Response]] = {}

    def pass_time(self, dt: float) -> None:
        goal = self.target if self.moving or self.stuck else 0.0
        change = dt / 0.2 * self.target
        self.speed += max(-change, min(change, goal - self.speed))
        self.position += self.speed * dt

    def messages(self) -> dict[str, tuple[float, Response]]:
        """Topic -> rate (0: latched) and message."""
        return {}

    def stop_for_safety(self) -> None:
        """A person pushed the robot, or the emergency stop."""
        self.moving = False

    def clear(self) -> None:
        """A person at the robot cleared the stop; the robot does not move yet."""

    def start_by_hand(self) -> None:
        """A person at the robot presses start."""
        self.moving = True


class Generic(Robot):
    """A PLC behind two Trigger services, or one SetBool."""

    def __init__(self) -> None:
        super().__init__()
        self.services = {'plc/hold': self._hold, 'plc/resume': self._resume, 'plc/set': self._set}

    def _hold(self, request: dict[str, str]) -> Response:
        self.moving = False
        return SimpleNamespace(success=True, message='held')

    def _resume(self, request: dict[str, str]) -> Response:
        self.moving = True
        return SimpleNamespace(success=True, message='running')

    def _set(self, request: dict[str, str]) -> Response:
        return self._hold(request) if request['data'] == 'true' else self._resume(request)


class Ur(Robot):
    """PolyScope behind the dashboard client.

    Habits: `robot_program_running` stays true and `robot_mode` stays 7 while paused; pausing what
    does not play fails; in local control nothing from outside works; after a protective stop the
    old program is only paused, and would go on with its old motion.
    """

    joint_hz: ClassVar[dict[str, float]] = {'joint_states': 500.0}

    def __init__(self, play: str = 'play') -> None:
        super().__init__()
        self.program, self.safety, self.mode, self.remote = 'PLAYING', 1, 7, True
        self.services = {
            'dashboard_client/pause': self._pause,
            f'dashboard_client/{play}': self._play,
            'dashboard_client/program_state': lambda r: SimpleNamespace(
                state=SimpleNamespace(state=self.program), program_name='x.urp', success=True
            ),
            'dashboard_client/is_in_remote_control': lambda r: SimpleNamespace(
                remote_control=self.remote, success=True
            ),
        }

    def _pause(self, request: dict[str, str]) -> Response:
        if self.program != 'PLAYING' or not self.remote:
            return SimpleNamespace(success=False, message='Failed to execute: pause')
        self.program, self.moving = 'PAUSED', False
        return SimpleNamespace(success=True, message='Pausing program')

    def _play(self, request: dict[str, str]) -> Response:
        if not self.remote or self.safety not in (1, 2):
            return SimpleNamespace(success=False, message='Failed to execute: play')
        self.start_by_hand()
        return SimpleNamespace(success=True, message='Starting program')

    def messages(self) -> dict[str, tuple[float, Response]]:
        return {
            'io_and_status_controller/robot_program_running': (0, SimpleNamespace(data=True)),
            'io_and_status_controller/robot_mode': (0, SimpleNamespace(mode=self.mode)),
            'io_and_status_controller/safety_mode': (0, SimpleNamespace(mode=self.safety)),
        }

    def stop_for_safety(self) -> None:
        self.safety, self.moving, self.program = 3, False, 'PAUSED'

    def clear(self) -> None:
        self.safety = 1

    def start_by_hand(self) -> None:
        self.program, self.moving = 'PLAYING', True


class Franka(Robot):
    """No pause: goals are cancelled. `joint_states` is an aggregate at 30 Hz; best effort."""

    joint_hz: ClassVar[dict[str, float]] = {'joint_states': 30.0, 'franka/joint_states': 1000.0}

    def __init__(self) -> None:
        super().__init__()
        self.mode = 2
        cancel = 'fr3_arm_controller/follow_joint_trajectory/_action/cancel_goal'
        self.services = {cancel: self._cancel}

    def _cancel(self, request: dict[str, str]) -> Response:
        assert request == {}, 'an empty goal id and no time cancel every goal'
        self.moving, self.mode = False, 1
        return SimpleNamespace(return_code=0, goals_canceling=[object()])

    def messages(self) -> dict[str, tuple[float, Response]]:
        topic = 'franka_robot_state_broadcaster/robot_state'
        return {topic: (1000.0, SimpleNamespace(robot_mode=self.mode))}

    def stop_for_safety(self) -> None:
        self.mode, self.moving = 5, False

    def clear(self) -> None:
        self.mode = 1

    def start_by_hand(self) -> None:
        self.mode, self.moving = 2, True


class XArm(Robot):
    """States by number, reported at 5 Hz; the pose is in millimetres; no joint velocities."""

    joint_hz: ClassVar[dict[str, float]] = {'joint_states': 5.0}
    velocities = False

    def __init__(self) -> None:
        super().__init__()
        self.state, self.err, self.mode = 1, 0, 0
        self.services = {'set_state': self._set_state}

    def _set_state(self, request: dict[str, str]) -> Response:
        wanted = int(request['data'])
        if self.err or wanted not in (0, 3):
            return SimpleNamespace(ret=1, message='not ready')
        self.state, self.moving = (3, False) if wanted == 3 else (1, True)
        return SimpleNamespace(ret=0, message='')

    def messages(self) -> dict[str, tuple[float, Response]]:
        message = SimpleNamespace(
            state=self.state, err=self.err, mode=self.mode, pose=[412.7, 0.0, 310.2, 3.1, 0.0, 0.0]
        )
        return {'robot_states': (5.0, message)}

    def stop_for_safety(self) -> None:
        self.state, self.err, self.moving = 4, 2, False

    def clear(self) -> None:
        self.state, self.err = 2, 0

    def start_by_hand(self) -> None:
        self.state, self.moving = 1, True


class Doosan(Robot):
    """Pause and resume services; the state is told only when asked."""

    def __init__(self) -> None:
        super().__init__()
        self.state, self.mode = 2, 1
        self.services = {
            'motion/move_pause': self._pause,
            'motion/move_resume': self._resume,
            'system/get_robot_state': lambda r: SimpleNamespace(
                robot_state=self.state, success=True
            ),
            'system/get_robot_mode': lambda r: SimpleNamespace(robot_mode=self.mode, success=True),
        }

    def _pause(self, request: dict[str, str]) -> Response:
        self.moving, self.state = False, 1
        return SimpleNamespace(success=True)

    def _resume(self, request: dict[str, str]) -> Response:
        if self.state not in (1, 2):
            return SimpleNamespace(success=False)
        self.start_by_hand()
        return SimpleNamespace(success=True)

    def stop_for_safety(self) -> None:
        self.state, self.moving = 5, False

    def clear(self) -> None:
        self.state = 1

    def start_by_hand(self) -> None:
        self.state, self.moving = 2, True


class Iiwa(Robot):
    """Goals are cancelled; the FRI session goes on while the arm stands still."""

    def __init__(self) -> None:
        super().__init__()
        self.safety, self.session = 0, 4
        cancel = 'joint_trajectory_controller/follow_joint_trajectory/_action/cancel_goal'
        self.services = {cancel: self._cancel}

    def _cancel(self, request: dict[str, str]) -> Response:
        self.moving = False
        return SimpleNamespace(return_code=0, goals_canceling=[])

    def messages(self) -> dict[str, tuple[float, Response]]:
        message = SimpleNamespace(safety_state=self.safety, session_state=self.session)
        return {'state': (100.0, message)}

    def stop_for_safety(self) -> None:
        self.safety, self.session, self.moving = 1, 1, False

    def clear(self) -> None:
        self.safety, self.session = 0, 4


class MockDriver:
    """Port `Driver` on a mock robot; the clock is moved by hand, calls take 20 ms."""

    def __init__(self, plan: RecipeSpec, robot: Robot, clock: ManualClock) -> None:
        self.plan, self.robot, self.clock = plan, robot, clock
        self.absent = ''
        self._values: dict[str, Seen] = {}
        self._due: dict[str, float] = {}
        self._calls: list[tuple[int, CallSpec, Callable[[bool, str], None]]] = []
        joints = plan.joints
        self._watch = JointWatch(joints.limit, joints.stale_s, joints.names) if joints else None
        self._t_ns = clock.t_ns

    def missing(self) -> str:
        return self.absent

    def call(self, call: CallSpec, done: Callable[[bool, str], None]) -> None:
        if self.absent:
            done(False, self.absent)
        elif self.robot.dead:
            done(False, f'the service {call.service} is not there')
        else:
            self._calls.append((self.clock.t_ns, call, done))

    def value(self, state: str) -> Seen | None:
        spec = next(s for s in self.plan.states if s.name == state)
        seen = self._values.get(state)
        if seen is None or (spec.latched and not self.robot.dead):
            return seen
        fresh = self.clock.t_ns - seen.at_ns <= spec.stale_s * S
        return seen if fresh and not (spec.latched and self.robot.dead) else None

    def joints(self) -> JointMotion | None:
        return self._watch.seen if self._watch is not None else None

    def close(self) -> None:
        pass

    def poll(self) -> None:
        while self._t_ns < self.clock.t_ns:
            self._t_ns = min(self.clock.t_ns, self._t_ns + STEP_NS)
            self.robot.pass_time(STEP_NS / S)
            if not self.robot.dead:
                self._publish()
        for item in list(self._calls):
            self._serve(item)

    def _serve(self, item: tuple[int, CallSpec, Callable[[bool, str], None]]) -> None:
        begun, call, done = item
        age = self.clock.t_ns - begun
        if self.robot.deaf or self.robot.dead:
            if age >= self.plan.timeout_s * S:
                self._calls.remove(item)
                done(False, f'{call.service} did not answer in time')
        elif age >= S // 50:
            self._calls.remove(item)
            self.robot.called.append(call.service)
            if call.service in self.robot.refuses:
                done(False, 'refused')
                return
            response = self.robot.services[call.service](dict(call.request))
            done(*outcome_of(call, response))

    def _publish(self) -> None:
        messages = self.robot.messages()
        for spec in self.plan.states:
            if spec.asked:
                if self._is_due(spec.name, 1 / spec.every_s) and not self.robot.deaf:
                    self._take(spec, self.robot.services[spec.source]({}))
            elif spec.source in messages:
                rate, message = messages[spec.source]
                if self._is_due(spec.name, rate or 1000.0):
                    self._take(spec, message)
        self._publish_joints()

    def _take(self, spec: StateSpec, message: Response) -> None:
        self._values[spec.name] = Seen(as_text(attrgetter(spec.path)(message)), self._t_ns)

    def _publish_joints(self) -> None:
        joints = self.plan.joints
        if self._watch is None or joints is None or joints.topic not in self.robot.joint_hz:
            return
        if self._is_due('joints', self.robot.joint_hz[joints.topic]):
            speed = [self.robot.speed] if self.robot.velocities else []
            self._watch.take(['j1'], [self.robot.position], speed, self._t_ns)

    def _is_due(self, what: str, rate_hz: float) -> bool:
        if self._t_ns < self._due.get(what, 0.0):
            return False
        self._due[what] = self._t_ns + S / rate_hz
        return True
