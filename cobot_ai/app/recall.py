"""What the cases that resemble a new one were: "most like case 123, labelled jam by shift B"."""

from __future__ import annotations

from collections.abc import Iterable

from cobot_ai.app.ports import LedgerReader
from cobot_ai.core.types import Json, Neighbour

SHIFT = 'shift'
"""Fact of a step that names the shift it was done in, where a cell declares one."""


def alike(reader: LedgerReader, nearest: Iterable[Neighbour]) -> list[Json]:
    """The label that counts now for each neighbour, and where it comes from.

    `shift` is the fact of that name of the old case, null where the cell declares none; only then
    `by` holds the pseudonym of who labelled it: whose shift it was is enough to ask back, and
    nobody is counted or ranked. A label that was withdrawn is null.

    Args:
        reader: The ledger. nearest: Neighbours of the new case, most alike first.
    """
    return [_describe(reader, n) for n in nearest]


def _describe(reader: LedgerReader, neighbour: Neighbour) -> Json:
    entries = reader.of_case(neighbour.case)
    label = next((e for e in reversed(entries) if e.kind == 'label'), None)
    decision = next((e for e in entries if e.kind == 'decision'), None)
    shift = decision.body['facts'].get(SHIFT) if decision else None
    return {
        'case': neighbour.case,
        'similarity': round(neighbour.similarity, 4),
        'label': label.body['label'] if label else None,
        'shift': shift,
        'by': label.body['by'] if label and shift is None else None,
        't_ns': label.t_ns if label else None,
    }
