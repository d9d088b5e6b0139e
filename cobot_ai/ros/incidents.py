"""Writes incidents in a worker thread, so that no decision waits for the disk."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

from cobot_ai.core.samples import RawMessage
from cobot_ai.core.types import Json
from cobot_ai.ros.clips import hand_back
from cobot_ai.store.incidents import IncidentBag, IncidentFolder

MAX_WAITING = 64
"""Batches that may wait for a stalled disk; further ones are counted and left out."""


class BackgroundIncidents:
    """Incident sink with one worker; results are handed back by `poll` on the caller's thread.

    Args:
        store: Where incidents go. done: Told (facts) of a finished one.
        failed: Told what went wrong.
    """

    def __init__(
        self, store: IncidentFolder, done: Callable[[Json], None], failed: Callable[[str], None]
    ) -> None:
        self._store, self._told, self._failed = store, done, failed
        self._worker = ThreadPoolExecutor(1, thread_name_prefix='incidents')
        self._news: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._bag: IncidentBag | None = None
        self._facts: Json = {}
        self._lock, self._waiting = threading.Lock(), 0
        self._dropped = 0
        self._worker.submit(self._guard, self._mend)

    def begin(self, seq: int, reason: str) -> None:
        """Open a bag soon."""
        self._dropped = 0
        self._worker.submit(self._guard, lambda: self._begin(seq, reason))

    def add(self, messages: Sequence[RawMessage]) -> None:
        """Write soon; what a stalled disk cannot take is counted."""
        if self._waiting >= MAX_WAITING:
            self._dropped += len(messages)
            return
        with self._lock:
            self._waiting += 1
        self._worker.submit(self._guard, lambda: self._add(messages))

    def end(self) -> None:
        """Close the bag soon."""
        dropped = self._dropped
        self._worker.submit(self._guard, lambda: self._end(dropped))

    def _guard(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as e:  # nobody looks at the future: it must be told here
            text = f'The incident was not recorded whole: {e}'
            self._news.put(lambda: self._failed(text))

    def _mend(self) -> None:
        for name in self._store.mend():
            text = f'Incident {name} was cut by a kill; what had been written is whole again.'
            self._news.put(lambda text=text: self._failed(text))  # type: ignore[misc]

    def _begin(self, seq: int, reason: str) -> None:
        self._bag = None
        self._bag = self._store.begin(seq, reason)
        self._facts = {'name': self._bag.folder.name, 'reason': reason, 'entry': seq}

    def _add(self, messages: Sequence[RawMessage]) -> None:
        with self._lock:
            self._waiting -= 1
        if self._bag is not None:
            self._bag.add(messages)

    def _end(self, dropped: int) -> None:
        bag, self._bag = self._bag, None
        if bag is None:
            return
        bag.close()
        facts = {**self._facts, 'messages': bag.messages, 'dropped': dropped}
        self._news.put(lambda: self._told(facts))
        if swept := self._store.sweep():
            text = f'Incidents deleted to keep the quota: {", ".join(swept)}'
            self._news.put(lambda: self._failed(text))

    def poll(self) -> None:
        """Hand back what the worker finished.

        Raises:
            StoreError: The ledger refused it; it is handed back again at the next call.
        """
        hand_back(self._news)

    def close(self) -> None:
        """Finish what is queued, then stop."""
        self._worker.shutdown(wait=True)
        self.poll()
