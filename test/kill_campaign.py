"""Writers that are killed at random moments, and what is found afterwards.

Runs as a process of its own (`python kill_campaign.py JOB KILLS FOLDER`): it forks a writer, reads
its acknowledgements from a pipe, kills it with SIGKILL, checks the files, and starts the next one
on them. Prints one JSON line with the figures.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from model_versions import version

from cobot_ai.app.ports import Draft
from cobot_ai.store.ledger import LedgerFile, open_ledger
from cobot_ai.store.registry import ModelFolder
from cobot_ai.store.schema import MIGRATIONS, migrate, version_of
from cobot_ai.store.sqlite import reader_engine, writer_engine

Ack = Callable[[str], None]
BIG = 300_000
"""Bytes of a model in the promote campaigns."""


def killed(
    write: Callable[[Ack], None], rng: random.Random, acks: int, within_s: float = 0.004
) -> list[str]:
    """Run a writer in a child, kill it a moment after some acknowledgement; return those."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            write(lambda text: os.write(writing, f'{text}\n'.encode()) and None)
        finally:
            os._exit(1)
    os.close(writing)
    stop, got, rest = rng.randrange(1, acks), [], b''
    while len(got) < stop:
        data = os.read(reading, 65536)
        if not data:
            break
        *lines, rest = (rest + data).split(b'\n')
        got += lines
    time.sleep(rng.random() * within_s)
    os.kill(child, signal.SIGKILL)
    while data := os.read(reading, 65536):
        *lines, rest = (rest + data).split(b'\n')
        got += lines
    os.close(reading)
    os.waitpid(child, 0)
    return [line.decode() for line in got]


# ---------------------------------------------------------------- ledger


def write_cases(path: Path, ack: Ack, early: bool) -> None:
    """Decision and answer of case after case; `early` acknowledges before the commit."""
    ledger = open_ledger(path)
    while True:
        case = ledger.next_case()
        drafts = [
            Draft('decision', {'x': 'y' * 600}, case),
            Draft('answer', {'label': 'ok'}, case, key=f'tap-{case}'),
        ]
        if early:
            ack(f'tap-{case}')
            time.sleep(0.01)  # most of a commit is waiting for the disk, when nothing is lost
        ledger.commit(drafts, case)
        if not early:
            ack(f'tap-{case}')


def ledger_kills(kills: int, folder: Path, early: bool = False) -> dict[str, int]:
    """Acknowledged answers that are gone, cases with only one half, broken chains."""
    rng = random.Random(1)
    found = {'acked': 0, 'lost': 0, 'half': 0, 'broken': 0}
    for n in range(kills):
        path = folder / f'{n // 20}.db'  # a new one now and then keeps the checks short
        acked = killed(lambda ack, p=path: write_cases(p, ack, early), rng, 40)
        view = LedgerFile.reader(path)
        stored = {e.body['label'] and f'tap-{e.case}' for e in view.last('answer', 10**6)}
        cases = {e.case for e in view.last('decision', 10**6)}
        found['acked'] += len(acked)
        found['lost'] += len(set(acked) - stored)
        found['half'] += len(cases ^ {int(key[4:]) for key in stored})
        found['broken'] += not view.verify().ok
        view.close()
    return found


# ---------------------------------------------------------------- promote


def model(n: int) -> tuple[bytes, bytes]:
    """A blob of some size and a text that names its hash."""
    blob = random.Random(n).randbytes(BIG)
    return blob, hashlib.sha256(blob).hexdigest().encode()


def promote_turns(folder: Path, ack: Ack) -> None:
    """Stores and promotes one version after the other."""
    registry = ModelFolder(folder)
    for n in range(1, 10**9):
        digest = registry.put(*version(n % 7))
        registry.promote(digest)
        ack(digest)


def promote_kills(kills: int, folder: Path) -> dict[str, int]:
    """Starts without a whole model, and acknowledged promotions that were forgotten."""
    rng = random.Random(2)
    found = {'starts': 0, 'damaged': 0, 'forgotten': 0, 'strays': 0}
    order = [version(n % 7)[1].digest for n in range(1, 5000)]
    for _ in range(kills):
        acked = killed(lambda ack: promote_turns(folder, ack), rng, 30)
        registry = ModelFolder(folder)
        live = registry.current()
        found['starts'] += 1
        found['damaged'] += live is None
        if live is not None:
            registry.get(live)
            found['forgotten'] += live not in (acked[-1], order[len(acked)])
        found['strays'] += len(list(folder.rglob('*.tmp.*')))
    return found


