"""A scripted operator at the real page: connects like a tablet, answers, resumes."""

from __future__ import annotations

import json
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import socketio

from cobot_ai.core.types import Json

NAME = 'auto_operator'
REPLY_S = 5.0


@dataclass(frozen=True, slots=True)
class Habits:
    """Seconds from question to tap, share of wrong answers, and the seed of the errors."""

    delay_s: float = 0.3
    error_rate: float = 0.01
    seed: int = 0


class Truths:
    """The true outcomes, read from the file the simulation writes for scoring.

    The operator looks at the part; the service never sees this file.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def all(self) -> dict[str, str]:
        """Part id -> true class of every finished step."""
        if not self._file.exists():
            return {}
        lines = self._file.read_text(encoding='utf-8').splitlines()
        rows = [json.loads(line) for line in lines if line.endswith('}')]
        return {row['part_id']: row['truth'] for row in rows}


class AutoOperator:
    """Answers every question through the page's own protocol until `close`.

    Args:
        url: Address of the page. truths: What really happened. habits: How it works.
    """

    def __init__(self, url: str, truths: Truths, habits: Habits) -> None:
        self._url, self._truths, self._habits = url, truths, habits
        self._rng = np.random.default_rng(habits.seed)
        self._client = socketio.Client(reconnection_delay=0.25, reconnection_delay_max=2)
        self._client.on('entries', self._on_entries)
        self._client.on('snapshot', self._on_snapshot)
        self._client.on('pulse', self._on_pulse)
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._open: dict[int, tuple[float, Json]] = {}
        self._epochs: dict[int, int] = {}
        self._state: Json = {}
        self.answers = 0

    def run(self) -> None:
        """Connect and work until closed; meant for a thread of its own."""
        while not self._ended.is_set() and not self._client.connected:
            try:
                self._client.connect(self._url, transports=['websocket'], retry=False)
            except socketio.exceptions.ConnectionError:
                self._ended.wait(0.3)
        while not self._ended.wait(0.02):
            self._work()

    def close(self) -> None:
        """Stop working."""
        self._ended.set()
        if self._client.connected:
            self._client.disconnect()

    # ------------------------------------------------------------ what the page tells

    def _on_snapshot(self, snapshot: Json) -> None:
        with self._lock:
            self._open.clear()
        self._on_entries(snapshot['entries'])

    def _on_entries(self, entries: list[Json]) -> None:
        with self._lock:
            for entry in entries:
                case = entry['case']
                if entry['kind'] == 'ask':
                    due = time.monotonic() + self._habits.delay_s
                    self._open[case] = (due, entry['body'])
                elif entry['kind'] == 'resolution':
                    self._open.pop(case, None)
                if entry['kind'] in ('claim', 'undo', 'release'):
                    self._epochs[case] = entry['body']['epoch']

    def _on_pulse(self, pulse: Json) -> None:
        self._state = pulse['state']

    # ------------------------------------------------------------ work

    def _work(self) -> None:
        now = time.monotonic()
        with self._lock:
            due = [(c, body) for c, (at, body) in self._open.items() if at <= now]
        for case, body in due:
            self._answer(case, body)
        held = self._state.get('mode') == 'held' and not self._state.get('open_asks')
        if held and not due:
            hold, self._state = self._state.get('newest_hold'), {}
            self._send({'kind': 'resume', 'hold': hold})

    def _answer(self, case: int, body: Json) -> None:
        label = self._look(body)
        if label is None:
            return
        command = {'kind': 'answer', 'case': case, 'label': label}
        command |= {'epoch': self._epochs.get(case, 0), 'react_ms': self._habits.delay_s * 1e3}
        reply = self._send(command)
        if reply.get('status') in ('accepted', 'agreed', 'conflict', 'late', 'refused'):
            self.answers += reply.get('status') == 'accepted'
            with self._lock:
                self._open.pop(case, None)

    def _look(self, body: Json) -> str | None:
        """What the operator says; None while the part cannot be seen yet."""
        truth = self._truths.all().get(str(body['facts'].get('part_id')))
        if truth is None or self._rng.random() >= self._habits.error_rate:
            return truth
        others = [str(c['name']) for c in body['classes'] if c['name'] != truth]
        return others[int(self._rng.integers(len(others)))] if others else truth

    def _send(self, command: Json) -> Json:
        own = {'key': f'auto-{uuid.uuid4().hex}', 'by': NAME, 'tablet': NAME}
        try:
            reply = self._client.call('command', {**command, **own}, timeout=REPLY_S)
        except (socketio.exceptions.SocketIOError, ValueError):
            return {}
        return reply if isinstance(reply, dict) else {}
