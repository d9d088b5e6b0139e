"""The SQLite library in use, and engines over it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool, StaticPool

from cobot_ai.core.errors import StoreError

_FIXED = (3, 51, 3)
"""First version without the WAL-reset bug: two connections that write or checkpoint at once
could corrupt a database (3.7.0 to 3.51.2; release notes of 3.51.3)."""


def _newest() -> ModuleType:
    """`pysqlite3` where it is installed and brings a newer SQLite than Python's own."""
    try:
        from pysqlite3 import dbapi2  # noqa: PLC0415 (optional)
    except ImportError:
        return sqlite3
    return dbapi2 if dbapi2.sqlite_version_info > sqlite3.sqlite_version_info else sqlite3


DRIVER: Any = _newest()
SQLITE_VERSION: str = DRIVER.sqlite_version
WAL_SAFE: bool = DRIVER.sqlite_version_info >= _FIXED
"""False: this SQLite has the WAL-reset bug. One writer that alone checkpoints avoids it."""


_LONGEST_WAL = 4000
"""Pages after which SQLite moves the write-ahead log into the file although somebody waits."""


def writer_engine(path: Path, synchronous: str = 'FULL') -> Engine:
    """Engine over the one writing connection: WAL, every commit on the disk before it returns."""
    engine = _engine(path, 'rwc', {'poolclass': StaticPool})

    @event.listens_for(engine, 'connect')
    def prepare(connection: Any, _record: Any) -> None:
        connection.execute('PRAGMA journal_mode=WAL')
        connection.execute(f'PRAGMA synchronous={synchronous}')
        connection.execute('PRAGMA trusted_schema=OFF')
        connection.execute(f'PRAGMA wal_autocheckpoint={_LONGEST_WAL}')

    @event.listens_for(engine, 'begin')
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql('BEGIN IMMEDIATE')

    return engine


def reader_engine(path: Path) -> Engine:
    """Engine of read-only connections: they never block the writer and never checkpoint."""
    return _engine(path, 'ro', {'poolclass': QueuePool, 'pool_size': 4, 'max_overflow': 16})


def _engine(path: Path, mode: str, pool: dict[str, Any]) -> Engine:
    def connect() -> Any:
        return DRIVER.connect(
            f'file:{quote(str(path))}?mode={mode}',
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=10.0,
        )

    return create_engine('sqlite://', module=DRIVER, creator=connect, **pool)


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn what a damaged or missing database raises into one clear sentence.

    Raises:
        StoreError: The message says what to do.
    """
    try:
        yield
    except (SQLAlchemyError, DRIVER.Error, ValueError, TypeError, KeyError, OverflowError) as e:
        raise damaged(path, e) from e


def damaged(path: Path, why: object) -> StoreError:
    """The error for a ledger that must not be used."""
    text = ' '.join(str(getattr(why, 'orig', why)).split())[:200]
    return StoreError(
        f'The ledger {path} cannot be used ({text}). Nothing was changed. Restore a backup, or '
        'move its folder away to start a new record on purpose.'
    )
