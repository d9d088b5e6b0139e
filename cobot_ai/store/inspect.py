"""Looking at a ledger before it is opened for writing, without changing a byte of it."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, select

from cobot_ai.core.errors import StoreError
from cobot_ai.store.chain import Tip, row_hash
from cobot_ai.store.head import read_head
from cobot_ai.store.ledger_view import tip_of
from cobot_ai.store.schema import ENTRIES, META, refuse_newer, version_of
from cobot_ai.store.sqlite import damaged, readable, reader_engine

_SMALL = 100 * 10**6
"""Bytes up to which the indices are checked too at every start (about 1 s per 100 MB)."""


def inspect(path: Path, existed: bool) -> None:
    """Refuse a ledger that is damaged, gone, or shorter than it was.

    Args:
        path: The database file. existed: Whether a ledger was made here before.

    Raises:
        StoreError: What is wrong, and what to do.
    """
    if not path.is_file() or path.stat().st_size == 0:
        if existed or _log(path).exists():
            raise damaged(path, 'there was a ledger here, but its file is gone or empty')
        return
    engine = reader_engine(path)
    try:
        with readable(path), engine.connect() as connection:
            _check(path, connection, existed)
    finally:
        engine.dispose()


def _check(path: Path, connection: Connection, existed: bool) -> None:
    depth = 'integrity_check' if path.stat().st_size < _SMALL else 'quick_check'
    problem = connection.exec_driver_sql(f'PRAGMA {depth}(1)').scalar_one()
    if problem != 'ok':
        raise damaged(path, problem)
    version = version_of(connection)
    refuse_newer(version)
    if version:
        _check_tail(path, connection)
    elif existed or connection.exec_driver_sql('SELECT count(*) FROM sqlite_master').scalar_one():
        raise damaged(path, 'this is not a ledger, or it was emptied')


def _check_tail(path: Path, connection: Connection) -> None:
    ledger_id = connection.execute(select(META.c.value).where(META.c.name == 'id')).scalar_one()
    tip = tip_of(connection, str(ledger_id))
    newest = connection.execute(select(ENTRIES).where(ENTRIES.c.seq == tip.seq)).mappings().first()
    if newest is not None and row_hash(dict(newest)) != newest['hash']:
        raise damaged(path, f'entry {tip.seq} was changed')
    noted = read_head(path)
    if noted is not None and noted.seq and not _contains(connection, noted):
        raise _cut(path, noted, tip)


def _contains(connection: Connection, noted: Tip) -> bool:
    query = select(ENTRIES.c.hash).where(ENTRIES.c.seq == noted.seq)
    return connection.execute(query).scalar_one_or_none() == noted.hash


def _cut(path: Path, noted: Tip, tip: Tip) -> StoreError:
    return damaged(
        path,
        f'entry {noted.seq} was written, but the record now ends at {tip.seq} or differs; to go '
        f'on without what is lost, on purpose, delete {path.name}.head',
    )


def _log(path: Path) -> Path:
    return path.with_name(path.name + '-wal')
