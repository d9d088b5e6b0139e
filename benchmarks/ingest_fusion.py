"""Benchmark 2: aligned windows of five topics, against ApproximateTimeSynchronizer.

`message_filters` is used where it is installed; elsewhere a re-creation of its
ApproximateTimeSynchronizer with the same queues, the same search and the same time classes.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from importlib.util import find_spec
from statistics import median
from typing import Any

from geometry_msgs.msg import WrenchStamped
from ingest_setup import IMU, JOINT_STATE, WRENCH, cell_document, stamped, template
from rclpy.duration import Duration
from rclpy.serialization import deserialize_message
from rclpy.time import Time
from sensor_msgs.msg import Imu, JointState, Temperature

from cobot_ai.app.observe import Observer
from cobot_ai.core.config import parse_cell
from cobot_ai.core.message_types import STEP
from cobot_ai.core.samples import RawBatch, RawMessage
from cobot_ai.store.messages import RosbagsDecoder
from cobot_ai.store.typestore import encode, encode_step

TEMPERATURE = 'sensor_msgs/msg/Temperature'
TOPICS = (
    ('joint_states', JOINT_STATE, JointState, 500),
    ('wrench', WRENCH, WrenchStamped, 500),
    ('accel', IMU, Imu, 2000),
    ('gripper', WRENCH, WrenchStamped, 100),
    ('temperature', TEMPERATURE, Temperature, 10),
)
T0 = 1_700_000_000 * 10**9
DRAIN_NS = 20_000_000
"""As the monitor reads (parameter `drain_period_s`)."""
SLOP_S = 0.01


class Recreated:
    """What message_filters.ApproximateTimeSynchronizer does in Python.

    A dictionary of stamps per topic, at most `queue_size` long; each new message looks for the
    nearest stamps of all other topics within the slop, and a set that is complete is handed on.
    """

    def __init__(
        self, topics: int, queue_size: int, slop_s: float, call: Callable[..., None]
    ) -> None:
        self.queues: list[dict[int, Any]] = [{} for _ in range(topics)]
        self._size, self._call = queue_size, call
        self._slop = Duration(seconds=slop_s)
        self._lock = threading.Lock()

    def add(self, message: Any, at: int) -> None:
        """Take in a message of one topic."""
        stamp = Time.from_msg(message.header.stamp)
        with self._lock:
            mine = self.queues[at]
            mine[stamp.nanoseconds] = message
            while len(mine) > self._size:
                del mine[min(mine)]
            near = []
            for i, queue in enumerate(self.queues):
                if i == at:
                    continue
                found = []
                for other in queue:
                    delta = Duration(nanoseconds=abs(other - stamp.nanoseconds))
                    if delta > self._slop:
                        continue
                    found.append((Time(nanoseconds=other, clock_type=stamp.clock_type), delta))
                if not found:
                    return
                near.append([t for t, _ in sorted(found, key=lambda pair: pair[1])])
            self._match(near, stamp, at)

    def _match(self, near: list[list[Time]], stamp: Time, at: int) -> None:
        for combination in itertools.product(*near):
            stamps = list(combination)
            stamps.insert(at, stamp)
            pairs = list(zip(self.queues, stamps, strict=True))
            there = all(t.nanoseconds in queue for queue, t in pairs)
            if max(stamps) - min(stamps) < self._slop and there:
                self._call(*(queue[t.nanoseconds] for queue, t in pairs))
                for queue, t in pairs:
                    del queue[t.nanoseconds]
                return


def messages(seconds: float) -> list[tuple[int, int, bytes]]:
    """(stamp, topic, bytes) of all topics in order of their stamps."""
    rows = []
    for at, (name, kind, _, hz) in enumerate(TOPICS):
        data = template(name) if name in ('joint_states', 'wrench', 'accel') else b''
        data = data or encode(kind, {'header': {'stamp': T0, 'frame_id': 'tool0'}})
        for i in range(int(seconds * hz)):
            t_ns = T0 + i * 10**9 // hz
            rows.append((t_ns, at, stamped(data, t_ns)))
    return sorted(rows)


def peer(rows: list[tuple[int, int, bytes]], queue_size: int) -> dict[str, Any]:
    """Typed messages into the synchronizer (their deserialisation is not counted)."""
    typed = [(deserialize_message(data, TOPICS[at][2]), at) for _, at, data in rows]
    sets: list[int] = []
    add = (
        _installed(queue_size, sets)
        or Recreated(len(TOPICS), queue_size, SLOP_S, lambda *given: sets.append(len(given))).add
    )
    begun = time.thread_time()
    for message, at in typed:
        add(message, at)
    used = time.thread_time() - begun
    return {'us': 1e6 * used / len(rows), 'used': sum(sets) / len(rows)}


def _installed(queue_size: int, sets: list[int]) -> Callable[[Any, int], None] | None:
    if find_spec('message_filters') is None:
        return None
    import message_filters  # noqa: PLC0415 (optional peer)

    filters = [message_filters.SimpleFilter() for _ in TOPICS]
    synchronizer = message_filters.ApproximateTimeSynchronizer(filters, queue_size, SLOP_S)
    synchronizer.registerCallback(lambda *given: sets.append(len(given)))
    return lambda message, at: filters[at].signalMessage(message)


def ours(rows: list[tuple[int, int, bytes]], seconds: float) -> dict[str, Any]:
    """Bytes as they are drained, into rings, and an aligned window every second."""
    document = cell_document([('joint_states', 500), ('wrench', 500), ('accel', 2000)])
    document['streams'] += [
        {'name': 'gripper', 'topic': 'gripper', 'type': WRENCH, 'rate_hz': 100},
        {'name': 'temperature', 'topic': 'temperature', 'type': TEMPERATURE, 'rate_hz': 10},
    ]
    document['step']['samples'] = 500
    observer = Observer(parse_cell(document), RosbagsDecoder(), lambda name: name)
    names = [name for name, _, _, _ in TOPICS]
    drained: dict[tuple[int, int], list[tuple[int, bytes]]] = {}
    for t_ns, at, data in rows:
        drained.setdefault(((t_ns - T0) // DRAIN_NS, at), []).append((t_ns, data))
    batches = [
        RawBatch(names[k[1]], TOPICS[k[1]][1], [t for t, _ in v], [d for _, d in v])
        for k, v in sorted(drained.items())
    ]
    edges = {T0 + k * 10**9: [_step('end', k), _step('begin', k)] for k in range(1, int(seconds))}
    edges[T0] = [_step('begin', 0)]
    begun, windows = time.thread_time(), 0
    for batch in batches:
        now = batch.t_ns[-1]
        while edges and min(edges) <= now:
            for edge in edges.pop(min(edges)):
                observer.take(edge, now)
        observer.take_batch(batch, now)
        windows += len(observer.ready(now))
    used = time.thread_time() - begun
    kept = sum(c.received for c in observer.counts.values())
    return {'us': 1e6 * used / len(rows), 'used': kept / len(rows), 'windows': windows}


def _step(edge: str, second: int) -> RawMessage:
    t_ns = T0 + second * 10**9
    return RawMessage('step', STEP, t_ns, encode_step(edge, {'operation': 'bench'}, t_ns))


def fusion(seconds: float, runs: int) -> dict[str, Any]:
    """Time per message and share of samples used."""
    rows = messages(seconds)
    mine = [ours(rows, seconds) for _ in range(5)]
    found = [{'name': 'ours', **{k: median(m[k] for m in mine) for k in mine[0]}}]
    for queue_size in (10, 50):
        theirs = [peer(rows, queue_size) for _ in range(runs if queue_size == 10 else 1)]
        row = {k: median(t[k] for t in theirs) for k in theirs[0]}
        found.append({'name': f'ApproximateTimeSynchronizer queue {queue_size}', **row})
    for row in found:
        print('fusion', row, flush=True)
    return {
        'speedup': round(found[1]['us'] / found[0]['us'], 1),
        'speedup_queue_50': round(found[2]['us'] / found[0]['us'], 1),
        'used': found[0]['used'],
        'peer': 'message_filters' if find_spec('message_filters') else 're-creation',
        'rows': found,
    }
