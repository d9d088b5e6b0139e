"""`cobot_ai labels`: list the labels of a cell, or have some forgotten."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

from cobot_ai.cli.versions import console_arguments, send
from cobot_ai.core.errors import ConfigError
from cobot_ai.core.types import Json
from cobot_ai.store.cellfile import load_cell
from cobot_ai.store.folder import cell_folder
from cobot_ai.store.ledger import LedgerFile

Say = Callable[[str], None]
FORGET = 'forget'


def labels_arguments(p: argparse.ArgumentParser) -> None:
    """Arguments of `labels`."""
    p.add_argument(
        'cell', nargs='+', help='cell file, or the name of a shipped one; "forget" before it'
    )
    p.add_argument('--data-dir', default='', help="the cell's folder")
    which = p.add_mutually_exclusive_group()
    which.add_argument('--case', type=int, help='forget: the label of this case')
    which.add_argument('--person', help='forget: every label this person gave')
    p.add_argument('--why', default='', help='forget: the reason, for the record')
    console_arguments(p, required=False)


def run_labels(args: argparse.Namespace, say: Say) -> int:
    """List the labels, one JSON line each, or have some forgotten by a running cell."""
    words = list(args.cell)
    forget = len(words) == 2 and words[0] == FORGET
    if len(words) != 1 and not forget:
        raise ConfigError('Write: cobot_ai labels CELL, or: cobot_ai labels forget CELL.')
    spec = load_cell(words[-1])
    if forget:
        return _forget(args, say)
    folder = cell_folder(args.data_dir, spec.name, Path.home())
    for case, entry in sorted(LedgerFile.reader(folder.ledger).labels().items()):
        body = {key: entry.body[key] for key in ('label', 'by', 'source', 'context')}
        say(json.dumps({'case': case, **body}))
    return 0


def _forget(args: argparse.Namespace, say: Say) -> int:
    if (args.case is None) == (args.person is None) or not args.why or not args.by:
        raise ConfigError('Give --case or --person, and --why and --by for the record.')
    which: Json = {'case': args.case} if args.person is None else {'person': args.person}
    return send({'kind': 'forget', 'why': args.why, **which}, args, say)
