"""The ledger on disk: durability settings, one writer, the chain, and damaged files."""

import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier

import pytest

from cobot_ai.app.ports import Draft
from cobot_ai.core.errors import ConflictError, StoreError
from cobot_ai.store import sqlite
from cobot_ai.store.chain import parse_code
from cobot_ai.store.head import head_file, read_head
from cobot_ai.store.ledger import LedgerFile, open_ledger
from cobot_ai.store.ledger_view import LedgerView


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'ledger.db'


@pytest.fixture
def ledger(path):
    ledger = open_ledger(path, 5)
    yield ledger
    ledger.close()


def fill(ledger, n=20):
    for case in range(1, n + 1):
        ledger.commit(
            [Draft('decision', {'x': 'y' * 200}, case), Draft('ask', {}, case)],
            case,
            {case: {'channels': [case]}},
        )


def filled(path, n=20):
    ledger = open_ledger(path)
    fill(ledger, n)
    code = ledger.tip().code
    ledger.close()
    return code


def tamper(path, *statements):
    """Change the file behind the ledger's back, as somebody with a database tool would."""
    connection = sqlite3.connect(path, isolation_level=None)
    for name in ('entries_no_update', 'entries_no_delete', 'evidence_no_update'):
        connection.execute(f'DROP TRIGGER {name}')
    for statement in statements:
        connection.execute(statement)
    connection.close()


def test_every_commit_is_forced_to_the_disk(ledger):
    with ledger._writer.connect() as connection:
        assert connection.exec_driver_sql('PRAGMA synchronous').scalar_one() == 2
        assert connection.exec_driver_sql('PRAGMA journal_mode').scalar_one() == 'wal'


def test_the_sqlite_in_use_is_named_and_has_no_wal_reset_bug(ledger):
    assert ledger.sqlite_version == sqlite.DRIVER.sqlite_version
    assert ledger.wal_safe == (tuple(map(int, ledger.sqlite_version.split('.'))) >= (3, 51, 3))
    pytest.importorskip('pysqlite3', reason='pysqlite3 is not installed on this platform')
    assert ledger.wal_safe


def test_there_is_one_writer(path, ledger):
    with pytest.raises(StoreError, match='in use by another process'):
        open_ledger(path)
    code = 'import sys; from pathlib import Path; from cobot_ai.store.ledger import open_ledger; '
    code += 'open_ledger(Path(sys.argv[1]))'
    other = subprocess.run(
        [sys.executable, '-c', code, path], capture_output=True, text=True, check=False
    )
    assert 'in use by another process' in other.stderr
    ledger.commit([Draft('fault', {})], 1)


def test_a_reader_in_another_process_sees_what_was_committed_and_never_checkpoints(path, ledger):
    fill(ledger, 3)
    before = path.read_bytes()
    code = 'import sys; from pathlib import Path; from cobot_ai.store.ledger import LedgerFile; '
    code += (
        'v = LedgerFile.reader(Path(sys.argv[1])); sys.stdout.write(f"{v.head()} {v.ledger_id}"); '
    )
    code += 'v.close()'
    other = subprocess.run([sys.executable, '-c', code, path], capture_output=True, check=True)
    assert other.stdout.decode() == f'6 {ledger.ledger_id}'
    assert path.read_bytes() == before
    view = LedgerFile.reader(path)
    with pytest.raises(StoreError), view._reading() as connection:
        connection.exec_driver_sql("INSERT INTO meta VALUES ('a', 'b')")
    view.close()


def test_races_for_one_resolution_have_one_winner(ledger):
    """Callers that arrive together share a transaction; each still wins or loses alone."""
    people, cases = 8, 30
    start = Barrier(people)

    def tap(person):
        won = 0
        for case in range(1, cases + 1):
            start.wait()
            drafts = [
                Draft('answer', {'by': person}, case, key=f'{person}/{case}'),
                Draft('resolution', {'by': person}, case),
            ]
            try:
                ledger.commit(drafts, 1)
                won += 1
            except ConflictError:
                ledger.commit([Draft('answer', {'by': person, 'status': 'conflict'}, case)], 1)
        return won

    with ThreadPoolExecutor(people) as pool:
        assert sum(pool.map(tap, range(people))) == cases
    for case in range(1, cases + 1):
        kinds = [e.kind for e in ledger.of_case(case)]
        assert kinds.count('resolution') == 1
        assert kinds.count('answer') == people
    assert ledger.verify().ok


def test_a_closed_ledger_refuses_and_what_was_there_is_there_again(path):
    ledger = open_ledger(path)
    fill(ledger, 2)
    identity, case = ledger.ledger_id, ledger.next_case()
    ledger.close()
    ledger.close()
    with pytest.raises(StoreError, match='closed'):
        ledger.commit([Draft('fault', {})], 1)
    again = open_ledger(path)
    assert (again.ledger_id, again.head(), again.next_case()) == (identity, 4, case)
    again.close()


