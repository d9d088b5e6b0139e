"""Reading the ledger; verifying it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, select

from cobot_ai.app.ports import Entry
from cobot_ai.core.errors import StoreError
from cobot_ai.core.types import Json
from cobot_ai.store.chain import ChainCheck, Tip, digest, genesis, parse_code, row_hash
from cobot_ai.store.head import read_head
from cobot_ai.store.ledger_rows import HASHED
from cobot_ai.store.schema import ENTRIES, EVIDENCE, META, refuse_newer, version_of
from cobot_ai.store.sqlite import SQLITE_VERSION, WAL_SAFE, readable, reader_engine

_PAGE = 5000
_C = ENTRIES.c
# Plain statements: the monitor reads between two decisions, and making them from tables takes
# longer than to carry them out.
_SINCE = """SELECT seq, t_ns, kind, case_id, body FROM entries
WHERE seq > ? ORDER BY seq LIMIT ?"""
_OF_CASE = """SELECT seq, t_ns, kind, case_id, body FROM entries
WHERE case_id = ? ORDER BY seq"""
_LAST = """SELECT seq, t_ns, kind, case_id, body FROM entries
WHERE kind = ? ORDER BY seq DESC LIMIT ?"""
_BY_KEY = 'SELECT seq, t_ns, kind, case_id, body FROM entries WHERE key = ?'
_LABELS = """SELECT seq, t_ns, kind, case_id, body FROM entries WHERE seq IN
(SELECT max(seq) FROM entries WHERE kind = 'label' GROUP BY case_id) ORDER BY case_id"""


class LedgerView:
    """A ledger opened for reading (port `LedgerReader`); threads may share it.

    Args:
        path: The database file.

    Raises:
        StoreError: There is no ledger, it is damaged, or a newer version wrote it.
    """

    sqlite_version = SQLITE_VERSION
    wal_safe = WAL_SAFE

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise StoreError(f'There is no ledger at {path}; start the cell once to make it.')
        self._path = path
        self._engine = reader_engine(path)
        with self._reading() as connection:
            refuse_newer(version_of(connection))
            row = connection.execute(select(META.c.value).where(META.c.name == 'id'))
            self._id = str(row.scalar_one())

    @property
    def ledger_id(self) -> str:
        """Random name given when the ledger was created."""
        return self._id

    @property
    def path(self) -> Path:
        """The database file."""
        return self._path

    def head(self) -> int:
        """Sequence number of the newest entry, 0 when empty."""
        return self.tip().seq

    def tip(self) -> Tip:
        """Sequence number and hash of the newest entry; its `code` goes on paper."""
        with self._reading() as connection:
            return tip_of(connection, self._id)

    def since(self, seq: int, limit: int = 1000) -> list[Entry]:
        """Entries after `seq`, oldest first, at most `limit`."""
        return self._entries(_SINCE, seq, limit)

    def of_case(self, case: int) -> list[Entry]:
        """All entries of one case, oldest first."""
        return self._entries(_OF_CASE, case)

    def last(self, kind: str, limit: int = 1) -> list[Entry]:
        """The newest entries of one kind, newest first."""
        return self._entries(_LAST, kind, limit)

    def by_key(self, key: str) -> Entry | None:
        """The entry written under an idempotency key."""
        found = self._entries(_BY_KEY, key) if key else []
        return found[0] if found else None

    def open_cases(self) -> list[int]:
        """Cases with an `ask` and no `resolution`, oldest first."""
        done = ENTRIES.alias()
        resolved = select(done.c.seq).where(
            done.c.case_id == _C.case_id, done.c.kind == 'resolution'
        )
        asked = select(_C.case_id).where(_C.kind == 'ask', ~resolved.exists())
        with self._reading() as connection:
            cases = connection.execute(asked.order_by(_C.seq)).scalars()
            return list(dict.fromkeys(int(case) for case in cases))

    def labels(self) -> dict[int, Entry]:
        """The label that counts for each case: its newest `label` entry."""
        return {entry.case: entry for entry in self._entries(_LABELS)}

    def evidence(self, case: int) -> Json | None:
        """The evidence document stored with the case's ask."""
        with self._reading() as connection:
            query = select(EVIDENCE.c.body).where(EVIDENCE.c.case_id == case)
            text = connection.execute(query).scalar_one_or_none()
            return None if text is None else dict(json.loads(text))

    def has_evidence(self, case: int) -> bool:
        """Whether there is one; it is not read."""
        with self._reading() as connection:
            query = select(EVIDENCE.c.case_id).where(EVIDENCE.c.case_id == case)
            return connection.execute(query).first() is not None

    def verify(self, code: str | None = None) -> ChainCheck:
        """Walk the whole chain, with the evidence documents.

        Args:
            code: A head code printed earlier; the ledger must still contain that row.

        Returns:
            The first bad row and why; also whether rows known to have been written are gone.

        Raises:
            StoreError: The file is damaged so that it cannot even be walked.
        """
        wanted = parse_code(code) if code else None
        with self._reading() as connection:
            problem = connection.exec_driver_sql('PRAGMA integrity_check(1)').scalar_one()
        if problem != 'ok':
            return ChainCheck(0, 0, f'the database file is damaged ({problem})', self.tip().code)
        tip = genesis(self._id)
        seen: dict[int, str] = {}
        marks = [mark for mark in (wanted, read_head(self._path)) if mark]
        for row in self._rows():
            why = self._fault(row, tip)
            if why:
                return ChainCheck(tip.seq, tip.seq + 1, why, tip.code)
            tip = Tip(row['seq'], row['hash'])
            seen |= {mark.seq: tip.hash for mark in marks if mark.seq == tip.seq}
        for mark in marks:
            if mark.seq and not seen.get(mark.seq, '').startswith(mark.hash):
                why = (
                    f'entry {mark.seq} was written ({mark.code}) but is not in the ledger any more'
                )
                return ChainCheck(tip.seq, min(mark.seq, tip.seq + 1), why, tip.code)
        return ChainCheck(tip.seq, 0, '', tip.code)

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def _fault(self, row: Json, before: Tip) -> str:
        if row['seq'] != before.seq + 1:
            return f'entries {before.seq + 1} to {row["seq"] - 1} were removed'
        try:
            whole = row['prev'] == before.hash and row['hash'] == row_hash(row)
        except StoreError:
            whole = False
        if not whole:
            return f'entry {row["seq"]} or the one before it was changed'
        wanted = json.loads(row['body']).get('evidence') if row['kind'] in HASHED else None
        if wanted and (row['document'] is None or digest(row['document']) != wanted):
            return f'the evidence of entry {row["seq"]} (case {row["case_id"]}) was changed'
        return ''

    def _rows(self) -> Iterator[Json]:
        joined = ENTRIES.outerjoin(
            EVIDENCE, (EVIDENCE.c.case_id == _C.case_id) & _C.kind.in_(HASHED)
        )
        query = select(ENTRIES, EVIDENCE.c.body.label('document')).select_from(joined)
        seq = 0
        while True:
            with self._reading() as connection:
                page = query.where(_C.seq > seq).order_by(_C.seq).limit(_PAGE)
                rows = [dict(row) for row in connection.execute(page).mappings()]
            yield from rows
            if len(rows) < _PAGE:
                return
            seq = rows[-1]['seq']

    def _entries(self, query: str, *values: object) -> list[Entry]:
        with self._reading() as connection:
            return [
                Entry(seq, t_ns, kind, case, json.loads(body))
                for seq, t_ns, kind, case, body in connection.exec_driver_sql(query, values)
            ]

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with readable(self._path), self._engine.connect() as connection:
            yield connection


def tip_of(connection: Connection, ledger_id: str) -> Tip:
    """The newest row of an open ledger."""
    newest = select(_C.seq, _C.hash).order_by(_C.seq.desc()).limit(1)
    row = connection.execute(newest).one_or_none()
    return Tip(int(row[0]), str(row[1])) if row else genesis(ledger_id)
