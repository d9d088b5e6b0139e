"""Section `speed`: one thread, 20 channels x 500 samples, 1,000 stored cases, 6 classes.

Wall time beside thread CPU time: on a busy machine only the second says what the code costs.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import loop
import numpy as np
import ours
import peers
from bench_setup import Setup, table
from data import make_cases
from figures import bar

from cobot_ai.app.gate import GateOptions
from cobot_ai.app.making import make_candidate
from cobot_ai.app.model_ports import Fitted
from cobot_ai.core.spec import ModelSpec
from cobot_ai.core.types import LabelledCase, Window
from cobot_ai.model.fitter import HEADS, OnnxFitter
from cobot_ai.model.heads import Table
from cobot_ai.model.kernel import KernelHead, KernelRecipe, Part, make_plans
from cobot_ai.model.ridge import Labels
from cobot_ai.model.scorer import load
from cobot_ai.store.features import FeatureFolder
from cobot_ai.store.registry import ModelFolder

CHANNELS, SAMPLES, CLASSES, STORED = 20, 500, 6, 1000
MANY, MANY_SHAPE = 100_000, (6, 50)
COLUMNS = ('predict_p50_ms', 'predict_p99_ms', 'predict_cpu_ms', 'fit_s', 'fit_cpu_s')


def run(setup: Setup) -> dict[str, object]:
    """Ours and the peers on the same windows, then what only ours has to show."""
    cases = windows(STORED + 200, (CHANNELS, SAMPLES))
    with tempfile.TemporaryDirectory() as folder:
        document = measured(setup, cases, Path(folder))
    table('speed', (), {}, document['bars'])
    return document


def measured(setup: Setup, cases: list[LabelledCase], folder: Path) -> dict[str, Any]:
    """All figures; features are kept in `folder`, as the trainer keeps them."""
    learn, test = cases[:STORED], cases[STORED:]
    names = sorted({c.label for c in learn})
    fitter, spec = OnnxFitter(features=FeatureFolder(folder / 'features')), ModelSpec()
    own, fitted = fit_times(lambda: fitter.fit(learn, spec), 2 if setup.quick else 3)
    own |= one_answer(fitter, fitted, learn, test, 5 if setup.quick else 20, spec)
    own |= gated_answer(fitter, fitted, learn, test, folder / 'registry')
    scorer = ours.scorer(fitted, test[0].window)
    runs = 1000 if setup.quick else 3000
    own |= predict_times(lambda i: scorer.score(test[i % len(test)].window), runs)
    found = {'ours': own}
    made = {'minirocket': peers.minirocket_model, 'extra_trees': peers.extra_trees_model}
    if not setup.quick:
        made |= {
            'quant': peers.quant_model,
            'hist_gradient_boosting': peers.gradient_boosting_model,
        }
    for name, make in made.items():
        if name in peers.left_out():
            continue
        found[name] = peer_times(name, make, learn, test, names)
    table('speed', COLUMNS, {n: [row[c] for c in COLUMNS] for n, row in found.items()})
    document: dict[str, Any] = {**own, **served(fitter, fitted, test)}
    document |= many_labels(20_000 if setup.quick else MANY, folder / 'many')
    document |= {'size': {'channels': CHANNELS, 'samples': SAMPLES, 'stored': STORED}}
    document['both_views'] = both_views(fitter, learn, test, runs)
    rest = {n: row for n, row in found.items() if n != 'ours'}
    return document | {'peers': rest, 'bars': bars(document, found['minirocket'])}


def bars(own: dict[str, Any], rocket: dict[str, float]) -> dict[str, object]:
    """The bars of the issue."""
    return {
        'predict_p50_ms': bar(own['predict_p50_ms'], 2.5, '<='),
        'predict_p99_ms': bar(own['predict_p99_ms'], 5.0, '<='),
        'predict_faster_than_minirocket': bar(
            rocket['predict_cpu_ms'] / own['predict_cpu_ms'], 3.0, '>='
        ),
        'predict_p99_ms (cpu)': bar(own['predict_cpu_p99_ms'], 5.0, '<='),
        'retrain_1000_s': bar(own['fit_s'], 1.5, '<='),
        'retrain_1000_s (cpu)': bar(own['fit_cpu_s'], 1.5, '<='),
        'retrain_faster_than_minirocket': bar(rocket['fit_cpu_s'] / own['fit_cpu_s'], 6.0, '>='),
        'one_answer_ms': bar(own['one_answer_ms'], 50.0, '<='),
        'one_answer_ms (cpu)': bar(own['one_answer_cpu_ms'], 50.0, '<='),
        'many_labels_s': bar(own['many_labels_s'], 15.0, '<='),
        'many_labels_s (cpu)': bar(own['many_labels_cpu_s'], 15.0, '<='),
        'file_mb': bar(own['file_mb'], 8.0, '<='),
        'serving_mb': bar(own['serving_mb'], 100.0, '<='),
        'parity': bar(own['parity'], 1e-5, '<='),
        'flipped': bar(float(own['flipped']), 0.0, '<='),
    }


class BothViews(KernelHead):
    """The product's head, made to mix both views half and half whatever leave-one-out says.

    On these windows one view may be enough; the time of a decision must hold for both.
    """

    def choose(self, table: Table, y: Labels, classes: int) -> KernelRecipe:
        """Its own ridge; widths of 1."""
        plans = make_plans(self.blocks)
        parts = tuple(Part(p.metrics[0], p.options[0], 1.0, 1 / len(plans)) for p in plans)
        return KernelRecipe(parts, super().choose(table, y, classes).ridge)


def both_views(
    fitter: OnnxFitter, learn: list[LabelledCase], test: list[LabelledCase], runs: int
) -> dict[str, Any]:
    """Times of a model that uses both views with every block."""
    HEADS['both views'] = BothViews
    spec = ModelSpec(head='both views')
    row, fitted = fit_times(lambda: fitter.fit(learn, spec), 2)
    row |= one_answer(fitter, fitted, learn, test, 5, spec)
    scorer = ours.scorer(fitted, test[0].window)
    row |= predict_times(lambda i: scorer.score(test[i % len(test)].window), runs)
    return {**row, **served(fitter, fitted, test), 'head': fitted.facts['head']}


def windows(count: int, shape: tuple[int, int], seed: int = 0) -> list[LabelledCase]:
    """Made-up recordings of six classes that overlap a little; only their size matters here."""
    rng = np.random.default_rng(seed)
    y = rng.integers(CLASSES, size=count)
    t = np.linspace(0, 6 * np.pi, shape[1])
    pitch = 1 + 0.12 * y[:, None, None] + 0.05 * rng.normal(size=(count, shape[0], 1))
    x = np.sin(pitch * t + np.arange(shape[0])[:, None]) + 0.5 * rng.normal(size=(count, *shape))
    groups = [str(i) for i in range(count)]
    return make_cases(x.astype(np.float32), [f'class {i}' for i in y], context='all', groups=groups)


def fit_times(fit: Callable[[], Fitted | None], repeats: int) -> tuple[dict[str, float], Fitted]:
    """First fit (features of every window included), then the fits after it (features known)."""
    times = []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.thread_time()
        fitted = fit()
        times.append((time.perf_counter() - wall, time.thread_time() - cpu))
    if fitted is None:
        raise SystemExit('The made-up windows could not be fitted.')
    best = min(times[1:])
    row = {'first_fit_s': times[0][0], 'fit_s': best[0], 'fit_cpu_s': best[1]}
    return row, fitted


def predict_times(score: Callable[[int], object], runs: int) -> dict[str, float]:
    """Time of single predictions in milliseconds, after a warm-up."""
    for i in range(20):
        score(i)
    wall, cpu = np.empty(runs), np.empty(runs)
    for i in range(runs):
        begin, begin_cpu = time.perf_counter(), time.thread_time()
        score(i)
        wall[i], cpu[i] = time.perf_counter() - begin, time.thread_time() - begin_cpu
    p50, p99, p999 = np.percentile(wall, [50, 99, 99.9]) * 1e3
    return {
        'predict_p50_ms': float(p50),
        'predict_p99_ms': float(p99),
        'predict_p999_ms': float(p999),
        'predict_cpu_ms': float(np.median(cpu) * 1e3),
        'predict_cpu_p99_ms': float(np.percentile(cpu, 99) * 1e3),
        'predict_runs': runs,
    }


def one_answer(
    fitter: OnnxFitter,
    fitted: Fitted,
    learn: list[LabelledCase],
    test: list[LabelledCase],
    count: int,
    spec: ModelSpec,
) -> dict[str, float]:
    """One further answer: learnt, exported, loaded with all checks, and its first decision."""
    walls, cpus = [], []
    for i in range(count):
        learn = [*learn, test[i]]
        wall, cpu = time.perf_counter(), time.thread_time()
        found = fitter.update(fitted, learn, spec)
        if found is None:
            raise SystemExit('The product wants a full refit after one answer.')
        ours.scorer(found, test[i].window).score(test[-1].window)
        walls.append(time.perf_counter() - wall)
        cpus.append(time.thread_time() - cpu)
        fitted = found
    return {
        'one_answer_ms': median(walls) * 1e3,
        'one_answer_cpu_ms': median(cpus) * 1e3,
        'one_answer_max_ms': max(walls) * 1e3,
    }


def gated_answer(
    fitter: OnnxFitter,
    fitted: Fitted,
    learn: list[LabelledCase],
    test: list[LabelledCase],
    folder: Path,
) -> dict[str, float]:
    """The same by way of the trainer: certificates, manifest, all gates, stored, then loaded.

    This happens beside the running cell; the version before serves meanwhile.
    """
    cell = loop.cell(test[0], sorted({c.label for c in learn}))
    registry, parent, times = ModelFolder(folder), None, []
    for i in range(3):
        learn = [*learn, test[i]]
        begin = time.process_time()
        found = fitter.update(fitted, learn, ModelSpec())
        made = make_candidate(
            learn, fitter, cell, load, registry, parent, 0, '', GateOptions(), found
        )
        if found is None or made is None or not made[1].gates.passed:
            raise SystemExit('The gates refuse the version of the benchmark.')
        parent = registry.put(*made)
        load(*registry.get(parent)).score(test[-1].window)
        times.append(time.process_time() - begin)
        fitted = found
    return {'one_answer_gated_cpu_s': median(times)}


def peer_times(
    name: str,
    make: Callable[[], Any],
    learn: list[LabelledCase],
    test: list[LabelledCase],
    names: list[str],
) -> dict[str, float]:
    """A fit on the same windows and single predictions of a peer (compiled code warmed up)."""
    inputs = peers.array if name in peers.SERIES else peers.flat
    if name in peers.SERIES:
        make().fit(inputs(learn[:30]), peers.indices(learn[:30], names))
    wall, cpu = time.perf_counter(), time.thread_time()
    model = make().fit(inputs(learn), peers.indices(learn, names))
    row = {'fit_s': time.perf_counter() - wall, 'fit_cpu_s': time.thread_time() - cpu}
    runs = 60 if name == 'quant' else 200
    return row | predict_times(lambda i: model.predict_proba(inputs([test[i % len(test)]])), runs)


def served(fitter: OnnxFitter, fitted: Fitted, test: list[LabelledCase]) -> dict[str, float]:
    """Size of the file, memory of a process that serves it, parity with numpy."""
    some = [c.window for c in test[:32]]
    numpy_, onnx_ = fitter.predict(fitted, some), ours.probabilities(fitted, some)
    return {
        'file_mb': len(fitted.blob) / 1e6,
        'serving_mb': serving_memory(fitted, some[0]),
        'parity': float(np.abs(numpy_ - onnx_).max()),
        'flipped': int((numpy_.argmax(axis=1) != onnx_.argmax(axis=1)).sum()),
        'parity_windows': len(some),
    }


def serving_memory(fitted: Fitted, window: Window) -> float:
    """Resident megabytes of a process that loads and runs the model, above a bare interpreter."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / 'model.onnx'
        file.write_bytes(fitted.blob)
        shape = ','.join(str(n) for n in window.values.shape)
        script = str(Path(__file__).with_name('serve_once.py'))
        bare, serving = (
            float(
                subprocess.run(
                    [sys.executable, script, *arguments],
                    capture_output=True,
                    check=True,
                    text=True,
                ).stdout
            )
            for arguments in ([], [str(file), shape])
        )
    return serving - bare


def many_labels(count: int, folder: Path) -> dict[str, Any]:
    """A retrain on very many labels: cold, then with the features of all windows known."""
    cases = windows(count, MANY_SHAPE, seed=1)
    fitter, spec = OnnxFitter(features=FeatureFolder(folder)), ModelSpec()
    times, _ = fit_times(lambda: fitter.fit(cases, spec), 2)
    return {
        'many_labels': count,
        'many_labels_shape': list(MANY_SHAPE),
        'many_labels_first_s': times['first_fit_s'],
        'many_labels_s': times['fit_s'],
        'many_labels_cpu_s': times['fit_cpu_s'],
    }
