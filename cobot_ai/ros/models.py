"""Loads offered model versions in a worker thread, so that no decision waits for them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from queue import SimpleQueue

from cobot_ai.app.shelf import Shelf
from cobot_ai.core.errors import CobotAiError
from cobot_ai.ros.clips import hand_back


class BackgroundModels:
    """Offers candidates once they are loaded; `poll` hands them over on the caller's thread.

    Args:
        shelf: Has the newest one at hand.
    """

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._worker = ThreadPoolExecutor(1, thread_name_prefix='models')
        self._loaded: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def offer(self, digest: str, take: Callable[[str], None]) -> None:
        """Load a candidate soon, then have `take` called with it."""
        self._worker.submit(self._load, digest, take)

    def _load(self, digest: str, take: Callable[[str], None]) -> None:
        with suppress(CobotAiError):  # `take` meets it again, and tells people
            self._shelf.prepare(digest)
        self._loaded.put(partial(take, digest))

    def poll(self) -> None:
        """Hand over what is loaded.

        Raises:
            StoreError: The ledger refused it; it is handed over again at the next call.
        """
        hand_back(self._loaded)

    def close(self) -> None:
        """Finish what is loading; it is offered again after a restart."""
        self._worker.shutdown(wait=True, cancel_futures=True)
