"""The web server of the console: Werkzeug's threaded server with Nagle's algorithm off.

With Nagle on, a handler that broadcasts and then acknowledges costs 45 ms on the very path from a
tap to everybody seeing it; off it is 2 to 3 ms. A cell has some ten tablets, one thread each.
"""

from __future__ import annotations

import logging
import socket
import ssl
import struct
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from cobot_ai.core.errors import ConfigError

SEND_TIMEOUT_S = 5
"""A peer that takes no bytes for this long is given up, so that its threads end."""
log = logging.getLogger(__name__)


class Handler(WSGIRequestHandler):
    """Sends at once and logs quietly."""

    disable_nagle_algorithm = True
    protocol_version = 'HTTP/1.1'

    def setup(self) -> None:
        """Bound every write: a frozen or vanished tablet must not hold a thread for ever."""
        if isinstance(self.request, ssl.SSLSocket):
            self.request.settimeout(SEND_TIMEOUT_S)
            self.request.do_handshake()  # here, in a thread of its own, not in `accept`
            self.request.settimeout(None)
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


class _LateHandshake(ssl.SSLContext):
    """TLS whose handshake is not part of `accept`: a silent client must not hold up all others."""

    def wrap_socket(self, sock: Any, *args: Any, **kwargs: Any) -> ssl.SSLSocket:  # noqa: D102
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
        server = make_server(
            host, port, app, threaded=True, request_handler=Handler, ssl_context=tls
        )
    except (OSError, OverflowError, SystemExit) as e:  # Werkzeug exits by itself when the port is taken
        raise ConfigError(
            f'The page cannot be served on {host}:{port} ({e}); choose another host or port.'
        ) from e
    server.handle_error = _broke_off  # type: ignore[method-assign]
    return server


def _broke_off(request: Any, client_address: Any) -> None:
    """Whoever speaks HTTP to TLS, or just goes away, is no reason for a traceback."""
    log.debug('%s broke off', client_address, exc_info=True)
