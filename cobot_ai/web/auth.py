"""Who may use the console: host and origin checks, roles; every refusal is written down.

On loopback nobody logs in; the host check keeps foreign pages out. Elsewhere an operator needs an
enrolled tablet and a PIN, engineers and admins a password; a screen enrolled for the wall shows
without a login until it is removed, and can do nothing. The session is a signed cookie; it ends
when its person or tablet changes, and with the logout. Requests that write must come from this
page (Origin or Sec-Fetch-Site; OWASP calls it verifying the origin), which together with
SameSite=Strict keeps forged ones out. How one logs in: `login.py`.
"""

from __future__ import annotations

import logging
from typing import TypedDict
from urllib.parse import urlsplit

from flask import Response, redirect, request, session
from werkzeug.wrappers import Response as AnyResponse

from cobot_ai.app.fields import plain_name
from cobot_ai.core.errors import StoreError
from cobot_ai.store.account_file import Role, Tablet
from cobot_ai.store.ended import EndedSessions
from cobot_ai.web.commands import Who
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
ENDED_FILE = 'ended_sessions.json'
log = logging.getLogger(__name__)


def session_cookie(cell: str) -> str:
    """Name of the login's cookie. Cookies ignore ports: cells on one machine need their own."""
    return f'cobot_ai_session_{cell}'


def tablet_cookie(cell: str) -> str:
    """Name of the cookie that holds the token of an enrolled tablet."""
    return f'cobot_ai_tablet_{cell}'


class Person(TypedDict):
    """A logged-in person; `until` is wall clock, seconds, so it outlives a console restart.

    `tablet` is the station of the enrolled tablet ('' for any other device) and `paired` the
    digest of its token: a tablet paired anew under the same name is another one.
    """

    id: str
    name: str
    role: str
    epoch: int
    tablet: str
    paired: str
    until: float


class Auth:
    """Checks of every request.

    Args:
        services: Accounts, audit log and clock.
        settings: Whether a login is required, accepted hosts, length of a session.
    """

    def __init__(self, services: Services, settings: WebSettings) -> None:
        self._services = services
        self._settings = settings
        self._cookie = tablet_cookie(services.spec.name)
        self.ended = EndedSessions(settings.data_dir / ENDED_FILE, lambda: services.wall_ns() / 1e9)

    # ------------------------------------------------------------ where a request comes from

    def host_ok(self) -> bool:
        """Whether the request names a host this console goes by (only without login)."""
        if self._settings.login_required:
            return True
        return _host(f'//{request.host}') in {h.strip('[]') for h in self._settings.hosts}

    @staticmethod
    def origin_ok() -> bool:
        """Whether a request that a page sent comes from a page of this very host."""
        origin = request.headers.get('Origin')
        if origin is None:
            return request.headers.get('Sec-Fetch-Site', 'none') in ('none', 'same-origin')
        try:
            return urlsplit(origin).netloc == request.host
        except ValueError:  # such as an IPv6 address without its end
            return False

    def device(self) -> Tablet | None:
        """The enrolled tablet or wall screen that asks, None for any other device."""
        token = request.cookies.get(self._cookie, '')
        try:
            return self._services.accounts.tablet(token) if token else None
        except StoreError:
            return None

    def tablet(self) -> str:
        """Station of the enrolled tablet that asks, '' for any other device."""
        found = self.device()
        return found.name if found else ''

    # ------------------------------------------------------------ who it comes from

    def person(self) -> Person | None:
        """The logged-in person of the present request, None when there is none (any more)."""
        person: Person | None = session.get('person')
        return person if person and self.valid(person) else None

    def valid(self, person: Person) -> bool:
        """Whether a login made earlier still counts: in time, and nothing changed since."""
        if self._services.wall_ns() / 1e9 >= person['until'] or self.ended.has(person['id']):
            return False
        accounts = self._services.accounts
        now = accounts.person(person['name'])
        if now is None or not now.active or now.epoch != person['epoch']:
            return False
        paired = {(t.name, t.token) for t in accounts.tablets() if t.active}
        return not person['tablet'] or (person['tablet'], person['paired']) in paired

    def role(self) -> Role | None:
        """The role of the present request; None without a login where one is needed."""
        if not self._settings.login_required:
            return Role.ADMIN  # whoever sits at the cell controller itself
        person = self.person()
        if person is None:
            device = self.device()
            return Role.WALL if device is not None and device.wall else None
        return Role[person['role'].upper()]

    def is_wall(self, station: str) -> bool:
        """Whether a screen on the wall is still enrolled."""
        return any(
            t.name == station and t.wall and t.active for t in self._services.accounts.tablets()
        )

    def allowed(self) -> bool:
        """Whether the present request may go on without logging in first."""
        return self.role() is not None

    def refused(self, role: Role, who: Who | None, raw: object) -> str:
        """Why this command may not be given here, '' when it may; a refusal is written down.

        Args:
            role: Of the sender. who: The login it came with, None where nobody logs in.
            raw: What the page sent. Its `by` is who tapped: a tap that was kept while the network
                was gone must not go into the ledger under the name of whoever logged in since.
        """
        command = raw if isinstance(raw, dict) else {}
        kind, by = str(command.get('kind', '')), str(command.get('by') or '')
        if not kind:
            return ''  # what is no command at all is refused as such
        if not may_send(role, kind):
            self.note('role', command=kind)
            return 'role'
        if who is not None and by and plain_name(by) != plain_name(who.name):
            self.note('other_person', who=who.name, command=kind, tapped_by=by)
            return 'other_person'
        return ''

    # ------------------------------------------------------------ before every request

    def check(self) -> AnyResponse | tuple[Response, int] | tuple[dict[str, str], int] | None:
        """Before every HTTP request; a response means refusal."""
        if not self.host_ok():
            self.note('unknown_host', host=request.host)
            return {'error': 'unknown_host'}, 403
        if request.method not in ('GET', 'HEAD', 'OPTIONS') and not self.origin_ok():
            self.note('foreign_origin', origin=request.headers.get('Origin', ''))
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
        route = request.endpoint or 'unknown'  # not the path: whoever knocks chooses that
        if role is not None:
            if request.endpoint is None or may_open(role, request.endpoint):
                return None
            self.note('role', route=route)
            return {'error': 'role'}, 403
        if request.path.startswith('/api/'):
            self.note('login', route=route)
            return {'error': 'login'}, 401
        return redirect('/login')

    def note(self, what: str, who: str = '', **more: str) -> None:
        """Write something about the present request into the audit log."""
        person: Person | None = session.get('person')
        name = who or (person['name'] if person else '')
        self._services.audit.note(
            what, who=name, tablet=self.tablet(), address=request.remote_addr or '', **more
        )


def who_is(person: Person | None) -> Who | None:
    """The name and station under which a login's commands go into the ledger."""
    if person is None:
        return None
    return Who(person['name'], person['tablet'] or f'desk-{person["id"][:6]}')


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ''
    except ValueError:
        return ''
