"""Routes for admins: people, tablets, who is connected, and the audit log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Protocol, TypeVar

from flask import Blueprint, request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cobot_ai.core.errors import CobotAiError, ConfigError
from cobot_ai.core.types import Json
from cobot_ai.store.account_file import Role
from cobot_ai.store.accounts import OFFER_S
from cobot_ai.web.auth import Auth
from cobot_ai.web.devices import Devices, build_of
from cobot_ai.web.qr import pairing_qr
from cobot_ai.web.services import Services, WebSettings

Result = Json | tuple[Json, int]


class Live(Protocol):
    """The live connections, as far as admins have to do with them."""

    devices: Devices

    def connected(self) -> list[Json]:
        """Who is connected."""

    def reload(self, tablet: str) -> bool:
        """Have a tablet load its page anew when it is idle; False: it is not connected."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra='forbid', strict=True)


class SetPerson(_Strict):
    """Add a person, or set role and secret anew."""

    name: str = Field(min_length=1, max_length=80)
    role: Literal['operator', 'ambassador', 'engineer', 'admin']
    secret: str = Field(max_length=128)


class SetActive(_Strict):
    """May this person log in?"""

    name: str = Field(min_length=1, max_length=80)
    active: bool


class Station(_Strict):
    """A tablet by its station."""

    name: str = Field(min_length=1, max_length=80)


class Pairing(Station):
    """A tablet to enrol, or a screen on the wall that nobody logs in at."""

    wall: bool = False


Body = TypeVar('Body', bound=BaseModel)


def blueprint(services: Services, settings: WebSettings, auth: Auth, live: Live) -> Blueprint:
    """All routes below `/api/admin`; only admins reach them (see `roles`)."""
    admin = Blueprint('admin', __name__, url_prefix='/api/admin')
    accounts = services.accounts

    @admin.get('/people')
    def people() -> Json:
        rows = [
            {'name': p.name, 'role': p.role.name.lower(), 'active': p.active}
            for p in accounts.people()
        ]
        return {'people': rows}

    @admin.post('/people')
    def set_person() -> Result:
        def work(body: SetPerson) -> None:
            accounts.put(body.name, Role[body.role.upper()], body.secret)
            note('person_set', who=body.name, role=body.role)

        return carry_out(SetPerson, work)

    @admin.post('/people/active')
    def set_active() -> Result:
        def work(body: SetActive) -> None:
            accounts.set_active(body.name, body.active)
            note('person_restored' if body.active else 'person_removed', who=body.name)

        return carry_out(SetActive, work)

    @admin.get('/tablets')
    def tablets() -> Json:
        there = live.devices.rows()
        known = {t.name: {'active': t.active, 'wall': t.wall} for t in accounts.tablets()}
        rows = [
            {'name': name, 'enrolled': name in known, 'device': there.get(name)}
            | known.get(name, {'active': True, 'wall': False})
            for name in [*known, *sorted(set(there) - set(known))]
        ]
        return {'tablets': rows, 'build': build_of(settings.asset_dir)}

    @admin.post('/tablets')
    def offer_tablet() -> Result:
        def work(body: Pairing) -> Json:
            code = accounts.offer(body.name, services.wall_ns() / 1e9, body.wall)
            note('tablet_offered', tablet=body.name)
            return {'code': code, 'seconds': OFFER_S, 'qr': pairing_qr(request.url_root, code)}

        return carry_out(Pairing, work)

    @admin.post('/tablets/remove')
    def remove_tablet() -> Result:
        def work(body: Station) -> None:
            accounts.expel(body.name)
            note('tablet_removed', tablet=body.name)

        return carry_out(Station, work)

    @admin.post('/tablets/reload')
    def reload_tablet() -> Result:
        def work(body: Station) -> None:
            note('tablet_reload', tablet=body.name)
            if not live.reload(body.name):
                raise ConfigError('This tablet is not connected now.', key='not_connected')

        return carry_out(Station, work)

    @admin.get('/connections')
    def connected() -> Json:
        return {'connections': live.connected()}

    @admin.get('/audit')
    def audit() -> Json:
        return {'lines': services.audit.newest(), 'intact': services.audit.intact()}

    def note(what: str, **facts: str) -> None:
        person = auth.person()
        services.audit.note(what, by=person['name'] if person else 'console', **facts)

    return admin


def carry_out(kind: type[Body], work: Callable[[Body], Json | None]) -> Result:
    """Check the request's body and do the work; a refusal is a message key with parameters."""
    try:
        body = kind.model_validate(request.get_json(silent=True))
    except ValidationError as e:
        where = '.'.join(str(part) for part in e.errors()[0]['loc']) or 'body'
        return {'ok': False, 'reason': 'bad_request', 'params': {'name': where}}, 400
    try:
        found: Any = work(body)
    except CobotAiError as e:
        return {'ok': False, 'reason': e.key, 'params': e.params}, 409
    return {'ok': True, **(found or {})}
