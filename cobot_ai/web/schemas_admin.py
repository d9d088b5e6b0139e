"""What the HTTP routes for admins return, for documentation and types."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class PersonRow(BaseModel):
    """Somebody who may log in."""

    name: str
    role: str
    active: bool


class PeopleDoc(BaseModel):
    """Route `/api/admin/people`."""

    people: list[PersonRow]


class DoneDoc(BaseModel):
    """A change an admin asked for: done, or why not, as a message key with parameters."""

    ok: bool
    reason: str = ''
    params: dict[str, Any] = {}


class OfferDoc(DoneDoc):
    """Route `/api/admin/tablets`, POST: a pairing code, and how long it is good for, seconds.

    Its QR code is a `data:` address (none where only this machine could open it).
    """

    code: str = ''
    seconds: float = 0.0
    qr: str | None = None


class DeviceDoc(BaseModel):
    """A tablet as it is connected now, or was last; null: its browser does not tell.

    `rtt_ms`: heartbeat there and back. `build`: of its page. `reload`: it will, once it is idle.
    """

    connected: bool
    seen_ago_s: float
    browser: str
    address: str
    rtt_ms: float | None
    build: str
    awake: bool | None
    battery: float | None
    charging: bool | None
    busy: bool
    reload: bool


class TabletRow(BaseModel):
    """A tablet; `device` is null when it was not seen since the console started."""

    name: str
    enrolled: bool
    active: bool
    wall: bool
    device: DeviceDoc | None


class TabletsDoc(BaseModel):
    """Route `/api/admin/tablets`; `build`: of the page that is served now."""

    tablets: list[TabletRow]
    build: str


class ConnectionRow(BaseModel):
    """A live connection."""

    name: str
    role: str
    tablet: str
    address: str
    since_s: float


class ConnectionsDoc(BaseModel):
    """Route `/api/admin/connections`."""

    connections: list[ConnectionRow]


class AuditLine(BaseModel):
    """One line of the audit log: when (wall clock, seconds), what, who, from where."""

    model_config = ConfigDict(extra='allow')

    t: float
    what: str
    who: str = ''
    tablet: str = ''
    address: str = ''
    by: str = ''


class AuditLogDoc(BaseModel):
    """Route `/api/admin/audit`: newest line first; `intact`: no line was changed."""

    lines: list[AuditLine]
    intact: bool
