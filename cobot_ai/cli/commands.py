"""The commands: their arguments, and which use case each one calls."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cobot_ai.app.operator import Habits
from cobot_ai.cli.auto_operator import Habits as AutoHabits
from cobot_ai.cli.backup import backup_arguments, restore_arguments, run_backup, run_restore
from cobot_ai.cli.cell import cell_arguments, folder_of
from cobot_ai.cli.checks import (
    check_arguments,
    run_check,
    run_verify,
    run_waiting,
    suite_of,
    verify_arguments,
)
from cobot_ai.cli.demo import DemoOptions, run_demo
from cobot_ai.cli.doctor import doctor_arguments, init_arguments, run_doctor, run_init
from cobot_ai.cli.gates import gates_arguments, run_gates
from cobot_ai.cli.imports import import_arguments, run_import
from cobot_ai.cli.labels import labels_arguments, run_labels
from cobot_ai.cli.people import (
    certs_arguments,
    people_arguments,
    run_certs,
    run_people,
    run_tablets,
    tablets_arguments,
)
from cobot_ai.cli.replay import Options, run_replay
from cobot_ai.cli.supervise import NODES, Child, Supervisor, need_port, need_ros, node_command
from cobot_ai.cli.versions import (
    models_arguments,
    rollback_arguments,
    run_models,
    run_rollback,
    run_swap,
    swap_arguments,
)
from cobot_ai.core.errors import ConfigError
from cobot_ai.store.accounts import Accounts
from cobot_ai.store.cellfile import load_cell
from cobot_ai.store.folder import CellFolder

Say = Callable[[str], None]
Args = argparse.Namespace


@dataclass(frozen=True, slots=True)
class Command:
    """One command of the command line."""

    name: str
    text: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[Args, Say], int]


# ---------------------------------------------------------------- replay


def _replay_arguments(p: argparse.ArgumentParser) -> None:
    p.add_argument('bag', type=Path, help='rosbag2 folder or .mcap file')
    p.add_argument('--cell', required=True, help='cell file, or the name of a shipped one')
    p.add_argument('--answers', type=Path, help='truth.csv of the scripted operator')
    p.add_argument('--speed', default='max', help='bag seconds per second, or "max"')
    p.add_argument('--out', type=Path, required=True, help='folder for report.json and .html')
    p.add_argument('--seed', type=int, default=0, help='seed of the scripted operator')
    p.add_argument('--delay', type=float, default=0.0, help='seconds from question to tap')
    p.add_argument('--error-rate', type=float, default=0.0, help='share of wrong answers')
    p.add_argument(
        '--absent',
        type=_span,
        action='append',
        default=[],
        metavar='START:END',
        help='bag seconds without any answer (may be repeated)',
    )
    p.add_argument('--namespace', default='', help='namespace of the recorded topics')


def _span(text: str) -> tuple[float, float]:
    start, _, end = text.partition(':')
    return float(start), float(end)


def _replay(args: Args, say: Say) -> int:
    _check_habits(args)
    habits = Habits(args.delay, args.error_rate, tuple(args.absent), args.seed)
    options = Options(
        bag=args.bag,
        cell=args.cell,
        out=args.out,
        answers=args.answers,
        speed=_speed(args.speed),
        habits=habits,
        namespace=args.namespace,
        progress=_progress if sys.stderr.isatty() else None,
    )
    run_replay(options, say)
    say(f'report: {args.out / "report.json"}')
    return 0


def _check_habits(args: Args) -> None:
    if args.seed < 0 or not (0.0 <= args.error_rate <= 1.0 and 0.0 <= args.delay < math.inf):
        raise ConfigError(
            '--error-rate must lie between 0 and 1; --delay and --seed must not be negative.'
        )


def _progress(line: str) -> None:
    """On a terminal only: a log or a file has no use for it."""
    sys.stderr.write(f'{line}\n')


def _speed(text: str) -> float | None:
    try:
        speed = None if text == 'max' else float(text)
    except ValueError:
        speed = 0.0
    if speed is not None and not 0 < speed < math.inf:
        raise ConfigError(f'--speed takes "max" or a number above 0, not {text}.')
    return speed


# ---------------------------------------------------------------- run


def _run_arguments(p: argparse.ArgumentParser) -> None:
    cell_arguments(p)
    p.add_argument('--namespace', default='', help='namespace of the cell')
    p.add_argument('--enable-hold', action='store_true', help='call the hold/resume services')
    p.add_argument('--web-host', default='127.0.0.1', help='address of the page')
    p.add_argument('--web-port', type=int, default=8080, help='port of the page')
    p.add_argument('--use-sim-time', action='store_true', help='follow /clock')


def _run(args: Args, say: Say) -> int:
    # What is broken is told once and here, not again and again by three processes.
    need_ros()
    commands = cell_commands(args)
    folder = folder_of(args).create()
    _check_page(args, folder)
    suite_of(args, load_cell(args.cell))
    mode = 'holds and resumes' if args.enable_hold else 'shadow: advises only'
    with folder.claimed():
        say(f'cell {load_cell(args.cell).name} ({mode})    data: {folder.root}')
        supervisor = Supervisor([Child(n, c) for n, c in commands], say)
        supervisor.handle_signals()
        supervisor.run()
    return 0


def _check_page(args: Args, folder: CellFolder) -> None:
    _check_port(args.web_port)
    local = args.web_host in ('127.0.0.1', 'localhost', '::1')
    if not local and not Accounts(folder.accounts).people():
        raise ConfigError(
            'Beyond loopback the page needs a login, and nobody may log in yet: run '
            f'"cobot_ai people {args.cell} --add NAME --role admin" first (with the same '
            '--data-dir).'
        )
    need_port(args.web_host, args.web_port, '--web-port')


def _check_port(port: int) -> None:
    if not 0 <= port <= 65535:
        raise ConfigError(f'{port} is no port; give 0 (any free one) to 65535.')


def cell_commands(args: Args) -> list[tuple[str, list[str]]]:
    """Command line of each of the three processes."""
    common = {'cell': args.cell, 'data_dir': args.data_dir}
    if args.use_sim_time:
        common['use_sim_time'] = True
    own: dict[str, dict[str, object]] = {
        'monitor': {'shadow': not args.enable_hold},
        'console': {'web_host': args.web_host, 'web_port': args.web_port},
        'trainer': {},
    }
    return [(n, node_command(n, {**common, **own[n]}, args.namespace)) for n in NODES]


# ---------------------------------------------------------------- demo


def _demo_arguments(p: argparse.ArgumentParser) -> None:
    p.add_argument('--operator', choices=('person', 'auto'), default='person')
    p.add_argument('--steps', type=int, default=0, help='steps to do; 0: until stopped')
    p.add_argument('--headless', action='store_true', help='do not open a browser')
    p.add_argument('--speed', help='simulated seconds per second, or "max"')
    p.add_argument('--port', type=int, default=8080, help='port of the page; 0: a free one')
    p.add_argument('--seed', type=int, default=0, help='seed of simulation and operator')
    p.add_argument('--delay', type=float, default=0.1, help='auto: seconds from question to tap')
    p.add_argument('--error-rate', type=float, default=0.01, help='auto: share of wrong answers')
    p.add_argument('--data-dir', default='', help='folder of the run; a temporary one if not given')
    p.add_argument('--json', type=Path, help='file for the figures')


def _demo(args: Args, say: Say) -> int:
    _check_habits(args)
    if args.steps < 0:
        raise ConfigError('--steps must not be negative.')
    _check_port(args.port)
    if args.json is not None and not args.json.absolute().parent.is_dir():
        raise ConfigError(f'The folder of --json {args.json} does not exist; make it first.')
    auto = args.operator == 'auto'
    speed = args.speed or ('max' if auto and args.headless else '1')
    options = DemoOptions(
        steps=args.steps,
        auto=auto,
        headless=args.headless,
        speed=_speed(speed) or 0.0,
        port=args.port,
        seed=args.seed,
        data_dir=args.data_dir,
        json=args.json,
        habits=AutoHabits(args.delay, args.error_rate, args.seed),
    )
    return run_demo(options, say)


COMMANDS = (
    Command('demo', 'A simulated cell, the service and the page.', _demo_arguments, _demo),
    Command('run', 'Start a cell: monitor, console and trainer.', _run_arguments, _run),
    Command('replay', 'Replay a bag through the whole loop.', _replay_arguments, _replay),
    Command(
        'init', 'Write a first cell file from a bag or the live graph.', init_arguments, run_init
    ),
    Command('doctor', 'Hold a cell file against what is there.', doctor_arguments, run_doctor),
    Command('check', 'Check a cell file and say what it reads.', check_arguments, run_check),
    Command('gates', 'Put a model through a gate suite.', gates_arguments, run_gates),
    Command(
        'verify', 'Check the ledger, the audit log and every model.', verify_arguments, run_verify
    ),
    Command('models', 'Model versions, and what ran when.', models_arguments, run_models),
    Command('swap', 'Plan a swap of the model.', swap_arguments, run_swap),
    Command('rollback', 'Make the version before live again.', rollback_arguments, run_rollback),
    Command('labels', 'List the labels of a cell, or forget some.', labels_arguments, run_labels),
    Command(
        'waiting',
        'List the cases that wait for a look, one JSON line each.',
        cell_arguments,
        run_waiting,
    ),
    Command(
        'import',
        'Have a cell learn from labelled recordings.',
        import_arguments,
        run_import,
    ),
    Command('backup', 'Copy the folder of a cell while it runs.', backup_arguments, run_backup),
    Command('restore', 'Put a backup in place.', restore_arguments, run_restore),
    Command('people', 'Who may log in to the page.', people_arguments, run_people),
    Command('tablets', 'Which tablets operators may use.', tablets_arguments, run_tablets),
    Command('certs', 'Certificates for the page over TLS.', certs_arguments, run_certs),
)
