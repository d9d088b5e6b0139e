"""Streams of the ingest benchmarks: message templates, a publisher process, CPU time of others.

Run as a program it publishes until its time is over:
`python benchmarks/ingest_setup.py '{"seconds": 5, "streams": [["joint_states", 500], ...]}'`
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cobot_ai.store.typestore import encode

JOINT_STATE = 'sensor_msgs/msg/JointState'
WRENCH = 'geometry_msgs/msg/WrenchStamped'
IMU = 'sensor_msgs/msg/Imu'
BLOCK = 'std_msgs/msg/Float32MultiArray'
KINDS = {'joint_states': JOINT_STATE, 'wrench': WRENCH, 'accel': IMU, 'blocks': BLOCK}
BLOCK_SAMPLES = 120
BASE = (('joint_states', 500), ('wrench', 500), ('accel', 2000))
TICK_S = 0.0005


def template(name: str) -> bytes:
    """A typical message of a stream; all but blocks have their stamp at byte 4."""
    header = {'stamp': 10**9, 'frame_id': 'tool0'}
    if name == 'joint_states':
        joints = [f'joint_{i}' for i in range(1, 7)]
        numbers = [0.1 * i for i in range(6)]
        fields: dict[str, Any] = {'header': header, 'name': joints, 'position': numbers}
        return encode(JOINT_STATE, {**fields, 'velocity': numbers, 'effort': numbers})
    if name == 'blocks':
        return encode(BLOCK, {'data': [0.01 * i for i in range(3 * BLOCK_SAMPLES)]})
    return encode(KINDS[name], {'header': header})


def stamped(data: bytes, t_ns: int) -> bytes:
    """The message with another header stamp."""
    sec, nanosec = divmod(t_ns, 10**9)
    return data[:4] + struct.pack('<iI', sec, nanosec) + data[12:]


def cell_document(streams: Sequence[tuple[str, float]], **more: Any) -> dict[str, Any]:
    """A cell file that reads these streams and judges whenever the robot program says so."""
    entries: list[dict[str, Any]] = []
    for name, rate_hz in streams:
        entry: dict[str, Any] = {'name': name, 'topic': name, 'type': KINDS[name]}
        entry['rate_hz'] = rate_hz
        entry['each'] = {'missing': 'mask'}
        if name == 'joint_states':
            entry['joints'] = 6
        if name == 'blocks':
            entry['block_hz'] = rate_hz * BLOCK_SAMPLES
            axes = enumerate('xyz')
            entry['channels'] = [{'name': f'a{a}', 'path': f'data[{i}::3]'} for i, a in axes]
        entries.append(entry)
    question = {
        'classes': [
            {'name': 'good', 'action': 'continue', 'nominal': True},
            {'name': 'bad', 'action': 'reject'},
        ],
        'deadline_s': 5,
        'undo_s': 0.5,
    }
    cell = {'name': 'bench', 'streams': entries, 'step': {'topic': 'step', 'samples': 128}}
    return {**cell, 'question': question, 'budget': {'warn': 0, 'hard': 0}, **more}


def publish(streams: Sequence[tuple[str, float]], seconds: float, wait_for: int) -> dict[str, int]:
    """Publish real-time streams from this process; returns how many messages of each went out.

    Args:
        streams: (name, hertz). seconds: How long. wait_for: Subscribers each topic must have.
    """
    import rclpy  # noqa: PLC0415 (only in the publisher process)

    from cobot_ai.ros.drain import message_class  # noqa: PLC0415
    from cobot_ai.ros.names import stream_qos  # noqa: PLC0415

    rclpy.init()
    node = rclpy.create_node('bench_streams')
    rows = []
    for name, rate_hz in streams:
        qos = stream_qos(rate_hz, reliable=True, stall_s=1.0)
        rows.append([node.create_publisher(message_class(KINDS[name]), name, qos), name, rate_hz])
    data = {name: template(name) for name, _ in streams}
    sent = dict.fromkeys(data, 0)
    while any(p.get_subscription_count() < wait_for for p, _, _ in rows):
        time.sleep(0.02)
    time.sleep(1.5)  # the readers must have found us too
    print('begin', flush=True)
    begun = time.monotonic()
    while (now := time.monotonic() - begun) < seconds:
        t_ns = time.time_ns()
        for publisher, name, rate_hz in rows:
            due, step_ns = int(now * rate_hz) - sent[name], 10**9 / rate_hz
            for i in range(due):
                stamp = t_ns - round((due - 1 - i) * step_ns)
                message = data[name] if name == 'blocks' else stamped(data[name], stamp)
                publisher.publish(message)
            sent[name] += due
        time.sleep(TICK_S)
    time.sleep(0.5)
    node.destroy_node()
    rclpy.shutdown()
    return sent


def start_publisher(streams: Sequence[tuple[str, float]], seconds: float) -> subprocess.Popen[str]:
    """The same in a process of its own; it prints `begin`, and at the end what it sent as JSON."""
    job = json.dumps({'streams': list(streams), 'seconds': seconds})
    command = [sys.executable, str(Path(__file__)), job]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def cpu_s(pid: int) -> float:
    """CPU time of all threads of a process so far, seconds (user and system)."""
    fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


@contextmanager
def busy(jobs: int) -> Iterator[None]:
    """That many processes that do nothing but compute."""
    code = 'while True: pass'
    running = [subprocess.Popen([sys.executable, '-c', code]) for _ in range(jobs)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


@contextmanager
def own_graph() -> Iterator[None]:
    """A ROS domain that nobody else is on."""
    before = dict(os.environ)
    os.environ['ROS_DOMAIN_ID'] = str(101 + os.getpid() % 100)
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


if __name__ == '__main__':
    given = json.loads(sys.argv[1])
    print(json.dumps(publish(given['streams'], given['seconds'], 1)))
