"""Benchmark 5 through DDS: a player process, and a process that reads what it sends.

Run: `python benchmarks/ingest_replay_dds.py read BAG`; it starts the player itself.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import rclpy
from ingest_replay import Digest, cell, resolve
from rclpy.duration import Duration
from rclpy.parameter import Parameter

from cobot_ai.app.observe import Observer
from cobot_ai.core.config import parse_cell
from cobot_ai.ros.drain import DrainedTopic, message_class
from cobot_ai.ros.names import EVERYTHING
from cobot_ai.ros.publish import publish_patiently
from cobot_ai.store.bags import Bag
from cobot_ai.store.messages import RosbagsDecoder

QUIET_S = 0.5
DRAIN_S = 0.002
DEPTH = 25_000
"""A third of a second at full speed (parameter `qos_overrides.<topic>.subscription.depth`)."""
PATIENCE_S = 30.0
MOST = 20.0
"""Recorded seconds per second at most, as in the player of the product."""
LOOK = 256


def read(bag: Path) -> tuple[float, str, int]:
    """Drain what the player sends. Seconds, digest of the windows, messages lost."""
    rclpy.init()
    observer, digest = Observer(parse_cell(cell()), RosbagsDecoder(), resolve), Digest()
    streams = [t for t in observer.topics if t != observer.step_topic]
    depths = [Parameter(f'qos_overrides.{t}.subscription.depth', value=DEPTH) for t in streams]
    node = rclpy.create_node('bench_drain', parameter_overrides=depths)
    topics = [DrainedTopic(node, t, k, 5000.0, 1.0) for t, k in observer.topics.items()]
    player = subprocess.Popen(
        [sys.executable, __file__, 'play', str(bag)], stdout=subprocess.PIPE, text=True
    )
    begun, last = _drain(topics, observer, digest, player)
    sent = json.loads(player.communicate()[0])
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


def play(bag: Path) -> int:
    """Publish a bag as fast as its readers take it; returns the number of messages."""
    rclpy.init()
    node = rclpy.create_node('bench_player')
    reader = Bag(bag)
    out = {
        topic: node.create_publisher(message_class(kind), topic, EVERYTHING)
        for topic, (kind, _) in reader.topics().items()
    }
    while any(not p.get_subscription_count() for p in out.values()):
        time.sleep(0.02)
    time.sleep(0.3)
    settle_memory()
    sent, first_ns, begun = 0, 0, time.perf_counter()
    for topic, _, t_ns, data in reader.rows():
        first_ns = first_ns or t_ns
        if sent % LOOK == 0:
            ahead_s = (t_ns - first_ns) / 1e9 / MOST - (time.perf_counter() - begun)
            time.sleep(max(0.0, ahead_s))
        publish_patiently(out[topic], data, PATIENCE_S)
        sent += 1
    for publisher in out.values():
        publisher.wait_for_all_acked(Duration(seconds=30))
    node.destroy_node()
    rclpy.shutdown()
    return sent


def settle_memory() -> None:
    """As every node of the product does before it spins (`cobot_ai.ros.runtime.run`)."""
    gc.collect()
    gc.freeze()


if __name__ == '__main__':
    work = {'read': read, 'play': play}[sys.argv[1]]
    print(json.dumps(work(Path(sys.argv[2]))))
