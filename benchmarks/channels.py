"""Section `dead_channel`: a model meets cases in which one channel is dead, each in turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import mean

import numpy as np
import ours
import peers
from accuracy import splits
from bench_setup import Setup, table
from data import robot_failures
from figures import bar

from cobot_ai.app.model_ports import Fitted
from cobot_ai.core.types import LabelledCase
from cobot_ai.model.fitter import OnnxFitter

SETS = {'lp1': 'robot_failures_lp1', 'lp4': 'robot_failures_lp4', 'lp5': 'robot_failures_lp5'}
BARS = ('lp1', 'lp4')
REPEATS, QUICK_REPEATS, PEERS = 10, 3, 3
"""Repeats of ours, of ours in the cut, and of the peers."""
COLUMNS = ('all_channels', 'mean', 'worst', 'loss_mean', 'loss_worst', 'loss_worst_sd')
Cases = Sequence[LabelledCase]
Dead = Sequence[int | None]
Answer = Callable[[Cases, Cases, Sequence[str], Dead], list[list[str]]]
"""(training cases, test cases, class names, dead channels or None) -> classes for each of these."""


def run(setup: Setup) -> dict[str, object]:
    """Accuracy with all channels, mean and worst over the dead channel, ours and peers."""
    repeats, peer_repeats = (QUICK_REPEATS, 1) if setup.quick else (REPEATS, PEERS)
    names = BARS if setup.quick else tuple(SETS)
    found: dict[str, dict[str, dict[str, object]]] = {}
    for name in names:
        cases = robot_failures(setup.data, SETS[name])
        found[name] = {
            who: measure(cases, answer, repeats if who.startswith('ours') else peer_repeats)
            for who, answer in methods(setup.quick).items()
        }
        rows = {who: [row[c] for c in COLUMNS] for who, row in found[name].items()}
        table(f'dead channel {name}', COLUMNS, rows)
    bars = {
        f'{name} {kind}, loss of the worst channel': bar(
            found[name][f'ours {kind}']['loss_worst'], 0.05, '<='
        )
        for name in BARS
        for kind in ('solved without it',)
    }
    table('dead_channel', (), {}, bars)
    own = {
        name: {w: r for w, r in rows.items() if w.startswith('ours')}
        for name, rows in found.items()
    }
    rest = {
        name: {w: r for w, r in rows.items() if w not in own[name]} for name, rows in found.items()
    }
    return {
        **own,
        'peers': rest,
        'bars': bars,
        'protocol': f'{repeats} x 5 folds (peers {peer_repeats} x 5)',
    }


def methods(quick: bool = False) -> dict[str, Answer]:
    """Who takes part, and how each fills the dead channel."""
    found = {
        'ours masked': ours_masked,
        'ours solved without it': ours_without,
        'extra_trees, median fill': peer(peers.TABULAR['extra_trees'], 'median'),
        'hist_gradient_boosting, NaN': peer(peers.TABULAR['hist_gradient_boosting'], 'missing'),
        'minirocket, 0 fill': peer(peers.SERIES['minirocket'], 'missing'),
    }
    return {name: a for name, a in found.items() if not quick or 'hist' not in name}


def measure(cases: list[LabelledCase], answer: Answer, repeats: int) -> dict[str, object]:
    """Accuracy over stratified folds, with every channel dead in turn."""
    names = sorted({c.label for c in cases})
    channels: list[int | None] = [None, *range(len(cases[0].window.channels))]
    right = np.zeros((repeats, len(channels)))
    for repeat in range(repeats):
        for learn, test in splits(cases, 5, repeat):
            train, rest = [cases[i] for i in learn], [cases[i] for i in test]
            for i, said in enumerate(answer(train, rest, names, channels)):
                right[repeat, i] += sum(a == c.label for a, c in zip(said, rest, strict=True))
    right /= len(cases)
    whole, *each = right.mean(axis=0).tolist()
    worst = 1 + int(np.argmin(each))
    return {
        'all_channels': whole,
        'mean': mean(each),
        'worst': min(each),
        'loss_mean': whole - mean(each),
        'loss_worst': whole - min(each),
        'loss_worst_sd': float((right[:, 0] - right[:, worst]).std()),
        'each': dict(zip(cases[0].window.channels, each, strict=True)),
        'repeats': repeats,
    }


def without(case: LabelledCase, dead: int | None) -> LabelledCase:
    """The case with nothing measured on one channel."""
    if dead is None:
        return case
    values, mask = case.window.values.copy(), case.window.mask.copy()
    values[dead], mask[dead] = 0, False
    return replace(case, window=replace(case.window, values=values, mask=mask))


def ours_masked(train: Cases, test: Cases, names: Sequence[str], dead: Dead) -> list[list[str]]:
    """At once: the model as it is, on cases in which the channel is masked."""
    fitted = ours.fit(train)
    return [_answers(fitted, [without(c, d) for c in test]) for d in dead]


def ours_without(train: Cases, test: Cases, names: Sequence[str], dead: Dead) -> list[list[str]]:
    """A second later: the head chosen and solved again without the channel."""
    fitted, channels = ours.fit(train), train[0].window.channels
    solved = [
        OnnxFitter().without(fitted, [channels[d]]) if d is not None else fitted for d in dead
    ]
    pairs = zip(dead, solved, strict=True)
    return [_answers(s or fitted, [without(c, d) for c in test]) for d, s in pairs]


def _answers(fitted: Fitted, test: Cases) -> list[str]:
    best = ours.probabilities(fitted, [c.window for c in test]).argmax(axis=1)
    return [fitted.classes[i] for i in best]


def peer(model: peers.Model, fill: str) -> Answer:
    """A peer fitted on all channels; the dead one is filled with its median, or left out."""

    def run(train: Cases, test: Cases, names: Sequence[str], dead: Dead) -> list[list[str]]:
        shown = [without(c, d) for d in dead for c in test]
        if fill == 'median':
            shown = [
                _filled(c, d, train) if d is not None else c
                for c, d in zip(shown, np.repeat(np.array(dead, object), len(test)), strict=True)
            ]
        said = [names[i] for i in model(train, shown, names).argmax(axis=1)]
        return [said[i : i + len(test)] for i in range(0, len(said), len(test))]

    return run


def _filled(case: LabelledCase, dead: int, train: Cases) -> LabelledCase:
    values, mask = case.window.values.copy(), case.window.mask.copy()
    values[dead] = np.median([c.window.values[dead] for c in train])
    mask[dead] = True
    return replace(case, window=replace(case.window, values=values, mask=mask))
