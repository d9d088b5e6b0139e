"""A corpus of planted bad models: each is wrong in one way, and one check is meant for it.

Every plant says which check must refuse it; switched off in the suite, the same model passes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import model_cases
import numpy as np
import onnx
from model_cases import Shelf, build_candidate
from onnx import TensorProto, helper, numpy_helper

from cobot_ai.app.gate import GateOptions
from cobot_ai.core.gates import GateReport
from cobot_ai.core.spec import ModelSpec
from cobot_ai.core.stream_spec import ChannelSpec, StreamSpec
from cobot_ai.core.suite import LatencyLimit, MemoryLimit, Suite
from cobot_ai.core.types import LabelledCase, Missing
from cobot_ai.model.fitter import OnnxFitter
from cobot_ai.model.scorer import GateFiles, load

HOUR = 3600 * 10**9
SHIFTS = ('06:00', '14:00', '22:00')
BASE = Suite(latency=LatencyLimit(limit_ms=1000)).without('trial', 'memory')
"""Machine checks cost time; a plant that is meant for one switches it on."""


def spec(head: str = 'linear', missing: Missing = Missing.ASK) -> Any:
    """A cell with shifts whose channels have one policy."""
    streams = tuple(
        StreamSpec(s, s, 't', 50.0, tuple(ChannelSpec(c, c, missing=missing) for c in channels))
        for s, channels in (('wrench', ('fx', 'fz')), ('tool', ('accel',)))
    )
    return replace(model_cases.cell(head), streams=streams, shifts=SHIFTS)


def cases(count: int = 120, **options: Any) -> list[LabelledCase]:
    """Cases ten minutes apart, so that they fall into all three shifts."""
    return [at(c, c.id * HOUR // 6) for c in model_cases.cases(count, **options)]


def at(case: LabelledCase, t_ns: int) -> LabelledCase:
    return replace(case, window=replace(case.window, start_ns=t_ns, end_ns=t_ns + 10**9))


class Tampered(OnnxFitter):
    """A fitter whose training set or result is changed on the way."""

    def __init__(
        self,
        result: Callable[[Any], Any] = lambda f: f,
        given: Callable[[Sequence[LabelledCase]], Sequence[LabelledCase]] = lambda c: c,
    ) -> None:
        super().__init__()
        self._result, self._given = result, given

    def fit(self, cases: Sequence[LabelledCase], spec: ModelSpec) -> Any:
        fitted = super().fit(self._given(cases), spec)
        return fitted and self._result(fitted)


@dataclass(frozen=True)
class Plant:
    """A bad model.

    Attributes:
        name: What is wrong with it. checks: Checks that must refuse it; the first is the one.
        fitter: Makes it. live: Makes the version before; None: there is none.
        cases: What both are trained on. cell: The cell file. suite: Checks and limits.
    """

    name: str
    checks: tuple[str, ...]
    fitter: OnnxFitter
    live: OnnxFitter | None = field(default_factory=OnnxFitter)
    cases: tuple[LabelledCase, ...] = field(default_factory=lambda: tuple(cases()))
    cell: Any = field(default_factory=spec)
    suite: Suite = BASE


def judge(plant: Plant, suite: Suite | None = None) -> GateReport:
    """Put a plant through the gate, by default of its own suite."""
    shelf = Shelf()
    options = GateOptions(suite or plant.suite, timer=time.thread_time_ns, files=GateFiles())
    if plant.live is not None:
        made = build_candidate(plant.cases, plant.live, plant.cell, load, shelf, '', 1, 'test')
        assert made
        shelf.live = made[0]
    found = build_candidate(
        plant.cases, plant.fitter, plant.cell, load, shelf, shelf.live, 2, 'test', options
    )
    assert found
    return found[1].gates


# ---------------------------------------------------------------- training gone wrong


def shuffled(given: Sequence[LabelledCase]) -> Sequence[LabelledCase]:
    return model_cases.relabel(list(given))


def without_jams(given: Sequence[LabelledCase]) -> Sequence[LabelledCase]:
    return [c for c in given if c.label != 'jam']


def spoil(fitted: Any, rows: Any, p: float = 0.9) -> Any:
    """Make the honest scores of some cases wrong."""
    scores = fitted.scores.copy()
    other = (scores[rows].argmax(axis=1) + 1) % scores.shape[1]
    scores[rows] = (1 - p) / (scores.shape[1] - 1)
    scores[rows, other] = p
    return replace(fitted, scores=scores)


def at_night(fitted: Any) -> Any:
    """Wrong in 14 cases of the shift that begins at 22:00."""
    hours = np.array(fitted.cases) / 6 % 24
    return spoil(fitted, np.flatnonzero((hours >= 22) | (hours < 6))[:14])


def by_day(fitted: Any) -> Any:
    """Wrong in 20 cases of the other two shifts: on the whole as bad as `at_night`."""
    hours = np.array(fitted.cases) / 6 % 24
    return spoil(fitted, np.flatnonzero((hours >= 6) & (hours < 22))[:20])


def overconfident(fitted: Any) -> Any:
    """The same answers, nearly all of them called certain, one in five of them wrong."""
    scores = np.where(fitted.scores == fitted.scores.max(axis=1, keepdims=True), 0.998, 0.001)
    return replace(fitted, scores=scores)


def doubtful(fitted: Any) -> Any:
    """One in five wrong, and modest about it."""
    return spoil(fitted, np.arange(0, len(fitted.scores), 5), 0.5)


# ---------------------------------------------------------------- leaks


def noise(count: int = 60) -> list[LabelledCase]:
    """Windows that say nothing about their labels."""
    return model_cases.relabel(cases(count, labels=('ok',)), 0) and [
        replace(c, label=('ok', 'jam')[int(i)])
        for c, i in zip(
            cases(count, labels=('ok',)),
            np.random.default_rng(3).integers(0, 2, count),
            strict=True,
        )
    ]


def twice(same_group: bool) -> tuple[LabelledCase, ...]:
    """Every case twice, the second nearly equal: whoever splits them gets them all right."""
    rng, found = np.random.default_rng(4), []
    for case in noise():
        values = case.window.values * (1 + 1e-4 * rng.normal(size=case.window.values.shape))
        window = replace(case.window, values=values.astype(np.float32))
        group = case.group if same_group else ''
        found += [
            replace(case, group=group),
            replace(case, id=case.id + 1000, group=group, window=window),
        ]
    return tuple(found)


def groups_ignored(given: Sequence[LabelledCase]) -> Sequence[LabelledCase]:
    return [replace(c, group='') for c in given]


def claims_perfection(fitted: Any) -> Any:
    """Scores without a single error, and not a word about how they came about."""
    facts = {k: v for k, v in fitted.facts.items() if k != 'fold'}
    scores = np.where(fitted.scores == fitted.scores.max(axis=1, keepdims=True), 1.0, 0.0)
    return replace(fitted, scores=scores, facts=facts)


# ---------------------------------------------------------------- files


def file(change: Callable[[Any], None]) -> Callable[[Any], Any]:
    """Tamper with the ONNX file."""

    def result(fitted: Any) -> Any:
        model = onnx.load_from_string(fitted.blob)
        change(model)
        return replace(fitted, blob=model.SerializeToString())

    return result


def constant(model: Any, name: str, value: Any) -> None:
    model.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))


def heavy(size: int, products: int) -> Callable[[Any], None]:
    """Ballast: a square matrix out of the input, multiplied by itself; it changes no output."""

    def change(model: Any) -> None:
        constant(model, 'row', np.full((1, size), size**-0.5, np.float32))
        constant(model, 'tiny', np.float32(1e-9))
        constant(model, 'none', np.float32(0))
        constant(model, 'column_shape', np.array([size, 1], np.int64))
        add = model.graph.node.append
        add(helper.make_node('ReduceMean', ['x'], ['any'], keepdims=0))
        add(helper.make_node('Mul', ['any', 'tiny'], ['one']))
        add(helper.make_node('Add', ['row', 'one'], ['grown']))
        add(helper.make_node('Reshape', ['grown', 'column_shape'], ['column']))
        add(helper.make_node('MatMul', ['column', 'grown'], ['m0']))
        for i in range(products):
            add(helper.make_node('MatMul', [f'm{i}', 'm0'], [f'm{i + 1}']))
        add(helper.make_node('Sigmoid', [f'm{products}'], ['tame']))
        add(helper.make_node('ReduceMean', ['tame'], ['mean'], keepdims=0))
        add(helper.make_node('Mul', ['mean', 'none'], ['nothing']))
        rename(model, 'evidence', 'evidence0')
        add(helper.make_node('Add', ['evidence0', 'nothing'], ['evidence']))

    return change


def rename(model: Any, name: str, new: str) -> None:
    for node in model.graph.node:
        node.output[:] = [new if o == name else o for o in node.output]


def nan_weight(model: Any) -> None:
    constant(model, 'unused', np.full(3, np.nan, np.float32))


def external(model: Any) -> None:
    tensor = TensorProto(name='secret', data_type=TensorProto.FLOAT, dims=[1])
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key='location', value='secret.bin')
    model.graph.initializer.append(tensor)


def loop(endless: bool) -> Callable[[Any], None]:
    """A Loop that changes no output: three rounds, or for ever."""

    def change(model: Any) -> None:
        info = helper.make_tensor_value_info
        body = helper.make_graph(
            [
                helper.make_node('Identity', ['again'], ['on']),
                helper.make_node('Add', ['state', 'state'], ['next']),
            ],
            'body',
            [
                info('round', TensorProto.INT64, []),
                info('again', TensorProto.BOOL, []),
                info('state', TensorProto.FLOAT, []),
            ],
            [info('on', TensorProto.BOOL, []), info('next', TensorProto.FLOAT, [])],
        )
        constant(model, 'rounds', np.int64(2**62 if endless else 3))
        constant(model, 'yes', np.bool_(True))
        constant(model, 'none', np.float32(0))
        add = model.graph.node.append
        add(helper.make_node('ReduceMean', ['x'], ['one'], keepdims=0))
        add(helper.make_node('Mul', ['one', 'none'], ['zero']))
        add(helper.make_node('Loop', ['rounds', 'yes', 'zero'], ['end'], body=body))
        rename(model, 'evidence', 'evidence0')
        add(helper.make_node('Add', ['evidence0', 'end'], ['evidence']))

    return change


def bold_when_blind(model: Any) -> None:
    """Sure of the first class as soon as a channel is dead."""
    constant(model, 'half', np.float32(0.5))
    constant(model, 'certain', np.array([[0.998, 0.001, 0.001]], np.float32))
    rename(model, 'probs', 'probs0')
    add = model.graph.node.append
    add(helper.make_node('ReduceMin', ['mask'], ['least'], axes=[1, 2], keepdims=0))
    add(helper.make_node('Greater', ['least', 'half'], ['whole']))
    constant(model, 'axis', np.array([1], np.int64))
    add(helper.make_node('Unsqueeze', ['whole', 'axis'], ['all_there']))
    add(helper.make_node('Where', ['all_there', 'probs0', 'certain'], ['probs']))


def big(model: Any) -> None:
    constant(model, 'ballast', np.zeros(300_000, np.float32))


def two_classes(fitted: Any) -> Any:
    """The manifest names two classes, the file gives three probabilities."""
    return replace(fitted, classes=fitted.classes[:2], scores=fitted.scores[:, :2])


class OtherOrder(OnnxFitter):
    """The file was trained with the channels in another order than its scores."""

    def fit(self, cases: Sequence[LabelledCase], spec: ModelSpec) -> Any:
        good = super().fit(cases, spec)
        turned = [
            replace(c, window=replace(c.window, values=c.window.values[[1, 2, 0]])) for c in cases
        ]
        return replace(good, blob=super().fit(turned, spec).blob)


PLANTS = (
    Plant('first model, shuffled labels', ('skill',), Tampered(given=shuffled), None),
    Plant('shuffled labels', ('not_worse', 'calibration'), Tampered(given=shuffled)),
    Plant('lost class', ('classes',), Tampered(given=without_jams), None),
    Plant(
        'worse on one shift only',
        ('not_worse', 'calibration'),
        Tampered(at_night),
        Tampered(by_day),
    ),
    Plant(
        'overconfident',
        ('calibration',),
        Tampered(lambda f: overconfident(doubtful(f))),
        Tampered(doubtful),
    ),
    Plant('channels in another order', ('as_claimed',), OtherOrder()),
    Plant(
        'groups ignored',
        ('leakage',),
        Tampered(given=groups_ignored),
        None,
        twice(True),
        spec('kernel'),
    ),
    Plant('copies without a group', ('leakage',), OnnxFitter(), None, twice(False), spec('kernel')),
    Plant('claims perfection', ('leakage',), Tampered(claims_perfection), None),
    Plant(
        'slower',
        ('latency',),
        Tampered(file(heavy(400, 9))),
        suite=replace(BASE.without('parity'), latency=LatencyLimit(limit_ms=2)),
    ),
    Plant('NaN weights', ('weights',), Tampered(file(nan_weight))),
    Plant('a Loop', ('operators',), Tampered(file(loop(endless=False)))),
    Plant(
        'too big',
        ('size',),
        Tampered(file(big)),
        suite=replace(BASE, size=replace(BASE.size, limit_mb=1.0)),
    ),
    Plant(
        'eats memory',
        ('memory',),
        Tampered(file(heavy(3000, 0))),
        suite=replace(
            BASE.without('dead_channel', 'parity'),
            trial=Suite().trial,
            memory=MemoryLimit(limit_mb=40),
        ),
    ),
    Plant(
        'sure of itself with a dead channel',
        ('dead_channel',),
        Tampered(file(bold_when_blind)),
        cell=spec(missing=Missing.MASK),
    ),
)
"""Bad in one way each, with the check that is meant for it."""
