"""Who may use the console: host and origin checks, the PIN login, the cookie secret.

On loopback nobody logs in; the host check keeps foreign pages out. Elsewhere a PIN opens a session
in a signed cookie, and the name given at login is the one that goes into the ledger.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypedDict
from urllib.parse import urlsplit

from flask import Blueprint, Response, redirect, request, session
from werkzeug.wrappers import Response as AnyResponse

from cobot_ai.core.errors import ConfigError
from cobot_ai.web.bucket import Backoff
from cobot_ai.web.plain import language, page_in
from cobot_ai.web.services import Services, WebSettings

OPEN_ENDPOINTS = frozenset(
    {
        'auth.login',
        'auth.login_form',
        'metrics.metrics',  # has a token of its own
        'pages.healthz',
        'pages.asset',
        'pages.style',
        'pages.offline',
        'pages.manifest',
        'pages.icon',
    }
)
SECRET_FILE = 'console_secret'  # noqa: S105  # a file name


class Person(TypedDict):
    """A logged-in person; `until` is wall clock, seconds, so it outlives a console restart."""

    id: str
    name: str
    until: float


def load_secret(folder: Path) -> bytes:
    """The cookie secret of this console: made at first use, readable by its owner only.

    Raises:
        ConfigError: The file is readable by others, or damaged.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / SECRET_FILE
    if not path.exists():
        _make_secret(path)
    return _read_secret(path)


def _make_secret(path: Path) -> None:
    """Write it whole under another name first: a second console never reads half of it."""
    draft = path.with_name(f'{SECRET_FILE}.{secrets.token_hex(4)}')
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, 'wb') as file:
            file.write(secrets.token_bytes(32))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()


def _read_secret(path: Path) -> bytes:
    if path.stat().st_mode & 0o077:
        raise ConfigError(f'Others can read {path}; delete it (everybody logs in again then).')
    secret = path.read_bytes()
    if len(secret) < 32:
        raise ConfigError(f'{path} is damaged; delete it and start the console again.')
    return secret


class Auth:
    """Checks of every request and the login itself.

    Args:
        services: PIN check and clock.
        settings: Whether a login is required, accepted hosts, length of a session.
    """

    def __init__(self, services: Services, settings: WebSettings) -> None:
        self._services = services
        self._settings = settings
        self._backoff = Backoff()
        self.on_logout: Callable[[str], None] = lambda person_id: None

    # ------------------------------------------------------------ checks

    def host_ok(self) -> bool:
        """Whether the request names a host this console goes by (only without login)."""
        if self._settings.login_required:
            return True
        return (urlsplit(f'//{request.host}').hostname or '') in {
            h.strip('[]') for h in self._settings.hosts
        }

    @staticmethod
    def origin_ok() -> bool:
        """Whether a request that a page sent comes from a page of this very host."""
        origin = request.headers.get('Origin')
        if origin is None:
            return request.headers.get('Sec-Fetch-Site', 'none') in ('none', 'same-origin')
        return urlsplit(origin).netloc == request.host

    def person(self) -> Person | None:
        """The logged-in person of the present request, None when there is none (any more)."""
        person: Person | None = session.get('person')
        return person if person and self.valid(person) else None

    def valid(self, person: Person) -> bool:
        """Whether a login made earlier still counts."""
        return self._services.wall_ns() / 1e9 < person['until']

    def allowed(self) -> bool:
        """Whether the present request may go on without logging in first."""
        return not self._settings.login_required or self.person() is not None

    def check(self) -> AnyResponse | tuple[Response, int] | tuple[dict[str, str], int] | None:
        """Before every HTTP request; a response means refusal."""
        if not self.host_ok():
            return {'error': 'unknown_host'}, 403
        if request.method not in ('GET', 'HEAD', 'OPTIONS') and not self.origin_ok():
            return {'error': 'foreign_origin'}, 403
        if request.endpoint in OPEN_ENDPOINTS or self.allowed():
            return None
        if request.path.startswith('/api/'):
            return {'error': 'login'}, 401
        return redirect('/login')

    # ------------------------------------------------------------ login

    def try_login(self, name: str, pin: str, client: str) -> tuple[str, float]:
        """Log in; returns ('', 0) or a reason with the seconds to wait."""
        now = self._services.monotonic()
        wait_s = self._backoff.wait_s(client, now)
        if wait_s > 0:
            return 'wait', wait_s
        if not name.strip():
            return 'no_name', 0.0
        if not self._services.check_pin(pin):
            self._backoff.wrong(client, now)
            return 'wrong_pin', self._backoff.wait_s(client, now)
        self._backoff.right(client)
        session.clear()
        session['person'] = Person(
            id=secrets.token_hex(8),
            name=name.strip()[:80],
            until=self._services.wall_ns() / 1e9 + self._settings.session_s,
        )
        return '', 0.0

    def blueprint(self) -> Blueprint:
        """Routes `/login` and `/logout`."""
        pages = Blueprint('auth', __name__)

        @pages.get('/login')
        def login_form() -> AnyResponse:
            return redirect('/') if self.allowed() else _form('', 0.0)

        @pages.post('/login')
        def login() -> AnyResponse | tuple[Response, int]:
            form = request.form
            reason, wait_s = self.try_login(
                form.get('name', ''), form.get('pin', ''), request.remote_addr or ''
            )
            if not reason:
                return redirect('/', 303)
            return _form(reason, wait_s), 429 if wait_s > 0 else 403

        @pages.post('/logout')
        def logout() -> AnyResponse:
            person = session.pop('person', None)
            if person:
                self.on_logout(person['id'])
            return redirect('/login', 303)

        return pages


def _form(reason: str, wait_s: float) -> Response:
    return page_in(language(), 'login.html', reason=reason, wait_s=round(wait_s))
