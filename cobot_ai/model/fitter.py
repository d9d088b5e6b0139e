"""Fit, cross-fit and export: from labelled cases to one ONNX graph with honest scores."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from cobot_ai.app.model_ports import FeatureStore, Fitted
from cobot_ai.core.errors import ConfigError
from cobot_ai.core.spec import ModelSpec
from cobot_ai.core.types import Doubles, Json, LabelledCase, Window
from cobot_ai.model.bank import Bank
from cobot_ai.model.cache import cached_table
from cobot_ai.model.calibration import Calibration, honest
from cobot_ai.model.data import OTHER, Training, arrange, arrange_as, stack
from cobot_ai.model.folds import FOLDS, assign_folds
from cobot_ai.model.graph import BATCH, FLOAT, Port
from cobot_ai.model.heads import Head, Trained, pick
from cobot_ai.model.kernel import KernelHead
from cobot_ai.model.library import describe, make_bank
from cobot_ai.model.linear import LinearHead
from cobot_ai.model.one_class import fit_one_class, the_one_class
from cobot_ai.model.reference import evaluate
from cobot_ai.model.state import State, follow, needs_full, without
from cobot_ai.model.stills import STILL, stack_stills

HEADS: dict[str, Callable[[Sequence[str]], Head]] = {'linear': LinearHead, 'kernel': KernelHead}
"""Head name -> how to make it from the names of the feature blocks."""


class OnnxFitter:
    """Trains in numpy on features that onnxruntime computes with the graph that will serve.

    Args:
        folder: Folder of the cell file, where the files of `model.layers` lie.
        features: Where features of cases are kept; None: computed at every fit.
    """

    def __init__(self, folder: Path | None = None, features: FeatureStore | None = None) -> None:
        self._folder, self._features = folder or Path(), features

    def fit(self, cases: Sequence[LabelledCase], spec: ModelSpec) -> Fitted | None:
        """Fit, cross-fit and export; deterministic for the same cases and seed.

        Returns:
            None while there are not at least two classes with `spec.min_labels` labels, nor one
            class alone with enough to tell what is usual.

        Raises:
            ConfigError: Unknown head, or a feature block that is missing or does not work.
            ModelError: Cases with different channels or shapes.
        """
        training = arrange(cases, spec.min_labels)
        if training is None:
            return self._fit_one(cases, spec)
        head = _head(spec, training)
        bank = make_bank(training.basis(), head.blocks, spec, self._folder)
        table = cached_table(bank, training, self._features)
        known, classes = np.flatnonzero(training.y != OTHER), len(training.classes)
        recipe = head.choose(pick(table, known), training.y[known], classes)
        folds = assign_folds(training.labels, training.groups, FOLDS, spec.seed)
        trained, raw = recipe.fit(table, training.y, classes, folds)
        state = State(
            spec, bank, recipe, trained, training, (table,), raw, folds, len(training.ids)
        )
        return pack(state)

    def update(
        self, fitted: Fitted, cases: Sequence[LabelledCase], spec: ModelSpec
    ) -> Fitted | None:
        """Learn new and forget lost cases exactly, with the hyper-parameters of the last fit.

        Returns:
            None where a full refit is needed: another class, a fourth more or fewer cases, other
            settings, or a change that only a refit can make.
        """
        state = fitted.state
        if not isinstance(state, State) or state.spec != spec or needs_full(state, cases):
            return None
        training = arrange_as(cases, state.training.classes)
        if training.channels != state.training.channels:
            return None
        features = partial(cached_table, state.bank, store=self._features)
        found = follow(state, training, features)
        return pack(found, check=False) if found is not None else None

    def without(self, fitted: Fitted, channels: Sequence[str]) -> Fitted | None:
        """Choose and solve again without some channels on the stored features, scored honestly.

        Returns:
            None where nothing would be left to judge by, or the fit left no state behind.
        """
        state = fitted.state
        if not isinstance(state, State) or not set(state.training.channels) - set(channels):
            return None
        return pack(without(state, channels, _head(state.spec, state.training)))

    def _fit_one(self, cases: Sequence[LabelledCase], spec: ModelSpec) -> Fitted | None:
        """A model of the only class there is, where the cell wants one."""
        name = the_one_class(cases, spec.min_labels) if spec.one_class < 1 else None
        if name is None:
            return None
        training = arrange_as(cases, (name,))
        bank = make_bank(training.basis(), _blocks(spec, training), spec, self._folder)
        table = cached_table(bank, training, self._features)
        fitted = fit_one_class(table, training, spec.seed)
        if fitted is None:
            return None
        scores = fitted.confidence.of(fitted.evidence)[:, None]
        facts = _facts(training.y, scores, fitted.folds) | _feature_facts(bank, spec)
        facts |= fitted.facts(spec.one_class, training.y != OTHER)
        facts |= {'still': training.eye} if STILL in fitted.kernel.blocks else {}
        facts |= {'stored': [training.ids[i] for i in fitted.stored]}
        return Fitted(fitted.export(bank, name), (name,), training.ids, scores, facts)

    def predict(self, fitted: Fitted, windows: Sequence[Window]) -> Doubles:
        """Probabilities [window, class] computed in numpy by ONNX's reference evaluator."""
        still, _ = stack_stills(windows)
        return evaluate(fitted.blob, *stack(windows), still)