def test_the_ask_names_the_hash_of_its_evidence(ledger):
    fill(ledger, 1)
    assert len(ledger.of_case(1)[1].body['evidence']) == 64


@pytest.mark.parametrize(
    ('statement', 'bad'),
    [
        ("UPDATE entries SET body = replace(body, 'y', 'z') WHERE seq = 7", 7),
        ('UPDATE entries SET t_ns = t_ns + 1 WHERE seq = 9', 9),
        ("UPDATE entries SET key = 'k' WHERE seq = 9", 9),
        ("UPDATE entries SET body = x'ff' WHERE seq = 9", 9),
        ('DELETE FROM entries WHERE seq = 12', 12),
        ('DELETE FROM entries WHERE seq BETWEEN 12 AND 20', 12),
        ("UPDATE evidence SET body = '{}' WHERE case_id = 3", 6),
    ],
)
def test_verify_names_the_first_bad_row(path, statement, bad):
    filled(path)
    tamper(path, statement)
    check = LedgerFile.reader(path).verify()
    assert not check.ok
    assert check.bad == bad
    assert str(bad) in check.why


def test_verify_looks_at_the_evidence_of_a_review_too(path):
    with closing(open_ledger(path)) as ledger:
        ledger.commit([Draft('review', {'why': 'audit'}, 5)], 1, {5: {'channels': [1, 2]}})
        ledger.commit([Draft('review', {'why': 'audit'}, 5), Draft('ask', {'x': 1}, 6)], 1)
    assert LedgerFile.reader(path).verify().ok, 'an entry without a document has none to check'
    tamper(path, "UPDATE evidence SET body = '{}' WHERE case_id = 5")
    check = LedgerFile.reader(path).verify()
    assert (check.bad, 'case 5' in check.why) == (1, True)


def test_a_tail_that_was_cut_off_is_found_by_the_head_file_or_a_printed_code(path):
    code = filled(path)
    assert LedgerFile.reader(path).verify(code).ok
    tamper(path, 'DELETE FROM entries WHERE seq > 30')
    view = LedgerFile.reader(path)
    assert view.verify().bad == 31
    with pytest.raises(StoreError, match='entry 40 was written, but the record now ends at 30'):
        open_ledger(path)
    head_file(path).unlink()
    assert view.verify().ok, 'without head file and code nothing can tell'
    assert view.verify(code).bad == 31
    assert '40' in view.verify(code).why


def test_a_record_that_was_rewritten_from_some_row_on_does_not_fit_a_printed_code(path, tmp_path):
    code = filled(path, 5)
    other = tmp_path / 'other' / 'ledger.db'
    other.parent.mkdir()
    filled(other, 9)
    check = LedgerFile.reader(other).verify(code)
    assert not check.ok
    assert check.bad == 10


def test_a_head_code_is_short_and_anything_else_is_refused(ledger):
    fill(ledger, 1)
    code = ledger.tip().code
    assert len(code) == 16
    assert parse_code(f' {code.upper()} \n').seq == 2
    for wrong in ('', '2', '2-ab', 'x-ab12-cd34-ef56'):
        with pytest.raises(StoreError, match='no head code'):
            parse_code(wrong)


def test_rows_cannot_be_changed_by_mistake(ledger):
    fill(ledger, 1)
    for statement in ('UPDATE entries SET t_ns = 0', 'DELETE FROM entries', 'DELETE FROM evidence'):
        with (
            ledger._writer.connect() as connection,
            pytest.raises(sqlite.DRIVER.IntegrityError, match='append-only'),
        ):
            connection.connection.driver_connection.execute(statement)
    assert ledger.verify().ok


def test_a_ledger_that_is_gone_is_never_replaced_by_an_empty_one(path):
    filled(path, 3)
    path.rename(path.with_suffix('.moved'))
    with pytest.raises(StoreError, match='gone or empty'):
        open_ledger(path)
    assert not path.exists()
    path.write_bytes(b'')
    with pytest.raises(StoreError, match='gone or empty'):
        open_ledger(path)
    assert path.stat().st_size == 0
    empty = sqlite3.connect(path)
    empty.execute('PRAGMA journal_mode=WAL')
    empty.close()
    with pytest.raises(StoreError, match='emptied'):
        open_ledger(path)


def test_a_creation_that_was_cut_short_is_taken_up_again(path):
    empty = sqlite3.connect(path)
    empty.execute('PRAGMA journal_mode=WAL')
    empty.close()
    head_file(path).touch()
    ledger = open_ledger(path)
    fill(ledger, 1)
    assert ledger.verify().ok
    ledger.close()


@pytest.mark.parametrize(
    'content', [b'not a database' * 100, b'SQLite format 3\x00' + b'\xff' * 999]
)
def test_what_is_no_ledger_is_refused_and_not_touched(path, content):
    path.write_bytes(content)
    for use in (open_ledger, LedgerFile.reader):
        with pytest.raises(StoreError, match=r'Nothing was changed\. Restore a backup'):
            use(path)
    assert path.read_bytes() == content


