"""Writing the ledger: one writer thread, one connection, one process."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from sqlalchemy import Engine, func, insert, select

from cobot_ai.app.ports import Draft, Entry
from cobot_ai.core.errors import StoreError
from cobot_ai.core.types import Json
from cobot_ai.store.chain import Tip, canonical
from cobot_ai.store.head import HeadFile
from cobot_ai.store.inspect import inspect
from cobot_ai.store.ledger_rows import conflict, prepared, rows_of
from cobot_ai.store.ledger_view import LedgerView
from cobot_ai.store.schema import ENTRIES, META, migrate
from cobot_ai.store.sqlite import DRIVER, readable, writer_engine

_GROUP = 64
"""Most commits that share one transaction."""
_PATIENCE_S = 0.01
"""How often a waiting commit looks whether something is due that cannot wait."""
_CHECKPOINT = 100
"""Transactions after which the write-ahead log is moved into the file, when nobody waits for it.
SQLite does it by itself only where this did not keep up (see `sqlite.writer_engine`)."""
# Plain statements: a decision waits for them, and building them anew takes longer than the disk.
_INSERT = """INSERT INTO entries (seq, t_ns, kind, case_id, key, body, prev, hash)
VALUES (:seq, :t_ns, :kind, :case_id, :key, :body, :prev, :hash)"""
_BAD_JOB = (
    OverflowError,
    DRIVER.IntegrityError,
    DRIVER.InterfaceError,
    DRIVER.ProgrammingError,
    DRIVER.DataError,
)
"""What only the job itself can be the reason of; any other error is the disk's."""
_INSERT_EVIDENCE = 'INSERT INTO evidence (case_id, body) VALUES (?, ?)'


@dataclass(slots=True)
class _Job:
    """One call of `commit`, on its way through the writer thread."""

    drafts: list[tuple[Draft, str]]
    t_ns: int
    evidence: dict[int, str]
    done: Future[list[Entry]]


