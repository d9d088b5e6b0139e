"""Features of labelled cases on disk, so that a refit need not compute them again.

One file per feature bank, `<digest of the bank>.rows`: records of key, length, check sum and row,
appended. It is only a cache: what is torn or lost is computed again.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

KEPT_BANKS = 2
_HEAD = struct.Struct('>32sII')


class FeatureFolder:
    """Rows of features by bank and key (port `FeatureStore`).

    Args:
        root: Its folder; made when something is stored.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._bank = ''
        self._rows: dict[bytes, bytes] = {}

    def load(self, bank: str, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        """The stored rows among some keys."""
        if bank != self._bank:
            self._bank, self._rows = bank, self._read(bank)
        return {key: self._rows[key] for key in keys if key in self._rows}

    def save(self, bank: str, rows: Mapping[bytes, bytes]) -> None:
        """Store rows; a disk that refuses costs nothing but computing them again."""
        self.load(bank, ())
        self._rows |= rows
        with suppress(OSError):
            self._root.mkdir(parents=True, exist_ok=True)
            with self._path(bank).open('ab') as file:
                for key, row in rows.items():
                    file.write(_HEAD.pack(key, len(row), zlib.crc32(key + row)) + row)
            self._tidy()

    def keep(self, cases: Iterable[int]) -> None:
        """Delete every row of other cases, on disk too (a person's labels were forgotten)."""
        wanted = {case.to_bytes(8, 'big') for case in cases}
        for path in self._paths():
            bank = path.stem
            rows = {k: r for k, r in self._read(bank).items() if k[:8] in wanted}
            with suppress(OSError):
                path.unlink()
            if bank == self._bank:
                self._rows = {}
            if rows:
                self.save(bank, rows)

    def _path(self, bank: str) -> Path:
        return self._root / f'{bank}.rows'

    def _paths(self) -> list[Path]:
        return sorted(self._root.glob('*.rows'), key=lambda p: p.stat().st_mtime_ns)

    def _tidy(self) -> None:
        for path in self._paths()[:-KEPT_BANKS]:
            path.unlink()

    def _read(self, bank: str) -> dict[bytes, bytes]:
        """Rows of a bank's file up to the first damage, which is cut off."""
        try:
            data = self._path(bank).read_bytes()
        except OSError:
            return {}
        rows, place = {}, 0
        while place + _HEAD.size <= len(data):
            key, length, check = _HEAD.unpack_from(data, place)
            row = data[place + _HEAD.size : place + _HEAD.size + length]
            if len(row) != length or zlib.crc32(key + row) != check:
                break
            rows[key] = row
            place += _HEAD.size + length
        if place < len(data):
            with suppress(OSError), self._path(bank).open('r+b') as file:
                file.truncate(place)
        return rows
