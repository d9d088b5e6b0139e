"""What one commit of the ledger puts into its table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cobot_ai.app.ports import Draft
from cobot_ai.core.errors import ConflictError
from cobot_ai.store.chain import Tip, canonical, digest, row_hash
from cobot_ai.store.sqlite import DRIVER

HASHED = ('ask', 'review')
"""Kinds whose body carries the hash of the evidence document that was stored with them."""


def prepared(draft: Draft, documents: Mapping[int, str]) -> tuple[Draft, str]:
    """A draft and its body as it is stored; `documents`: case -> canonical evidence document."""
    body = dict(draft.body)
    if draft.kind in HASHED and draft.case in documents:
        body['evidence'] = digest(documents[draft.case])
    return draft, canonical(body)


def rows_of(
    drafts: list[tuple[Draft, str]], t_ns: int, tip: Tip
) -> tuple[list[dict[str, Any]], Tip]:
    """Chained rows of one commit after `tip`, and the new tip.

    Args:
        drafts: Of `prepared`. t_ns: Stamp clock, nanoseconds. tip: Of the newest entry.
    """
    rows: list[dict[str, Any]] = []
    for draft, body in drafts:
        row: dict[str, Any] = {
            'seq': tip.seq + 1,
            't_ns': int(t_ns),
            'kind': draft.kind,
            'case_id': draft.case,
            'key': draft.key or None,
            'body': body,
            'prev': tip.hash,
        }
        row['hash'] = row_hash(row)
        tip = Tip(tip.seq + 1, row['hash'])
        rows.append(row)
    return rows, tip


def conflict(error: Exception) -> ConflictError | None:
    """What may happen only once was tried again; None when the error says something else."""
    text = str(error) if isinstance(error, DRIVER.IntegrityError) else ''
    if 'entries.key' in text:
        return ConflictError('This key was used before; read its entry instead of writing again.')
    if 'entries.case_id' in text:
        return ConflictError('This case already has its one resolution; keep it as a conflict.')
    return None
