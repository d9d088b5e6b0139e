"""Evidence of cases as MCAP files, bounded by a quota.

A clip is `<case>.<retention class>.mcap`; any MCAP tool opens it, and its metadata name the case.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from cobot_ai.app.kept import Clip
from cobot_ai.core.errors import DataError, StoreError
from cobot_ai.core.samples import RawMessage
from cobot_ai.store.bags import read_mcap
from cobot_ai.store.files import sweep_strays, sync_folder, write_durably
from cobot_ai.store.mcap_file import to_mcap

CLASSES = ('routine', 'asked', 'labelled')
"""Retention classes, the first to go first."""
_NAME = re.compile(rf'(\d+)\.({"|".join(CLASSES)})\.mcap')


class Clips:
    """The evidence clips of a cell (port `ClipStore`). One process writes, others may read.

    Args:
        folder: Where they are; made when the first is written. quota_mb: Largest sum, megabytes.
        durable: A stored clip outlives a power cut; not worth its time where it can be made anew.
    """

    def __init__(self, folder: Path, quota_mb: float, durable: bool = True) -> None:
        self._folder, self._quota, self._durable = folder, quota_mb * 1e6, durable
        self._known: dict[int, tuple[str, int]] | None = None

    def write(self, case: int, messages: Sequence[RawMessage], kept: str) -> str:
        """Store a case's messages durably and return the file's SHA-256.

        Raises:
            DataError: A message is of no standard type.
            StoreError: The disk refused; a clip stored before is as it was.
        """
        _check(kept)
        index = self._index()
        rows = messages.rows() if isinstance(messages, Clip) else messages
        data = to_mcap(rows, {'case': str(case), 'schema': '1'})
        write_durably(self._path(case, kept), data, self._durable)
        before = index.get(case)
        if before is not None and before[0] != kept:
            self._path(case, before[0]).unlink(missing_ok=True)
        index[case] = (kept, len(data))
        return hashlib.sha256(data).hexdigest()

    def adopt(self, case: int, path: Path, kept: str) -> None:
        """Move a finished clip in as a case's; nothing where that was done before.

        Raises:
            StoreError: The disk refused, or the file is gone.
        """
        _check(kept)
        index, target = self._index(), self._path(case, kept)
        if case in index:
            return
        try:
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.replace(target)
            if self._durable:
                sync_folder(self._folder)
        except OSError as e:
            raise StoreError(f'The clip of case {case} cannot be taken in ({e.strerror}).') from e
        index[case] = (kept, target.stat().st_size)

    def keep(self, case: int, kept: str) -> None:
        """Change a clip's retention class; nothing where the quota has taken it already.

        Raises:
            StoreError: The disk refused; the clip keeps its class.
        """
        _check(kept)
        index = self._index()
        if case not in index:
            return
        old, size = index[case]
        try:
            self._path(case, old).replace(self._path(case, kept))
            if self._durable:
                sync_folder(self._folder)
        except OSError as e:
            raise StoreError(f'The clip of case {case} cannot be renamed ({e.strerror}).') from e
        index[case] = (kept, size)

    def read(self, case: int) -> list[RawMessage]:
        """Read a case's messages back; of a damaged file what lies before the damage.

        Raises:
            DataError: There is no clip for this case, or nothing of it can be read.
        """
        messages: list[RawMessage] = []
        try:
            messages.extend(read_mcap(self.path(case)))
        except DataError:
            if not messages:
                raise
        return messages

    def path(self, case: int) -> Path:
        """The file of a case's clip.

        Raises:
            DataError: There is no clip for this case.
        """
        for kept in reversed(CLASSES):
            path = self._path(case, kept)
            if path.is_file():
                return path
        raise _absent(case)

    def sweep(self) -> list[int]:
        """Delete the oldest clips of the lowest class until the quota holds; return the cases."""
        index = self._index()
        total = sum(size for _, size in index.values())
        swept = []
        for case in _first_to_go(index):
            if total <= self._quota:
                break
            kept, size = index.pop(case)
            self._path(case, kept).unlink(missing_ok=True)
            total -= size
            swept.append(case)
        return swept

    def _path(self, case: int, kept: str) -> Path:
        return self._folder / f'{int(case):08d}.{kept}.mcap'

    def _index(self) -> dict[int, tuple[str, int]]:
        """Case -> (class, bytes), read from the folder once."""
        if self._known is None:
            self._known = {}
            if self._folder.is_dir():
                sweep_strays(self._folder)
                for path in self._folder.iterdir():
                    self._learn(path, self._known)
        return self._known

    def _learn(self, path: Path, index: dict[int, tuple[str, int]]) -> None:
        match = _NAME.fullmatch(path.name)
        if match is None:
            return
        case, kept = int(match[1]), match[2]
        old = index.get(case)
        if old is not None:
            # A kill between writing a clip anew and deleting the old one left both.
            low, kept = sorted((old[0], kept), key=CLASSES.index)
            self._path(case, low).unlink(missing_ok=True)
        index[case] = (kept, self._path(case, kept).stat().st_size)


def _first_to_go(index: dict[int, tuple[str, int]]) -> list[int]:
    return sorted(index, key=lambda case: (CLASSES.index(index[case][0]), case))


def _check(kept: str) -> None:
    if kept not in CLASSES:
        raise StoreError(f'`{kept}` is no retention class; use one of {", ".join(CLASSES)}.')


def _absent(case: int) -> DataError:
    return DataError(f'There is no clip of case {case}; it was never stored or the quota took it.')
