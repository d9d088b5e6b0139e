"""What the console needs from the outside, and its settings. No ROS, no SQL, no Flask here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Protocol

from cobot_ai.app.model_ports import Registry
from cobot_ai.app.ports import LedgerReader
from cobot_ai.core.spec import CellSpec
from cobot_ai.core.types import Json
from cobot_ai.store.accounts import Accounts
from cobot_ai.store.audit_log import AuditLog

LOOPBACK_HOSTS = ('localhost', '127.0.0.1', '[::1]')
"""Host names a browser may use when the console is bound to loopback."""


class CommandPort(Protocol):
    """The way of a person's command to the monitor and of the reply back."""

    def submit(self, command: Json, timeout_s: float) -> Json | None:
        """Send a command and wait for its reply.

        Args:
            command: As in docs/ledger.md; always has `key`, `kind`, `by` and `tablet`.
            timeout_s: Longest wait, seconds.

        Returns:
            The reply, or None when there is none yet. Trying again with the same key is safe.
        """


def _no_page(lang: str) -> None:
    return None


def _no_folder() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Services:
    """Everything the pages are made of.

    Attributes:
        spec: The cell. reader: The ledger, read only.
        commands: Way to the monitor.
        pulse: Newest heartbeat of the monitor: its state and the age of that heartbeat in
            milliseconds (infinity when there never was one). Known keys of the state are those
            of `schemas_pulse.PulseState`.
        still: Newest camera image of a case as PNG or JPEG bytes, None when there is none.
        registry: Model versions; only its reading side is used.
        wall_ns: Wall clock, nanoseconds; only used to tell how much of a deadline is left.
        monotonic: Monotonic clock, seconds; for throttling and sessions.
        accounts: People and tablets. audit: Where refusals and changes of accounts go.
        sop: Markdown of the work instruction in a language, None when there is none.
        simulated: Stamps follow the clock of a simulation or a bag, not the one on the wall.
        drop: State of the drop folder (`schemas_figures.DropDoc`), None where there is none.
    """

    spec: CellSpec
    reader: LedgerReader
    commands: CommandPort
    pulse: Callable[[], tuple[Json, float]]
    still: Callable[[int], bytes | None]
    registry: Registry
    wall_ns: Callable[[], int]
    monotonic: Callable[[], float]
    accounts: Accounts
    audit: AuditLog
    sop: Callable[[str], str | None] = _no_page
    simulated: bool = False
    drop: Callable[[], Json | None] = _no_folder


@dataclass(frozen=True, slots=True)
class WebSettings:
    """How the console serves.

    Attributes:
        data_dir: Folder of the console's own files (the cookie secret).
        login_required: True outside loopback: every route and event then needs a login.
        tls: Served over TLS; cookies are then never sent without it.
        hosts: Host names accepted in requests while no login is required; this is what keeps a
            foreign page from reaching a loopback console through a rebound DNS name.
        assets: Folder of the built page; None: `cobot_ai/_web` of the installed package.
        command_timeout_s: Longest wait for the monitor's reply, seconds.
        pulse_s: Period of the heartbeat towards the tablets, seconds.
        session_s: How long a login lasts, seconds.
        rate_hz: Commands a connection may send per second on average. burst: At once.
        max_clients: Live connections; further ones are refused politely.
        ack_timeout_s: A tablet that takes nothing for this long is disconnected, seconds.
    """

    data_dir: Path
    login_required: bool = False
    tls: bool = False
    hosts: tuple[str, ...] = LOOPBACK_HOSTS
    assets: Path | None = None
    command_timeout_s: float = 3.0
    pulse_s: float = 0.5
    session_s: float = 12 * 3600.0
    rate_hz: float = 5.0
    burst: int = 20
    max_clients: int = 128
    ack_timeout_s: float = 10.0

    @property
    def asset_dir(self) -> Path:
        """Folder of the built page (may not exist; then only `/lite` works)."""
        return self.assets or Path(str(files('cobot_ai'))) / '_web'
