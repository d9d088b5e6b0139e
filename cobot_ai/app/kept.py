"""The raw messages of the last minute, for the clips around steps."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import overload

import numpy as np

from cobot_ai.core.samples import RawBatch, RawMessage, Samples, as_spans
from cobot_ai.core.steps import Span
from cobot_ai.core.types import Stamps

FOREVER_NS = 2**62
LATE_NS = 10**9
"""How much later than its stamp a message may arrive and still belong to a clip."""
MAX_BYTES = 256 * 2**20
"""Bound of the messages kept; the oldest go first, and the clip that misses them says so."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """Some messages of a batch: all that have their stamps in `spans`, int64 [message, 2]."""

    batch: RawBatch
    rows: Stamps
    spans: Stamps
    size: int


class Clip(Sequence[RawMessage]):
    """The messages of a clip in order of arrival; made when they are wanted, not before.

    Args:
        pieces: (batch, places in it). size: About how many bytes they are.
        cut: Older messages that belong to it were gone already.
    """

    def __init__(
        self, pieces: Sequence[tuple[RawBatch, Stamps]], size: int = 0, cut: bool = False
    ) -> None:
        self._pieces, self.size, self.cut = pieces, size, cut

    def __len__(self) -> int:
        return sum(len(rows) for _, rows in self._pieces)

    def __iter__(self) -> Iterator[RawMessage]:
        return map(RawMessage._make, self.rows())

    def of(self, topic: str) -> list[RawMessage]:
        """Its messages of one topic, in order of arrival."""
        found = [
            b.message(i) for b, rows in self._pieces if b.topic == topic for i in rows.tolist()
        ]
        return sorted(found, key=itemgetter(2))

    def rows(self) -> list[tuple[str, str, int, bytes]]:
        """The same as plain (topic, type, arrival, data): a clip may hold tens of thousands."""
        found = [
            (batch.topic, batch.type, batch.t_ns[i], batch.data[i])
            for batch, rows in self._pieces
            for i in rows.tolist()
        ]
        return sorted(found, key=itemgetter(2))

    @overload
    def __getitem__(self, at: int) -> RawMessage: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[RawMessage]: ...
    def __getitem__(self, at: int | slice) -> RawMessage | Sequence[RawMessage]:
        return list(self)[at]


class Kept:
    """Keeps batches for a time and finds those that a clip needs.

    Args:
        bounds: Topic -> how long before a step its samples matter, nanoseconds. A message of
            another topic (a still, a step message) belongs to every step that it comes with.
        keep_ns: How long to keep, nanoseconds.
    """

    def __init__(self, bounds: Mapping[str, int], keep_ns: int) -> None:
        self._bounds, self._keep_ns = bounds, keep_ns
        self._reach_ns = max(bounds.values(), default=0)
        self._pieces: deque[_Piece] = deque()
        self._bytes = self._gone_ns = 0

    def add(self, batch: RawBatch, new: Samples | None = None) -> None:
        """Keep a batch; `new` are its samples, where it has any."""
        arrival = np.array(batch.t_ns, np.int64)
        rows = np.arange(len(arrival)) if new is None else new.rows
        spans = as_spans(arrival) if new is None else new.spans
        size = sum(map(len, batch.data))
        self._pieces.append(_Piece(batch, rows, spans, size))
        self._bytes += size
        oldest = batch.t_ns[-1] - self._keep_ns
        while self._pieces and (self._pieces[0].batch.t_ns[-1] < oldest or self._bytes > MAX_BYTES):
            gone = self._pieces.popleft()
            self._bytes -= gone.size
            self._gone_ns = max(self._gone_ns, gone.batch.t_ns[-1])

    def clip(self, span: Span) -> Clip:
        """The messages a clip of the span needs."""
        found: list[tuple[RawBatch, Stamps]] = []
        size = 0
        # Looked up by arrival: one stale stamp in between must not end the search.
        oldest = span.start_ns - 2 * self._reach_ns - LATE_NS
        for piece in reversed(self._pieces):
            if piece.batch.t_ns[-1] < oldest:
                break
            topic = piece.batch.topic
            # A still has no place on the grid: the one taken right after the step belongs too.
            end = span.end_ns if topic in self._bounds else FOREVER_NS
            low = span.start_ns - self._bounds.get(topic, 0)
            inside = (piece.spans[:, 1] >= low) & (piece.spans[:, 0] < end)
            if inside.any():
                found.append((piece.batch, piece.rows[inside]))
                size += piece.size
        return Clip(found[::-1], size, cut=self._gone_ns >= span.start_ns)

    def clear(self) -> None:
        """Forget everything (the clock jumped)."""
        self._pieces.clear()
        self._bytes = self._gone_ns = 0
