"""Benchmark 5 through DDS: the player of the product, and a process that reads what it sends.

Run: `python benchmarks/ingest_replay_dds.py BAG CELL.yaml`; it starts the player itself.
"""

from __future__ import annotations

import gc
import json
import re
import subprocess
import sys
import time
from typing import Any

import rclpy
from ingest_replay import Digest, resolve
from rclpy.parameter import Parameter

from cobot_ai.app.observe import Observer
from cobot_ai.cli.supervise import node_command
from cobot_ai.ros.drain import DrainedTopic
from cobot_ai.store.cellfile import load_cell
from cobot_ai.store.messages import RosbagsDecoder

QUIET_S = 0.5
DRAIN_S = 0.002
DEPTH = 25_000
"""A third of a second at full speed (parameter `qos_overrides.<topic>.subscription.depth`)."""
FASTEST = 20.0
"""Recorded seconds per second: the most that the player can be asked for."""
PLAYED = re.compile(r'(\d+) messages played')


def read(bag: str, cell: str) -> tuple[float, str, int]:
    """Drain what the player sends. Seconds, digest of the windows, messages lost."""
    rclpy.init()
    observer, digest = Observer(load_cell(cell), RosbagsDecoder(), resolve), Digest()
    streams = [t for t in observer.topics if t != observer.step_topic]
    depths = [Parameter(f'qos_overrides.{t}.subscription.depth', value=DEPTH) for t in streams]
    node = rclpy.create_node('bench_drain', parameter_overrides=depths)
    topics = [DrainedTopic(node, t, k, 5000.0, 1.0) for t, k in observer.topics.items()]
    command = node_command('player', {'bag': bag, 'cell': cell, 'rate': FASTEST})
    player = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    begun, last = _drain(topics, observer, digest, player)
    told = player.communicate()[1]
    if (played := PLAYED.search(told)) is None:
        raise SystemExit(f'The player did not come to its end: {told}')
    sent = int(played[1])
    lost = sum(c.lost for c in observer.counts.values())
    received = sum(c.received for c in observer.counts.values())
    node.destroy_node()
    rclpy.shutdown()
    return last - begun, digest.text(), max(lost, sent - 2 * digest.windows - received)


def _drain(
    topics: list[DrainedTopic], observer: Observer, digest: Digest, player: Any
) -> tuple[float, float]:
    """Until the player has ended; when the first and the last message were read."""
    settle_memory()
    begun = last = 0.0
    while player.poll() is None or time.perf_counter() - last < QUIET_S:
        got = False
        for topic in topics:
            batch = topic.read(time.time_ns(), True)
            if batch is not None:
                got = True
                observer.take_batch(batch, time.monotonic_ns())
        digest.take(observer.ready(time.monotonic_ns()))
        if got:
            last = time.perf_counter()
            begun = begun or last
        time.sleep(DRAIN_S)
    if not begun:
        raise SystemExit('The player ended before anything arrived.')
    return begun, last


def settle_memory() -> None:
    """As every node of the product does before it spins (`cobot_ai.ros.runtime.run`)."""
    gc.collect()
    gc.freeze()


if __name__ == '__main__':
    print(json.dumps(read(*sys.argv[1:])))
