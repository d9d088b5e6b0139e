"""`cobot_ai models`, `swap` and `rollback`: what ran when, and what shall run."""

from __future__ import annotations

import argparse
import json
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path

from cobot_ai.app import history
from cobot_ai.app.history import Span
from cobot_ai.app.ports import LedgerReader
from cobot_ai.cli.cell import cell_arguments
from cobot_ai.core.calendar import local, when, zone_of
from cobot_ai.core.errors import CobotAiError, ConfigError, DataError, StoreError
from cobot_ai.core.spec import CellSpec
from cobot_ai.core.types import Json
from cobot_ai.store.cellfile import load_cell
from cobot_ai.store.files import write_durably
from cobot_ai.store.folder import CellFolder, cell_folder
from cobot_ai.store.ledger import LedgerFile
from cobot_ai.store.registry import ModelFolder

Say = Callable[[str], None]
TIMEOUT_S = 15.0
AGAIN = 2
"""How often a command that got no answer is sent again, under its key."""


def models_arguments(p: argparse.ArgumentParser) -> None:
    """Arguments of `models`."""
    cell_arguments(p)
    one = p.add_mutually_exclusive_group()
    one.add_argument('--history', action='store_true', help='what ran when')
    one.add_argument('--at', metavar='TIME', help='what was live at a moment: 14:00 or a date')
    one.add_argument('--show', metavar='VERSION', help='a manifest with its approvals, as JSON')
    one.add_argument('--export', metavar='VERSION', help='write a version into a file')
    p.add_argument('--out', type=Path, default=Path('model.onnx'), help='file of --export')


def swap_arguments(p: argparse.ArgumentParser) -> None:
    """Arguments of `swap`."""
    cell_arguments(p)
    p.add_argument('--at', default='break', help='break, now, 14:00, or a date with time')
    p.add_argument('--model', help='version; default: the newest that passed')
    p.add_argument('--cancel', action='store_true', help='drop the planned swap')
    console_arguments(p)


def rollback_arguments(p: argparse.ArgumentParser) -> None:
    """Arguments of `rollback`."""
    p.add_argument('cell', help='cell file, or the name of a shipped one')
    console_arguments(p)


def console_arguments(p: argparse.ArgumentParser, required: bool = True) -> None:
    """Arguments of commands that a running cell carries out."""
    p.add_argument('--by', required=required, help='your name, for the record')
    p.add_argument('--url', default='http://127.0.0.1:8080', help='address of the console')


def run_models(args: argparse.Namespace, say: Say) -> int:
    """List the versions of a cell, or answer one question about them."""
    spec = load_cell(args.cell)
    folder = cell_folder(args.data_dir, spec.name, Path.home())
    registry = ModelFolder(folder.registry)
    if args.show:
        digest = registry.find(args.show)
        doc = registry.get(digest)[1].to_json()
        found = history.approvals(history.changes(_reader(folder)), digest)
        say(json.dumps({'model': digest, **doc, 'approvals': found}, indent=1, allow_nan=False))
    elif args.export:
        _export(registry, args.export, args.out, say)
    elif args.history or args.at:
        return _history(spec, _reader(folder), args.at, say)
    else:
        _list(registry, say)
        if not registry.versions():
            say(f'no model version in {folder.registry} yet')
    return 0


def _reader(folder: CellFolder) -> LedgerReader:
    return LedgerFile.reader(folder.ledger)


def _list(registry: ModelFolder, say: Say) -> None:
    live = registry.current()
    for digest in registry.versions():
        manifest = registry.get(digest)[1]
        gates = manifest.gates
        verdict = 'passed' if gates.passed else 'refused: ' + ', '.join(gates.failed)
        count = sum(manifest.labels.values())
        say(f'{digest[:12]}  {count:5d} labels  {verdict}  {"live" if digest == live else ""}')


def _history(spec: CellSpec, reader: LedgerReader, at: str | None, say: Say) -> int:
    zone = zone_of(spec.timezone)
    spans = history.spans(history.changes(reader))
    if at is not None:
        t_ns = when(at, time.time_ns(), zone, past=True)
        found = history.live_at(spans, t_ns)
        if found is None:
            say(f'no version was live at {local(t_ns, zone):%F %T %Z}')
            return 1
        spans = [found]
    for span in spans:
        say(_line(span, spec))
    return 0


