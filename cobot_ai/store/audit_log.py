"""Who was refused and who changed accounts: one JSON line each, in the console's own folder.

The ledger has one writer, the monitor, and must not be filled by whoever knocks at the page. So
the console keeps this file: chained by hash like the rows of the ledger, and bounded.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from cobot_ai.core.types import Json
from cobot_ai.store.files import locked

MAX_BYTES = 8 * 2**20
"""Size at which the file becomes `audit.1.jsonl` and a new one begins, bytes."""
REPEAT_S = 60.0
"""The same thing within this time is counted, not written again, seconds."""
MAX_TEXT = 200
REMEMBERED = 1000
MOST_LINES = 30
"""Different lines of one kind from one address within `REPEAT_S`; the rest is one line, counted."""
FLOOD = 'flood'

Facts = dict[str, str]


@dataclass(slots=True)
class _Repeated:
    """A line that was written, and how often the same came again since."""

    at: float
    facts: Facts
    count: int = 0


class AuditLog:
    """Appends lines; safe from several threads and from several consoles.

    Args:
        path: The file. wall_s: Wall clock, seconds.
    """

    def __init__(self, path: Path, wall_s: Callable[[], float]) -> None:
        self._path, self._wall_s = path, wall_s
        self._lock = threading.Lock()
        self._recent: dict[tuple[str, ...], _Repeated] = {}
        self._lines_of: dict[tuple[str, str], int] = {}
        self._whole, self._lost = True, 0
        self._tip = self._last_hash()
        self._end = self._state()

    def note(
        self, what: str, who: str = '', tablet: str = '', address: str = '', **more: str
    ) -> None:
        """Write down one event; the next line says how many a disk refused (`lost`).

        Args:
            what: What happened, a key such as `wrong_pin`.
            who: Name of the person, as far as known. tablet: Enrolled tablet.
            address: Network address. more: Further facts.
        """
        facts = {'what': what, 'who': who, 'tablet': tablet, 'address': address, **more}
        facts = {k: v[:MAX_TEXT] for k, v in facts.items() if v}
        with self._lock:
            now = self._wall_s()
            self._count_out(now)
            if address and _key(facts) not in self._recent:
                facts = self._bounded(facts, what, address)
            known = self._recent.get(_key(facts))
            if known is not None:
                known.count += 1
                return
            self._recent[_key(facts)] = _Repeated(now, facts)
            self._append({'t': round(now, 3), **facts})

    def count_out(self) -> None:
        """Write how often something was repeated once its minute is over; call it now and then."""
        with self._lock:
            self._count_out(self._wall_s())

    def _count_out(self, now: float) -> None:
        full = len(self._recent) >= REMEMBERED
        for key, known in list(self._recent.items()):
            if now - known.at >= REPEAT_S or full:
                del self._recent[key]
                if known.count:
                    self._append({'t': round(now, 3), **known.facts, 'repeated': known.count})
        if not self._recent:
            self._lines_of.clear()

    def _bounded(self, facts: Facts, what: str, address: str) -> Facts:
        """The facts, or only that too much came from this address: it chooses what it asks for."""
        lines = self._lines_of.get((address, what), 0)
        if lines >= MOST_LINES:
            return {'what': FLOOD, 'of': what, 'address': address}
        self._lines_of[address, what] = lines + 1
        return facts

    def newest(self, limit: int = 200) -> list[Json]:
        """The newest lines, newest first."""
        with self._lock:
            return self._lines()[-limit:][::-1]

    def intact(self) -> bool:
        """Whether no line of the present file was changed or taken out."""
        with self._lock:
            return all(b.get('prev') == _hash(a) for a, b in pairwise(self._lines()))

    def _append(self, facts: Json) -> None:
        """One line; nobody is locked out because this disk is full."""
        lost = {'lost': self._lost} if self._lost else {}
        try:
            self._write({**facts, **lost})
        except OSError:
            self._lost += 1
            self._whole = False  # a part of the line may be there
        else:
            self._lost = 0

    def _write(self, facts: Json) -> None:
        """One more line of the chain, to which other consoles write as well."""
        with locked(self._path.with_suffix('.lock')):
            if self._state() != self._end:
                self._tip = self._last_hash()
            self._add({**facts, 'prev': self._tip})
            self._end = self._state()

    def _state(self) -> tuple[int, int]:
        """Which file it is, and how long."""
        stat = self._path.stat() if self._path.exists() else None
        return (stat.st_ino, stat.st_size) if stat else (0, 0)

    def _add(self, line: Json) -> None:
        if self._state()[1] > MAX_BYTES:
            self._path.replace(self._path.with_suffix('.1.jsonl'))
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(handle, 'a', encoding='utf-8') as file:
            # A kill may have cut the line before: this one gets a line of its own.
            file.write(f'{"" if self._whole else chr(10)}{json.dumps(line, ensure_ascii=False)}\n')
        self._tip, self._whole = _hash(line), True

    def _lines(self) -> list[Json]:
        """Every line that can be read."""
        if not self._path.exists():
            return []
        text = self._path.read_text('utf-8', errors='replace')
        self._whole = not text or text.endswith('\n')
        lines: list[Json] = []
        for line in text.splitlines():
            with suppress(ValueError):
                if isinstance(known := json.loads(line), dict):
                    lines.append(known)
        return lines

    def _last_hash(self) -> str:
        lines = self._lines()
        return _hash(lines[-1]) if lines else ''


def _key(facts: Facts) -> tuple[str, ...]:
    return tuple(f'{k}={v}' for k, v in sorted(facts.items()))


def _hash(line: Json) -> str:
    text = json.dumps(line, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
