"""`cobot_ai backup` and `cobot_ai restore`: a copy of a cell's folder, and putting it back."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from cobot_ai import __version__
from cobot_ai.cli.cell import cell_arguments, folder_of
from cobot_ai.store.backup import make_backup, restore_backup
from cobot_ai.store.cellfile import find_cell, load_cell

Say = Callable[[str], None]
Args = argparse.Namespace


def backup_arguments(p: argparse.ArgumentParser) -> None:
    """Arguments of `backup`."""
    cell_arguments(p)
    p.add_argument('--out', type=Path, required=True, help='folder to make; must not exist')
    p.add_argument(
        '--clips', choices=('all', 'labelled', 'none'), default='all', help='which clips go along'
    )


def run_backup(args: Args, say: Say) -> int:
    """Make a backup and say its head code."""
    spec = load_cell(args.cell)
    facts = {
        'cell': spec.name,
        'cell_digest': spec.digest,
        'version': __version__,
        'made_s': round(time.time()),
    }
    made = make_backup(folder_of(args), find_cell(args.cell), args.out, args.clips, facts)
    say(
        f'{args.out}: {made["entries"]} ledger entries, {len(made["files"])} files, '
        f'head {made["head"]}: intact'
    )
    return 0


def restore_arguments(p: argparse.ArgumentParser) -> None:
    """Arguments of `restore`."""
    p.add_argument('backup', type=Path, help='folder that `cobot_ai backup` made')
    cell_arguments(p)


def run_restore(args: Args, say: Say) -> int:
    """Put a backup in place and say what it holds."""
    spec, folder = load_cell(args.cell), folder_of(args)
    made = restore_backup(args.backup, folder, spec.name)
    if made['cell_digest'] != spec.digest:
        say('The cell file is another one than when the backup was made; it lies in the backup.')
    say(f'{folder.root}: {made["entries"]} ledger entries, head {made["head"]}: intact')
    return 0
