"""The live connection: who is connected, what they may send, what they get."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from flask import request
from flask_socketio import ConnectionRefusedError as Refused
from flask_socketio import SocketIO

from cobot_ai.core.types import Json
from cobot_ai.store.account_file import Role
from cobot_ai.web.auth import Auth, Person, who_is
from cobot_ai.web.bucket import TokenBucket
from cobot_ai.web.commands import execute, refusal
from cobot_ai.web.devices import Devices
from cobot_ai.web.feed import Feed
from cobot_ai.web.services import Services, WebSettings

CONNECT_TIMEOUT_S = 5.0
"""A socket has to connect (and log in) within this time, seconds."""


@dataclass(slots=True)
class _Connection:
    person: Person | None
    role: Role
    tablet: str
    address: str
    since_s: float
    bucket: TokenBucket


class Events:
    """Socket handlers. Every event is checked again here, whatever the page shows.

    Args:
        socketio: The Socket.IO server. services: Ways to ledger and monitor.
        settings: Limits. auth: Login checks.
    """

    def __init__(
        self, socketio: SocketIO, services: Services, settings: WebSettings, auth: Auth
    ) -> None:
        self._socketio = socketio
        self._services = services
        self._settings = settings
        self._auth = auth
        self._lock = threading.Lock()
        self._connections: dict[str, _Connection] = {}
        self._silent: dict[str, float] = {}
        self.devices = Devices(services.monotonic)
        self.feed = Feed(services, settings, self._send, self._drop, self._tidy)
        socketio.on_event('connect', self._connect)
        socketio.on_event('disconnect', self._disconnect)
        socketio.on_event('command', self._command)
        socketio.on_event('device', self._device)

    # ------------------------------------------------------------ handlers

    def _connect(self, claim: object = None) -> None:
        if not self._auth.host_ok() or not self._auth.origin_ok():
            raise Refused('origin')
        role = self._auth.role()
        if role is None:
            raise Refused('login')
        sid = _sid()
        bucket = TokenBucket(
            self._settings.rate_hz, self._settings.burst, self._services.monotonic()
        )
        with self._lock:
            if len(self._connections) >= self._settings.max_clients:
                raise Refused('full')
            self._connections[sid] = _Connection(
                self._auth.person(),
                role,
                self._auth.tablet(),
                request.remote_addr or '',
                self._services.wall_ns() / 1e9,
                bucket,
            )
        browser = request.headers.get('User-Agent', '')
        self.devices.joined(sid, self._auth.tablet(), request.remote_addr or '', browser)
        have = claim if isinstance(claim, dict) else {}
        self.feed.join(sid, have.get('ledger'), have.get('seq'))

    def _disconnect(self, *_: object) -> None:
        sid = _sid()
        self.feed.leave(sid)
        self.devices.left(sid)
        with self._lock:
            self._connections.pop(sid, None)

    def _device(self, raw: object = None) -> Json:
        """A page says something of itself: the same checks as for a command."""
        connection = self._connections.get(_sid())
        if connection is None or not self._may(connection):
            return {'ok': False, 'reason': 'login'}
        if not connection.bucket.take(self._services.monotonic()):
            return {'ok': False, 'reason': 'too_many'}
        return {'ok': self.devices.told(_sid(), raw)}

    def _command(self, raw: object = None) -> Json:
        connection = self._connections.get(_sid())
        if connection is None or not self._may(connection):
            return refusal(raw, 'login', 'login')
        if not connection.bucket.take(self._services.monotonic()):
            return refusal(raw, 'busy', 'too_many')
        who = who_is(connection.person)
        if why := self._auth.refused(connection.role, who, raw):
            return refusal(raw, 'refused', why)
        return execute(self._services, raw, who, self._settings.command_timeout_s)

    def _may(self, connection: _Connection) -> bool:
        if not self._settings.login_required:
            return True
        if connection.person is None:
            return connection.role is Role.WALL and self._auth.is_wall(connection.tablet)
        return self._auth.valid(connection.person)

    # ------------------------------------------------------------ towards the tablets

    def _send(self, sid: str, event: str, data: object, done: Callable[[], None]) -> None:
        connection = self._connections.get(sid)
        if event == 'pulse' and connection is not None and not self._may(connection):
            self._drop(sid)  # the person, the role or the tablet changed since
            return
        begun = self._services.monotonic()

        def taken(*_: object) -> None:
            if event == 'pulse':
                self.devices.answered(sid, (self._services.monotonic() - begun) * 1e3)
            done()

        self._socketio.emit(event, data, to=sid, callback=taken)

    def _drop(self, sid: str) -> None:
        self._socketio.server.disconnect(sid)

    def reload(self, tablet: str) -> bool:
        """Have a tablet load its page anew as soon as nothing is open there; False: not here."""
        found = self.devices.to_reload(tablet)
        for sid in found:
            self._socketio.emit('reload', to=sid)
        return bool(found)

    def _tidy(self) -> None:
        """Drop sockets that were opened and never connected, or were refused and stay."""
        self._services.audit.count_out()
        server, now = self._socketio.server, self._services.monotonic()
        joined = server.manager.sid_from_eio_sid
        silent = [s for s in list(server.environ) if joined(s, '/') is None]
        self._silent = {s: self._silent.get(s, now) for s in silent}
        late = [s for s, since in self._silent.items() if now - since > CONNECT_TIMEOUT_S]
        for found in [f for s in late if (f := server.eio.sockets.get(s))]:
            found.close(wait=False)  # `disconnect` waits for the peer, and everybody with it

    def connected(self) -> list[Json]:
        """Who is connected, for admins."""
        with self._lock:
            connections = list(self._connections.values())
        return [
            {
                'name': c.person['name'] if c.person else '',
                'role': c.role.name.lower(),
                'tablet': c.tablet,
                'address': c.address,
                'since_s': c.since_s,
            }
            for c in connections
        ]

    def logged_out(self, person_id: str) -> None:
        """A login ended: so do its connections."""
        with self._lock:
            connections = list(self._connections.items())
        for sid, connection in connections:
            if connection.person and connection.person['id'] == person_id:
                self._drop(sid)


def _sid() -> str:
    return str(request.sid)  # type: ignore[attr-defined]  # set by Flask-SocketIO
