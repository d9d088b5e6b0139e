"""Parts of the nodes that need no graph: what they tell when something is late, odd or broken."""

from __future__ import annotations

import math
import threading
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip('rclpy')

from builtin_interfaces.msg import Time
from cells import cell
from std_srvs.srv import Trigger
from test_trainer_node import Node

from cobot_ai.app.health import HealthReport
from cobot_ai.ros import convert
from cobot_ai.ros.beat import Beat
from cobot_ai.ros.console_node import ConsoleNode
from cobot_ai.ros.monitor_node import MonitorNode
from cobot_ai.ros.sim_node import SimNode
from cobot_ai.ros.trainer_node import TrainerNode


class Trains(Node):
    """A trainer that is asked over its service."""

    _on_retrain, _on_timer = TrainerNode._on_retrain, TrainerNode._on_timer
    _take_in = TrainerNode._take_in


@pytest.mark.parametrize(
    ('came_of_it', 'said'),
    [
        ('a' * 64, 'a' * 64),
        (None, 'not enough labels'),
        (MemoryError('no room'), 'MemoryError: no room'),
    ],
)
def test_who_asks_for_training_is_told_what_came_of_it(came_of_it: Any, said: str) -> None:
    response = Trains([came_of_it])._on_retrain(None, Trigger.Response())
    assert response.success is (came_of_it == 'a' * 64)
    assert said in response.message


def test_a_recording_that_breaks_the_import_does_not_end_the_training() -> None:
    trainer = Trains([None, 'b' * 64])

    def turn(now_s: float) -> str | None:
        raise KeyError('a field nobody knows')

    trainer._importer = SimpleNamespace(turn=turn)
    trainer._on_timer()
    trainer._on_timer()
    bodies = [convert.from_array(message)[1] for message in trainer.said]
    assert bodies[0]['fault'] == "KeyError: 'a field nobody knows'"
    assert bodies[-1]['model'] == 'b' * 64


class Console:
    """What a console keeps of the monitor."""

    _on_state, _on_heartbeat, _age = (
        ConsoleNode._on_state,
        ConsoleNode._on_heartbeat,
        ConsoleNode._age,
    )
    _read = ConsoleNode._read

    def __init__(self) -> None:
        self._state, self._beat_s = ({}, -math.inf), -math.inf

    def get_logger(self) -> Any:
        return SimpleNamespace(warning=lambda text, **more: None)


def state(**facts: Any) -> Any:
    return convert.to_array('state', facts, Time())


def test_a_state_is_as_old_as_the_older_of_it_and_the_heartbeat() -> None:
    console = Console()
    console._on_heartbeat(None)
    assert console._age() == ({}, math.inf), 'heard, and nothing is known of it'
    console = Console()
    console._on_state(state(mode='held'))
    assert console._age() == ({'mode': 'held'}, math.inf), 'kept for us by one that hangs'
    console._on_heartbeat(None)
    assert console._age()[1] < 60_000
    at_s = console._state[1] - 60.0
    console._state = (console._state[0], at_s)  # a new monitor, whose state is not here yet
    console._on_heartbeat(None)
    assert console._age()[1] >= 60_000


def test_a_message_that_is_no_state_changes_nothing() -> None:
    console = Console()
    console._on_state(state(mode='held'))
    odd = state(mode='running')
    odd.status = [*odd.status, *odd.status]
    console._on_state(odd)
    assert console._age()[0] == {'mode': 'held'}


def test_a_monitor_that_cannot_write_its_end_still_leaves_the_graph() -> None:
    gone: list[str] = []

    def full() -> None:
        raise OSError('the disk is full')

    node = SimpleNamespace(
        _active=True,
        _pace=object(),
        _cell=SimpleNamespace(close=full),
        _made=[(gone.append, 'publisher'), (gone.append, 'service ~/resume')],
    )
    with pytest.raises(OSError, match='full'):
        MonitorNode.close(node)
    assert gone == ['service ~/resume', 'publisher']
    MonitorNode.close(node)
    assert node._cell is None and len(gone) == 2


class Robot:
    """The simulated robot, without its graph."""

    sink, _stand_still, _pass_time = SimNode.sink, SimNode._stand_still, SimNode._pass_time
    _on_hold, _on_resume = SimNode._on_hold, SimNode._on_resume

    def __init__(self) -> None:
        self._goes, self._freed = threading.Event(), threading.Event()
        self._goes.set()
        self._stands, self._speed, self._now_s = False, 1.0, 0.0
        self._out = SimpleNamespace(clock=lambda ns: None, reading=self._moved)
        self.moved: list[Any] = []
        self.looks = 0

    def _moved(self, reading: Any, ns: int) -> None:
        self.moved.append(reading)

    def _check_wanted(self) -> None:
        self.looks += 1
        if self.looks == 5:
            self._on_resume(None, SimpleNamespace())

    def _keep_pace(self) -> None:
        pass

    def _stamp_ns(self) -> int:
        return 0


def test_the_simulated_robot_that_said_it_waits_does_not_move_before_the_resume() -> None:
    robot = Robot()
    robot.sink(SimpleNamespace(t_s=0.1))
    robot._on_hold(None, SimpleNamespace())
    robot.sink(SimpleNamespace(t_s=0.2))
    assert robot.looks == 5 and len(robot.moved) == 2
    robot._on_hold(None, SimpleNamespace())
    robot._pass_time(lambda s: robot.sink(SimpleNamespace(t_s=0.3)))
    assert len(robot.moved) == 3, 'its sensors go on while it stands'


def test_every_beat_says_which_streams_nothing_comes_from() -> None:
    seconds = iter(range(0, 100, 2))
    spec = cell()
    state = {
        'head': 3, 'mode': 'running', 'held': '', 'model': None, 'cases': 0,
        'streams': {s.name: {'received': 0} for s in spec.streams},
    }  # fmt: skip
    monitor = SimpleNamespace(
        authority=SimpleNamespace(state=lambda: dict(state)),
        clock=SimpleNamespace(monotonic_ns=lambda: next(seconds) * 10**9),
        health=HealthReport(spec),
        spec=spec,
    )
    ros_now = SimpleNamespace(to_msg=Time)
    node = SimpleNamespace(
        get_clock=lambda: SimpleNamespace(now=lambda: ros_now), get_namespace=lambda: '/'
    )
    sent: list[Any] = []
    beat = Beat(
        node, monitor, [], lambda _, kind, body: sent.append((kind, body)),
        SimpleNamespace(publish=lambda _: None),
    )  # fmt: skip
    for _ in range(3):
        beat()
    names = [s.name for s in spec.streams]
    states = [body for kind, body in sent if kind == 'state']
    assert [b['silent'] for b in states] == [[], names, names]
    assert [b['blind'] for b in states] == [False, True, True]
