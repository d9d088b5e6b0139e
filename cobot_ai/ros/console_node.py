"""The console: serves the pages and carries taps to the monitor. Wiring only.

Stateless: everything it shows is in the ledger or in the last heartbeat, so it may be killed and
restarted at any time, and several may run.
"""

from __future__ import annotations

import sys
import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TimedOutError
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node

from cobot_ai.core.errors import ConfigError, DataError
from cobot_ai.core.types import Json
from cobot_ai.ros import convert, names, params, runtime
from cobot_ai.ros.assembly import read_cell, reader_of
from cobot_ai.store.accounts import Accounts
from cobot_ai.store.audit_log import AuditLog
from cobot_ai.store.cellfile import find_cell
from cobot_ai.store.certs import RENEW_DAYS, Certs
from cobot_ai.store.clips import Clips
from cobot_ai.store.drop import drop_status
from cobot_ai.store.folder import CellFolder
from cobot_ai.store.images import still_of
from cobot_ai.store.instructions import read_instruction
from cobot_ai.store.registry import ModelFolder
from cobot_ai.web.app import create_app
from cobot_ai.web.server import tls_context, web_server
from cobot_ai.web.services import LOOPBACK_HOSTS, Services, WebSettings

LEDGER_WAIT_S = 30.0


class Replies:
    """Matches replies of the monitor to the threads that wait for them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, list[Future[Json]]] = {}

    def arrive(self, body: Json) -> None:
        """A reply came, for everybody who waits for its key; that may be nobody any more."""
        with self._lock:
            waiting = self._waiting.pop(str(body.get('key', '')), [])
        for reply in waiting:
            reply.set_result(body)

    def expect(self, key: str) -> Future[Json]:
        """Announce that a reply will be waited for, before the command is sent."""
        reply: Future[Json] = Future()
        with self._lock:
            self._waiting.setdefault(key, []).append(reply)
        return reply

    def wait(self, key: str, reply: Future[Json], timeout_s: float) -> Json | None:
        """The reply to a key, None when it did not come in time."""
        try:
            return reply.result(timeout_s)
        except TimedOutError:
            with self._lock:
                still = [r for r in self._waiting.pop(key, []) if r is not reply]
                if still:
                    self._waiting[key] = still
            return None


class ConsoleNode(Node):
    """Serves the page of one cell."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(names.CONSOLE, **kwargs)
        values = params.declare(self, params.CONSOLE)
        self._spec, folder = read_cell(values)
        self._replies = Replies()
        self._state: tuple[Json, float] = ({}, float('-inf'))
        self._beat_s = float('-inf')
        self._answer = self.create_publisher(DiagnosticArray, names.ANSWER, names.ANSWER_QOS)
        settings = self._settings(folder, values)
        plant = find_cell(values['cell']).parent
        self._console = create_app(self._web_services(folder, plant), settings)
        certs = Certs(folder.tls)
        tls = tls_context(certs.host, certs.host_key) if settings.tls else None
        self._server = web_server(self._console.app, values['web_host'], values['web_port'], tls)
        self._listen()
        self._console.feed.start()
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        if tls is not None:
            self._tell_end(certs.days_left(datetime.now(timezone.utc)))
        scheme = 'https' if tls else 'http'
        self.get_logger().info(f'page: {scheme}://{values["web_host"]}:{self._server.port}/')

    def _tell_end(self, days: float) -> None:
        log = self.get_logger()
        text = f'certificate of the page: {days:.0f} days left'
        if days < RENEW_DAYS:
            log.warning(f'{text}; make it anew with "cobot_ai certs CELL --host HOST"')
        else:
            log.info(text)

    def _listen(self) -> None:
        topics = (
            (names.DECISION, names.DECISION_QOS),
            (names.QUESTION, names.QUESTION_QOS),
            (names.RESOLUTION, names.QUESTION_QOS),
            (names.RECORD, names.RECORD_QOS),
        )
        for name, qos in topics:
            topic = names.of(names.MONITOR, name)
            self.create_subscription(DiagnosticArray, topic, self._on_news, qos)
        self._subscribe(names.REPLY, self._on_reply, names.ANSWER_QOS)
        self._subscribe(names.STATE, self._on_state, names.STATE_QOS)
        self._subscribe(names.HEARTBEAT, self._on_heartbeat, names.HEARTBEAT_QOS)

    def _subscribe(self, name: str, call: Any, qos: Any) -> None:
        self.create_subscription(DiagnosticArray, names.of(names.MONITOR, name), call, qos)

    def _web_services(self, folder: CellFolder, plant: Path) -> Services:
        clips = Clips(folder.clips, self._spec.storage.clips_mb)
        return Services(
            spec=self._spec,
            reader=reader_of(folder, LEDGER_WAIT_S),
            commands=self,
            pulse=self._age,
            still=lambda case: still_of(clips, case),
            registry=ModelFolder(folder.registry),
            wall_ns=time.time_ns,
            monotonic=time.monotonic,
            accounts=Accounts(folder.accounts),
            audit=AuditLog(folder.audit, time.time),
            sop=partial(read_instruction, plant, self._spec.question.sop),
            simulated=bool(self.get_parameter('use_sim_time').value),
            drop=partial(drop_status, folder.drop, self._spec.question),
        )

    def _settings(self, folder: CellFolder, values: dict[str, Any]) -> WebSettings:
        local = values['web_host'] in ('127.0.0.1', 'localhost', '::1')
        if not local and not Accounts(folder.accounts).people():
            raise ConfigError(
                'Beyond loopback the page needs a login, and nobody may log in yet: '
                'run "cobot_ai people CELL.yaml --add NAME --role admin" first.'
            )
        hosts = LOOPBACK_HOSTS if local else (values['web_host'],)
        return WebSettings(
            data_dir=folder.root,
            login_required=not local,
            tls=not local and Certs(folder.tls).ready,
            hosts=hosts,
        )

    # ------------------------------------------------------------ to the monitor

    def submit(self, command: Json, timeout_s: float) -> Json | None:
        """Send a command to the monitor and wait for its reply (from a web thread)."""
        key = str(command['key'])
        reply = self._replies.expect(key)
        stamp = self.get_clock().now().to_msg()
        self._answer.publish(convert.to_array('command', command, stamp, self._spec.name))
        return self._replies.wait(key, reply, timeout_s)

    # ------------------------------------------------------------ from the monitor

    def _on_news(self, message: DiagnosticArray) -> None:
        self._console.feed.notify()

    def _on_reply(self, message: DiagnosticArray) -> None:
        self._replies.arrive(self._read(message))

    def _on_state(self, message: DiagnosticArray) -> None:
        if state := self._read(message):
            self._state = (state, time.monotonic())

    def _on_heartbeat(self, message: DiagnosticArray) -> None:
        self._beat_s = time.monotonic()

    def _age(self) -> tuple[Json, float]:
        """The monitor's last state, as old as the older of it and the last heartbeat.

        A state is kept for whoever comes late: it may be that of a monitor that hangs. And a
        monitor that was started again may be heard before its state is.
        """
        state, at = self._state
        return state, (time.monotonic() - min(at, self._beat_s)) * 1e3

    def _read(self, message: DiagnosticArray) -> Json:
        try:
            return convert.from_array(message)[1]
        except DataError as e:
            self.get_logger().warning(str(e), throttle_duration_sec=5.0)
            return {}

    def close(self) -> None:
        """Stop serving."""
        self._console.feed.stop()
        self._server.shutdown()


def main(args: list[str] | None = None) -> int:
    """Entry point of the console process."""
    return runtime.run(ConsoleNode, args)


if __name__ == '__main__':
    sys.exit(main())
