"""Benchmark 3: from the end of a step to its decision on the topic, three processes and DDS.

A robot (this process) does steps; a publisher process sends joint states and acceleration at full
rate beside it. A model that was taught before judges every step; most decisions act, some (audits)
also ask. Measured from the publishing of the step's last message to the publishing of its
decision, which the middleware stamps, and to its arrival here: at rest, while the trainer refits
without a pause, and with a console that stopped reading (a stalled tablet). At rest means that the
trainer rests too: after an answer the next step waits until what was learnt from it is done. The
trainer runs as docs/operations.md recommends (`sched_idle`); one more row has it at its default.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import yaml
from diagnostic_msgs.msg import DiagnosticArray
from ingest_setup import cell_document, cpu_s, start_publisher
from std_srvs.srv import Trigger

from cobot_ai.ros import names
from cobot_ai.ros.drain import DrainedTopic

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'test'))
LESSONS = 80
WARM = 10
ARRAY = 'diagnostic_msgs/msg/DiagnosticArray'
BESIDE = (('joint_states', 500), ('accel', 2000))


class _Timed:
    """When the last message of each step was sent and its decision came.

    Args:
        robot: Does the steps. forces: Values of a step. trainer: Process id of the trainer.
    """

    def __init__(self, robot: Any, forces: Any, trainer: int) -> None:
        self._robot, self._forces, self._trainer = robot, forces, trainer
        self._rng = np.random.default_rng(1)
        topic = names.of(names.MONITOR, names.DECISION)
        self._decisions = DrainedTopic(robot.node, topic, ARRAY, None, 1.0)

    def measure(self, steps: int, at_rest: bool = True) -> list[tuple[float, float]]:
        """Milliseconds to publishing and to arrival, of this many steps."""
        found: list[tuple[float, float]] = []
        while len(found) < steps:
            label = ('good', 'bad')[len(found) % 2]
            robot, before = self._robot, len(self._robot.heard('decision'))
            robot.send_step(self._forces(label, self._rng, 10))
            sent, sent_ns = time.monotonic(), time.time_ns()
            robot.wait(lambda n=before, r=robot: r.heard('decision')[n:], why='no decision came')
            case = robot.heard('decision')[before]
            heard_ms = 1e3 * (robot.heard_at('decision', case['case']) - sent)
            found.append(((self._published_ns() - sent_ns) / 1e6, heard_ms))
            if case['verdict'] != 'act':
                robot.answer(case['case'], label)
                if at_rest:
                    rest(self._trainer)
        return found

    def _published_ns(self) -> int:
        """When the newest decision was published, on the clock on the wall."""
        newest = 0
        while True:
            with (handle := self._decisions.handle):
                taken = handle.take_message(DiagnosticArray, True)
            if taken is not None:
                newest = taken[1]['source_timestamp']
            elif newest:
                return int(newest)
            else:
                time.sleep(0.001)


def rest(pid: int) -> None:
    """Wait until a process had nothing to do for longer than it sleeps between two looks."""
    before = -1.0
    while (used := cpu_s(pid)) - before > 0.03:
        before = used
        time.sleep(0.7)


def latency(steps: int) -> dict[str, Any]:
    """Percentiles of the three conditions; of the two that are compared, over so many steps."""
    import nodes  # noqa: PLC0415 (the robot of the fault tests)

    refits: dict[str, list[float]] = {}
    with TemporaryDirectory() as folder, _graph(nodes) as robot:
        cell = nodes.Processes(Path(folder))
        cell.cell.write_text(yaml.safe_dump(_cell(nodes.CELL)))
        publisher = start_publisher(BESIDE, 120 + 3 * steps)
        try:
            cell.start('monitor')
            cell.start('trainer', sched_idle=True)
            cell.start('console', web_port=0)
            robot.connect()
            robot.wait(lambda: robot.node.count_subscribers('cobot_ai_trainer/candidate'), 60)
            _teach(robot, nodes.forces)
            timed = _Timed(robot, nodes.forces, cell.running['trainer'].pid)
            rest(cell.running['trainer'].pid)
            timed.measure(WARM)
            found = {'idle': timed.measure(steps)}
            with _refitting(robot) as refits['retraining']:
                found['retraining'] = timed.measure(steps, at_rest=False)
            rest(cell.running['trainer'].pid)
            os.kill(cell.running['console'].pid, signal.SIGSTOP)
            found['stalled_tablet'] = timed.measure(steps // 4)
            os.kill(cell.running['console'].pid, signal.SIGCONT)
            cell.end('trainer')
            cell.start('trainer')
            with _refitting(robot) as refits['retraining_nice_19']:
                found['retraining_nice_19'] = timed.measure(steps // 4, at_rest=False)
        finally:
            cell.close()
            publisher.kill()
            publisher.communicate()
    return _report(found, refits)


@contextmanager
def _graph(nodes: Any) -> Iterator[Any]:
    robot = nodes.Robot(int(os.environ['ROS_DOMAIN_ID']))
    try:
        yield robot
    finally:
        robot.close()


def _cell(document: dict[str, Any]) -> dict[str, Any]:
    beside = cell_document(BESIDE)['streams']
    return {**document, 'streams': [*document['streams'], *beside]}


def _teach(robot: Any, forces: Any) -> None:
    """Answer truthfully until both classes are acted upon alone."""
    rng, alone = np.random.default_rng(0), set()
    for n in range(LESSONS):
        label = ('good', 'bad')[n % 2]
        decision = robot.step(forces(label, rng, 10))
        if decision['verdict'] == 'act':
            alone.add(label)
            if len(alone) == 2:
                return
            continue
        seen = len(robot.heard('candidate'))
        robot.answer(decision['case'], label)
        if n >= 8:
            robot.wait(lambda s=seen: len(robot.heard('candidate')) > s, 60, 'no refit came')
    raise SystemExit(f'After {LESSONS} lessons the model acts on {alone} alone.')


@contextmanager
def _refitting(robot: Any) -> Iterator[list[float]]:
    """The trainer fits again and again; gives when each fit was done."""
    client = robot.node.create_client(Trigger, 'cobot_ai_trainer/retrain')
    over = threading.Event()
    done: list[float] = []

    def again() -> None:
        while not over.is_set():
            future = client.call_async(Trigger.Request())
            while not future.done() and not over.is_set():
                over.wait(0.01)
            if future.done():
                done.append(time.monotonic())

    thread = threading.Thread(target=again)
    thread.start()
    try:
        yield done
    finally:
        over.set()
        thread.join()


def _report(
    found: dict[str, list[tuple[float, float]]], refits: dict[str, list[float]]
) -> dict[str, Any]:
    rows: list[dict[str, Any]] = []
    for when, values in found.items():
        row: dict[str, Any] = {
            'when': when,
            'steps': len(values),
            'refits': len(refits.get(when, ())),
        }
        for prefix, column in (('', 0), ('heard_', 1)):
            shares = np.percentile([v[column] for v in values], [50, 99, 99.9]).tolist()
            keys = (f'{prefix}p50_ms', f'{prefix}p99_ms', f'{prefix}p999_ms')
            row |= {k: round(v, 2) for k, v in zip(keys, shares, strict=True)}
        rows.append(row)
        print('latency', row, flush=True)
    idle, retraining = rows[0], rows[1]
    ratio = round(retraining['p99_ms'] / idle['p99_ms'], 3)
    keys = ('p50_ms', 'p99_ms', 'p999_ms')
    return {**{k: idle[k] for k in keys}, 'retraining_ratio': ratio, 'rows': rows}
