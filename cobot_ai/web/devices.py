"""What is known of the tablets: who is there, how fast they answer, what they say themselves."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from cobot_ai.core.newest import put_newest
from cobot_ai.core.types import Json
from cobot_ai.web.schemas import Name, Strict

REMEMBERED = 200
"""Devices that are gone and still listed, the newest; the console forgets them when it ends."""
SMOOTH = 0.2
"""Weight of the newest round trip in the figure shown."""
BROWSER = 200
ENTRY = re.compile(r'assets/index-([\w-]+)\.js')


class Told(Strict):
    """What a page says of itself; null: the browser does not tell.

    `build`: of the page. `awake`: the screen is kept on. `battery`: 0 to 1. `busy`: a card is open.
    """

    tablet: Name = ''
    build: Annotated[str, Field(max_length=40)] = ''
    awake: bool | None = None
    battery: Annotated[float, Field(ge=0, le=1)] | None = None
    charging: bool | None = None
    busy: bool = False


@dataclass(slots=True)
class _Device:
    station: str
    address: str
    browser: str
    seen_s: float
    rtt_ms: float | None = None
    told: Told = field(default_factory=Told)
    reload: bool = False

    @property
    def name(self) -> str:
        return self.station or self.told.tablet


class Devices:
    """Thread-safe; nothing of it is kept over a restart of the console.

    Args:
        monotonic: Monotonic clock, seconds.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._here: dict[str, _Device] = {}
        self._gone: dict[str, _Device] = {}

    def joined(self, sid: str, station: str, address: str, browser: str) -> None:
        """A page connected.

        Args:
            sid: Connection. station: Of an enrolled tablet, else ''. address: Network address.
            browser: What its browser calls itself.
        """
        with self._lock:
            self._here[sid] = _Device(station, address, browser[:BROWSER], self._monotonic())

    def told(self, sid: str, raw: object) -> bool:
        """A page says something of itself; False where it is nothing of the kind."""
        try:
            told = Told.model_validate(raw)
        except ValidationError:
            return False
        with self._lock:
            if device := self._here.get(sid):
                device.told = told
        return True

    def answered(self, sid: str, rtt_ms: float) -> None:
        """A page acknowledged a heartbeat.

        Args:
            sid: Connection. rtt_ms: How long that took, there and back, milliseconds.
        """
        with self._lock:
            if device := self._here.get(sid):
                before = device.rtt_ms if device.rtt_ms is not None else rtt_ms
                device.rtt_ms = before + SMOOTH * (rtt_ms - before)
                device.seen_s = self._monotonic()

    def left(self, sid: str) -> None:
        """A page is gone."""
        with self._lock:
            if (device := self._here.pop(sid, None)) is None or not device.name:
                return
            put_newest(self._gone, device.name, device, REMEMBERED)

    def to_reload(self, name: str) -> list[str]:
        """Connections of a tablet that is to load its page anew; each waits until it is idle."""
        with self._lock:
            found = [sid for sid, device in self._here.items() if device.name == name]
            for sid in found:
                self._here[sid].reload = True
        return found

    def rows(self) -> dict[str, Json]:
        """The newest of every tablet, by name: connected ones before those that are gone."""
        with self._lock:
            now = self._monotonic()
            rows = {name: _row(d, now, False) for name, d in self._gone.items()}
            for device in self._here.values():
                if device.name:
                    rows[device.name] = _row(device, now, True)
        return rows


def _row(device: _Device, now_s: float, here: bool) -> Json:
    told = device.told
    return {
        'connected': here,
        'seen_ago_s': max(0.0, now_s - device.seen_s),
        'browser': device.browser,
        'address': device.address,
        'rtt_ms': device.rtt_ms,
        **{n: getattr(told, n) for n in ('build', 'awake', 'battery', 'charging', 'busy')},
        'reload': here and device.reload,
    }


def build_of(folder: Path) -> str:
    """The build of the page that is served now, '' where none is."""
    try:
        found = ENTRY.search((folder / 'index.html').read_text('utf-8'))
    except OSError:
        return ''
    return found[1] if found else ''
