"""Section `streams`: cases one after the other; who asks how often, who is silently wrong.

Ours is the product's whole loop (loop.py). Nothing is known beforehand: no label, no class.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import choice
import numpy as np
from bench_setup import NEEDED, Setup, table
from figures import bar, spread
from loop import cell, run_stream
from orders import ORDERS, Stream
from stream_peers import Forest, Learner, ModAl, River, Step, patch_modal, run_peer

from cobot_ai.app.report import CaseRow

EPSILON = 0.05
LENGTH = 300
"""Cases of a stream: eight orders, ten seeds, eight contestants go through in an hour or two."""
WINDOW = 100
HALVES = ('silent_share_first_half', 'silent_share_second_half')
COLUMNS = ('asks', 'ask_share', 'silent_errors', 'silent_share', *HALVES, 'worst_window')
QUICK_PEERS = ('forest fixed 0.9', 'forest random 20 %', 'modAL uncertainty 0.2', 'river fixed 0.9')
QUICK_ORDERS = ('made_shuffled', 'class_late')
RECORDED = ('regimes', 'regimes_undeclared')
"""Orders that are recordings."""
UNPROMISED = ('regimes_undeclared',)
"""Orders for which nothing is promised: what a declaration is worth is seen beside them."""
PEERS: dict[str, tuple[type[Learner], float]] = {
    'forest fixed 0.8': (Forest, 0.8),
    'forest fixed 0.9': (Forest, 0.9),
    'forest fixed 0.95': (Forest, 0.95),
    'forest random 20 %': (Forest, 1.2),
    'modAL uncertainty 0.2': (ModAl, 0.8),
    'river fixed 0.9': (River, 0.9),
}


def run(setup: Setup) -> dict[str, object]:
    """Every order, ours with both rules, the peers beside; then both curves of the choice."""
    seeds, length = (2, 100) if setup.quick else (10, LENGTH)
    orders = QUICK_ORDERS if setup.quick else tuple(ORDERS)
    names = [name for name in orders if setup.recordings or name not in RECORDED]
    document: dict[str, object] = {'seeds': seeds, 'length': length, 'epsilon': EPSILON}
    found = {}
    with ProcessPoolExecutor(mp_context=get_context('spawn')) as cores:
        for name in names:
            found[name] = order(name, setup, seeds, length, cores)
            table(
                f'streams {name}',
                COLUMNS,
                {who: [row[c]['mean'] for c in COLUMNS] for who, row in found[name].items()},
            )
    document['orders'] = found
    document['left_out'] = {name: NEEDED for name in orders if name not in names}
    document['active_choice'], document['active_gain'] = choice.curves(setup, seeds)
    document['bars'] = bars(found) | choice.bars(document['active_gain'])
    table('streams', (), {}, document['bars'])
    return document


def bars(found: dict[str, dict[str, dict]]) -> dict[str, object]:
    """Silent errors at most epsilon in every order for which it is promised, in both halves."""
    ours = {n: rows['ours certified'] for n, rows in found.items() if n not in UNPROMISED}
    out = {
        f'{name} certified, silent share': bar(row['silent_share']['mean'], EPSILON, '<=')
        for name, row in ours.items()
    }
    out |= {
        f'{name} certified, {half}': bar(row[half]['mean'], EPSILON, '<=')
        for name, row in ours.items()
        for half in HALVES
    }
    return out


def order(name: str, setup: Setup, seeds: int, length: int, cores: Executor) -> dict[str, dict]:
    """Mean and spread over the seeds, per contestant."""
    numbers = range(setup.seed, setup.seed + seeds)
    runs = list(cores.map(partial(contest, name, setup, length), numbers))
    return {
        who: {key: spread([run[who][key] for run in runs]) for key in COLUMNS} for who in runs[0]
    }


def contest(name: str, setup: Setup, length: int, seed: int) -> dict[str, dict[str, float]]:
    """Every contestant on the same stream."""
    patch_modal()
    stream = ORDERS[name](setup, seed, length)
    rows = {}
    for rule in ('certified', 'expected'):
        steps = [Step(r.acted, r.wrong_alone) for r in ours_on(stream, rule, seed)]
        rows[f'ours {rule}'] = count(steps)
    for who in QUICK_PEERS if setup.quick else PEERS:
        learner, limit = PEERS[who]
        rows[who] = count(run_peer(stream, learner, seed, limit))
    return rows


def ours_on(stream: Stream, rule: str, seed: int) -> list[CaseRow]:
    """The product's loop on a stream."""
    classes = list(dict.fromkeys(c.label for c in stream.cases))
    spec = cell(stream.cases[0], classes, seed=seed, rule=rule, epsilon=EPSILON)
    return run_stream(stream.cases, spec, stream.team)[0]


def count(steps: Sequence[Step]) -> dict[str, float]:
    """Figures of one run; the worst window is the most silent errors in 100 cases in a row."""
    acted, wrong = (np.array([getattr(s, k) for s in steps], int) for k in ('acted', 'wrong'))
    halves = zip(np.array_split(acted, 2), np.array_split(wrong, 2), strict=True)
    shares = [float(w.sum() / max(a.sum(), 1)) for a, w in halves]
    windows = np.convolve(wrong, np.ones(min(WINDOW, len(wrong)), int), 'valid')
    return {
        'asks': float((1 - acted).sum()),
        'ask_share': float(1 - acted.mean()),
        'silent_errors': float(wrong.sum()),
        'silent_share': float(wrong.sum() / max(acted.sum(), 1)),
        **dict(zip(HALVES, shares, strict=True)),
        'worst_window': float(windows.max()),
    }
