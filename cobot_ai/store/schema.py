"""Tables of the ledger and their migrations."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text

from cobot_ai.core.errors import StoreError

_TABLES = MetaData()
META = Table('meta', _TABLES, Column('name', Text, primary_key=True), Column('value', Text))
ENTRIES = Table(
    'entries',
    _TABLES,
    Column('seq', Integer, primary_key=True),
    Column('t_ns', Integer),
    Column('kind', Text),
    Column('case_id', Integer),
    Column('key', Text),
    Column('body', Text),
    Column('prev', Text),
    Column('hash', Text),
)
EVIDENCE = Table(
    'evidence', _TABLES, Column('case_id', Integer, primary_key=True), Column('body', Text)
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        'CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID',
        """CREATE TABLE entries (
            seq INTEGER PRIMARY KEY CHECK (seq > 0),
            t_ns INTEGER NOT NULL,
            kind TEXT NOT NULL,
            case_id INTEGER NOT NULL CHECK (case_id >= 0),
            key TEXT UNIQUE,
            body TEXT NOT NULL,
            prev TEXT NOT NULL,
            hash TEXT NOT NULL)""",
        'CREATE INDEX entries_of_case ON entries (case_id, seq)',
        'CREATE INDEX entries_of_kind ON entries (kind, seq)',
        "CREATE UNIQUE INDEX one_resolution ON entries (case_id) WHERE kind = 'resolution'",
        'CREATE TABLE evidence (case_id INTEGER PRIMARY KEY, body TEXT NOT NULL)',
        *(
            f'CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} '
            "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
            for table in ('entries', 'evidence')
            for verb in ('UPDATE', 'DELETE')
        ),
    ),
)
"""Steps to each version, in order. Never change a step that was released: add one."""


def version_of(connection: Connection) -> int:
    """Schema version of a database, 0 for an empty one."""
    return int(connection.exec_driver_sql('PRAGMA user_version').scalar_one())


def migrate(connection: Connection, steps: Sequence[Sequence[str]] = MIGRATIONS) -> bool:
    """Bring a database to the newest schema inside the caller's one write transaction.

    Returns:
        True when it was created from nothing.

    Raises:
        StoreError: It was written by a newer version.
    """
    version = version_of(connection)
    refuse_newer(version, len(steps))
    for step in steps[version:]:
        for statement in step:
            connection.exec_driver_sql(statement)
    connection.exec_driver_sql(f'PRAGMA user_version={len(steps)}')
    return version == 0


def refuse_newer(version: int, known: int = len(MIGRATIONS)) -> None:
    """Stop before a newer version's ledger is misread.

    Raises:
        StoreError: `version` is newer than what this software knows.
    """
    if version > known:
        raise StoreError(
            f'This ledger was written by a newer cobot_ai (schema {version}, this one knows '
            f'{known}). Install that version again, or restore a backup made before the update.'
        )
