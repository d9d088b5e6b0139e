"""Section `streams`: cases one after the other; who asks how often, who is silently wrong.

Ours is the product's whole loop (loop.py). Nothing is known beforehand: no label, no class.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean

import numpy as np
import ours
from bench_setup import NEEDED, Setup, table
from figures import bar, spread
from loop import cell, run_stream
from orders import ORDERS, Maker, Stream
from stream_peers import Forest, Learner, ModAl, River, Step, patch_modal, run_peer

from cobot_ai.app.report import CaseRow
from cobot_ai.core.types import LabelledCase

EPSILON = 0.05
WINDOW = 100
HALVES = ('silent_share_first_half', 'silent_share_second_half')
COLUMNS = ('asks', 'ask_share', 'silent_errors', 'silent_share', *HALVES, 'worst_window')
CURVE = (25, 50, 75, 100, 150)
QUICK_PEERS = ('forest fixed 0.9', 'forest random 20 %', 'modAL uncertainty 0.2', 'river fixed 0.9')
QUICK_ORDERS = ('made_shuffled', 'class_late')
RECORDED = ('regimes',)
"""Orders that are recordings."""
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
    patch_modal()
    seeds, length = (2, 100) if setup.quick else (10, 600)
    orders = QUICK_ORDERS if setup.quick else tuple(ORDERS)
    names = [name for name in orders if setup.recordings or name not in RECORDED]
    document: dict[str, object] = {'seeds': seeds, 'length': length, 'epsilon': EPSILON}
    found = {}
    for name in names:
        found[name] = order(ORDERS[name], setup, seeds, length)
        table(
            f'streams {name}',
            COLUMNS,
            {who: [row[c]['mean'] for c in COLUMNS] for who, row in found[name].items()},
        )
    document['orders'] = found
    document['left_out'] = {name: NEEDED for name in orders if name not in names}
    document['active_choice'] = curves(setup, seeds)
    document['bars'] = bars(found, document['active_choice'])
    table('streams', (), {}, document['bars'])
    return document


def bars(found: dict[str, dict[str, dict]], choice: dict[str, list[dict]]) -> dict[str, object]:
    """Silent errors at most epsilon in every order; active choice not worse than random."""
    out = {
        f'{name} certified, silent share': bar(
            rows['ours certified']['silent_share']['mean'], EPSILON, '<='
        )
        for name, rows in found.items()
    }
    out |= {
        f'{name} certified, {half}': bar(rows['ours certified'][half]['mean'], EPSILON, '<=')
        for name, rows in found.items()
        for half in HALVES
    }
    for name, points in choice.items():
        gain = mean(p['random_error'] for p in points) - mean(p['active_error'] for p in points)
        out[f'{name}, active less random error'] = bar(gain, 0.0, '>=')
    return out


def order(make: Maker, setup: Setup, seeds: int, length: int) -> dict[str, dict]:
    """Mean and spread over the seeds, per contestant."""
    rows: dict[str, list[dict[str, float]]] = {}
    for seed in range(setup.seed, setup.seed + seeds):
        stream = make(setup, seed, length)
        for rule in ('certified', 'expected'):
            steps = [Step(r.acted, r.wrong_alone) for r in ours_on(stream, rule, seed)]
            rows.setdefault(f'ours {rule}', []).append(count(steps))
        for name in QUICK_PEERS if setup.quick else PEERS:
            learner, limit = PEERS[name]
            rows.setdefault(name, []).append(count(run_peer(stream, learner, seed, limit)))
    return {
        name: {key: spread([run[key] for run in runs]) for key in COLUMNS}
        for name, runs in rows.items()
    }


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


def curves(setup: Setup, seeds: int) -> dict[str, list[dict[str, float]]]:
    """Error of our model on cases apart: taught by what the policy asked, or by random cases.

    The random cases come from what had passed by when as many questions had been asked.
    """
    names = ('made_shuffled',) if setup.quick else ('made_shuffled', 'vowels_shuffled')
    length = 100 if setup.quick else 400
    out = {}
    for name in names:
        points: dict[int, list[tuple[float, float]]] = {}
        for seed in range(setup.seed, setup.seed + seeds):
            stream = ORDERS[name](setup, seed, length)
            asked = [r.case - 1 for r in ours_on(stream, 'expected', seed) if not r.acted]
            rng = np.random.default_rng(seed)
            for n in (n for n in CURVE if n <= len(asked)):
                drawn = rng.permutation(asked[n - 1] + 1)[:n]
                pair = tuple(
                    error(stream, [stream.cases[i] for i in p]) for p in (asked[:n], drawn)
                )
                points.setdefault(n, []).append(pair)
        out[name] = [
            {
                'answers': n,
                'active_error': mean(a for a, _ in pairs),
                'random_error': mean(r for _, r in pairs),
                'sd_of_difference': float(np.std([a - r for a, r in pairs])),
                'seeds': len(pairs),
            }
            for n, pairs in points.items()
        ]
        table(
            f'curves {name}',
            ('active_error', 'random_error'),
            {f'{p["answers"]} answers': [p['active_error'], p['random_error']] for p in out[name]},
        )
    return out


def error(stream: Stream, learn: list[LabelledCase]) -> float:
    """Share of wrong classes on the cases apart."""
    if len({c.label for c in learn}) < 2:
        return 1.0
    fitted = ours.fit(learn)
    found = ours.probabilities(fitted, [c.window for c in stream.apart]).argmax(axis=1)
    pairs = zip(found, stream.apart, strict=True)
    return mean(fitted.classes[i] != case.label for i, case in pairs)
