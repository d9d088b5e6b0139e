"""From the robot's question to the tablet and back, over real processes: monitor, console, clients.

Run: `python benchmarks/page.py [--json FILE] [--clients 1,10,100] [--taps 40]`. Each round: the
robot program does a step, the monitor asks, every tablet hears it, one answers. Measured are
- visible: question written by the monitor -> heard by the tablet (the socket, not yet painted);
- painted: the same until the card is in the page of a real Chromium (1 client, where it is there);
- ack: tap -> the monitor's reply, which comes after the commit to disk;
- resolution: tap -> `~/resolution` heard on ROS (no undo time in this cell).
The crowd beside the measuring tablet lives in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import numpy as np
import socketio
import yaml

from cobot_ai.cli.supervise import node_command

CHROMIUM = Path('/usr/bin/chromium')
PORT = 18437
BETWEEN_S = 0.2
"""Between two rounds: the console lets one tablet send five commands a second."""
PATIENCE_S = 60.0
CELL = {
    'name': 'page_bench',
    'streams': [
        {
            'name': 'wrench',
            'topic': 'wrench',
            'type': 'geometry_msgs/msg/WrenchStamped',
            'rate_hz': 100,
            'fields': ['force'],
        }
    ],
    'step': {'topic': 'step', 'samples': 16, 'context': ['operation'], 'settle_s': 0.02},
    'question': {
        'text': {'en': 'Is this step good?'},
        'classes': [
            {'name': 'good', 'action': 'continue', 'nominal': True},
            {'name': 'bad', 'action': 'reject'},
        ],
        'undo_s': 0,
    },
    'budget': {'warn': 0, 'hard': 0},
}
PAINTED = """
window.painted = {};
new MutationObserver(() => {
  const card = document.querySelector('article.card');
  if (card && !(card.dataset.case in window.painted))
    requestAnimationFrame(() => { window.painted[card.dataset.case] ??= Date.now(); });
}).observe(document, {childList: true, subtree: true});
"""


class Robot:
    """The robot program, and an ear on `~/resolution`."""

    def __init__(self) -> None:
        import rclpy  # noqa: PLC0415 - after the environment is set
        from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue  # noqa: PLC0415
        from geometry_msgs.msg import WrenchStamped  # noqa: PLC0415

        from cobot_ai.ros import convert, names  # noqa: PLC0415

        rclpy.init()
        self._node = rclpy.create_node('robot')
        self._status, self._pair, self._wrench = DiagnosticStatus, KeyValue, WrenchStamped
        self._to_json = convert.from_array
        self._force = self._node.create_publisher(WrenchStamped, 'wrench', 100)
        self._step = self._node.create_publisher(DiagnosticStatus, 'step', names.STEP_QOS)
        self.resolved: dict[int, float] = {}
        topic = names.of(names.MONITOR, names.RESOLUTION)
        self._node.create_subscription(DiagnosticArray, topic, self._hear, names.DECISION_QOS)
        self._thread = threading.Thread(target=rclpy.spin, args=(self._node,), daemon=True)
        self._thread.start()

    def _hear(self, message: Any) -> None:
        self.resolved[int(self._to_json(message)[1]['case'])] = time.perf_counter()

    def ready(self) -> bool:
        """Whether somebody listens to the steps."""
        return bool(self._step.get_subscription_count() and self._force.get_subscription_count())

    def step(self) -> None:
        """One step of 0.2 s that has just ended."""
        end = time.time_ns()
        self._mark('begin', end - 200_000_000)
        for i in range(20):
            message = self._wrench()
            stamp = end - 200_000_000 + i * 10_000_000
            message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp, 10**9)
            message.wrench.force.z = float(i % 7)
            self._force.publish(message)
        self._mark('end', end)

    def _mark(self, edge: str, t_ns: int) -> None:
        facts = {'operation': 'insert', 'stamp_ns': str(t_ns)}
        values = [self._pair(key=k, value=v) for k, v in facts.items()]
        self._step.publish(self._status(name=edge, values=values))


class Tablet:
    """The tablet that is measured."""

    def __init__(self, url: str) -> None:
        self.heard: dict[int, float] = {}
        self.at: dict[int, float] = {}
        self._news = threading.Condition()
        self._client = socketio.Client()
        self._client.on('entries', self._entries)
        self._client.on('snapshot', lambda _: None)
        self._client.on('pulse', lambda _: None)
        self._client.connect(url, transports=['websocket'])

    def _entries(self, entries: list[dict[str, Any]]) -> None:
        now = time.time_ns()
        with self._news:
            for entry in entries:
                if entry['kind'] == 'ask':
                    self.heard[entry['case']] = (now - entry['t_ns']) / 1e6
                    self.at[entry['case']] = now / 1e6
            self._news.notify_all()

    def next_case(self, after: int) -> int:
        """The next question heard."""
        with self._news:
            if not self._news.wait_for(lambda: max(self.heard, default=0) > after, PATIENCE_S):
                raise SystemExit('No question came; is the machine overloaded?')
        return max(self.heard)

    def answer(self, case: int) -> float:
        """Tap; milliseconds until the reply."""
        begun = time.perf_counter()
        who = {'case': case, 'by': 'Maria', 'tablet': 'bench'}
        body = {'kind': 'answer', 'label': 'good', 'epoch': 0, 'key': f'bench-{case:06d}', **who}
        reply = self._client.call('command', body, timeout=30)
        while reply['status'] == 'pending':  # the same key again is safe
            reply = self._client.call('command', body, timeout=30)
        if reply['status'] != 'accepted':
            raise SystemExit(f'The answer was not accepted: {reply}')
        return (time.perf_counter() - begun) * 1e3

    def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()


def crowd(url: str, size: int, ready: Event, over: Event) -> None:
    """Further tablets that hear everything and say nothing."""
    clients = [socketio.Client() for _ in range(size)]
    for client in clients:
        for event in ('entries', 'snapshot', 'pulse'):
            client.on(event, lambda _: None)
        client.connect(url, transports=['websocket'])
    ready.set()
    over.wait()
    os._exit(0)


@contextmanager
def beside(url: str, size: int) -> Iterator[None]:
    """So many silent tablets."""
    if not size:
        yield
        return
    context = multiprocessing.get_context('spawn')
    ready, over = context.Event(), context.Event()
    process = context.Process(target=crowd, args=(url, size, ready, over))
    process.start()
    if not ready.wait(PATIENCE_S):
        raise SystemExit('The crowd did not connect; is the machine overloaded?')
    try:
        yield
    finally:
        over.set()
        process.join(10)


@contextmanager
def cell(folder: Path) -> Iterator[Robot]:
    """A running monitor and console, and the robot."""
    os.environ.update(
        ROS_DOMAIN_ID=str(1 + os.getpid() % 100),
        ROS_AUTOMATIC_DISCOVERY_RANGE='LOCALHOST',
    )
    file = folder / 'cell.yaml'
    file.write_text(yaml.safe_dump(CELL))
    common = {'cell': str(file), 'data_dir': str(folder / 'data')}
    own: dict[str, dict[str, object]] = {'monitor': {}, 'console': {'web_port': PORT}}
    log = (folder / 'nodes.log').open('wb')
    running = [
        subprocess.Popen(node_command(n, {**common, **v}), stdout=log, stderr=log)
        for n, v in own.items()
    ]
    try:
        robot = Robot()
        until(robot.ready, 'the monitor did not start')
        yield robot
    finally:
        for process in running:
            process.terminate()
        for process in running:
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
        log.close()


def until(what: Callable[[], Any], why: str) -> Any:
    """The first true value."""
    end = time.monotonic() + PATIENCE_S
    while not (found := what()):
        if time.monotonic() > end:
            raise SystemExit(f'{why} within {PATIENCE_S:.0f} s')
        time.sleep(0.02)
    return found


def connect(url: str) -> Tablet:
    """Connect as soon as the console is there."""

    def attempt() -> Tablet | None:
        with suppress(socketio.exceptions.ConnectionError):
            return Tablet(url)
        return None

    tablet: Tablet = until(attempt, 'the console did not start')
    return tablet


def rounds(
    robot: Robot, tablet: Tablet, taps: int, last: int
) -> tuple[dict[str, list[float]], int]:
    """Milliseconds of each round, and the last case."""
    times: dict[str, list[float]] = {'visible': [], 'ack': [], 'resolution': []}
    for _ in range(taps):
        time.sleep(BETWEEN_S)
        robot.step()
        last = tablet.next_case(last)
        begun = time.perf_counter()
        ack = tablet.answer(last)
        case = last
        until(lambda c=case: c in robot.resolved, 'no resolution came')
        times['visible'].append(tablet.heard[case])
        times['ack'].append(ack)
        times['resolution'].append((robot.resolved[case] - begun) * 1e3)
    return times, last


def painted(robot: Robot, tablet: Tablet, url: str, taps: int, last: int) -> list[float]:
    """Milliseconds until the card is painted in a real browser."""
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - optional
    except ImportError:
        return []
    if not CHROMIUM.exists():
        return []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=['--no-sandbox', '--disable-gpu', '--no-first-run']
        )
        page = browser.new_page(viewport={'width': 1280, 'height': 800})
        page.add_init_script(PAINTED)
        page.goto(url)
        page.wait_for_timeout(1500)
        asked: dict[int, float] = {}
        for _ in range(taps):
            robot.step()
            last = tablet.next_case(last)
            asked[last] = tablet.at[last]
            page.locator('body:not(.settling)').wait_for()
            page.locator(f'.card[data-case="{last}"] .answer.good').click(timeout=10_000)
            until(lambda c=last: c in robot.resolved, 'the tap in the browser did not arrive')
        seen = page.evaluate('window.painted')
        browser.close()
    written = {case: asked[case] - tablet.heard[case] for case in asked}
    return [seen[str(case)] - written[case] for case in asked if str(case) in seen]


def figures(values: list[float]) -> dict[str, float]:
    """p50, p95 and p99."""
    found = np.percentile(values, [50, 95, 99])
    return {f'p{p}_ms': round(float(v), 2) for p, v in zip((50, 95, 99), found, strict=True)}


def main() -> int:
    """Measure, print a table, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--json', type=Path)
    parser.add_argument('--clients', default='1,10,100')
    parser.add_argument('--taps', type=int, default=40)
    options = parser.parse_args()
    url = f'http://127.0.0.1:{PORT}'
    rows: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, cell(Path(folder)) as robot:
        tablet, last = connect(url), 0
        _, last = rounds(robot, tablet, 5, last)  # warm
        for count in (int(c) for c in options.clients.split(',')):
            with beside(url, count - 1):
                times, last = rounds(robot, tablet, options.taps, last)
            rows[f'clients_{count}'] = {name: figures(values) for name, values in times.items()}
        if shown := painted(robot, tablet, url, min(options.taps, 20), last):
            rows['browser'] = {'painted': figures(shown)}
        tablet.close()
    for name, parts in rows.items():
        for what, row in parts.items():
            print(f'{name:14s}{what:12s}' + ''.join(f'{k} {v:8.2f}   ' for k, v in row.items()))
    if options.json:
        load = os.getloadavg()[0]
        document = {'schema': 1, 'taps': options.taps, 'load': round(load, 1), **rows}
        options.json.write_text(json.dumps(document, indent=2) + '\n')
    return 0


if __name__ == '__main__':
    sys.exit(main())
