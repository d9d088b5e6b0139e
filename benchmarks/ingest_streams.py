"""Benchmarks 1 and 4: CPU and losses of ingest, against the tutorial node, and at 12 kHz."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from statistics import median
from typing import Any

from ingest_monitor_process import monitor
from ingest_setup import BASE, BLOCK_SAMPLES, busy, cell_document, cpu_s, start_publisher

Streams = Sequence[tuple[str, float]]
LEAD_S = 1.0
"""Start and end of a run that the CPU time is not taken over."""
Row = dict[str, Any]
_Node = Callable[[Streams], Any]


class _Ours:
    def __init__(self, watched: Any) -> None:
        self.pid, self._watched = watched.pid, watched

    def got(self) -> dict[str, int]:
        return {n: c['received'] for n, c in self._watched.settled_counts().items()}

    def lost(self) -> int:
        """By the publishers' sequence numbers."""
        return sum(c['lost'] for c in self._watched.state['streams'].values())


class _Tutorial:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.pid, self._process = process.pid, process

    def got(self) -> dict[str, int]:
        self._process.send_signal(signal.SIGINT)
        return dict(json.loads(self._process.communicate(timeout=30)[0]))

    def lost(self) -> int:
        return 0


@contextmanager
def ours(streams: Streams) -> Iterator[_Ours]:
    """The product's monitor."""
    with monitor(cell_document(streams)) as watched:
        yield _Ours(watched)


@contextmanager
def tutorial(streams: Streams) -> Iterator[_Tutorial]:
    """The peer."""
    command = [sys.executable, str(Path(__file__).with_name('ingest_tutorial_node.py'))]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield _Tutorial(process)
    finally:
        process.kill()
        process.wait()


def run(node: _Node, streams: Streams, seconds: float, jobs: int = 0) -> Row:
    """One run: CPU microseconds per message handled, and how many sent were never handled."""
    with node(streams) as subject, busy(jobs) if jobs else nullcontext():
        publisher = start_publisher(streams, seconds)
        if publisher.stdout is not None:
            publisher.stdout.readline()
        time.sleep(LEAD_S)
        t0, c0 = time.monotonic(), cpu_s(subject.pid)
        time.sleep(seconds - 2 * LEAD_S)
        window_s, used_s = time.monotonic() - t0, cpu_s(subject.pid) - c0
        sent = json.loads(publisher.communicate(timeout=seconds + 60)[0])
        got = subject.got()
        per_second = sum(sent.values()) / seconds
        handled = sum(got[name] for name in sent) / seconds
        return {
            'us': 1e6 * used_s / (max(1.0, handled) * window_s),
            'core': used_s / window_s,
            'sent': sum(sent.values()),
            'lost': sum(sent.values()) - sum(got[name] for name in sent),
            'lost_by_numbers': subject.lost(),
            'hz': per_second,
        }


def ingest(seconds: float, runs: int) -> dict[str, Any]:
    """Js 500 + wrench 500 + accel 2000 Hz, once, twice and three times as fast."""
    rows = []
    for factor, jobs, times in ((1, 0, runs), (2, 0, 1), (3, 2, min(2, runs))):
        streams = [(name, hz * factor) for name, hz in BASE]
        for name, node in (('ours', ours), ('tutorial', tutorial)):
            alone = factor == 3 and node is tutorial  # it loses thousands; once is enough
            found = [run(node, streams, seconds, jobs) for _ in range(1 if alone else times)]
            row = {k: round(median(f[k] for f in found), 3) for k in ('us', 'core', 'hz')}
            row |= {k: sum(f[k] for f in found) for k in ('sent', 'lost', 'lost_by_numbers')}
            rows.append({'node': name, 'load': f'x{factor}', 'busy_jobs': jobs, **row})
            print('ingest', rows[-1], flush=True)
    at = {(r['node'], r['load']): r for r in rows}
    return {
        'cpu_ratio': round(at['ours', 'x1']['us'] / at['tutorial', 'x1']['us'], 4),
        'lost_x3_busy': max(at['ours', 'x3']['lost'], at['ours', 'x3']['lost_by_numbers']),
        'rows': rows,
    }


def burst(seconds: float) -> dict[str, Any]:
    """12 000 messages a second, and the same samples as 100 blocks a second."""
    rows = {}
    blocks_hz = 12_000 / BLOCK_SAMPLES
    for name, streams, long_s in (
        ('messages', [('accel', 12_000.0)], seconds),
        ('blocks', [('blocks', blocks_hz)], max(6.0, seconds / 5)),
    ):
        rows[name] = {k: round(v, 3) for k, v in run(ours, streams, long_s).items()}
        print('burst', name, rows[name], flush=True)
    return rows
