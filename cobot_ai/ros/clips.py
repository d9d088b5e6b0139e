"""Stores clips in a worker thread, so that no decision waits for the disk."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from cobot_ai.app.kept import Clip
from cobot_ai.app.ports import ClipStore
from cobot_ai.core.errors import StoreError
from cobot_ai.core.samples import RawMessage
from cobot_ai.ros.background import Background

MAX_QUEUED_BYTES = 256 * 2**20
"""Clips that may wait for a slow disk; beyond it a clip is given up, and its case says so."""


class BackgroundClips:
    """Clip sink with one worker; results are handed back by `poll` on the caller's thread.

    Args:
        store: Where clips go. max_bytes: How much may wait for the disk.
    """

    def __init__(self, store: ClipStore, max_bytes: int = MAX_QUEUED_BYTES) -> None:
        self._store, self._max_bytes = store, max_bytes
        self._stored: Callable[[int, str, str], None] = lambda case, sha256, kept: None
        self._failed: Callable[[str, int], None] = lambda detail, case: None
        self._background = Background('clips')
        self._lock = threading.Lock()
        self._queued_bytes = 0

    def tell(
        self, stored: Callable[[int, str, str], None], failed: Callable[[str, int], None]
    ) -> None:
        """Name who is told (case, sha256, kept) of a stored clip, and what went wrong."""
        self._stored, self._failed = stored, failed

    def save(self, case: int, messages: Sequence[RawMessage], kept: str) -> None:
        """Write soon; when too much waits already, the clip is given up and that is told."""
        size = messages.size if isinstance(messages, Clip) else sum(len(m.data) for m in messages)
        with self._lock:
            full = self._queued_bytes > 0 and self._queued_bytes + size > self._max_bytes
            if not full:
                self._queued_bytes += size
        if full:
            text = f'The clip of case {case} was not stored: the disk is too slow for the clips.'
            self._background.tell(lambda: self._failed(text, case))
            return
        self._do(lambda: self._write(case, messages, kept, size), case, 'stored')

    def adopt(self, case: int, path: Path, sha256: str, refused: Callable[[int], None]) -> None:
        """Take a finished clip in soon, as that of a labelled case; `refused` if it cannot be."""

        def work() -> None:
            try:
                self._adopt(case, path, sha256)
            except StoreError:
                self._background.tell(lambda: refused(case))
                raise

        self._do(work, case, 'stored')

    def keep(self, case: int, kept: str) -> None:
        """Change the retention class soon."""
        self._do(lambda: self._store.keep(case, kept), case, 'kept')

    def _do(self, work: Callable[[], None], case: int, done: str) -> None:
        def failed(error: Exception) -> None:
            text = f'The clip of case {case} was not {done}: {error}'
            self._background.tell(lambda: self._failed(text, case))

        self._background.do(work, failed)

    def _write(self, case: int, messages: Sequence[RawMessage], kept: str, size: int) -> None:
        try:
            sha256 = self._store.write(case, messages, kept)
        finally:
            with self._lock:
                self._queued_bytes -= size
        self._background.tell(lambda: self._stored(case, sha256, kept))
        self._sweep()

    def _adopt(self, case: int, path: Path, sha256: str) -> None:
        self._store.adopt(case, path, 'labelled')
        self._background.tell(lambda: self._stored(case, sha256, 'labelled'))
        self._sweep()

    def _sweep(self) -> None:
        if swept := self._store.sweep():
            text = f'Clips deleted to keep the quota: {swept}'
            self._background.tell(lambda: self._failed(text, 0))

    def poll(self) -> None:
        """Hand back what the worker finished.

        Raises:
            StoreError: The ledger refused it; it is handed back again at the next call.
        """
        self._background.poll()

    def close(self) -> None:
        """Finish what is queued, then stop."""
        self._background.close()
