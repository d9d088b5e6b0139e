"""What every section gets, and how it prints its table."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NEEDED = 'needs the recordings; name their folder with --data or COBOT_AI_DATA'


class NoRecordingsError(Exception):
    """What was asked for needs the recordings, and they are not here."""


@dataclass(frozen=True)
class Setup:
    """Settings of a run.

    Attributes:
        recordings: Folder of the recordings, None where there is none. quick: A cut of every
            section. seed: First seed.
        tool: The converter from a recording to a bag, None when there is none.
        plot: Where the figure of the guarantee is drawn, None: not.
    """

    recordings: Path | None
    quick: bool = False
    seed: int = 0
    tool: Path | None = None
    plot: Path | None = None

    @property
    def data(self) -> Path:
        """Folder of the recordings.

        Raises:
            NoRecordingsError: There is none.
        """
        if self.recordings is None:
            raise NoRecordingsError(NEEDED)
        return self.recordings


def table(
    title: str,
    columns: Sequence[str],
    rows: Mapping[str, Sequence[object]],
    bars: Mapping[str, Any] | None = None,
) -> None:
    """Print one table, then the bars with their limits."""
    width = max(map(len, (title, *rows))) + 2
    if rows:
        print(f'\n{title:{width}s}' + ''.join(f'{c:>17s}' for c in columns))
    for name, values in rows.items():
        print(f'{name:{width}s}' + ''.join(f'{_text(v):>17s}' for v in values))
    for name, found in (bars or {}).items():
        mark = 'met' if found['met'] else 'MISSED'
        print(f'  bar {title}, {name}: {_text(found["value"])} ({found["rule"]}) {mark}')
    print(end='', flush=True)


def _text(value: object) -> str:
    if value is None:
        return '-'
    return f'{value:.4g}' if isinstance(value, float) else str(value)


def find_tool() -> Path | None:
    """The converter from a recording to a bag: COBOT_AI_TO_BAG or ../shared/tools."""
    beside = Path(__file__).resolve().parents[2] / 'shared' / 'tools' / 'to_bag.py'
    for place in (os.environ.get('COBOT_AI_TO_BAG', ''), str(beside)):
        if place and Path(place).exists():
            return Path(place)
    return None
