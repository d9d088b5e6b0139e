"""How people log in and out, and how a tablet is enrolled."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from typing import NamedTuple

from flask import Blueprint, Response, redirect, request, session
from werkzeug.wrappers import Response as AnyResponse

from cobot_ai.app.fields import plain_name
from cobot_ai.store import account_file
from cobot_ai.store.account_file import Role, Tablet
from cobot_ai.web.auth import Auth, Person, tablet_cookie
from cobot_ai.web.bucket import Backoff
from cobot_ai.web.plain import language, page_in
from cobot_ai.web.services import Services, WebSettings

YEAR_S = 365 * 24 * 3600
LONGEST_NAME = 80
HASHES = 2
"""Secrets checked at the same time: each takes 19 MB on purpose."""
HASH_WAIT_S = 2.0
"""Longest wait for one of these to end, seconds; ten people may log in at a shift change."""


class Refusal(NamedTuple):
    """Why a login failed, and how long to wait before the next try, seconds."""

    reason: str
    wait_s: float = 0.0


class Login:
    """Logging in and enrolling; guessing is slowed per device and per person.

    Args:
        services: Accounts and clock. settings: Length of a session.
        auth: Checks of the request. on_logout: Told the id of a login that ended.
    """

    def __init__(
        self,
        services: Services,
        settings: WebSettings,
        auth: Auth,
        on_logout: Callable[[str], None],
    ) -> None:
        self._services, self._settings = services, settings
        self._auth, self._on_logout = auth, on_logout
        self._devices = Backoff()
        # Guessing from many devices is slowed, but nobody can lock a person out for long.
        self._people = Backoff(free=20, first_s=5.0, longest_s=60.0)
        self._lock = threading.Lock()
        self._hashing = threading.BoundedSemaphore(HASHES)

    # ------------------------------------------------------------ the rules

    def try_login(self, name: str, secret: str) -> Refusal | None:
        """Log in; None when it worked."""
        device = self._auth.tablet() or request.remote_addr or ''
        who = plain_name(name)[:LONGEST_NAME]
        if not who:
            return Refusal('no_name')
        wait_s = self._count(device, who)
        if wait_s > 0:
            return Refusal('wait', wait_s)
        if not self._hashing.acquire(timeout=HASH_WAIT_S):
            return Refusal('busy', HASH_WAIT_S)
        try:
            person = self._services.accounts.check(who, secret)
        finally:
            self._hashing.release()
        if person is None:
            self._auth.note('wrong_pin', who=who)
            return Refusal('wrong_pin', self._wait_s(device, who))
        tablet = self._station()
        if tablet is None and not person.role.needs_password:
            self._auth.note('not_enrolled', who=person.name)
            return Refusal('not_enrolled')
        with self._lock:
            self._devices.right(device)
            self._people.right(who)
        self._open(person, tablet)
        return None

    def _count(self, device: str, who: str) -> float:
        """Count a try as wrong before it is looked at: tries at once must not pass the limit.

        Returns:
            Seconds to wait, 0 when the try may go on (and was counted).
        """
        with self._lock:
            now = self._services.monotonic()
            wait_s = max(self._devices.wait_s(device, now), self._people.wait_s(who, now))
            if wait_s <= 0:
                self._devices.wrong(device, now)
                self._people.wrong(who, now)
            return wait_s

    def _wait_s(self, device: str, who: str) -> float:
        now = self._services.monotonic()
        with self._lock:
            return max(self._devices.wait_s(device, now), self._people.wait_s(who, now))

    def _station(self) -> Tablet | None:
        """The enrolled tablet at which people log in; a wall is none."""
        found = self._auth.device()
        return found if found and not found.wall else None

    def _open(self, person: account_file.Person, tablet: Tablet | None) -> None:
        session.clear()
        session['person'] = Person(
            id=secrets.token_hex(8),
            name=person.name,
            role=person.role.name.lower(),
            epoch=person.epoch,
            tablet=tablet.name if tablet else '',
            paired=tablet.token if tablet else '',
            until=self._services.wall_ns() / 1e9 + self._settings.session_s,
        )
        self._auth.note('logged_in')

    def log_out(self) -> None:
        """End the login of the present request: its cookie is worth nothing any more."""
        person: Person | None = session.pop('person', None)
        if person:
            self._auth.ended.add(person['id'], person['until'])
            self._on_logout(person['id'])

    def try_pair(self, code: str) -> str | Refusal:
        """Enrol the device that asks; its token, or why not."""
        device = request.remote_addr or ''
        with self._lock:  # counted before it is looked at, as a login is
            now = self._services.monotonic()
            wait_s = self._devices.wait_s(device, now)
            if wait_s <= 0:
                self._devices.wrong(device, now)
        if wait_s > 0:
            return Refusal('wait', wait_s)
        enrolled = self._services.accounts.enrol(code, self._services.wall_ns() / 1e9)
        with self._lock:
            if enrolled is not None:
                self._devices.right(device)
            wait_s = self._devices.wait_s(device, self._services.monotonic())
        if enrolled is None:
            self._auth.note('wrong_code')
            return Refusal('wrong_code', wait_s)
        station, token = enrolled
        self._services.audit.note('tablet_enrolled', tablet=station, address=device)
        return token

    # ------------------------------------------------------------ the pages

    def blueprint(self) -> Blueprint:
        """Routes `/login`, `/logout` and `/pair`."""
        pages = Blueprint('auth', __name__)

        @pages.get('/login')
        def login_form() -> AnyResponse:
            role = self._auth.role()
            return redirect('/') if role is not None and role > Role.WALL else self._form(None)

        @pages.post('/login')
        def login() -> AnyResponse | tuple[Response, int]:
            refused = self.try_login(request.form.get('name', ''), request.form.get('pin', ''))
            if refused is None:
                return redirect('/', 303)
            return self._form(refused), 429 if refused.wait_s > 0 else 403

        @pages.post('/logout')
        def logout() -> AnyResponse:
            self.log_out()
            return redirect('/login', 303)

        @pages.get('/pair')
        def pair_form() -> AnyResponse:
            return self._pair_form(None)

        @pages.post('/pair')
        def pair() -> AnyResponse | tuple[Response, int]:
            token = self.try_pair(request.form.get('code', ''))
            if isinstance(token, Refusal):
                return self._pair_form(token), 429 if token.wait_s > 0 else 403
            return self._paired(token)

        return pages

    def _paired(self, token: str) -> AnyResponse:
        device = self._services.accounts.tablet(token)
        done = redirect('/wall' if device and device.wall else '/login', 303)
        done.set_cookie(
            tablet_cookie(self._services.spec.name),
            token,
            max_age=YEAR_S,
            httponly=True,
            samesite='Strict',
            secure=self._settings.tls,
        )
        return done

    def _form(self, refused: Refusal | None) -> Response:
        tablet = self._station()
        people = self._services.accounts.people() if tablet else []
        names = [p.name for p in people if p.active]
        station = tablet.name if tablet else ''
        return self._page('login.html', refused, tablet=station, names=names)

    def _pair_form(self, refused: Refusal | None) -> Response:
        code = request.args.get('code', '')[:32]  # of a QR code; enrolling still takes a tap
        return self._page('pair.html', refused, tablet=self._auth.tablet(), code=code)

    def _page(self, template: str, refused: Refusal | None, **values: object) -> Response:
        reason, wait_s = refused or Refusal('')
        return page_in(
            language(),
            template,
            reason=reason,
            wait_s=round(wait_s),
            plain=not request.is_secure,
            **values,
        )
