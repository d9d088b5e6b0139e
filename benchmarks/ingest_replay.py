"""Benchmark 5: replay of a 3 kHz bag without DDS and through DDS, with the same windows."""

from __future__ import annotations

import gc
import hashlib
import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import yaml
from ingest_setup import BASE, KINDS, cell_document, stamped, template
from rosbags.rosbag2 import StoragePlugin, Writer

from cobot_ai.app.observe import Cut, Observer
from cobot_ai.cli.replay import Options, run_replay
from cobot_ai.core.config import parse_cell
from cobot_ai.core.message_types import STEP
from cobot_ai.store.bags import Bag
from cobot_ai.store.messages import RosbagsDecoder
from cobot_ai.store.typestore import encode_step, typestore

T0 = 1_700_000_000 * 10**9
S = 10**9
CYCLE_S = 4
"""A step of one second every four: the rest is moving and waiting."""
QUIET_S = 1.5
DRAIN_S = 0.005
"""Well within what the queues hold at full speed."""


def make_bag(path: Path, seconds: int, plugin: StoragePlugin) -> None:
    """Joint states, wrench and acceleration at 500, 500 and 2000 Hz with a step every 4 s."""
    rng = np.random.default_rng(0)
    data = {name: template(name) for name, _ in BASE}
    rows: list[tuple[int, str]] = []
    for name, hz in BASE:
        rows += [(T0 + i * S // hz, name) for i in range(seconds * hz)]
    for k in range(seconds // CYCLE_S):
        begin = T0 + k * CYCLE_S * S + S
        rows += [(begin, 'begin'), (begin + S, 'end')]
    with Writer(path, version=8, storage_plugin=plugin) as writer:
        kinds = {**{name: KINDS[name] for name, _ in BASE}, 'step': STEP}
        store = typestore()
        topics = {
            name: writer.add_connection(f'/{name}', kind, typestore=store)
            for name, kind in kinds.items()
        }
        for t_ns, name in sorted(rows):
            if name in ('begin', 'end'):
                message = encode_step(name, {'operation': 'insert'}, t_ns)
                writer.write(topics['step'], t_ns, message)
            else:
                tail = rng.normal(size=3).tobytes()
                message = stamped(data[name], t_ns)[: -len(tail)] + tail
                writer.write(topics[name], t_ns, message)


def cell() -> dict[str, Any]:
    """Reads all of it; a step waits for its last samples, however long a stalled machine needs."""
    document = cell_document(BASE)
    document['step'] |= {'settle_s': 30, 'context': ['operation']}
    return document


class _Digest:
    """SHA-256 over every window: where it lies, its values and what was missing."""

    def __init__(self) -> None:
        self._sum, self.windows = hashlib.sha256(), 0

    def take(self, cuts: list[Cut]) -> None:
        for one in cuts:
            window = one.window
            self._sum.update(f'{one.span} {window.notes}'.encode())
            self._sum.update(window.values.tobytes() + window.mask.tobytes())
            self.windows += 1

    def text(self) -> str:
        return self._sum.hexdigest()


def _resolve(name: str) -> str:
    return '/' + name


def direct(bag: Path, batch_ns: int = 100_000_000) -> tuple[float, str]:
    """Bag to windows in this process; seconds and digest."""
    observer, digest = Observer(parse_cell(cell()), RosbagsDecoder(), _resolve), _Digest()
    begun = time.perf_counter()
    for batches in Bag(bag).batches(batch_ns):
        for batch in batches:
            observer.take_batch(batch, batch.t_ns[-1])
        digest.take(observer.ready(max(batch.t_ns[-1] for batch in batches)))
    digest.take(observer.ready(2**62))
    return time.perf_counter() - begun, digest.text()


def settle_memory() -> None:
    """As every node of the product does before it spins (`cobot_ai.ros.runtime.run`)."""
    gc.collect()
    gc.freeze()


def through_dds(bag: Path) -> tuple[float, str, int]:
    """A player process sends as fast as it can; here it is drained. Seconds, digest, losses."""
    import rclpy  # noqa: PLC0415

    from cobot_ai.ros.drain import DrainedTopic  # noqa: PLC0415

    rclpy.init()
    node = rclpy.create_node('bench_drain')
    observer, digest = Observer(parse_cell(cell()), RosbagsDecoder(), _resolve), _Digest()
    topics = [DrainedTopic(node, t, k, 5000.0, 1.0) for t, k in observer.topics.items()]
    for topic in topics:
        topic.keep_all()
    player = subprocess.Popen(
        [sys.executable, __file__, str(bag)], stdout=subprocess.PIPE, text=True
    )
    settle_memory()
    begun = last = 0.0
    while not begun or time.perf_counter() - last < QUIET_S:
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
        else:
            time.sleep(DRAIN_S)
        if not begun and player.poll() is not None:
            raise SystemExit('The player ended before anything arrived.')
    player.wait(30)
    lost = sum(c.lost for c in observer.counts.values())
    sent = json.loads(player.stdout.read()) if player.stdout else 0
    received = sum(c.received for c in observer.counts.values())
    node.destroy_node()
    rclpy.shutdown()
    steps = 2 * digest.windows
    return last - begun, digest.text(), max(lost, sent - steps - received)


def play(bag: Path) -> int:
    """Publish a bag as fast as its readers take it; returns the number of messages."""
    import rclpy  # noqa: PLC0415
    from rclpy.duration import Duration  # noqa: PLC0415

    from cobot_ai.ros.drain import message_class  # noqa: PLC0415
    from cobot_ai.ros.names import EVERYTHING  # noqa: PLC0415
    from cobot_ai.ros.publish import publish_patiently  # noqa: PLC0415

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
    sent = 0
    for topic, _, _, data in reader.rows():
        publish_patiently(out[topic], data, 30.0)
        sent += 1
    for publisher in out.values():
        publisher.wait_for_all_acked(Duration(seconds=30))
    node.destroy_node()
    rclpy.shutdown()
    return sent


def replay(seconds: int, runs: int) -> dict[str, Any]:
    """Speeds in recorded seconds per second, and whether all digests are the same."""
    rows: list[dict[str, Any]] = []
    digests = set()
    with TemporaryDirectory() as folder:
        for name, plugin in (('sqlite3', StoragePlugin.SQLITE3), ('mcap', StoragePlugin.MCAP)):
            bag = Path(folder) / name
            make_bag(bag, seconds, plugin)
            found = [direct(bag) for _ in range(runs)]
            digests |= {text for _, text in found}
            rows.append(_row(f'windows, {name}', seconds, [s for s, _ in found]))
            spent = [_command(bag, Path(folder)) for _ in range(runs)]
            rows.append(_row(f'cobot_ai replay, {name}', seconds, [w for w, _ in spent]))
            rows[-1]['speed_cpu'] = round(seconds / median(c for _, c in spent), 1)
        drained = [through_dds(Path(folder) / 'sqlite3') for _ in range(runs)]
        digests |= {text for _, text, _ in drained}
        rows.append(_row('windows, through DDS', seconds, [s for s, _, _ in drained]))
        rows[-1]['lost'] = sum(n for _, _, n in drained)
    for row in rows:
        print('replay', row, flush=True)
    return {
        'speed_no_dds': rows[0]['speed'],
        'speed_dds': rows[-1]['speed'],
        'same_digest': len(digests) == 1,
        'rows': rows,
    }


def _command(bag: Path, folder: Path) -> tuple[float, float]:
    """`cobot_ai replay` with ledger, clips and report: seconds on the wall and of CPU."""
    file = folder / 'cell.yaml'
    file.write_text(yaml.safe_dump({**cell(), 'step': {'topic': 'step', 'samples': 128}}))
    wall, cpu = time.perf_counter(), time.process_time()
    run_replay(Options(bag, str(file), folder / 'out'), lambda text: None)
    return time.perf_counter() - wall, time.process_time() - cpu


def _row(name: str, seconds: int, spent: list[float]) -> dict[str, Any]:
    return {'what': name, 'speed': round(seconds / median(spent), 1)}


if __name__ == '__main__':
    print(json.dumps(play(Path(sys.argv[1]))))
