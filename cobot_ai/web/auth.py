"""Who may use the console: host and origin checks, login, roles; every refusal is written down.

On loopback nobody logs in; the host check keeps foreign pages out. Elsewhere an operator needs an
enrolled tablet and a PIN, engineers and admins a password; a screen enrolled for the wall shows
without a login until it is removed, and can do nothing. The session is a signed cookie; it ends
when its person or tablet changes. Requests that write must come from this page (Origin or
Sec-Fetch-Site; OWASP calls it verifying the origin), which together with SameSite=Strict keeps
forged ones out.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from typing import NamedTuple, TypedDict
from urllib.parse import urlsplit

from flask import Blueprint, Response, redirect, request, session
from werkzeug.wrappers import Response as AnyResponse

from cobot_ai.core.errors import StoreError
from cobot_ai.store.account_file import Role, Tablet
from cobot_ai.web.bucket import Backoff
from cobot_ai.web.plain import language, page_in
from cobot_ai.web.roles import may_open, may_send
from cobot_ai.web.services import Services, WebSettings

OPEN_ENDPOINTS = frozenset(
    {
        'auth.login',
        'auth.login_form',
        'auth.pair',
        'auth.pair_form',
        'metrics.metrics',  # has a token of its own
        'pages.healthz',
        'pages.asset',
        'pages.style',
        'pages.offline',
        'pages.lite_script',
        'pages.manifest',
        'pages.icon',
    }
)
log = logging.getLogger(__name__)
TABLET_COOKIE = 'cobot_ai_tablet'
YEAR_S = 365 * 24 * 3600


class Person(TypedDict):
    """A logged-in person; `until` is wall clock, seconds, so it outlives a console restart."""

    id: str
    name: str
    role: str
    epoch: int
    tablet: str
    until: float


class Refusal(NamedTuple):
    """Why a login failed, and how long to wait before the next try, seconds."""

    reason: str
    wait_s: float = 0.0


class Auth:
    """Checks of every request and the login itself.

    Args:
        services: Accounts, audit log and clock.
        settings: Whether a login is required, accepted hosts, length of a session.
    """

    def __init__(self, services: Services, settings: WebSettings) -> None:
        self._services = services
        self._settings = settings
        self._devices = Backoff()
        # Guessing from many devices is slowed, but nobody can lock a person out for long.
        self._people = Backoff(free=20, first_s=5.0, longest_s=60.0)
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
        """Whether a login made earlier still counts: in time, and nothing changed since."""
        if self._services.wall_ns() / 1e9 >= person['until']:
            return False
        accounts = self._services.accounts
        now = accounts.person(person['name'])
        if now is None or not now.active or now.epoch != person['epoch']:
            return False
        stations = {t.name for t in accounts.tablets() if t.active}
        return not person['tablet'] or person['tablet'] in stations

    def role(self) -> Role | None:
        """The role of the present request; None without a login where one is needed."""
        if not self._settings.login_required:
            return Role.ADMIN  # whoever sits at the cell controller itself
        person = self.person()
        if person is None:
            device = self._device()
            return Role.WALL if device is not None and device.wall else None
        return Role[person['role'].upper()]

    def is_wall(self, station: str) -> bool:
        """Whether a screen on the wall is still enrolled."""
        return any(t.name == station and t.wall and t.active for t in self._services.accounts.tablets())

    def allowed(self) -> bool:
        """Whether the present request may go on without logging in first."""
        return self.role() is not None

    def may_command(self, role: Role, raw: object) -> bool:
        """Whether a role may give this command; a refusal is written down."""
        kind = str(raw.get('kind', '')) if isinstance(raw, dict) else ''
        if not kind or may_send(role, kind):
            return True  # what is no command at all is refused as such
        self._note('role', command=kind)
        return False

    def check(self) -> AnyResponse | tuple[Response, int] | tuple[dict[str, str], int] | None:
        """Before every HTTP request; a response means refusal."""
        if not self.host_ok():
            self._note('unknown_host', host=request.host)
            return {'error': 'unknown_host'}, 403
        if request.method not in ('GET', 'HEAD', 'OPTIONS') and not self.origin_ok():
            self._note('foreign_origin', origin=request.headers.get('Origin', ''))
            return {'error': 'foreign_origin'}, 403
        if request.endpoint in OPEN_ENDPOINTS:
            return None
        try:
            return self._check_role()
        except StoreError as e:
            log.error('%s', e)
            return {'error': 'accounts'}, 503

    def _check_role(self) -> AnyResponse | tuple[Response, int] | tuple[dict[str, str], int] | None:
        role = self.role()
        if role is not None:
            if request.endpoint is None or may_open(role, request.endpoint):
                return None
            self._note('role', path=request.path)
            return {'error': 'role'}, 403
        if request.path.startswith('/api/'):
            self._note('login', path=request.path)
            return {'error': 'login'}, 401
        return redirect('/login')

    def _note(self, what: str, who: str = '', **more: str) -> None:
        person: Person | None = session.get('person')
        name = who or (person['name'] if person else '')
        self._services.audit.note(
            what, who=name, tablet=self.tablet(), address=request.remote_addr or '', **more
        )

    # ------------------------------------------------------------ login

    def tablet(self) -> str:
        """Station of the enrolled tablet that asks, '' for any other device."""
        found = self._device()
        return found.name if found else ''

    def _device(self) -> Tablet | None:
        token = request.cookies.get(TABLET_COOKIE, '')
        try:
            return self._services.accounts.tablet(token) if token else None
        except StoreError:
            return None

    def _station(self) -> str:
        """Station of the enrolled tablet at which people log in; a wall is none."""
        found = self._device()
        return found.name if found and not found.wall else ''

    def try_login(self, name: str, secret: str) -> Refusal | None:
        """Log in; None when it worked."""
        now = self._services.monotonic()
        device = self.tablet() or request.remote_addr or ''
        wait_s = max(self._devices.wait_s(device, now), self._people.wait_s(name, now))
        if wait_s > 0:
            return Refusal('wait', wait_s)
        if not name.strip():
            return Refusal('no_name')
        person = self._services.accounts.check(name, secret)
        if person is None:
            self._devices.wrong(device, now)
            self._people.wrong(name, now)
            self._note('wrong_pin', who=name)
            return Refusal('wrong_pin', self._devices.wait_s(device, now))
        tablet = self._station()
        if not tablet and not person.role.needs_password:
            self._note('not_enrolled', who=person.name)
            return Refusal('not_enrolled')
        self._devices.right(device)
        self._people.right(name)
        self._open(person.name, person.role, person.epoch, tablet)
        return None

    def _open(self, name: str, role: Role, epoch: int, tablet: str) -> None:
        session.clear()
        session['person'] = Person(
            id=secrets.token_hex(8),
            name=name,
            role=role.name.lower(),
            epoch=epoch,
            tablet=tablet,
            until=self._services.wall_ns() / 1e9 + self._settings.session_s,
        )
        self._note('logged_in')

    def try_pair(self, code: str) -> str | Refusal:
        """Enrol the device that asks; its token, or why not."""
        now = self._services.monotonic()
        device = request.remote_addr or ''
        wait_s = self._devices.wait_s(device, now)
        if wait_s > 0:
            return Refusal('wait', wait_s)
        enrolled = self._services.accounts.enrol(code, self._services.wall_ns() / 1e9)
        if enrolled is None:
            self._devices.wrong(device, now)
            self._note('wrong_code')
            return Refusal('wrong_code', self._devices.wait_s(device, now))
        station, token = enrolled
        self._services.audit.note('tablet_enrolled', tablet=station, address=device)
        return token

    def blueprint(self) -> Blueprint:
        """Routes `/login`, `/logout` and `/pair`."""
        pages = Blueprint('auth', __name__)

        @pages.get('/login')
        def login_form() -> AnyResponse:
            role = self.role()
            return redirect('/') if role is not None and role > Role.WALL else self._form(None)

        @pages.post('/login')
        def login() -> AnyResponse | tuple[Response, int]:
            refused = self.try_login(request.form.get('name', ''), request.form.get('pin', ''))
            if refused is None:
                return redirect('/', 303)
            return self._form(refused), 429 if refused.wait_s > 0 else 403

        @pages.post('/logout')
        def logout() -> AnyResponse:
            person = session.pop('person', None)
            if person:
                self.on_logout(person['id'])
            return redirect('/login', 303)

        @pages.get('/pair')
        def pair_form() -> AnyResponse:
            return self._pair_form(None)

        @pages.post('/pair')
        def pair() -> AnyResponse | tuple[Response, int]:
            token = self.try_pair(request.form.get('code', ''))
            if isinstance(token, Refusal):
                return self._pair_form(token), 429 if token.wait_s > 0 else 403
            device = self._services.accounts.tablet(token)
            done = redirect('/wall' if device and device.wall else '/login', 303)
            done.set_cookie(
                TABLET_COOKIE,
                token,
                max_age=YEAR_S,
                httponly=True,
                samesite='Strict',
                secure=self._settings.tls,
            )
            return done

        return pages

    def _form(self, refused: Refusal | None) -> Response:
        tablet = self._station()
        people = self._services.accounts.people() if tablet else []
        names = [p.name for p in people if p.active]
        return self._page('login.html', refused, tablet=tablet, names=names)

    def _pair_form(self, refused: Refusal | None) -> Response:
        code = request.args.get('code', '')[:32]  # of a QR code; enrolling still takes a tap
        return self._page('pair.html', refused, tablet=self.tablet(), code=code)

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
