"""A disk that stalls: the fail-safe comes in time all the same, and clips do not pile up."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest
from bench_cell import Bench
from cells import S, cell, question, wrench

from cobot_ai.app.kept import Clip
from cobot_ai.app.ports import Draft
from cobot_ai.core.errors import StoreError
from cobot_ai.core.samples import RawBatch
from cobot_ai.ros.clips import BackgroundClips
from cobot_ai.store.ledger import open_ledger
from cobot_ai.store.sqlite import writer_engine

DEADLINE_S = 0.4
STALL_S = 1.2


class Wall:
    """Stamps by hand, deadlines in real time."""

    def __init__(self, bench_clock):
        self._by_hand = bench_clock

    def __getattr__(self, name):
        return getattr(self._by_hand, name)

    def monotonic_ns(self):
        return time.monotonic_ns()


def stall(path, seconds):
    """Keep the ledger's disk busy: its writer waits, as it does for a slow fsync."""
    locked = threading.Event()

    def hold():
        engine = writer_engine(path)
        with engine.connect() as connection, connection.begin():  # takes the write lock
            locked.set()
            threading.Event().wait(seconds)
        engine.dispose()

    thread = threading.Thread(target=hold)
    thread.start()
    assert locked.wait(5)
    return thread


def fail_safe_after(tmp_path, deaf):
    """Seconds from the deadline to the fail-safe, and to the end of the stall."""
    ledger = open_ledger(tmp_path / 'ledger.db')
    if deaf:
        ledger.on_wait = lambda call: None
    spec = cell(question=question(deadline_s=DEADLINE_S))
    bench = Bench(spec, ledger=ledger)
    case = bench.step()
    clock = Wall(bench.clock)
    bench.authority._p = replace(bench.authority._p, clock=clock)
    bench.authority.desk._clock = clock
    told = []
    now = time.monotonic_ns()
    bench.authority._judges.wait(lambda r: told.append((r, time.monotonic_ns())), now, 1)
    bench.authority._serve()
    ask = bench.authority.desk._asks[case]
    bench.authority.desk._keep(replace(ask, deadline_ns=now + round(DEADLINE_S * S)))
    thread = stall(tmp_path / 'ledger.db', STALL_S)
    bench.authority.fault('clips', 'anything that has to be written')
    free = time.monotonic_ns()
    bench.authority.tick()
    thread.join()
    ((resolved, at),) = told
    assert (resolved.case, resolved.go) == (case, False)
    assert [e.body['outcome'] for e in ledger.of_case(case) if e.kind == 'resolution'] == [
        'expired'
    ]
    ledger.close()
    deadline = now + DEADLINE_S * S
    return (at - deadline) / S, (free - deadline) / S


@pytest.mark.alone
def test_the_fail_safe_does_not_wait_for_the_disk(tmp_path):
    late_s, free_s = fail_safe_after(tmp_path, deaf=False)
    assert late_s < 0.1 < free_s


def test_control_a_commit_that_only_waits_is_late(tmp_path):
    late_s, free_s = fail_safe_after(tmp_path, deaf=True)
    assert late_s >= free_s > 0.1


def test_what_fails_while_a_commit_waits_does_not_cost_its_result(tmp_path):
    ledger, calls = open_ledger(tmp_path / 'ledger.db'), []

    def broken():
        calls.append(1)
        raise RuntimeError('nobody listens')

    ledger.on_wait(broken)
    thread = stall(tmp_path / 'ledger.db', 0.1)
    (entry,) = ledger.commit([Draft('fault', {'code': 'x', 'detail': ''})], 1)
    thread.join()
    assert calls and ledger.last('fault') == [entry]
    ledger.close()


class SlowStore:
    """A clip store on a disk that stalls until it is let go."""

    def __init__(self):
        self.go, self.written = threading.Event(), []

    def write(self, case, messages, kept):
        self.go.wait(10)
        self.written.append(case)
        return 'f' * 64

    def sweep(self):
        return []


def clip():
    message = wrench(S, 0.0, 0.0)
    return Clip([(RawBatch.of(message), range(1))], size=len(message.data))


@pytest.mark.parametrize('made', [clip, lambda: [wrench(S, 0.0, 0.0)]])
def test_clips_that_a_slow_disk_cannot_take_are_given_up_and_named(made):
    store = SlowStore()
    clips = BackgroundClips(store, max_bytes=3 * len(wrench(S, 0.0, 0.0).data))
    stored, failed = [], []
    clips.tell(lambda case, *_: stored.append(case), lambda text, case: failed.append(case))
    for case in range(1, 6):
        clips.save(case, made(), 'routine')
    clips.poll()
    assert failed == [4, 5]
    store.go.set()
    clips.close()
    assert stored == store.written == [1, 2, 3]


def test_a_stored_clip_that_the_ledger_refuses_is_told_again():
    """Without its entry the case would never be learnt from, although its clip is there."""
    store, told, full = SlowStore(), [], [True]
    store.go.set()
    clips = BackgroundClips(store)

    def stored(case, *_):
        if full[0]:
            raise StoreError('disk full')
        told.append(case)

    clips.tell(stored, lambda *_: None)
    for case in (1, 2):
        clips.save(case, clip(), 'routine')
    clips._background._worker.shutdown(wait=True)
    for _ in range(3):
        with pytest.raises(StoreError):
            clips.poll()
    full[0] = False
    clips.poll()
    assert sorted(told) == [1, 2]
