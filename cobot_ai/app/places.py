"""Where cases belong: context, split group and window, as the ledger says."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

import numpy as np

from cobot_ai.app.ports import Entry
from cobot_ai.core.steps import group_key


@dataclass(frozen=True, slots=True)
class Where:
    """Where a case belongs.

    Attributes:
        context: Its key. group: Its split group. start_ns, end_ns: Its window.
        imported: It comes from a recording that was dropped. alike: Its window is of the kind
            that is judged now (`core.form.alike`).
    """

    context: str
    group: str
    start_ns: int
    end_ns: int
    imported: bool
    alike: bool = True


class Spans:
    """Every case and its window, in as little memory as it takes: a cell runs for years."""

    def __init__(self) -> None:
        self._cases, self._starts, self._ends = array('q'), array('q'), array('q')

    def add(self, case: int, start_ns: int, end_ns: int) -> None:
        """One more case."""
        for column, value in zip(self._columns, (case, start_ns, end_ns), strict=True):
            column.append(value)

    def case(self, start_ns: int, end_ns: int) -> int | None:
        """The first case that has just this window, None if there is none."""
        _, starts, ends = map(np.asarray, self._columns)
        found = np.flatnonzero((starts == start_ns) & (ends == end_ns))
        return self._cases[found[0]] if len(found) else None

    @property
    def _columns(self) -> tuple[array[int], array[int], array[int]]:
        return self._cases, self._starts, self._ends


def places(entry: Entry) -> bool:
    """Whether an entry says where a case belongs."""
    return entry.kind == 'decision' or (entry.kind == 'import' and bool(entry.body['ok']))


def where(entry: Entry, keys: tuple[str, ...] = (), alike: bool = True) -> Where:
    """What such an entry says.

    Args:
        entry: Says where a case belongs. keys: Names of the group facts as they are declared now;
            a group that was declared later holds for the cases from before, whose facts are kept.
        alike: See `Where`.
    """
    body, imported = entry.body, entry.kind == 'import'
    span = body['start_ns'], body['end_ns']
    group = group_key(body.get('facts', {}), keys, body['group'])
    return Where(body['context'], group, *span, imported, alike)