def copy_turns(folder: Path, ack: Ack) -> None:
    """The usual way: write model and manifest over the old ones."""
    for n in range(10**9):
        blob, name = model(n % 5)
        (folder / 'model.onnx').write_bytes(blob)
        (folder / 'model.json').write_bytes(name)
        ack(str(n))


def copy_kills(kills: int, folder: Path) -> dict[str, int]:
    """Models whose manifest belongs to another file, or that are cut short."""
    rng, torn = random.Random(3), 0
    for _ in range(kills):
        killed(lambda ack: copy_turns(folder, ack), rng, 30)
        blob = (folder / 'model.onnx').read_bytes()
        torn += hashlib.sha256(blob).hexdigest().encode() != (folder / 'model.json').read_bytes()
    return {'starts': kills, 'torn': torn}


# ---------------------------------------------------------------- migration

NEXT = (
    'CREATE TABLE moved (seq INTEGER PRIMARY KEY, t_ns, kind, case_id, key, body, prev, hash)',
    *(f'INSERT INTO moved SELECT * FROM entries WHERE seq % 40 = {i}' for i in range(40)),  # noqa: S608
    'DROP TABLE entries',
    'ALTER TABLE moved RENAME TO entries',
)
ROWS = 4000


def migrate_once(path: Path, ack: Ack, at_once: bool) -> None:
    """The next schema version; `at_once` = in the one transaction of `open_ledger`."""
    engine = writer_engine(path)
    with engine.connect() as connection:
        ack('begin')
        if at_once:
            with connection.begin():
                migrate(connection, (*MIGRATIONS, NEXT))
        else:
            raw = connection.connection.driver_connection
            for statement in (*NEXT, 'PRAGMA user_version=2'):
                raw.execute(statement)
    ack('done')


def migrate_kills(kills: int, folder: Path, at_once: bool = True) -> dict[str, int]:
    """Databases that are neither old nor new after a kill, or that a second run cannot finish."""
    template, rng = folder / 'template.db', random.Random(4)
    ledger = open_ledger(template)
    for start in range(0, ROWS, 500):
        ledger.commit([Draft('fault', {'x': 'y' * 300}) for _ in range(500)], start)
    ledger.close()
    found = {'runs': 0, 'killed_before_end': 0, 'mixed': 0, 'stuck': 0}
    for n in range(kills):
        path = folder / f'{n}.db'
        shutil.copy(template, path)
        acked = killed(lambda ack, p=path: migrate_once(p, ack, at_once), rng, 2, 0.12)
        found['runs'] += 1
        found['killed_before_end'] += 'done' not in acked
        found['mixed'] += _state(path) not in ((1, ROWS, False), (2, ROWS, False))
        try:
            if _state(path)[0] == 1:
                migrate_once(path, lambda _: None, at_once)
            found['stuck'] += _state(path) != (2, ROWS, False)
        except Exception:
            found['stuck'] += 1
        path.unlink()
    return found


def _state(path: Path) -> tuple[int, int, bool]:
    """Schema version, rows, and whether a half-moved table lies about."""
    engine = reader_engine(path)
    with engine.connect() as connection:
        names = connection.exec_driver_sql('SELECT name FROM sqlite_master').scalars().all()
        rows = 0
        if 'entries' in names:
            rows = connection.exec_driver_sql('SELECT count(*) FROM entries').scalar_one()
        state = version_of(connection), rows, 'moved' in names
    engine.dispose()
    return state


JOBS: dict[str, Callable[[int, Path], dict[str, int]]] = {
    'ledger': ledger_kills,
    'ledger_early': lambda kills, folder: ledger_kills(kills, folder, early=True),
    'promote': promote_kills,
    'copy': copy_kills,
    'migrate': migrate_kills,
    'migrate_by_steps': lambda kills, folder: migrate_kills(kills, folder, at_once=False),
}


def main(args: Iterator[str]) -> None:
    """Run one campaign and print its figures."""
    job, kills, folder = next(args), int(next(args)), Path(next(args))
    sys.stdout.write(json.dumps(JOBS[job](kills, folder)) + '\n')


if __name__ == '__main__':
    main(iter(sys.argv[1:]))