class LedgerFile(LedgerView):
    """The one writer of a ledger (port `Ledger`); threads may share it. Use `open_ledger`.

    Commits that arrive together share one transaction; each still succeeds or fails alone.
    """

    def __init__(self, path: Path, head: HeadFile, engine: Engine) -> None:
        super().__init__(path)
        self._head, self._writer = head, engine
        self._tip, self._unmoved = super().tip(), 0
        self._unsure = False
        self._head.note(self._tip)
        self._given = self._newest_case()
        self._while_waiting: Callable[[], None] = lambda: None
        self._waiting_thread = 0
        self._lock, self._closed = threading.Lock(), False
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name='ledger', daemon=True)
        self._thread.start()

    @staticmethod
    def reader(path: Path) -> LedgerView:
        """A second, read-only view, for other processes."""
        return LedgerView(path)

    def tip(self) -> Tip:
        """Sequence number and hash of the newest entry, without a look into the file."""
        return self._tip

    def commit(
        self, drafts: Sequence[Draft], t_ns: int, evidence: Mapping[int, Json] | None = None
    ) -> list[Entry]:
        """Write entries in one durable transaction; returns only after the commit.

        The body of an `ask` or `review` gets the SHA-256 of the evidence document stored with it
        as `evidence`.

        Args:
            drafts: What to write. t_ns: Stamp clock, nanoseconds.
            evidence: Case -> evidence document, once per case.

        Raises:
            ConflictError: A second `resolution` for a case, or a key that is already used.
            StoreError: The disk refused; nothing was written. Where the message says that nobody
                knows, the file could not be read either: a second try may find it written.
        """
        if not drafts:
            return []
        documents = {case: canonical(doc) for case, doc in (evidence or {}).items()}
        job = _Job([prepared(d, documents) for d in drafts], t_ns, documents, Future())
        with self._lock:
            if self._closed:
                raise StoreError(f'The ledger {self._path} is closed; start the cell again.')
            self._given = max(self._given, *(draft.case for draft in drafts))
            self._jobs.put(job)
        return self._result(job.done)

    def on_wait(self, call: Callable[[], None]) -> None:
        """Have `call` called every few milliseconds while a commit of this thread waits.

        What it raises is dropped: the commit goes on and its result is told.
        """
        self._while_waiting, self._waiting_thread = call, threading.get_ident()

    def _result(self, done: Future[list[Entry]]) -> list[Entry]:
        while threading.get_ident() == self._waiting_thread and not done.done():
            try:
                return done.result(_PATIENCE_S)
            except NotYet:
                with suppress(Exception):  # it must not cost the result of the commit
                    self._while_waiting()
        return done.result()

    def next_case(self) -> int:
        """A case number never given before; after a crash, one that no entry names."""
        with self._lock:
            self._given += 1
            return self._given

    def close(self) -> None:
        """Finish what is queued and close; later commits are refused."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._jobs.put(None)
        self._thread.join()
        super().close()
        # Last, so that the write-ahead log is moved into the file where nobody else reads.
        self._writer.dispose()
        self._head.close()

    def _newest_case(self) -> int:
        with self._reading() as connection:
            return int(connection.execute(select(func.max(ENTRIES.c.case_id))).scalar() or 0)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            jobs, last = self._waiting(job)
            self._write(jobs)
            if last:
                return

    def _waiting(self, first: _Job) -> tuple[list[_Job], bool]:
        """What else is in the queue; True when `close` was among it."""
        jobs = [first]
        try:
            while len(jobs) < _GROUP:
                job = self._jobs.get_nowait()
                if job is None:
                    return jobs, True
                jobs.append(job)
        except Empty:
            pass
        return jobs, False

    def _write(self, jobs: list[_Job]) -> None:
        """One transaction for all jobs; each in its own savepoint."""
        settle: list[Callable[[], None]] = []
        tip = self._tip
        try:
            if self._unsure:
                tip = self._look()
            with (
                closing(self._writer.raw_connection()) as connection,
                closing(connection.cursor()) as cursor,
            ):
                cursor.execute('BEGIN IMMEDIATE')
                try:
                    for job in jobs:
                        tip, told = self._attempt(cursor, job, tip)
                        settle.append(told)
                    cursor.execute('COMMIT')
                except BaseException:
                    with suppress(DRIVER.Error):  # a full disk has ended it already
                        cursor.execute('ROLLBACK')
                    raise
        except Exception as e:
            self._writer.dispose()
            with suppress(Exception):
                self._look()
            # A commit that failed may have come through all the same; only the file can tell.
            if self._unsure or self._tip != tip or len(settle) < len(jobs):
                for job in jobs:
                    job.done.set_exception(self._refused(e))
                return
        self._tip = tip
        self._head.note(tip)
        for told in settle:
            told()
        self._move()

    def _look(self) -> Tip:
        """The newest entry as the file has it."""
        self._unsure = True
        self._tip = super().tip()
        self._unsure = False
        return self._tip

    def _move(self) -> None:
        """Now and then, after everybody was told: keep the write-ahead log short."""
        self._unmoved += 1
        if self._unmoved >= _CHECKPOINT and self._jobs.empty():
            self._unmoved = 0
            with suppress(DRIVER.Error), closing(self._writer.raw_connection()) as connection:
                connection.cursor().execute('PRAGMA wal_checkpoint(PASSIVE)').fetchall()

    def _attempt(self, cursor: Any, job: _Job, tip: Tip) -> tuple[Tip, Callable[[], None]]:
        """Write one job; returns the new tip and how to tell the caller after the commit."""
        cursor.execute('SAVEPOINT job')
        try:
            rows, after = rows_of(job.drafts, job.t_ns, tip)
            cursor.executemany(_INSERT, rows)
            cursor.executemany(_INSERT_EVIDENCE, list(job.evidence.items()))
        except _BAD_JOB as e:
            cursor.execute('ROLLBACK TO job')
            return tip, partial(job.done.set_exception, conflict(e) or self._refused(e))
        cursor.execute('RELEASE job')
        entries = [
            Entry(row['seq'], row['t_ns'], row['kind'], row['case_id'], json.loads(row['body']))
            for row in rows
        ]
        return after, partial(job.done.set_result, entries)

    def _refused(self, error: Exception) -> StoreError:
        text = ' '.join(str(getattr(error, 'orig', error)).split())[:200]
        written = 'whether it was written is not known' if self._unsure else 'nothing was written'
        return StoreError(
            f'The ledger {self._path} did not accept an entry ({text}); {written}. '
            'Check free space and permissions of its folder; it goes on when they are right.'
        )


def open_ledger(path: Path, now_ns: int = 0, durable: bool = True) -> LedgerFile:
    """Open a ledger for writing; make it where there never was one.

    Args:
        path: The database file. now_ns: Stamp clock, written into a new ledger.
        durable: A commit outlives a power cut; a replay can be made again and need not wait.

    Raises:
        StoreError: In use, damaged, from a newer version, or gone although it existed; the
            message says what to do. Nothing is changed, and never is an empty one put in place.
    """
    head = HeadFile(path)
    engine = writer_engine(path, 'FULL' if durable else 'OFF')
    try:
        inspect(path, head.exists)
        with readable(path), engine.connect() as connection, connection.begin():
            if migrate(connection):
                values = {'id': uuid.uuid4().hex, 'created_ns': str(now_ns)}
                rows = [{'name': name, 'value': value} for name, value in values.items()]
                connection.execute(insert(META), rows)
        for file in path.parent.glob(f'{path.name}*'):  # and what SQLite put beside it
            file.chmod(0o600)
        return LedgerFile(path, head, engine)
    except BaseException:
        engine.dispose()
        head.close()
        raise
