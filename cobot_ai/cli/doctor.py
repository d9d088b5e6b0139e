"""`cobot_ai doctor` and `cobot_ai init`: a cell file against what is there, and a first one."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path

import yaml

from cobot_ai.app.doctor import Finding, Level, diagnose
from cobot_ai.app.doctor_motion import diagnose_motion
from cobot_ai.app.doctor_signals import diagnose_signals
from cobot_ai.app.first_cell import assumed, comments, first_cell
from cobot_ai.app.survey import Survey
from cobot_ai.cli.cell import cell_arguments
from cobot_ai.core.errors import ConfigError
from cobot_ai.core.recipe import in_namespace
from cobot_ai.core.spec import CellSpec, Trigger
from cobot_ai.core.types import Json
from cobot_ai.store.bags import Bag
from cobot_ai.store.cellfile import load_cell
from cobot_ai.store.certs import RENEW_DAYS, Certs
from cobot_ai.store.drop import read_answers
from cobot_ai.store.folder import cell_folder
from cobot_ai.store.machine import examine, this_machine
from cobot_ai.store.surveyor import survey_bag
from cobot_ai.store.typestore import define_from, own_definitions

Say = Callable[[str], None]
Args = argparse.Namespace

MONITOR = 'cobot_ai_monitor'
MARKS = {Level.OK: 'ok', Level.HINT: 'hint', Level.WARNING: 'WARNING', Level.ERROR: 'ERROR'}
GRAPH = 'graph'


def doctor_arguments(p: argparse.ArgumentParser) -> None:
    """Arguments of `doctor`."""
    cell_arguments(p)
    p.add_argument('--bag', type=Path, help='look at this bag instead of the live graph')
    p.add_argument('--seconds', type=float, default=5.0, help='how long to listen')
    p.add_argument('--namespace', default='', help='namespace of the cell')
    p.add_argument('--json', type=Path, help='file for the findings')


def run_doctor(args: Args, say: Say) -> int:
    """Print every finding; exit code 1 when one of them is an error."""
    spec = load_cell(args.cell)
    survey = _survey(str(args.bag or GRAPH), args.seconds, '')
    folder = cell_folder(args.data_dir, spec.name, Path.home())
    machine = this_machine(folder.root, time.time())
    built_s = Path(__file__).stat().st_mtime
    found = [
        *diagnose(spec, survey, full_names(spec, args.namespace)),
        *diagnose_signals(spec.step, survey, full_names(spec, args.namespace)),
        *_motion(spec, survey, args.namespace),
        *examine(spec, machine, built_s),
        *certificate(Certs(folder.tls), datetime.now(timezone.utc)),
    ]
    say(f'{spec.name} against {survey.source}, {survey.seconds:.1f} s')
    for finding in found:
        say(_line(finding))
    worst = [sum(f.level is level for f in found) for level in (Level.ERROR, Level.WARNING)]
    say(f'{worst[0]} errors, {worst[1]} warnings')
    if args.json:
        args.json.write_text(json.dumps([asdict(f) for f in found], indent=2) + '\n')
    return 1 if worst[0] else 0


def certificate(certs: Certs, now: datetime) -> list[Finding]:
    """How long the certificate of the page lasts; nothing where it has none."""
    if not certs.ready:
        return []
    about, advice = 'certificate', 'Make it anew: cobot_ai certs CELL --host HOST.'
    try:
        days = certs.days_left(now)
    except (OSError, ValueError):
        return [Finding(Level.ERROR, about, f'{certs.host} cannot be read.', advice)]
    if days < RENEW_DAYS:
        level = Level.WARNING if days > 0 else Level.ERROR
        return [Finding(level, about, f'The page has one for {days:.0f} more days.', advice)]
    return [Finding(Level.OK, about, f'{days:.0f} days left')]


def _line(finding: Finding) -> str:
    advice = f'\n         -> {finding.advice}' if finding.advice else ''
    return f'{MARKS[finding.level]:7}  {finding.about}: {finding.text}{advice}'


def full_names(spec: CellSpec, namespace: str) -> Mapping[str, str]:
    """Topic of the cell file -> full name, as the monitor in this namespace resolves it."""
    topics = [s.topic for s in spec.streams]
    steps = [spec.step.topic] if spec.step.trigger is Trigger.MESSAGE else []
    signals = [edge.topic for edge in spec.step.edges]
    context = [spec.step.context_topic] if spec.step.context_topic else []
    found = (*topics, *steps, *signals, *context)
    return {topic: _full(topic, namespace) for topic in found}


def _full(name: str, namespace: str) -> str:
    root = f'/{namespace.strip("/")}/' if namespace.strip('/') else '/'
    if name.startswith('~/'):
        return f'{root}{MONITOR}/{name[2:]}'
    return name if name.startswith('/') else root + name


def _motion(spec: CellSpec, survey: Survey, namespace: str) -> list[Finding]:
    """Whether the hold recipe can be carried out on this graph."""
    motion, absent = spec.motion, []
    if motion.plan is not None and survey.live:
        from cobot_ai.ros.driver import not_installed  # noqa: PLC0415 - needs ROS 2

        absent = not_installed(motion.plan)

    def full(name: str) -> str:
        return _full(in_namespace(name, motion.namespace), namespace)

    return diagnose_motion(motion, survey, full, absent)


def _survey(source: str, seconds: float, namespace: str) -> Survey:
    if source != GRAPH:
        bag = Bag(Path(source))
        types = {topic: kind for topic, (kind, _) in bag.topics().items()}
        define_from(bag.definitions())
        return survey_bag(source, types, bag.messages())
    if not 0 < seconds <= 3600:
        raise ConfigError('--seconds must be above 0 and at most 3600.')
    try:
        from cobot_ai.ros.graph import survey_graph  # noqa: PLC0415 - needs ROS 2
    except ImportError as e:
        raise ConfigError(
            'No ROS 2 is installed in this Python: give a bag, or '
            "pip install 'cobot_ai[ros]' (docs/install.md)."
        ) from e
    return survey_graph(seconds, namespace)


# ---------------------------------------------------------------- init


def init_arguments(p: argparse.ArgumentParser) -> None:
    """Arguments of `init`."""
    p.add_argument('--from', dest='source', required=True, help='a bag, or "graph"')
    p.add_argument('--out', type=Path, default=Path('cell.yaml'), help='cell file to write')
    p.add_argument('--answers', type=Path, help='truth.csv, for the names of the classes')
    p.add_argument('--name', default='my_cell', help='name of the cell')
    p.add_argument('--seconds', type=float, default=5.0, help='how long to listen')
    p.add_argument('--namespace', default='', help='only topics below this namespace')


def run_init(args: Args, say: Say) -> int:
    """Write a first cell file; never over another one."""
    if args.out.exists():
        raise ConfigError(f'{args.out} exists already; give another file with --out.')
    survey = _survey(args.source, args.seconds, args.namespace)
    truth = read_answers(args.answers) if args.answers else []
    cell = first_cell(survey, args.name, truth)
    own = [own_definitions(stream['type']) for stream in cell['streams']]
    cell |= {'messages': {k: t for texts in own for k, t in texts.items()}} if any(own) else {}
    text = to_yaml(cell, comments(survey, truth))
    try:
        args.out.write_text(text, 'utf-8')
    except OSError as e:
        raise ConfigError(f'{args.out} cannot be written: {e.strerror}.') from e
    spec = load_cell(args.out)
    say(f'{args.out}: {len(spec.streams)} streams, {len(spec.channels)} channels')
    for sentence in (*filter(None, [survey.damage]), *assumed(cell, survey, truth)):
        say(sentence)
    bag = '' if args.source == GRAPH else f' --bag {args.source}'
    say(f'Next: go through the file, then: cobot_ai doctor {args.out}{bag}')
    return 0


def to_yaml(cell: Json, notes: Mapping[str, str]) -> str:
    """A cell as YAML with a comment before each section."""
    parts = []
    for key, value in cell.items():
        note = f'# {notes[key]}\n' if key in notes else ''
        flow = None if isinstance(value, (dict, list)) else False
        text = yaml.safe_dump(
            {key: value}, sort_keys=False, allow_unicode=True, width=96, default_flow_style=flow
        )
        parts.append(note + text)
    return '\n'.join(parts)
