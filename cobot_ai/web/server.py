"""The web server of the console: Werkzeug's threaded server with Nagle's algorithm off.

With Nagle on, a handler that broadcasts and then acknowledges costs 45 ms on the very path from a
tap to everybody seeing it; off it is 2 to 3 ms. A cell has some ten tablets, one thread each.
"""

from __future__ import annotations

import logging
import math
import socket
import ssl
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask
from werkzeug.serving import BaseWSGIServer, ThreadedWSGIServer, WSGIRequestHandler

from cobot_ai.core.errors import ConfigError
from cobot_ai.core.types import Json

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

SEND_TIMEOUT_S = 5
"""A peer that takes no bytes for this long is given up, so that its threads end."""
ASK_TIMEOUT_S = 10.0
"""A connection has to say within this time what it wants, seconds."""
REQUEST_TIMEOUT_S = 120.0
"""And to be done with it within this; a websocket has its own heartbeat instead."""
TELL_S = 60.0
PER_ADDRESS, IN_ALL = 160, 256
"""Most connections at a time, each is a thread; a tablet has one, and a few while it loads."""
log = logging.getLogger(__name__)


class Handler(WSGIRequestHandler):
    """Sends at once and logs quietly."""

    disable_nagle_algorithm = True
    protocol_version = 'HTTP/1.1'

    def setup(self) -> None:
        """Bound every write: a frozen or vanished tablet must not hold a thread for ever."""
        if isinstance(self.request, ssl.SSLSocket):
            self.request.do_handshake()  # here, in a thread of its own, not in `accept`
        super().setup()
        limit = struct.pack('ll', SEND_TIMEOUT_S, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        if hasattr(socket, 'TCP_USER_TIMEOUT'):  # Linux
            self.connection.setsockopt(
                socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SEND_TIMEOUT_S * 1000
            )

    def run_wsgi(self) -> None:
        """Serve one request; what follows on the connection of a websocket is not HTTP."""
        super().run_wsgi()
        if self.headers.get('Upgrade', '').lower() == 'websocket':
            self.close_connection = True

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002  # Werkzeug's name
        """Requests go to the debug log, everything else to its own level."""
        level = {'error': logging.ERROR, 'warning': logging.WARNING}.get(type, logging.DEBUG)
        log.log(level, message, *args)


class Server(ThreadedWSGIServer):
    """A thread per connection, and a bound on both: who says nothing does not stay."""

    def __init__(self, host: str, port: int, app: Flask, tls: ssl.SSLContext | None) -> None:
        self._until: dict[socket.socket, tuple[str, float]] = {}
        self._until_lock = threading.Lock()
        self._told = -math.inf
        self._app = app
        super().__init__(host, port, self._serve, Handler, ssl_context=tls)

    def _serve(self, environ: Json, start_response: StartResponse) -> Iterable[bytes]:
        """The application, with the time a connection may take from here on."""
        asks = environ['REQUEST_METHOD'], environ.get('HTTP_UPGRADE', '').lower()
        live = asks == ('GET', 'websocket') and environ['PATH_INFO'].startswith('/socket.io/')
        self._allow(environ['werkzeug.socket'], math.inf if live else REQUEST_TIMEOUT_S)
        try:
            return self._app(environ, start_response)
        finally:
            if live:
                self._allow(environ['werkzeug.socket'], SEND_TIMEOUT_S)

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether there is room for one more connection, from this address and in all."""
        address = str(client_address[0])
        with self._until_lock:
            open_now = Counter(known for known, _ in self._until.values())
            room = len(self._until) < IN_ALL and open_now[address] < PER_ADDRESS
            if room:
                self._until[request] = (address, time.monotonic() + ASK_TIMEOUT_S)
        if not room and time.monotonic() - self._told > TELL_S:
            self._told = time.monotonic()
            log.warning('Too many connections; one from %s was refused.', address)
        return room

    def _allow(self, request: Any, more_s: float) -> None:
        """The connection may stay for this much longer, seconds."""
        with self._until_lock:
            if request in self._until:
                self._until[request] = (self._until[request][0], time.monotonic() + more_s)

    def service_actions(self) -> None:
        """Between requests: cut what took too long; the thread that waits for it then ends."""
        super().service_actions()
        now = time.monotonic()
        with self._until_lock:
            late = [request for request, (_, until) in self._until.items() if until < now]
        for request in late:
            with suppress(OSError):  # not SSLSocket's own: another thread is reading there
                socket.socket.shutdown(request, socket.SHUT_RDWR)

    def shutdown_request(self, request: Any) -> None:
        """A connection is over."""
        with self._until_lock:
            self._until.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever speaks HTTP to TLS, or just goes away, is no reason for a traceback."""
        log.debug('%s broke off', client_address, exc_info=True)


class _LateHandshake(ssl.SSLContext):
    """TLS whose handshake is not part of `accept`: a silent client must not hold up all others."""

    def wrap_socket(self, sock: Any, *args: Any, **kwargs: Any) -> ssl.SSLSocket:
        kwargs['do_handshake_on_connect'] = False
        return super().wrap_socket(sock, *args, **kwargs)


def tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.2 and later with this certificate."""
    context = _LateHandshake(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    return context


def web_server(
    app: Flask, host: str, port: int, tls: ssl.SSLContext | None = None
) -> BaseWSGIServer:
    """Bind; call `serve_forever()` on the result, and `shutdown()` from another thread.

    Args:
        app: The console's Flask application.
        host: Address to bind to. port: TCP port, 0 for any (see `server.port`).
        tls: Serve over TLS only (`tls_context`); None: plain HTTP.

    Raises:
        ConfigError: The address cannot be bound.
    """
    try:
        return Server(host, port, app, tls)
    except (OSError, OverflowError, SystemExit) as e:  # Werkzeug exits when the port is taken
        raise ConfigError(
            f'The page cannot be served on {host}:{port} ({e}); choose another host or port.'
        ) from e