def export(
    bank: Bank,
    trained: Trained,
    calibration: Calibration,
    classes: Sequence[str],
    check: bool = True,
) -> bytes:
    """One graph from window to probabilities and evidence; `check` as in `Graph.to_bytes`."""
    g, emitted = bank.only(trained.blocks).begin()
    raw, extra = trained.emit(g, emitted)
    scaled = g.op('Mul', raw, g.const(calibration.temperature))
    g.op('Softmax', g.op('Add', scaled, g.const(calibration.offset)), out='probs', axis=1)
    g.op('ReduceMax', raw, out='evidence', axes=[1], keepdims=0)
    outputs: list[Port] = [('probs', FLOAT, (BATCH, len(classes))), ('evidence', FLOAT, (BATCH,))]
    notes = {'classes': json.dumps(list(classes), ensure_ascii=False)}
    return g.to_bytes(bank.only(trained.blocks).inputs, [*outputs, *extra], notes, check)


def _blocks(spec: ModelSpec, training: Training) -> tuple[str, ...]:
    """Names of the feature blocks; stills only where the cases the bank is made of have one."""
    stills = (STILL,) if training.basis().still is not None else ()
    return (*spec.blocks, *spec.layers, *stills)


def _head(spec: ModelSpec, training: Training) -> Head:
    if spec.head not in HEADS:
        known = ', '.join(sorted(HEADS))
        raise ConfigError(f'Unknown model head "{spec.head}"; use one of: {known}.')
    return HEADS[spec.head](_blocks(spec, training))


def _evidence_floor(raw: Doubles, y: NDArray[np.int64]) -> float:
    """Evidence below which nearly no case was judged right: its 2nd percentile among those."""
    right = raw.argmax(axis=1) == y
    return float(np.quantile(raw[right].max(axis=1), 0.02)) if right.any() else 0.0


def pack(state: State, check: bool = True) -> Fitted:
    """The graph, the honest scores in the order of the case numbers, and what is worth telling.

    After an update the graph has the operators of the last full fit: `check` once is enough.
    """
    training, calibration = state.training, state.calibration
    scores = honest(state.raw, training.y, state.folds, calibration)
    order = np.argsort(training.ids)
    # Where no fold could judge, the offsets alone would claim the class shares for every case.
    scores[~state.raw.any(axis=1)] = 1 / len(training.classes)
    facts = _facts(training.y[order], scores[order], state.folds[order])
    facts |= {'head': state.recipe.facts, 'blocks': list(state.trained.blocks)}
    facts |= calibration.facts | _feature_facts(state.bank, state.spec)
    stored = state.stored
    facts |= {'stored': stored, 'landmarks': 0 < len(stored) < len(state.known)}
    facts |= {'fit': {'cases': len(training.ids), 'full_refit_at': state.full}}
    floor = _evidence_floor(state.raw[state.known], training.y[state.known])
    facts |= {'evidence_floor': floor}
    if STILL in state.trained.blocks:
        facts |= {'still': training.eye}
    if state.dropped:
        facts |= {'dropped': list(state.dropped)}
    blob = export(state.bank, state.trained, calibration, training.classes, check)
    ids = tuple(training.ids[i] for i in order)
    return Fitted(blob, training.classes, ids, scores[order], facts, state)


def _feature_facts(bank: Bank, spec: ModelSpec) -> Json:
    """Which bank, and the plant's own features and weights."""
    facts: Json = {'features': describe(bank), 'bank': bank.digest, 'seed': spec.seed}
    if spec.channel_weights:
        facts |= {'channel_weights': dict(sorted(spec.channel_weights.items()))}
    return facts


def _facts(y: NDArray[np.int64], scores: Doubles, folds: NDArray[np.int64]) -> Json:
    """Honest figures over all labelled cases; a class that is not learnt counts as wrong."""
    right = scores.argmax(axis=1) == y
    versions: dict[str, Any] = {
        'numpy': np.__version__,
        'onnx': onnx.__version__,
        'onnxruntime': onnxruntime.__version__,
        'python': platform.python_version(),
    }
    return {
        'honest_accuracy': round(float(right.mean()), 4),
        'folds': len(np.unique(folds)),
        'fold': folds.tolist(),
        'libraries': versions,
    }
