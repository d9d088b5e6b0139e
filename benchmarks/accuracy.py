"""Sections `robot_failures`, `aeon` and `pump`: accuracy and calibration beside the peers."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping, Sequence
from statistics import mean, pstdev

import numpy as np
import ours
import peers
from bench_setup import Setup, table
from data import AEON, LP, aeon_set, robot_failures, skab
from figures import average, bar, measure
from numpy.typing import NDArray

from cobot_ai.core.types import LabelledCase

COLUMNS = ('accuracy', 'accuracy_sd', 'macro_f1', 'ece', 'brier', 'aurc', 'seconds')
REPEATS = 3
QUICK_PEERS = ('minirocket', 'extra_trees')
BARS = {
    'accuracy': (0.86, '>='),
    'macro_f1': (0.83, '>='),
    'ece': (0.05, '<='),
    'brier': (0.19, '<='),
    'aurc': (0.045, '<='),
}
QUICK_AEON = ('ArrowHead', 'BasicMotions', 'GunPoint', 'ItalyPowerDemand', 'JapaneseVowels')


def run_robot_failures(setup: Setup) -> dict[str, object]:
    """LP1 to LP5, 3 x 5 stratified folds, means over the five sets.

    Twice: by the groups of the files (every case its own), and with exact copies of a window kept
    together (LP2 and LP3 hold one pair each, in a class of three: that alone moves the mean by a
    point, for every model).
    """
    found, bars = {}, {}
    beside = {'ours_linear': ours.fit_predict_linear, **peers.available()}
    if setup.quick:
        beside = {name: beside[name] for name in QUICK_PEERS}
    repeats = 1 if setup.quick else REPEATS
    for apart, suffix in ((False, ''), (True, ' (copies together)')):
        sets = {name: robot_failures(setup.data, name, apart) for name in LP}
        found[apart] = compare(sets, {'ours': ours.fit_predict}, REPEATS, 5)
        if not (setup.quick and apart):
            found[apart] |= compare(sets, beside, repeats, 5)
        for figure, (limit, rule) in BARS.items():
            bars[figure + suffix] = bar(found[apart]['ours'][figure], limit, rule)
        show(f'robot_failures{suffix}', found[apart])
    table('robot_failures', (), {}, bars)
    protocol = f'{REPEATS} x 5 folds (peers {repeats} x 5)'
    together = arrange(found[True], f'{protocol}, exact copies together')
    return {**arrange(found[False], protocol, bars), 'copies_together': together}


def run_aeon(setup: Setup) -> dict[str, object]:
    """The sets that ship inside aeon, 3 folds."""
    names = QUICK_AEON if setup.quick else AEON
    models = {'ours': ours.fit_predict, **peers.available(), **peers.ROCKETS}
    if setup.quick:
        models = {k: models[k] for k in ('ours', 'minirocket', 'extra_trees')}
    found = compare({name: aeon_set(name) for name in names}, models, 1, 3)
    rockets = [n for n in ('minirocket', 'multirocket') if n in found]
    best = max(found[n]['accuracy'] for n in rockets)
    bars = {'behind_best_rocket': bar(best - found['ours']['accuracy'], 0.01, '<=')}
    show('aeon', found)
    table('aeon', (), {}, bars)
    return arrange(found, '3 folds by group', bars)


def run_pump(setup: Setup) -> dict[str, object]:
    """Every fourth window of the pump, 5 folds: runs it has seen other windows of, and new ones.

    A run has levels of its own, and a fault may lie above or below them.
    """
    beside = {'ours_linear': ours.fit_predict_linear, **peers.available()}
    if setup.quick:
        beside = {name: beside[name] for name in QUICK_PEERS}
    models, repeats = {'ours': ours.fit_predict, **beside}, 1 if setup.quick else REPEATS
    found, bars = {}, {}
    for by_run, name in ((False, 'known runs'), (True, 'new runs')):
        found[name] = compare({'skab': skab(setup.data, by_run)[::4]}, models, repeats, 5)
        best = max(row['accuracy'] for m, row in found[name].items() if m != 'ours')
        bars[f'behind_best_peer ({name})'] = bar(best - found[name]['ours']['accuracy'], 0.01, '<=')
        show(f'pump, {name}', found[name])
    table('pump', (), {}, bars)
    protocol = f'{repeats} x 5 folds'
    known = arrange(found['known runs'], protocol)
    return {**arrange(found['new runs'], f'{protocol} by run', bars), 'known_runs': known}


def show(name: str, found: Mapping[str, dict[str, object]]) -> None:
    """Print one table, a model a line."""
    table(name, COLUMNS, {m: [row[c] for c in COLUMNS] for m, row in found.items()})


def arrange(
    found: Mapping[str, dict[str, object]], protocol: str, bars: dict[str, object] | None = None
) -> dict[str, object]:
    """Our figures in their fixed places, the peers' beside them."""
    rest = {m: row for m, row in found.items() if m != 'ours'}
    left_out = peers.left_out()
    return {
        **found['ours'],
        'protocol': protocol,
        'peers': rest,
        'left_out': left_out,
        'bars': bars or {},
    }


def compare(
    sets: Mapping[str, list[LabelledCase]],
    models: Mapping[str, peers.Model],
    repeats: int,
    folds: int,
) -> dict[str, dict[str, object]]:
    """Per model: means over the sets, and the figures of each set."""
    out: dict[str, dict[str, object]] = {}
    for name, model in models.items():
        rows = {s: evaluate(cases, model, repeats, folds) for s, cases in sets.items()}
        out[name] = {**average(rows.values()), 'sets': rows}
    return out


def evaluate(
    cases: Sequence[LabelledCase], model: peers.Model, repeats: int, folds: int
) -> dict[str, float]:
    """Figures of the out-of-fold predictions pooled over the repeats; seconds per fit and test."""
    names = sorted({c.label for c in cases})
    pooled, truth, seconds = [], [], []
    for repeat in range(repeats):
        probs = np.zeros((len(cases), len(names)))
        for learn, test in splits(cases, folds, repeat):
            begin = time.thread_time()
            train = [cases[i] for i in learn]
            probs[test] = model(train, [cases[i] for i in test], names)
            seconds.append(time.thread_time() - begin)
        pooled.append(probs)
        truth.append(peers.indices(cases, names))
    found = measure(np.concatenate(pooled), np.concatenate(truth))
    shares = [(p.argmax(axis=1) == y).mean() for p, y in zip(pooled, truth, strict=True)]
    return {**found, 'accuracy_sd': pstdev(shares), 'seconds': mean(seconds)}


def splits(
    cases: Sequence[LabelledCase], folds: int, seed: int
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Stratified folds that keep groups whole: positions to learn from and to test on."""
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold  # noqa: PLC0415

    labels, groups = [c.label for c in cases], [c.group for c in cases]
    alone = len(set(groups)) == len(groups)
    kind = StratifiedKFold if alone else StratifiedGroupKFold
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # LP3 has a class of three cases
        made = kind(folds, shuffle=True, random_state=seed)
        return list(made.split(labels, labels, groups))
