"""The simulated cell on the graph: its sensors, its robot program, its hold and resume."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rclpy
from diagnostic_msgs.msg import DiagnosticStatus, KeyValue
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from std_srvs.srv import Trigger

from cobot_ai.core.errors import CobotAiError
from cobot_ai.core.samples import Edge
from cobot_ai.core.spec import Action
from cobot_ai.core.types import Facts
from cobot_ai.ros import names, params, runtime
from cobot_ai.ros.params import Param
from cobot_ai.ros.sim_publish import Publishers
from cobot_ai.sim import open_cell
from cobot_ai.sim.program import Answer, Idle, RobotProgram, Schedule
from cobot_ai.sim.records import Reading, StepTruth

if TYPE_CHECKING:
    from cobot_ai.sim.cell import SimCell

TABLE = (
    Param('seed', 0, 'Seed of everything that varies.'),
    Param('steps', 0, 'Steps to do; 0: until stopped.'),
    Param('speed', 1.0, 'Simulated seconds per second; 0: as fast as possible.', 0.0, 1000.0),
    Param('second_part_from', 60, 'Step from which a second part family comes too.'),
    Param('truth_file', '', 'File that gets the true outcome of each step, for scoring only.'),
    Param('stall_s', 1.0, 'Longest stall of a subscriber, simulated seconds.', 0.1, 60.0),
    Param('camera', True, 'Render a camera still of each step.'),
)
JUDGE_TIMEOUT_S = 600.0
"""After this without any response the service is taken for dead; the robot stays held."""
IDLE_S = 0.02


class StoppedError(Exception):
    """The process was asked to end."""


class SimNode(Node):
    """Publishes readings and lets the robot program call `~/judge`."""

    def __init__(self, stop: runtime.Stop) -> None:
        super().__init__('cobot_ai_sim')
        self.values = params.declare(self, TABLE)
        self._stop = stop
        self._speed = float(self.values['speed'])
        self._epoch_ns = time.time_ns()
        self._begun = time.monotonic()
        self._sim_begun = 0.0
        self._now_s = 0.0
        self._out = Publishers(self, self.values['stall_s'])
        self._steps = self.create_publisher(DiagnosticStatus, 'step', names.STEP_QOS)
        self._judge: Any = self.create_client(Trigger, names.of(names.MONITOR, '~/judge'))
        self.create_service(Trigger, '~/hold', self._on_hold)
        self.create_service(Trigger, '~/resume', self._on_resume)
        self._freed = threading.Event()
        self._goes = threading.Event()
        self._goes.set()
        self._stands = False

    def connect(self) -> None:
        """Wait until somebody listens to the steps and offers a judgement."""
        while not (self._steps.get_subscription_count() and self._judge.service_is_ready()):
            self._check_wanted()
            time.sleep(IDLE_S)

    def _check_wanted(self) -> None:
        if self._stop.wanted or not rclpy.ok():
            raise StoppedError

    # ------------------------------------------------------------ readings

    def sink(self, reading: Reading) -> None:
        """Publish one reading at its time."""
        self._check_wanted()
        self._stand_still()
        if reading.t_s > self._now_s:
            self._now_s = reading.t_s
            self._keep_pace()
            self._out.clock(self._stamp_ns())
        self._out.reading(reading, self._stamp_ns())

    def _stand_still(self) -> None:
        """Held in the middle of a motion: nothing moves, and no time passes, until the resume."""
        while not (self._stands or self._goes.wait(IDLE_S)):
            self._check_wanted()

    def _stamp_ns(self) -> int:
        return self._epoch_ns + round(self._now_s * 1e9)

    def _keep_pace(self) -> None:
        if self._speed <= 0:
            return
        ahead = (self._now_s - self._sim_begun) / self._speed - (time.monotonic() - self._begun)
        if ahead > 0.002:
            time.sleep(ahead)
        elif ahead < -0.25:
            # A slow machine falls behind; catching up in a burst would be worse than being late.
            self._begun, self._sim_begun = time.monotonic(), self._now_s

    # ------------------------------------------------------------ judge

    def mark(self, edge: Edge, facts: Facts) -> None:
        """Say that a step begins or ends, with its time."""
        told = {**facts, 'stamp_ns': str(self._stamp_ns())}
        values = [KeyValue(key=k, value=v) for k, v in told.items()]
        self._steps.publish(DiagnosticStatus(name=edge.value, values=values))

    def judge(self, facts: Facts, idle: Idle) -> Answer:
        """Call `~/judge` and wait, standing still with all sensors on."""
        self._freed.clear()
        end = time.monotonic() + JUDGE_TIMEOUT_S
        while not self._judge.service_is_ready():
            self._pass_time(idle)
        future = self._judge.call_async(Trigger.Request())
        while not future.done():
            if not self._judge.service_is_ready() or time.monotonic() > end:
                future.cancel()
                return Answer(False, Action.HOLD, 'no judgement came')
            self._pass_time(idle)
        response = future.result()
        return Answer(response.success, _action(response.message), response.message)

    def wait(self, facts: Facts, answer: Answer, idle: Idle) -> bool:
        """Held: wait until somebody resumes the cell."""
        while not self._freed.wait(0.0 if self._speed == 1.0 else IDLE_S):
            self._pass_time(idle)
        return True

    def _pass_time(self, idle: Idle) -> None:
        self._check_wanted()
        self._stands = True
        if self._speed == 1.0:
            idle(IDLE_S)
        else:
            time.sleep(0.002)
        self._stands = False

    def _on_hold(self, request: Any, response: Any) -> Any:
        self._goes.clear()
        response.success, response.message = True, 'the program waits'
        return response

    def _on_resume(self, request: Any, response: Any) -> Any:
        self._freed.set()
        self._goes.set()
        response.success, response.message = True, 'the program goes on'
        return response


def _action(message: str) -> Action:
    """The action a `~/judge` message names; anything unclear is a hold."""
    facts = dict(part.split('=', 1) for part in message.split() if '=' in part)
    try:
        return Action(facts.get('action', ''))
    except ValueError:
        return Action.HOLD


class WatchedCell:
    """The simulated cell, writing down what was true as soon as it is, for whoever scores the run.

    No topic ever carries it: the scripted operator of the demo looks here as a person would look
    at the part.
    """

    def __init__(self, cell: SimCell, file: Path | None) -> None:
        self._cell, self._file = cell, file

    def pick(self, part: str) -> Iterator[Reading]:
        """Take the next part of a family."""
        return self._cell.pick(part)

    def insert(self) -> Generator[Reading, None, StepTruth]:
        """The step to be judged."""
        truth = yield from self._cell.insert()
        if self._file is not None:
            row = {'part_id': f'{truth.serial:06d}', 'truth': truth.label}
            with self._file.open('a', encoding='utf-8') as out:
                out.write(json.dumps(row) + '\n')
        return truth

    def retreat(self, *, release: bool) -> Iterator[Reading]:
        """Go back."""
        return self._cell.retreat(release=release)

    def hold(self, seconds: float) -> Iterator[Reading]:
        """Stand still."""
        return self._cell.hold(seconds)


@contextmanager
def _spinning(node: Node) -> Iterator[None]:
    executor = SingleThreadedExecutor()
    executor.add_node(node)

    def spin() -> None:
        with suppress(ExternalShutdownException):
            executor.spin()

    thread = threading.Thread(target=spin, daemon=True)
    thread.start()
    try:
        yield
    finally:
        executor.shutdown(timeout_sec=1.0)
        thread.join(2.0)


def main(args: list[str] | None = None) -> int:
    """Entry point of the simulated cell."""
    stop = runtime.Stop()
    rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    try:
        _run(SimNode(stop))
    except CobotAiError as e:
        sys.stderr.write(f'cobot_ai: {e}\n')
        return 1
    finally:
        rclpy.try_shutdown()
    return 0


def _run(node: SimNode) -> None:
    values = node.values
    truth_file = Path(values['truth_file']) if values['truth_file'] else None
    simulated = open_cell(values['seed'], camera=values['camera'])
    for sensor, why in simulated.missing.items():
        node.get_logger().warning(f'{sensor} is missing: {why}')
    cell = WatchedCell(simulated, truth_file)
    program = RobotProgram(cell, node, node.sink, Schedule(values['second_part_from']))
    try:
        with _spinning(node):
            node.connect()
            for _ in program.run(values['steps'] or sys.maxsize):
                pass
    except StoppedError:
        pass
    finally:
        simulated.close()


if __name__ == '__main__':
    sys.exit(main())
