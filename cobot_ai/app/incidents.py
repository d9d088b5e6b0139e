"""When the messages around an event are kept as a bag of their own: before, during and after it."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from cobot_ai.app.ports import Entry
from cobot_ai.core.samples import RawBatch, RawMessage

MAX_BYTES = 64 * 2**20
"""Memory for the time before an event, bytes."""
MAX_S = 120.0
"""Longest incident, seconds: an event that goes on for ever must not fill the disk."""
NOT_AGAIN = ('clips', 'incidents', 'hold')
"""Faults of the disk, which more writing would not help, and those that a `hold` row tells too."""
HOLD_REASONS = {
    'failed': 'hold_not_confirmed',
    'lost': 'hold_lost',
    'stopped': 'safety_stop',
}
"""Phases of a hold that are worth a recording."""
BATCH = 0.25
"""How often messages are handed on while an incident is recorded, seconds."""


class IncidentSink(Protocol):
    """Where an incident goes; the calls come in this order and return at once."""

    def begin(self, seq: int, reason: str) -> None:
        """A new incident; `seq` is the ledger entry that caused it."""

    def add(self, messages: Sequence[RawMessage]) -> None:
        """More messages, in order of arrival."""

    def end(self) -> None:
        """It is over."""


def incident_reason(entry: Entry) -> str:
    """Why this entry is worth a recording, empty when it is not."""
    body = entry.body
    if entry.kind == 'resolution' and body.get('outcome') not in ('answered', None):
        return str(body['outcome'])
    if entry.kind == 'decision' and body.get('verdict') == 'hold':
        return str(body['why'])
    if entry.kind == 'hold' and not body.get('confirmed', True):
        return HOLD_REASONS.get(body.get('phase', ''), '')
    if entry.kind == 'fault' and body.get('code') not in NOT_AGAIN:
        return f'fault_{body.get("code", "")}'
    return ''


@dataclass(slots=True)
class _Open:
    end_ns: int
    last_ns: int
    next_batch_ns: int


class Incidents:
    """Keeps the last seconds in memory and hands them on, with what follows, when it happens.

    Args:
        sink: Where incidents go.
        before_s: Seconds kept from before the event. after_s: Seconds recorded after it.
    """

    def __init__(self, sink: IncidentSink, before_s: float, after_s: float) -> None:
        self._sink = sink
        self._before_ns, self._after_ns = round(before_s * 1e9), round(after_s * 1e9)
        self._kept: deque[tuple[int, RawBatch]] = deque()
        self._bytes = 0
        self._open: _Open | None = None

    def take(self, batch: RawBatch, now_ns: int) -> None:
        """Take in messages that were read at a monotonic time, nanoseconds."""
        self._kept.append((now_ns, batch))
        self._bytes += sum(map(len, batch.data))
        if self._open is None:
            self._forget(now_ns)

    def entry(self, entry: Entry, now_ns: int) -> None:
        """Something was written into the ledger; it may be the event."""
        reason = incident_reason(entry)
        if not reason:
            return
        if self._open is None:
            self._sink.begin(entry.seq, reason)
            longest = now_ns + round(MAX_S * 1e9)
            self._open = _Open(now_ns + self._after_ns, longest, now_ns)
        else:
            self._open.end_ns = min(now_ns + self._after_ns, self._open.last_ns)

    def poll(self, now_ns: int) -> None:
        """Hand on what has gathered."""
        if self._open is None or now_ns < self._open.next_batch_ns:
            return
        self._open.next_batch_ns = now_ns + round(BATCH * 1e9)
        self._hand_on()
        if now_ns >= self._open.end_ns:
            self.close()

    def close(self) -> None:
        """End an incident that is being recorded."""
        if self._open is not None:
            self._hand_on()
            self._sink.end()
            self._open = None

    def _hand_on(self) -> None:
        if self._kept:
            self._sink.add([b.message(i) for _, b in self._kept for i in range(len(b.data))])
        self._kept.clear()
        self._bytes = 0

    def _forget(self, now_ns: int) -> None:
        while self._kept and (
            self._kept[0][0] < now_ns - self._before_ns or self._bytes > MAX_BYTES
        ):
            self._bytes -= sum(map(len, self._kept.popleft()[1].data))
