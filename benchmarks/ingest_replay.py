"""Benchmark 5: replay of a 3 kHz bag without DDS and through DDS, with the same windows."""

from __future__ import annotations

import hashlib
import json
import os
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
PROFILE = Path(__file__).parents[1] / 'config/dds/fastdds_large_data.xml'
"""For very fast streams (docs/operations.md): the default queue of shared memory overflows."""


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


class Digest:
    """SHA-256 over every window: where it lies, its values and what was missing."""

    def __init__(self) -> None:
        self._sum, self.windows = hashlib.sha256(), 0

    def take(self, cuts: list[Cut]) -> None:
        """Add windows."""
        for one in cuts:
            window = one.window
            self._sum.update(f'{one.span} {window.notes}'.encode())
            self._sum.update(window.values.tobytes() + window.mask.tobytes())
            self.windows += 1

    def text(self) -> str:
        """Of all windows so far."""
        return self._sum.hexdigest()


def resolve(name: str) -> str:
    """Full topic name."""
    return '/' + name


def direct(bag: Path, batch_ns: int = 100_000_000) -> tuple[float, str]:
    """Bag to windows in this process; seconds and digest."""
    observer, digest = Observer(parse_cell(cell()), RosbagsDecoder(), resolve), Digest()
    begun = time.perf_counter()
    for batches in Bag(bag).batches(batch_ns):
        for batch in batches:
            observer.take_batch(batch, batch.t_ns[-1])
        digest.take(observer.ready(max(batch.t_ns[-1] for batch in batches)))
    digest.take(observer.ready(2**62))
    return time.perf_counter() - begun, digest.text()


def through_dds(bag: Path) -> tuple[float, str, int]:
    """The same through DDS, in two processes of their own. Seconds, digest, losses."""
    profile = {'FASTDDS_DEFAULT_PROFILES_FILE': str(PROFILE)}
    file = bag.with_name('dds.yaml')
    file.write_text(yaml.safe_dump(cell()))
    command = [sys.executable, str(Path(__file__).with_name('ingest_replay_dds.py'))]
    found = subprocess.run(
        [*command, str(bag), str(file)],
        env=os.environ | profile,
        stdout=subprocess.PIPE,
        check=True,
    )
    seconds, digest, lost = json.loads(found.stdout)
    return seconds, digest, lost


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
