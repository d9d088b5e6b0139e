"""Logins that were ended before their time: without this list a kept cookie would still work."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cobot_ai.core.errors import StoreError
from cobot_ai.store.files import locked, write_durably


class EndedSessions:
    """Ids of ended logins, each until it would have ended by itself; shared by all consoles.

    Args:
        path: Its file. wall_s: Wall clock, seconds.
    """

    def __init__(self, path: Path, wall_s: Callable[[], float]) -> None:
        self._path, self._wall_s = path, wall_s
        self._lock = threading.Lock()
        self._until: dict[str, float] = {}
        self._stamp: tuple[int, int] | None = None

    def add(self, session: str, until_s: float) -> None:
        """End a login for good.

        Args:
            session: Its id. until_s: When it would have ended, wall clock, seconds.

        Raises:
            StoreError: The disk refused; it is ended until the console stops.
        """
        with self._lock:
            self._until[session] = until_s
            with self._alone():
                self._load()
                now = self._wall_s()
                self._until = {k: v for k, v in self._until.items() if v > now}
                write_durably(self._path, json.dumps(self._until).encode())

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No other console writes between the look into the file and the new one."""
        try:
            with locked(self._path.with_suffix('.lock')):
                yield
        except OSError as e:
            raise StoreError(f'{self._path} cannot be written ({e.strerror}).') from e

    def has(self, session: str) -> bool:
        """Whether this login was ended.

        Raises:
            StoreError: The file is damaged: nobody knows who logged out.
        """
        with self._lock:
            self._load()
            return session in self._until

    def _load(self) -> None:
        """Read again what another console may have written."""
        try:
            stat = self._path.stat()
            stamp = (stat.st_mtime_ns, stat.st_ino)
            if stamp != self._stamp:
                self._until |= {
                    str(k): float(v) for k, v in json.loads(self._path.read_bytes()).items()
                }
                self._stamp = stamp
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError, AttributeError) as e:
            raise StoreError(f'{self._path} is damaged; delete it, and console_secret too.') from e
