"""Puts the console together: Flask for pages and API, Socket.IO for what is live."""

from __future__ import annotations

import logging
import re
from typing import NamedTuple

from flask import Flask, Response, request
from flask_socketio import SocketIO

from cobot_ai.core.errors import CobotAiError
from cobot_ai.core.types import Json
from cobot_ai.web import admin_api, api, metrics, pages
from cobot_ai.web.auth import Auth, session_cookie
from cobot_ai.web.events import Events
from cobot_ai.web.feed import Feed
from cobot_ai.web.login import Login
from cobot_ai.web.secret import load_secret
from cobot_ai.web.services import Services, WebSettings

MAX_BODY = 64 * 1024
PING_S = 2
PING_TIMEOUT_S = 3
log = logging.getLogger(__name__)


class Console(NamedTuple):
    """The assembled console. Start `feed`, serve `app`, call `feed.notify()` on news."""

    app: Flask
    socketio: SocketIO
    feed: Feed


def create_app(services: Services, settings: WebSettings) -> Console:
    """Assemble the console; nothing runs yet.

    Args:
        services: Ways to the outside.
        settings: How to serve.

    Raises:
        ConfigError: The console's secret file cannot be used.
    """
    app = Flask('cobot_ai.web', static_folder=None)
    app.config.update(
        SECRET_KEY=load_secret(settings.data_dir),
        SESSION_COOKIE_NAME=session_cookie(services.spec.name),
        SESSION_COOKIE_SAMESITE='Strict',
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SECURE=settings.tls,
        MAX_CONTENT_LENGTH=MAX_BODY,
    )
    auth = Auth(services, settings)
    app.before_request(auth.check)
    app.after_request(_headers)
    app.register_error_handler(CobotAiError, _unavailable)
    app.register_blueprint(api.blueprint(services, settings, auth))
    app.register_blueprint(metrics.blueprint(services, settings.data_dir, auth))
    app.register_blueprint(pages.blueprint(services, settings, auth))
    socketio = SocketIO(
        app,
        async_mode='threading',
        transports=['websocket'],
        ping_interval=PING_S,
        ping_timeout=PING_TIMEOUT_S,
        max_http_buffer_size=MAX_BODY,
        manage_session=False,
        serve_client=False,
    )
    events = Events(socketio, services, settings, auth)
    app.register_blueprint(Login(services, settings, auth, events.logged_out).blueprint())
    app.register_blueprint(admin_api.blueprint(services, settings, auth, events))
    return Console(app, socketio, events.feed)


def _unavailable(error: Exception) -> tuple[Json, int]:
    """What cannot be read now may be a moment later: the page asks again."""
    log.error('%s', error)
    return {'error': error.key if isinstance(error, CobotAiError) else ''}, 503


def _headers(response: Response) -> Response:
    """Nothing but this console's own files may run, and no other page may frame it."""
    host = request.host if re.fullmatch(r'[\w.:\[\]-]+', request.host) else ''
    sockets = f' ws://{host} wss://{host}' if host else ''  # old WebKit: 'self' lacks ws
    response.headers['Content-Security-Policy'] = (
        f"default-src 'self'; connect-src 'self'{sockets}; img-src 'self' data: blob:; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
    response.headers['X-Content-Type-Options'] = 'nosniff'
    # Not 'no-referrer': browsers then send the origin of a form as 'null'.
    response.headers['Referrer-Policy'] = 'same-origin'
    response.headers.setdefault('Cache-Control', 'no-store')
    return response
