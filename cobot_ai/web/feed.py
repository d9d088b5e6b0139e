"""Carries the ledger to every connected tablet, in order, each at its own pace.

One thread serves all. At most one batch of entries is on its way to a tablet; the next one goes
when the tablet has acknowledged it. So a slow tablet costs one batch of memory, and one that takes
nothing at all is dropped alone.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from cobot_ai.app.ports import Entry
from cobot_ai.core.errors import CobotAiError
from cobot_ai.core.types import Json
from cobot_ai.web import wire
from cobot_ai.web.services import Services, WebSettings

TAIL = 500
"""A tablet further behind than this many entries gets a snapshot."""
log = logging.getLogger(__name__)


class Sender(Protocol):
    """Sends an event to one connection; `done` is called when the page has taken it."""

    def __call__(self, sid: str, event: str, data: object, done: Callable[[], None]) -> None:
        """Queue the event and return at once."""


@dataclass(slots=True)
class _Client:
    """A connected tablet: what it has (`seq`; None: nothing) and what is on its way."""

    seq: int | None
    busy_since: float | None = None
    pulse_busy: bool = False

    def pulse_taken(self) -> None:
        """The page has the last heartbeat."""
        self.pulse_busy = False


class Feed:
    """Thread-safe. `notify()` tells that something happened; a slow poll covers the rest.

    Args:
        services: Reader, heartbeat and clocks.
        settings: Periods and time-outs.
        send: Sends to one connection. drop: Disconnects one.
        tidy: What else is to be done about once a pulse.
    """

    def __init__(
        self,
        services: Services,
        settings: WebSettings,
        send: Sender,
        drop: Callable[[str], None],
        tidy: Callable[[], None],
    ) -> None:
        self._services = services
        self._settings = settings
        self._send = send
        self._drop = drop
        self._tidy = tidy
        self._clients: dict[str, _Client] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._tail: deque[Entry] = deque(maxlen=TAIL)
        self._head = 0
        self._thread: threading.Thread | None = None

    # ------------------------------------------------------------ from any thread

    def start(self) -> None:
        """Start the thread (once)."""
        self._head = max(0, self._services.reader.head() - TAIL)
        self._thread = threading.Thread(target=self._run, name='feed', daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread and wait for it."""
        self._stop.set()
        self._wake.set()
        if self._thread:
            self._thread.join(timeout=5)

    def notify(self) -> None:
        """Something was written to the ledger, or the heartbeat changed."""
        self._wake.set()

    def join(self, sid: str, ledger: object, seq: object) -> None:
        """A tablet connected and says what it has; anything odd means it has nothing."""
        known = ledger == self._services.reader.ledger_id and isinstance(seq, int) and seq >= 0
        with self._lock:
            self._clients[sid] = _Client(seq if known and isinstance(seq, int) else None)
        self._wake.set()

    def leave(self, sid: str) -> None:
        """A tablet is gone."""
        with self._lock:
            self._clients.pop(sid, None)

    # ------------------------------------------------------------ the thread

    def _run(self) -> None:
        due = 0.0
        while not self._stop.is_set():
            self._wake.wait(self._settings.pulse_s)
            self._wake.clear()
            try:
                self._refresh()
                self._serve_all()
                now = self._services.monotonic()
                if now >= due:
                    due = now + self._settings.pulse_s
                    self._tidy()
                    self._pulse_all()
            except CobotAiError:
                log.exception('The console cannot read the ledger; it tries again.')
            except Exception:  # this thread is what every tablet lives on
                log.exception('Please report this; the console goes on.')

    def _refresh(self) -> None:
        while batch := self._services.reader.since(self._head):
            self._tail.extend(batch)
            self._head = batch[-1].seq

    def _serve_all(self) -> None:
        now = self._services.monotonic()
        for sid, client in self._list():
            if client.busy_since is None:
                self._serve(sid, client, now)
            elif now - client.busy_since > self._settings.ack_timeout_s:
                log.warning('A tablet took nothing for %.0f s; dropped.', now - client.busy_since)
                self.leave(sid)
                self._drop(sid)

    def _serve(self, sid: str, client: _Client, now: float) -> None:
        if client.seq == self._head:
            return
        event, data = self._missed(client.seq)
        client.busy_since = now
        head = self._head

        def taken() -> None:
            client.seq = head
            client.busy_since = None
            self._wake.set()

        self._send(sid, event, data, taken)

    def _missed(self, seq: int | None) -> tuple[str, object]:
        wall_ns, spec, reader = self._services.wall_ns(), self._services.spec, self._services.reader
        oldest = self._tail[0].seq if self._tail else self._head + 1
        if seq is None or not oldest - 1 <= seq <= self._head:
            return 'snapshot', wire.snapshot(reader, self._head, wall_ns, spec)
        missed = [e for e in self._tail if e.seq > seq]
        return 'entries', wire.for_pages(missed, reader, wall_ns, spec)

    def _pulse_all(self) -> None:
        doc = self.pulse()
        for sid, client in self._list():
            if not client.pulse_busy:
                client.pulse_busy = True
                self._send(sid, 'pulse', doc, client.pulse_taken)

    def pulse(self) -> Json:
        """The heartbeat as it goes to the pages."""
        return wire.pulse(*self._services.pulse())

    def _list(self) -> list[tuple[str, _Client]]:
        with self._lock:
            return list(self._clients.items())
