"""Work beside the node's own thread, and its results handed back on that thread."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue

from cobot_ai.core.errors import StoreError

Call = Callable[[], None]


class Background:
    """One worker thread; what it has to tell is told by `poll`, on the caller's thread.

    Args:
        name: Of the thread.
    """

    def __init__(self, name: str) -> None:
        self._worker = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._news: SimpleQueue[Call] = SimpleQueue()

    def do(self, work: Call, failed: Callable[[Exception], None]) -> None:
        """Do some work soon, after what was given before.

        Args:
            work: Called in the worker. failed: Called in the worker with what it raised: nobody
                looks at the future.
        """
        self._worker.submit(_guarded, work, failed)

    def tell(self, call: Call) -> None:
        """Have something called by the next `poll`; from the worker."""
        self._news.put(call)

    def poll(self) -> None:
        """Make the calls that wait; one the ledger refuses waits on.

        Raises:
            StoreError: The ledger refused one; it is made again at the next call.
        """
        while True:
            try:
                call = self._news.get_nowait()
            except Empty:
                return
            try:
                call()
            except StoreError:
                self._news.put(call)
                raise

    def close(self, drop: bool = False) -> None:
        """Finish what is queued (or drop it), then hand back what came of it."""
        self._worker.shutdown(wait=True, cancel_futures=drop)
        if not drop:
            self.poll()


def _guarded(work: Call, failed: Callable[[Exception], None]) -> None:
    try:
        work()
    except Exception as e:
        failed(e)
