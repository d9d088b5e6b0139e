"""Naming a cell on the command line: its file, and the folder it keeps its things in."""

from __future__ import annotations

import argparse
from pathlib import Path

from cobot_ai.store.cellfile import load_cell
from cobot_ai.store.folder import CellFolder, cell_folder


def cell_arguments(p: argparse.ArgumentParser) -> None:
    """The cell file and `--data-dir`."""
    p.add_argument('cell', help='cell file, or the name of a shipped one')
    p.add_argument('--data-dir', default='', help="the cell's folder")


def folder_of(args: argparse.Namespace) -> CellFolder:
    """The data folder that `cell_arguments` name; it need not exist.

    Raises:
        ConfigError: The cell file cannot be used.
    """
    return cell_folder(args.data_dir, load_cell(args.cell).name, Path.home())
