"""Two tablets at once, and answers that come too late: one outcome, and no late motion.

Everything that reaches the authority comes through one queue, as it does in the monitor; who is
first in it is left to two real threads.
"""

from __future__ import annotations

import threading
from collections import Counter
from queue import SimpleQueue
from types import SimpleNamespace

import numpy as np
import pytest
from bench_cell import Bench
from cells import cell, question

ROUNDS = 1000
CASES = 50
"""Cases on one ledger; a new one now and then keeps the look-ups short."""
UNDO_S, DEADLINE_S = 2.0, 30.0


def benches(rounds):
    """A bench and a fresh question on it, again and again."""
    for n in range(rounds):
        if n % CASES == 0:
            bench = Bench(cell(question=question(undo_s=UNDO_S, deadline_s=DEADLINE_S)))
        yield bench, bench.step('good')


def collide(tablets):
    """Two threads, let go at the same moment; the commands in the order they arrived."""
    queue, start = SimpleQueue(), threading.Barrier(len(tablets))

    def send(command):
        start.wait()
        queue.put(command)

    threads = [threading.Thread(target=send, args=(t,)) for t in tablets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [queue.get() for _ in tablets]


def race(bench, case, rng, handle):
    """Two people answer the same question differently; what the two are told."""
    tablets = [('ann', 't1', 'good'), ('bob', 't2', 'bad')]
    rng.shuffle(tablets)
    replies = []
    for by, tablet, label in collide([tuple(t) for t in tablets]):
        replies.append(handle(case, label, by=by, tablet=tablet)['status'])
        bench.wait(float(rng.choice([0.0, 0.001, UNDO_S - 0.5, UNDO_S, UNDO_S + 1])))
    return replies


def test_of_two_tablets_exactly_one_is_accepted():
    rng, first = np.random.default_rng(0), Counter()
    for bench, case in benches(ROUNDS):
        told = bench.judge()
        replies = race(bench, case, rng, bench.tap)
        bench.wait(UNDO_S)
        assert replies == ['accepted', 'conflict']
        (won,) = [e for e in bench.entries('answer', case) if e.body['status'] == 'accepted']
        (resolution,) = bench.entries('resolution', case)
        assert resolution.body['label'] == won.body['label']
        assert [(r.label, r.go) for r in told] == [(won.body['label'], won.body['label'] == 'good')]
        (*_, label) = bench.entries('label', case)
        assert label.body['label'] is None, 'a disputed answer was taught'
        first[won.body['by']] += 1
    assert min(first['ann'], first['bob']) > ROUNDS // 10, first


def test_control_a_desk_without_states_accepts_both():
    def naive(case, label, **who):
        return {'status': 'accepted'}

    bench = SimpleNamespace(wait=lambda seconds: None)
    rng = np.random.default_rng(0)
    twice = sum(race(bench, n, rng, naive).count('accepted') == 2 for n in range(50))
    assert twice == 50


@pytest.mark.parametrize('ticked', [True, False], ids=['after_the_expiry', 'before_it_was_seen'])
def test_no_late_answer_reaches_the_robot(ticked):
    rng, moved = np.random.default_rng(1), 0
    for bench, case in benches(ROUNDS // 2):
        told = bench.judge()
        late_s = float(rng.choice([0.0, 1e-6, 0.01, 5.0]))
        if ticked:
            bench.wait(DEADLINE_S + late_s)
        else:  # the message is read before the clock is looked at
            bench.clock.pass_s(DEADLINE_S + late_s)
        assert bench.tap(case, 'good')['status'] == 'late'
        bench.wait(UNDO_S + 1)
        moved += any(r.go for r in told) or ('resume', case) in bench.guard.calls
        assert [(r.outcome, r.action) for r in told] == [('expired', 'hold')]
        (resolution,) = bench.entries('resolution', case)
        assert (resolution.body['outcome'], resolution.body['go']) == ('expired', False)
        (label,) = bench.entries('label', case)
        assert (label.body['label'], label.body['source']) == ('good', 'late')
    assert moved == 0


def test_control_an_answer_a_moment_before_the_deadline_reaches_the_robot():
    for bench, case in benches(20):
        told = bench.judge()
        bench.clock.pass_s(DEADLINE_S - 0.21)
        assert bench.tap(case, 'good')['status'] == 'accepted'
        bench.wait(UNDO_S)
        assert [r.go for r in told] == [True]
        assert ('resume', case) in bench.guard.calls
