"""`cobot_ai demo`: the simulated cell, the service and the page together."""

from __future__ import annotations

import json
import os
import socket
import tempfile
import threading
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import yaml

from cobot_ai.app.report import Run, all_entries, read_run
from cobot_ai.cli.auto_operator import AutoOperator, Habits, Truths
from cobot_ai.cli.supervise import NODES, Child, Supervisor, need_port, node_command
from cobot_ai.core.errors import ConfigError
from cobot_ai.core.types import Json
from cobot_ai.store.cellfile import find_cell
from cobot_ai.store.folder import CellFolder
from cobot_ai.store.ledger import LedgerFile

SPAN = 50
"""Steps at the begin and at the end whose questions are compared."""
FAST_STALL_S = 5.0
"""As fast as possible, a stall of a third of a second holds five seconds of sensor data."""
FAST_SETTLE_S = 3.0
"""Faster than real time, samples may come long after the step's end on the clock of people."""
FAST_UNDO_S = 0.2
"""Undo window of an unattended run; people get the one of the cell file."""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What `cobot_ai demo` was asked to do.

    Attributes:
        steps: Steps to do, 0: until stopped. auto: A scripted operator answers.
        headless: Do not open a browser. speed: Simulated seconds per second, 0: no limit.
        port: Port of the page, 0: a free one. seed: Seed of simulation and operator.
        data_dir: The cell's folder, '' for a temporary one. json: File for the figures.
        habits: How the scripted operator works.
    """

    steps: int = 0
    auto: bool = False
    headless: bool = False
    speed: float = 1.0
    port: int = 8080
    seed: int = 0
    data_dir: str = ''
    json: Path | None = None
    habits: Habits = field(default_factory=Habits)


def run_demo(options: DemoOptions, say: Callable[[str], None]) -> int:
    """Run until the steps are done or a signal comes, then print the summary.

    Raises:
        ConfigError: A part of the installation is missing.
    """
    _check_installed()
    _isolate()
    root = Path(options.data_dir or tempfile.mkdtemp(prefix='cobot_ai_demo_'))
    folder = CellFolder(root).create()
    if folder.ledger.exists():
        raise ConfigError(f'{root} holds an earlier run; give another --data-dir.')
    truth = root / 'truth.jsonl'
    port = options.port or _free_port()
    need_port('127.0.0.1', port, '--port')
    url = f'http://127.0.0.1:{port}'
    say(f'The page: {url}/')
    say(f'What the demo writes: {root}')
    operator = _operator(url, truth, options)
    _run(_children(options, root, truth, port), url, options, say)
    if operator is not None:
        operator.close()
    figures = summarise(folder, truth)
    say(text(figures))
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=1) + '\n', encoding='utf-8')
    return 0


def _run(children: list[Child], url: str, options: DemoOptions, say: Callable[[str], None]) -> None:
    supervisor = Supervisor(children, say)
    supervisor.handle_signals()
    simulation = next(c for c in children if c.name == 'sim')
    if not options.headless:
        opener = threading.Timer(3.0, open_page, (url, say))
        opener.daemon = True
        opener.start()
    supervisor.run(until=lambda: simulation.done)


def open_page(url: str, say: Callable[[str], None]) -> None:
    """Open a browser, or say what to do on a machine that shows none."""
    if not webbrowser.open(url):
        say(f'No browser opened here. Open {url}/ on this machine yourself.')


def _operator(url: str, truth: Path, options: DemoOptions) -> AutoOperator | None:
    if not options.auto:
        return None
    operator = AutoOperator(url, Truths(truth), options.habits)
    threading.Thread(target=operator.run, daemon=True).start()
    return operator


def _check_installed() -> None:
    for module, extra in (('rclpy', 'ros'), ('mujoco', 'sim')):
        if find_spec(module) is None:
            raise ConfigError(
                f'The demo needs {module}, which is not installed: pip install "cobot_ai[{extra}]" '
                '(or source a ROS 2 distribution for rclpy).'
            )


def _isolate() -> None:
    """Keep the demo to this machine and away from other graphs on it."""
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    os.environ.setdefault('ROS_DOMAIN_ID', str(1 + os.getpid() % 100))


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return int(s.getsockname()[1])


def _cell_file(options: DemoOptions, root: Path) -> Path:
    """The shipped demo cell, with waits that fit an unattended or a faster run."""
    document = yaml.safe_load(find_cell('demo').read_text(encoding='utf-8'))
    if options.auto:
        document['question']['undo_s'] = FAST_UNDO_S
    if options.speed != 1.0:
        document['step']['settle_s'] = FAST_SETTLE_S
    file = root / 'demo.yaml'
    file.write_text(yaml.safe_dump(document, allow_unicode=True), encoding='utf-8')
    return file


def _children(options: DemoOptions, root: Path, truth: Path, port: int) -> list[Child]:
    common = {
        'cell': str(_cell_file(options, root)),
        'data_dir': str(root),
        'use_sim_time': True,
    }
    stall_s = 1.0 if options.speed == 1.0 else FAST_STALL_S
    own: dict[str, dict[str, object]] = {
        'monitor': {**common, 'shadow': False, 'stall_s': stall_s},
        'console': {**common, 'web_port': port},
        'trainer': common,
    }
    sim = {
        'seed': options.seed,
        'steps': options.steps,
        'speed': float(options.speed),
        'truth_file': str(truth),
        'stall_s': stall_s,
    }
    children = [Child(n, node_command(n, own[n])) for n in NODES]
    return [*children, Child('sim', node_command('sim', sim), once=True)]


def summarise(folder: CellFolder, truth: Path) -> Json:
    """The figures of a demo run, against the physical truth."""
    known = Truths(truth).all()
    run = _read(folder, known)
    rows = list(run.cases.values())
    promoted = sum(m['why'] != 'rollback' for m in run.models)
    return {
        'steps': len(rows),
        'acted': sum(r.acted for r in rows),
        'asked': sum(not r.acted for r in rows),
        'asked_first_50': sum(not r.acted for r in rows[:SPAN]),
        'asked_last_50': sum(not r.acted for r in rows[-SPAN:]),
        'expired': sum(r.outcome == 'expired' for r in rows),
        'wrong_alone': sum(r.wrong_alone for r in rows),
        'promoted': promoted,
        'refused': run.refused,
        'faults': run.faults,
    }


def _read(folder: CellFolder, known: dict[str, str]) -> Run:
    written = folder.ledger.exists()
    entries = all_entries(LedgerFile.reader(folder.ledger)) if written else []
    return read_run(entries, lambda body: known.get(body['facts'].get('part_id', '')))


def text(figures: Json) -> str:
    """The summary for people."""
    spans = f' (first {SPAN}: {figures["asked_first_50"]}, last {SPAN}: {figures["asked_last_50"]})'
    return (
        f'steps {figures["steps"]}: acted {figures["acted"]}, asked {figures["asked"]}'
        f'{spans if figures["steps"] > SPAN else ""}, '
        f'expired {figures["expired"]}, wrong alone {figures["wrong_alone"]}, '
        f'models promoted {figures["promoted"]}'
    )
