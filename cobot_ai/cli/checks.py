"""`cobot_ai check`, `verify` and `waiting`: what is there, and whether it is whole."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

from cobot_ai.app.report import all_entries
from cobot_ai.app.review import waiting
from cobot_ai.cli.cell import cell_arguments, folder_of
from cobot_ai.core.errors import ModelError
from cobot_ai.core.spec import CellSpec
from cobot_ai.core.suite import Suite
from cobot_ai.store.audit_log import AuditLog
from cobot_ai.store.cellfile import find_cell, load_cell
from cobot_ai.store.ledger import LedgerFile
from cobot_ai.store.registry import ModelFolder
from cobot_ai.store.suitefile import load_suite

Say = Callable[[str], None]
Args = argparse.Namespace


def check_arguments(p: argparse.ArgumentParser) -> None:
    """Arguments of `check`."""
    p.add_argument('cell', help='cell file, or the name of a shipped one')


def run_check(args: Args, say: Say) -> int:
    """Say what a cell file reads."""
    spec = load_cell(args.cell)
    for stream in spec.streams:
        names = ', '.join(c.name for c in stream.channels) or 'still, evidence only'
        say(f'{stream.topic} ({stream.type}, {stream.rate_hz:g} Hz): {names}')
    suite = suite_of(args, spec)
    say(f'gate suite {suite.name} ({suite.digest[:12]})')
    say(f'{spec.name}: {len(spec.channels)} channels x {spec.step.samples} samples, no error')
    return 0


def suite_of(args: Args, spec: CellSpec) -> Suite:
    """The gate suite that a cell file names."""
    return load_suite(spec.model.suite, find_cell(args.cell).parent)


def verify_arguments(p: argparse.ArgumentParser) -> None:
    """Arguments of `verify`."""
    cell_arguments(p)
    p.add_argument('--head', default=None, help='head code printed earlier, to find a cut tail')


def run_verify(args: Args, say: Say) -> int:
    """Check the ledger's chain, the audit log's, and every stored version; 1 where one is not."""
    folder = folder_of(args)
    check = LedgerFile.reader(folder.ledger).verify(args.head)
    say(f'ledger: {check.entries} entries, head {check.code}: {check.why or "intact"}')
    registry = ModelFolder(folder.registry)
    damaged = [d for d in registry.versions() if not _readable(registry, d)]
    say(f'{len(registry.versions())} model versions, {len(damaged)} damaged')
    for digest in damaged:
        say(f'damaged: {digest}')
    audits = [_audit_log(path, say) for path in folder.audits if path.exists()]
    return 0 if check.ok and not damaged and all(audits) else 1


def _audit_log(path: Path, say: Say) -> bool:
    intact = AuditLog(path, time.time).intact()
    verdict = 'intact' if intact else 'a line was changed or taken out after it was written'
    say(f'audit log {path.name}: {verdict}')
    return intact


def _readable(registry: ModelFolder, digest: str) -> bool:
    try:
        registry.get(digest)
    except ModelError:
        return False
    return True


def run_waiting(args: Args, say: Say) -> int:
    """List the cases that wait for a look."""
    for row in waiting(all_entries(LedgerFile.reader(folder_of(args).ledger))):
        say(json.dumps(row))
    return 0