def _line(span: Span, spec: CellSpec) -> str:
    zone = zone_of(spec.timezone)
    begin = f'{local(span.from_ns, zone):%F %T}'
    end = f'{local(span.to_ns, zone):%F %T %Z}' if span.to_ns is not None else 'now'
    return f'{begin}  to  {end:24} {span.model[:12]}  {span.why:10} by {span.by}'


def _export(registry: ModelFolder, name: str, out: Path, say: Say) -> None:
    if out.suffix != '.onnx' or not out.absolute().parent.is_dir():
        raise ConfigError(f'--out {out} must be an .onnx file in a folder that exists.')
    blob, manifest = registry.get(registry.find(name))
    write_durably(out, blob)
    write_durably(out.with_suffix('.json'), manifest.canonical())
    say(f'{out} and {out.with_suffix(".json")}')


def run_swap(args: argparse.Namespace, say: Say) -> int:
    """Plan a swap of a running cell, or drop the plan."""
    spec = load_cell(args.cell)
    if args.cancel:
        return send({'kind': 'unschedule'}, args, say)
    model = None
    if args.model:
        folder = cell_folder(args.data_dir, spec.name, Path.home())
        model = ModelFolder(folder.registry).find(args.model)
    if args.at == 'now' and model is not None:
        return send({'kind': 'promote', 'model': model}, args, say)
    if args.at == 'now':
        raise DataError('Say which version shall go live now: give --model.')
    command: Json = {'kind': 'schedule', 'at': args.at}
    return send(command | ({'model': model} if model else {}), args, say)


def run_rollback(args: argparse.Namespace, say: Say) -> int:
    """Make the version before live again in a running cell."""
    load_cell(args.cell)
    return send({'kind': 'rollback'}, args, say)


def send(command: Json, args: argparse.Namespace, say: Say) -> int:
    """Send a command to the cell's console, as the page does.

    Raises:
        CobotAiError: Nobody answered, or it was refused.
    """
    body = {**command, 'key': f'cli-{uuid.uuid4().hex}', 'by': args.by, 'tablet': 'cli'}
    if args.url.startswith('https://'):
        raise ConfigError(
            'A console with https wants a login, which this command has not: use the page, or what '
            'docs/reference.md names beside this command.'
        )
    if not args.url.startswith('http://'):
        raise ConfigError('--url must begin with http://.')
    try:
        request = urllib.request.Request(  # noqa: S310 - checked above
            f'{args.url.rstrip("/")}/api/command',
            json.dumps(body).encode(),
            {'Content-Type': 'application/json'},
        )
    except ValueError as e:
        raise ConfigError(f'--url {args.url} is no address ({e}).') from e
    reply = _post(request, args.url)
    for _ in range(AGAIN):  # the same key: it is carried out once, however often it is sent
        if reply.get('status') not in ('pending', 'busy'):
            break
        reply = _post(request, args.url)
    if reply.get('status') == 'pending':
        raise CobotAiError(
            'The cell has not answered: whether it was carried out is not known. Look at the page, '
            'or "cobot_ai models CELL --history", before you send it again.'
        )
    if not reply.get('ok'):
        why = reply.get('said') or reply.get('reason') or reply.get('error') or 'no reason given'
        raise CobotAiError(f'The cell refused: {str(why).rstrip(".")}.')
    say(f'done, ledger entry {reply["seq"]}')
    return 0


def _post(request: urllib.request.Request, url: str) -> Json:
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310  # nosec B310
            return _document(answer.read(), url)
    except urllib.error.HTTPError as e:
        if e.code == 401:
            raise CobotAiError(
                f'The console at {url} wants a login, which this command has not: use the page, or '
                'what docs/reference.md names beside this command.'
            ) from e
        return _document(e.read(), url)
    except TimeoutError:  # it was sent, and may have been carried out
        return {'status': 'pending'}
    except (OSError, ValueError, HTTPException) as e:
        raise StoreError(
            f'No console answers at {url} ({e}); start the cell, or give its address with --url.'
        ) from e


def _document(answer: bytes, url: str) -> Json:
    try:
        document = json.loads(answer)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise StoreError(f'What answers at {url} is no console of cobot_ai; check --url.')
    return document
