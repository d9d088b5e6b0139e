"""Stores clips in a worker thread, so that no decision waits for the disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue

from cobot_ai.app.ports import ClipStore
from cobot_ai.core.types import RawMessage


class BackgroundClips:
    """Clip sink with one worker; results are handed back by `poll` on the caller's thread.

    Args:
        store: Where clips go.
    """

    def __init__(self, store: ClipStore) -> None:
        self._store = store
        self._stored: Callable[[int, str, str], None] = lambda case, sha256, kept: None
        self._failed: Callable[[str], None] = lambda detail: None
        self._worker = ThreadPoolExecutor(1, thread_name_prefix='clips')
        self._done: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def tell(self, stored: Callable[[int, str, str], None], failed: Callable[[str], None]) -> None:
        """Name who is told (case, sha256, kept) of a stored clip, and what went wrong."""
        self._stored, self._failed = stored, failed

    def save(self, case: int, messages: Sequence[RawMessage], kept: str) -> None:
        """Write soon."""
        self._worker.submit(self._write, case, messages, kept)

    def keep(self, case: int, kept: str) -> None:
        """Change the retention class soon."""
        self._worker.submit(self._keep, case, kept)

    def _write(self, case: int, messages: Sequence[RawMessage], kept: str) -> None:
        try:
            sha256 = self._store.write(case, messages, kept)
            swept = self._store.sweep()
        except Exception as e:  # nobody looks at the future: it must be told here
            text = f'The clip of case {case} was not stored: {e}'
            self._done.put(lambda: self._failed(text))
            return
        self._done.put(lambda: self._stored(case, sha256, kept))
        if swept:
            self._done.put(lambda: self._failed(f'Clips deleted to keep the quota: {swept}'))

    def _keep(self, case: int, kept: str) -> None:
        try:
            self._store.keep(case, kept)
        except Exception as e:
            text = f'The clip of case {case} cannot be kept: {e}'
            self._done.put(lambda: self._failed(text))

    def poll(self) -> None:
        """Hand back what the worker finished."""
        while True:
            try:
                self._done.get_nowait()()
            except Empty:
                return

    def close(self) -> None:
        """Finish what is queued, then stop."""
        self._worker.shutdown(wait=True)
        self.poll()
