"""The record behind figures and lists, shared by all requests: each entry is folded once."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import tzinfo
from functools import partial

from cobot_ai.app import downtime, holdings, review, second_look
from cobot_ai.app.downtime import Downtime
from cobot_ai.app.follow import Follower
from cobot_ai.app.holdings import Holdings
from cobot_ai.app.insight import Record, Row
from cobot_ai.app.ports import LedgerReader
from cobot_ai.app.review import Reviews
from cobot_ai.app.tuning import now_spec
from cobot_ai.core.errors import CobotAiError
from cobot_ai.core.manifest import Manifest
from cobot_ai.core.types import Json
from cobot_ai.web.services import Services

LISTED = 300
"""Cases that wait for a look on a page; as many more come as these are done."""
FOLDED = 20_000
"""Newest entries of a kind the list of waiting cases is made of, as in the monitor."""

Make = Callable[[Sequence[Row]], Json]


class _Made:
    """A document, made anew when the ledger has grown; who wants another one need not wait."""

    def __init__(self) -> None:
        self._at = -1
        self._found: Json = {}
        self._lock = threading.Lock()

    def get(self, head: int, make: Callable[[], Json]) -> Json:
        """The document of the ledger up to `head`."""
        with self._lock:
            if self._at < head:
                self._at, self._found = head, make()
            return self._found


class Figures:
    """Documents made of the newest cases; made anew only when the ledger has grown.

    Args:
        reader: The ledger.
    """

    def __init__(self, reader: LedgerReader) -> None:
        self._record = Record(reader)
        self.downtime = Downtime()
        self._stops = Follower(reader, downtime.KINDS, downtime.NEWEST, self.downtime.take)
        self._lock = threading.Lock()
        self._made: dict[str, _Made] = defaultdict(_Made)

    def get(self, name: str, make: Make) -> Json:
        """The document of this name, made by `make` when something happened since."""
        with self._lock:
            rows = self._record.rows()
            self._stops.catch_up()
            head, made = self._record.head, self._made[name]
        return made.get(head, partial(make, rows))


class SecondLooks:
    """The cases that wait for a look.

    Args:
        reader: The ledger.
    """

    def __init__(self, reader: LedgerReader) -> None:
        self._reader, self._reviews = reader, Reviews()
        self._follower = Follower(reader, review.KINDS, FOLDED, self._reviews.take)
        self._lock = threading.Lock()
        self._made = _Made()

    def get(self) -> Json:
        """How many wait for which reason, and the first of them."""
        with self._lock:
            return self._made.get(self._follower.catch_up(), self._list)

    def _list(self) -> Json:
        found = [self._reviews.why(case) or {} for case in self._reviews.listed()]
        names = [str(why['why']) for why in found]
        return {
            'reasons': [{'why': name, 'n': names.count(name)} for name in review.ORDER],
            'cases': second_look.rows(self._reader, self._reviews, LISTED),
        }


class DataSets:
    """What the model was and will be taught from.

    Args:
        services: Ledger, registry, accounts and drop folder. zone: Time zone of the cell.
    """

    def __init__(self, services: Services, zone: tzinfo) -> None:
        self._services, self._zone = services, zone
        self._holdings = Holdings(services.reader)
        self._lock = threading.Lock()
        self._made = _Made()

    def get(self) -> Json:
        """The figures, made anew when the ledger has grown, and the drop folder as it is now."""
        with self._lock:
            found = self._made.get(self._holdings.refresh(), self._document)
            return {**found, 'drop': self._services.drop()}

    def _document(self) -> Json:
        services = self._services
        people = {p.name: p.role.name.lower() for p in services.accounts.people()}
        spec = now_spec(services.spec, services.reader)
        live = self._live()
        return holdings.document(
            self._holdings, spec, self._zone, live, lambda name: people.get(name, '')
        )

    def _live(self) -> Manifest | None:
        registry = self._services.registry
        try:
            current = registry.current()
            return registry.get(current)[1] if current is not None else None
        except CobotAiError:
            return None  # damaged: the page of the models says so
