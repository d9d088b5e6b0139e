"""The hash chain of the ledger: every row names the one before it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cobot_ai.core.errors import StoreError

_CODE = re.compile(r'(\d+)-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})')


@dataclass(frozen=True, slots=True)
class Tip:
    """The newest row: its sequence number (0: empty ledger) and its hash, hex."""

    seq: int
    hash: str

    @property
    def code(self) -> str:
        """Short head code for paper: enough to prove later that no row was cut off or changed."""
        return f'{self.seq}-{self.hash[:4]}-{self.hash[4:8]}-{self.hash[8:12]}'


@dataclass(frozen=True, slots=True)
class ChainCheck:
    """Result of a walk over the chain.

    Attributes:
        entries: Rows that were walked. bad: First bad row, 0 when none.
        why: What is wrong with it, for people. code: Head code now.
    """

    entries: int
    bad: int
    why: str
    code: str

    @property
    def ok(self) -> bool:
        """True when nothing was changed, removed or cut off."""
        return not self.why


def canonical(value: Any) -> str:
    """Canonical JSON text: what is stored and hashed.

    Raises:
        StoreError: The value is no plain JSON (NaN, bytes, broken text ...).
    """
    try:
        text = json.dumps(
            value, sort_keys=True, separators=(',', ':'), ensure_ascii=False, allow_nan=False
        )
        text.encode()
    except (TypeError, ValueError, RecursionError) as e:
        raise StoreError(
            f'This entry is no plain JSON ({e}); nothing was written. Please report this.'
        ) from e
    return text


def digest(text: str) -> str:
    """SHA-256 of a text, hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def genesis(ledger_id: str) -> Tip:
    """What the first row of a ledger builds on."""
    return Tip(0, digest(f'cobot_ai ledger {ledger_id}'))


def row_hash(row: Mapping[str, Any]) -> str:
    """Hash of a row (`seq`, `t_ns`, `kind`, `case_id`, `key`, `body` as stored, `prev`)."""
    parts = [row[name] for name in ('prev', 'seq', 't_ns', 'kind', 'case_id', 'key', 'body')]
    return digest(canonical(parts))


def parse_code(code: str) -> Tip:
    """Read a head code as it was printed.

    Returns:
        A tip whose hash is only the 12 printed digits.

    Raises:
        StoreError: It is no head code.
    """
    match = _CODE.fullmatch(code.strip().lower())
    if match is None:
        raise StoreError(
            f'`{code[:40]}` is no head code; it looks like 1234-ab12-cd34-ef56 '
            '(in shift reports and `start` entries).'
        )
    return Tip(int(match[1]), ''.join(match.groups()[1:]))
