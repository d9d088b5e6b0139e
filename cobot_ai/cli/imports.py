"""`cobot_ai import`: check labelled recordings, and put them into the drop folder of a cell."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

from cobot_ai.app.imports import Cutter, Item
from cobot_ai.app.intake import taken_before
from cobot_ai.cli.cell import cell_arguments, folder_of
from cobot_ai.cli.replay import full_name
from cobot_ai.core.errors import CobotAiError, ConfigError, DataError
from cobot_ai.core.spec import CellSpec
from cobot_ai.model.backbone import eye_of
from cobot_ai.store.bags import Bag
from cobot_ai.store.cellfile import load_cell
from cobot_ai.store.drop import labelled_item, opened, put_down
from cobot_ai.store.files import write_durably
from cobot_ai.store.folder import CellFolder
from cobot_ai.store.ledger import LedgerFile
from cobot_ai.store.messages import RosbagsDecoder

Say = Callable[[str], None]


def import_arguments(p: argparse.ArgumentParser) -> None:
    """Arguments of `import`."""
    cell_arguments(p)
    p.add_argument('recordings', nargs='+', type=Path, help='.mcap files or rosbag2 folders')
    p.add_argument('--label', default='', help='class of every step of them')
    p.add_argument('--answers', type=Path, help='truth.csv that says what happened when')
    p.add_argument('--namespace', default='', help='namespace of the cell')
    p.add_argument('--check', action='store_true', help='only say what would be taken')


def run_import(args: argparse.Namespace, say: Say) -> int:
    """Check each recording and put down the good ones; exit code 1 where one is refused."""
    if args.label and args.answers:
        raise ConfigError('Give --label or --answers, not both.')
    spec, folder = load_cell(args.cell), folder_of(args)
    refused = 0
    for path in args.recordings:
        try:
            item = _item(path, spec, args)
            counts = _counts(item, spec, folder, args.namespace)
        except (CobotAiError, OSError) as e:
            refused += 1
            say(f'{path}: refused. {e}')
            continue
        say(f'{path}: {", ".join(f"{n} {label}" for label, n in sorted(counts.items()))}')
        if not args.check:
            say(f'put down as {put_down(item, folder.drop)}')
    return 1 if refused else 0


def _item(path: Path, spec: CellSpec, args: argparse.Namespace) -> Item:
    if not path.exists():
        raise DataError('There is no such recording.')
    item = labelled_item(path, spec.question)
    if args.label:
        item = replace(item, label=args.label, beside=None)
    elif args.answers:
        item = replace(item, label='', beside=args.answers)
    if not item.label and item.beside is None:
        raise DataError('It has no label: give --label or --answers.')
    return opened(item)


def _counts(item: Item, spec: CellSpec, folder: CellFolder, namespace: str) -> Counter[str]:
    """Steps of each class that the cell would learn from."""
    if folder.ledger.is_file():
        with closing(LedgerFile.reader(folder.ledger)) as reader:
            if known := taken_before(reader, item.digest):
                raise DataError(known)
    decoder = RosbagsDecoder(eye_of(spec, folder.backbone, write_durably))
    cutter = Cutter(spec, decoder, partial(full_name, namespace=namespace), Bag)
    return Counter(case.label for case in cutter.cases(item))
