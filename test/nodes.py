"""Real processes of a cell on a graph of their own, and a robot program that talks to them."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
import yaml
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from geometry_msgs.msg import Vector3, Wrench, WrenchStamped
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from std_srvs.srv import Trigger

from cobot_ai.app.ports import Entry
from cobot_ai.cli.supervise import node_command
from cobot_ai.core.types import Json
from cobot_ai.ros import convert, names
from cobot_ai.store.folder import CellFolder
from cobot_ai.store.ledger import LedgerFile
from cobot_ai.store.ledger_view import LedgerView

with warnings.catch_warnings():
    warnings.simplefilter('ignore')  # a parser below rclpy uses a deprecated module
    import rosidl_generator_py  # noqa: F401

START_S = 40.0
"""Patience with a process that starts on a busy machine."""
LOW_S = 90.0
"""Patience with the trainer, whose priority is the lowest."""
PAUSE_NS = 50_000_000
"""Between two steps: a sample of the one is not yet one of the other."""
WORKER = int(os.environ.get('PYTEST_XDIST_WORKER', 'gw0').removeprefix('gw'))
WORKERS = int(os.environ.get('PYTEST_XDIST_WORKER_COUNT', '1'))
DOMAINS = itertools.count(os.getpid() * 7 * WORKERS + WORKER, WORKERS)
KEYS = itertools.count()
CELL: Json = {
    'name': 'node_cell',
    'streams': [
        {
            'name': 'wrench',
            'topic': 'wrench',
            'type': 'geometry_msgs/msg/WrenchStamped',
            'rate_hz': 100,
            'fields': ['force'],
            'each': {'frozen_s': 0.1},
        }
    ],
    'step': {'topic': 'step', 'samples': 16, 'context': ['operation']},
    'question': {
        'text': {'en': 'Is this step good?'},
        'classes': [
            {'name': 'good', 'action': 'continue', 'nominal': True, 'text': {'en': 'Good'}},
            {'name': 'bad', 'action': 'reject', 'text': {'en': 'Bad'}},
        ],
        'deadline_s': 60,
        'undo_s': 0,
    },
    'risk': {'epsilon': 0.2, 'delta': 0.2, 'min_answers': 5, 'burn_in': 3},
    'model': {'head': 'linear', 'min_labels': 3, 'swap': 'at_once'},
    'budget': {'warn': 0, 'hard': 0},
}
Forces = Sequence[tuple[float, float, float]]


def forces(label: str, rng: np.random.Generator, n: int = 20) -> Forces:
    """The forces of a step: a bad one pushes much harder."""
    level = 2.0 if label == 'good' else 20.0
    rows = rng.normal((0.0, 0.0, level), 0.3, (n, 3))
    return [(float(x), float(y), float(z)) for x, y, z in rows]


class Processes:
    """Starts, kills and ends the node processes of one cell file.

    Args:
        folder: Gets the cell file and the data folder. question: Changes of the question.
    """

    def __init__(self, folder: Path, *, namespace: str = '', **question: object) -> None:
        document = {**CELL, 'question': {**CELL['question'], **question}}
        self.cell = folder / 'cell.yaml'
        self.cell.write_text(yaml.safe_dump(document))
        self.folder = CellFolder(folder / 'data')
        self.namespace = namespace
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.log = (folder / 'nodes.log').open('ab')

    def start(self, name: str, **values: object) -> subprocess.Popen[bytes]:
        values = {'cell': str(self.cell), 'data_dir': str(self.folder.root), **values}
        command = node_command(name, values, self.namespace)
        self.running[name] = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        return self.running[name]

    def kill(self, name: str) -> None:
        process = self.running.pop(name)
        process.kill()
        process.wait()

    def end(self, name: str) -> int:
        """SIGTERM, and the exit code."""
        process = self.running.pop(name)
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(LOW_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    def close(self) -> None:
        for name in list(self.running):
            with suppress(subprocess.TimeoutExpired):
                self.end(name)
        self.log.close()

    @contextmanager
    def ledger(self) -> Iterator[LedgerView]:
        view = LedgerFile.reader(self.folder.ledger)
        try:
            yield view
        finally:
            view.close()


class Robot:
    """A robot program with a force sensor; also a console, where a test needs no page.

    Everything is waited for, nothing slept for: `wait` wakes at every message.
    """

    def __init__(self, domain: int, namespace: str = '') -> None:
        self._context = rclpy.Context()
        rclpy.init(context=self._context, domain_id=domain)
        self.node = rclpy.create_node(
            'robot',
            context=self._context,
            namespace=namespace,
            start_parameter_services=False,
        )
        self._changed = threading.Condition()
        self.entries: list[tuple[str, Json, float]] = []
        self.replies: dict[str, Json] = {}
        self.beats = 0
        self.state: Json = {}
        self.health: dict[str, DiagnosticStatus] = {}
        self._dead: set[bytes] = set()
        self._step_end_ns = 0
        self._wrench = self.node.create_publisher(
            WrenchStamped, 'wrench', names.stream_qos(100.0, reliable=True)
        )
        self._step = self.node.create_publisher(DiagnosticStatus, 'step', names.STEP_QOS)
        self._answer = self.node.create_publisher(
            DiagnosticArray, names.of(names.CONSOLE, names.ANSWER), names.ANSWER_QOS
        )
        self._client = self.node.create_client(Trigger, names.of(names.MONITOR, '~/judge'))
        for name, qos in (
            (names.DECISION, names.DECISION_QOS),
            (names.RESOLUTION, names.DECISION_QOS),
            (names.RECORD, names.RECORD_QOS),
        ):
            self._listen(name, self._on_entry, qos)
        self._listen(names.QUESTION, self._on_entry, names.DECISION_QOS)
        self._listen(names.REPLY, self._on_reply, names.ANSWER_QOS)
        self._listen(names.STATE, self._on_state, names.STATE_QOS)
        self._listen(names.HEARTBEAT, self._on_beat, names.HEARTBEAT_QOS)
        self.node.create_subscription(
            DiagnosticArray, names.DIAGNOSTICS, self._on_health, names.DIAGNOSTICS_QOS
        )
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def _spin(self) -> None:
        with suppress(ExternalShutdownException):
            self._executor.spin()

    def close(self) -> None:
        self._context.try_shutdown()
        self._thread.join(5.0)
        self.node.destroy_node()

    # ------------------------------------------------------------ what the monitor says

    def _listen(self, name: str, call: Callable[[DiagnosticArray], None], qos: Any) -> None:
        def hear(message: DiagnosticArray) -> None:
            with self._changed:
                call(message)
                self._changed.notify_all()

        topic = names.of(names.MONITOR, name)
        self.node.create_subscription(DiagnosticArray, topic, hear, qos)

    def _on_entry(self, message: DiagnosticArray) -> None:
        self.entries.append((*convert.from_array(message), time.monotonic()))

    def _on_reply(self, message: DiagnosticArray) -> None:
        body = convert.from_array(message)[1]
        self.replies[str(body.get('key'))] = body

    def _on_state(self, message: DiagnosticArray) -> None:
        self.state = convert.from_array(message)[1]

    def _on_beat(self, message: DiagnosticArray) -> None:
        self.beats += 1

    def _on_health(self, message: DiagnosticArray) -> None:
        with self._changed:
            self.health.update({status.name: status for status in message.status})
            self._changed.notify_all()

    def wait(self, what: Callable[[], Any], timeout_s: float = 15.0, why: str = '') -> Any:
        """The first true value of `what`, looked at after every message."""
        end = time.monotonic() + timeout_s
        with self._changed:
            while not (found := what()):
                assert time.monotonic() < end, why or 'it did not happen'
                self._changed.wait(0.1)
        return found

    def heard(self, kind: str, case: int | None = None) -> list[Json]:
        """Bodies of the entries heard, oldest first."""
        return [b for k, b, _ in list(self.entries) if k == kind and case in (None, b['case'])]

    def heard_at(self, kind: str, case: int) -> float:
        """Monotonic time at which an entry was heard, seconds."""
        return next(t for k, b, t in self.entries if k == kind and b['case'] == case)

    # ------------------------------------------------------------ connecting

    def connect(self) -> None:
        """Wait until a living monitor hears every topic and its own are heard."""
        beats = self.beats
        sent = (self._wrench, self._step, self._answer)
        topics = [p.topic_name for p in sent]
        self.wait(lambda: self.beats > beats, START_S, 'no heartbeat came')
        self.wait(lambda: all(self._readers(t) for t in topics), START_S, 'nobody listens')
        self.wait(lambda: all(p.get_subscription_count() for p in sent), START_S, 'none matched')
        self.wait(self._client.service_is_ready, START_S, 'nobody judges')

    def _readers(self, topic: str) -> set[bytes]:
        found = self.node.get_subscriptions_info_by_topic(topic)
        return {bytes(i.endpoint_gid) for i in found} - self._dead

    def consoles(self) -> int:
        """Consoles on the graph, this one not counted."""
        return self.node.count_publishers(self._answer.topic_name) - 1

    def bury(self) -> None:
        """The monitor was killed: what the graph still shows of it does not count."""
        for publisher in (self._wrench, self._step, self._answer):
            self._dead |= self._readers(publisher.topic_name)

    # ------------------------------------------------------------ doing

    def step(self, values: Forces, operation: str = 'insert', seconds: float = 0.0) -> Json:
        """Do one step and return the decision on it; `seconds` for one without any values."""
        before = len(self.heard('decision'))
        self.send_step(values, operation, seconds)
        decisions = self.wait(lambda: self.heard('decision')[before:], why='no decision came')
        return decisions[0]

    def send_step(self, values: Forces, operation: str = 'insert', seconds: float = 0.0) -> None:
        length_ns = round(seconds * 1e9) + len(values) * 10_000_000
        # A step takes its time: it begins after the one before it, and is not from the future.
        threading.Event().wait((self._step_end_ns + PAUSE_NS + length_ns - time.time_ns()) / 1e9)
        self._step_end_ns = end = time.time_ns()
        begin = end - length_ns
        self._mark('begin', begin, operation)
        for i, (x, y, z) in enumerate(values):
            self.send_wrench(begin + i * 10_000_000, x, y, z)
        self._mark('end', end, operation)

    def send_wrench(self, t_ns: int, x: float, y: float, z: float) -> None:
        message = WrenchStamped(wrench=Wrench(force=Vector3(x=x, y=y, z=z)))
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(t_ns, 10**9)
        self._wrench.publish(message)

    def _mark(self, edge: str, t_ns: int, operation: str) -> None:
        facts = {'operation': operation, 'stamp_ns': str(t_ns)}
        values = [KeyValue(key=k, value=v) for k, v in facts.items()]
        self._step.publish(DiagnosticStatus(name=edge, values=values))

    def judge(self) -> Any:
        """Call `~/judge`; a future."""
        future = self._client.call_async(Trigger.Request())
        future.add_done_callback(self._wake)
        return future

    def _wake(self, future: Any) -> None:
        with self._changed:
            self._changed.notify_all()

    def response(self, future: Any, timeout_s: float = 20.0) -> Any:
        """What `~/judge` answered."""
        self.wait(future.done, timeout_s, '~/judge did not return')
        return future.result()

    def tap(self, kind: str, **fields: object) -> str:
        """Send a command as a console does; returns its key."""
        key = f'tap-{os.getpid()}-{next(KEYS):08d}'
        command = {'kind': kind, 'key': key, 'by': 'Maria', 'tablet': 't1', **fields}
        stamp = self.node.get_clock().now().to_msg()
        self._answer.publish(convert.to_array('command', command, stamp, CELL['name']))
        return key

    def answer(self, case: int, label: str) -> Json:
        """Answer a question and return the monitor's reply."""
        key = self.tap('answer', case=case, label=label, epoch=0)
        return self.wait(lambda: self.replies.get(key), why='no reply came')


def next_domain() -> int:
    """A ROS domain that no test beside this one has (up to four of them), and none just had."""
    return 1 + next(DOMAINS) % 96


@contextmanager
def graph(monkeypatch: Any) -> Iterator[Robot]:
    """A robot on a graph that nobody else is on; processes started inside join it."""
    domain = next_domain()
    monkeypatch.setenv('ROS_DOMAIN_ID', str(domain))
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    # A killed process leaves its shared memory behind; sockets go with it.
    monkeypatch.setenv('FASTDDS_BUILTIN_TRANSPORTS', 'UDPv4')
    robot = Robot(domain)
    try:
        yield robot
    finally:
        robot.close()


def until(what: Callable[[], Any], timeout_s: float, why: str) -> Any:
    """The first true value of something only a file or a process can tell."""
    end = time.monotonic() + timeout_s
    waiting = threading.Event()
    while not (found := what()):
        assert time.monotonic() < end, why
        waiting.wait(0.02)
    return found


def of_kind(view: LedgerView, kind: str) -> list[Entry]:
    """All entries of a kind, oldest first."""
    return view.last(kind, 10**6)[::-1]
