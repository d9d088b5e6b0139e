"""The record behind the figures, shared by all requests: each entry is folded once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from cobot_ai.app.insight import Record, Row
from cobot_ai.app.ports import LedgerReader
from cobot_ai.core.types import Json

Make = Callable[[Sequence[Row]], Json]


class Figures:
    """Documents made of the newest cases; made anew only when the ledger has grown.

    Args:
        reader: The ledger.
    """

    def __init__(self, reader: LedgerReader) -> None:
        self._record = Record(reader)
        self._lock = threading.Lock()
        self._made: dict[str, tuple[int, Json]] = {}

    def get(self, name: str, make: Make) -> Json:
        """The document of this name, made by `make` when something happened since."""
        with self._lock:
            rows = self._record.rows()
            at, found = self._made.get(name, (-1, {}))
            if at != self._record.head:
                found = make(rows)
                self._made[name] = (self._record.head, found)
            return found