def test_the_database_of_another_program_is_refused(path):
    other = sqlite3.connect(path)
    other.execute('CREATE TABLE recipes (name)')
    other.close()
    with pytest.raises(StoreError, match='not a ledger'):
        open_ledger(path)


def test_a_newer_schema_is_refused_with_the_remedy(path):
    filled(path, 1)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute('PRAGMA user_version=99')
    connection.close()
    for use in (open_ledger, LedgerFile.reader):
        with pytest.raises(StoreError, match=r'newer cobot_ai \(schema 99'):
            use(path)


def test_a_reader_of_nothing_says_so(path):
    with pytest.raises(StoreError, match='start the cell once'):
        LedgerFile.reader(path)
    assert not path.exists()


def test_the_head_note_follows_every_commit_and_a_lost_note_is_no_fault(path):
    filled(path, 2)
    assert read_head(path).seq == 4
    head_file(path).write_text('garbage')
    assert read_head(path) is None
    ledger = open_ledger(path)
    assert read_head(path) == ledger.tip()
    ledger.close()


def test_a_full_disk_refuses_whole_commits_and_goes_on_when_there_is_space(ledger):
    fill(ledger, 2)
    with ledger._writer.connect() as connection:
        pages = connection.exec_driver_sql('PRAGMA page_count').scalar_one()
        connection.exec_driver_sql(f'PRAGMA max_page_count={pages + 4}')
    accepted = []
    with pytest.raises(StoreError, match=r'full.*nothing was written'):
        for i in range(100):
            drafts = [Draft('decision', {'x': 'y' * 900}, 50 + i), Draft('ask', {}, 50 + i)]
            accepted += ledger.commit(drafts, i)
    assert accepted
    assert ledger.since(4) == accepted
    ledger.commit([Draft('fault', {'code': 'space'})], 1)
    assert ledger.head() == 5 + len(accepted)
    assert ledger.verify().ok


class BadCommit:
    """A connection whose COMMIT raises, before or after it was done; the rest is the real one's."""

    def __init__(self, real, kept):
        self._real, self._kept = real, kept

    def __getattr__(self, name):
        return getattr(self._real, name)

    def cursor(self):
        return BadCommit(self._real.cursor(), self._kept)

    def execute(self, statement, *more):
        if statement != 'COMMIT' or self._kept:
            self._real.execute(statement, *more)
        if statement == 'COMMIT':
            raise sqlite.DRIVER.OperationalError('disk I/O error')
        return self


def break_commit(patch, ledger, kept):
    """Have commits raise; `kept`: although they came through."""
    connect = type(ledger._writer).raw_connection
    broken = lambda self: BadCommit(connect(self), kept)  # noqa: E731
    patch.setattr(type(ledger._writer), 'raw_connection', broken)


def test_a_commit_that_failed_and_came_through_is_a_commit(ledger, monkeypatch):
    """Only the file can tell whether a COMMIT that raised was done."""
    fill(ledger, 2)
    with monkeypatch.context() as patch:
        break_commit(patch, ledger, kept=True)
        (entry,) = ledger.commit([Draft('resolution', {}, 70)], 1)
    assert ledger.of_case(70) == [entry]
    with monkeypatch.context() as patch:
        break_commit(patch, ledger, kept=False)
        with pytest.raises(StoreError, match='nothing was written'):
            ledger.commit([Draft('resolution', {}, 71)], 1)
    assert ledger.of_case(71) == []
    ledger.commit([Draft('resolution', {}, 71)], 1)
    assert ledger.verify().ok


def test_a_commit_that_nobody_can_ask_about_is_looked_for_before_the_next(ledger, monkeypatch):
    fill(ledger, 2)
    with monkeypatch.context() as patch:
        break_commit(patch, ledger, kept=True)
        patch.setattr(LedgerView, 'tip', lambda self: 1 / 0)
        with pytest.raises(StoreError, match='is not known'):
            ledger.commit([Draft('resolution', {}, 70)], 1)
    with pytest.raises(ConflictError):
        ledger.commit([Draft('resolution', {}, 70)], 1)
    ledger.commit([Draft('fault', {})], 1)
    assert len(ledger.of_case(70)) == 1
    assert ledger.verify().ok


def test_a_value_the_database_cannot_hold_fails_alone(ledger):
    with pytest.raises(StoreError, match='nothing was written'):
        ledger.commit([Draft('fault', {})], 2**70)
    ledger.commit([Draft('fault', {})], 1)
    assert ledger.head() == 1


def test_a_copy_of_the_files_opens_as_the_same_record(path, tmp_path):
    filled(path)
    copy = tmp_path / 'copy'
    copy.mkdir()
    for file in path.parent.glob('ledger.db*'):
        shutil.copy(file, copy)
    ledger = open_ledger(copy / 'ledger.db')
    assert ledger.head() == 40
    ledger.close()
