"""The record behind figures and lists, shared by all requests: each entry is folded once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from cobot_ai.app import review, second_look
from cobot_ai.app.follow import Follower
from cobot_ai.app.insight import Record, Row
from cobot_ai.app.ports import LedgerReader
from cobot_ai.app.review import Reviews
from cobot_ai.core.types import Json

LISTED = 300
"""Cases that wait for a look on a page; as many more come as these are done."""
FOLDED = 20_000
"""Newest entries of a kind the list of waiting cases is made of, as in the monitor."""

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


class SecondLooks:
    """The cases that wait for a look.

    Args:
        reader: The ledger.
    """

    def __init__(self, reader: LedgerReader) -> None:
        self._reader, self._reviews = reader, Reviews()
        self._follower = Follower(reader, review.KINDS, FOLDED, self._reviews.take)
        self._lock = threading.Lock()
        self._made: tuple[int, Json] = (-1, {})

    def get(self) -> Json:
        """How many wait for which reason, and the first of them."""
        with self._lock:
            head = self._follower.catch_up()
            if self._made[0] != head:
                self._made = head, self._list()
            return self._made[1]

    def _list(self) -> Json:
        found = [self._reviews.why(case) or {} for case in self._reviews.listed()]
        names = [str(why['why']) for why in found]
        return {
            'reasons': [{'why': name, 'n': names.count(name)} for name in review.ORDER],
            'cases': second_look.rows(self._reader, self._reviews, LISTED),
        }
