"""Loads offered model versions in a worker thread, so that no decision waits for them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from cobot_ai.app.shelf import Shelf
from cobot_ai.ros.background import Background


class BackgroundModels:
    """Offers candidates once they are loaded; `poll` hands them over on the caller's thread.

    Args:
        shelf: Has the newest one at hand.
    """

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._background = Background('models')

    def offer(self, digest: str, take: Callable[[str], None]) -> None:
        """Load a candidate soon, then have `take` called with it."""
        loaded = partial(self._background.tell, partial(take, digest))

        def load() -> None:
            self._shelf.prepare(digest)
            loaded()

        self._background.do(load, lambda error: loaded())  # `take` meets it again, and tells people

    def poll(self) -> None:
        """Hand over what is loaded.

        Raises:
            StoreError: The ledger refused it; it is handed over again at the next call.
        """
        self._background.poll()

    def close(self) -> None:
        """Finish what is loading; it is offered again after a restart."""
        self._background.close(drop=True)
