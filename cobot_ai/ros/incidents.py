"""Writes incidents in a worker thread, so that no decision waits for the disk."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from cobot_ai.core.samples import RawMessage
from cobot_ai.core.types import Json
from cobot_ai.ros.background import Background
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
        self._background = Background('incidents')
        self._bag: IncidentBag | None = None
        self._facts: Json = {}
        self._lock, self._waiting = threading.Lock(), 0
        self._dropped = 0
        self._do(self._mend)

    def begin(self, seq: int, reason: str) -> None:
        """Open a bag soon."""
        self._dropped = 0
        self._do(lambda: self._begin(seq, reason))

    def add(self, messages: Sequence[RawMessage]) -> None:
        """Write soon; what a stalled disk cannot take is counted."""
        if self._waiting >= MAX_WAITING:
            self._dropped += len(messages)
            return
        with self._lock:
            self._waiting += 1
        self._do(lambda: self._add(messages))

    def end(self) -> None:
        """Close the bag soon."""
        dropped = self._dropped
        self._do(lambda: self._end(dropped))

    def _do(self, work: Callable[[], None]) -> None:
        def failed(error: Exception) -> None:
            text = f'The incident was not recorded whole: {error}'
            self._background.tell(lambda: self._failed(text))

        self._background.do(work, failed)

    def _mend(self) -> None:
        for name in self._store.mend():
            text = f'Incident {name} was cut by a kill; what had been written is whole again.'
            self._background.tell(lambda text=text: self._failed(text))  # type: ignore[misc]

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
        self._background.tell(lambda: self._told(facts))
        if swept := self._store.sweep():
            text = f'Incidents deleted to keep the quota: {", ".join(swept)}'
            self._background.tell(lambda: self._failed(text))

    def poll(self) -> None:
        """Hand back what the worker finished.

        Raises:
            StoreError: The ledger refused it; it is handed back again at the next call.
        """
        self._background.poll()

    def close(self) -> None:
        """Finish what is queued, then stop."""
        self._background.close()
