"""Fit, cross-fit and export: from labelled cases to one ONNX graph with honest scores."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from cobot_ai.app.ports import Fitted
from cobot_ai.core.errors import ConfigError
from cobot_ai.core.spec import ModelSpec
from cobot_ai.core.types import Doubles, Json, LabelledCase, Window
from cobot_ai.model.bank import Bank
from cobot_ai.model.calibration import Calibration, calibrate
from cobot_ai.model.data import OTHER, Training, arrange, arrange_as, stack
from cobot_ai.model.folds import assign_folds
from cobot_ai.model.graph import BATCH, FLOAT, Graph, Port, window_inputs
from cobot_ai.model.heads import Head, Trained, pick
from cobot_ai.model.kernel import KernelHead
from cobot_ai.model.library import compute, describe, make_bank
from cobot_ai.model.linear import LinearHead
from cobot_ai.model.one_class import fit_one_class, the_one_class
from cobot_ai.model.reference import evaluate

FOLDS = 8
HEADS: dict[str, Callable[[Sequence[str]], Head]] = {'linear': LinearHead, 'kernel': KernelHead}
"""Head name -> how to make it from the names of the feature blocks."""


class OnnxFitter:
    """Trains in numpy on features that onnxruntime computes with the graph that will serve.

    Args:
        folder: Folder of the cell file, where the files of `model.layers` lie.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or Path()

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
        head = _head(spec)
        bank = make_bank(training, head.blocks, spec, self._folder)
        table = compute(bank, training)
        known = np.flatnonzero(training.y != OTHER)
        learn, y = pick(table, known), training.y[known]
        recipe = head.choose(learn, y, len(training.classes))
        folds = assign_folds(training.labels, training.groups, FOLDS, spec.seed)
        trained, raw = recipe.fit(table, training.y, len(training.classes), folds)
        calibration = calibrate(raw[known], y)
        scores = calibration.probabilities(raw)
        facts = _facts(training, scores, folds)
        facts |= {'head': recipe.facts, 'blocks': list(trained.blocks)}
        facts |= calibration.facts | _feature_facts(bank, spec)
        facts |= {'stored': [training.ids[i] for i in known]}
        facts |= {'evidence_floor': _evidence_floor(raw[known], y)}
        blob = export(bank, trained, calibration, training.classes)
        return Fitted(blob, training.classes, training.ids, scores, facts)

    def _fit_one(self, cases: Sequence[LabelledCase], spec: ModelSpec) -> Fitted | None:
        """A model of the only class there is, where the cell wants one."""
        name = the_one_class(cases, spec.min_labels) if spec.one_class < 1 else None
        if name is None:
            return None
        training = arrange_as(cases, (name,))
        bank = make_bank(
            training, KernelHead((*spec.blocks, *spec.layers)).blocks, spec, self._folder
        )
        fitted = fit_one_class(compute(bank, training), training, spec.seed)
        scores = fitted.confidence.of(fitted.evidence)[:, None]
        facts = _facts(training, scores, fitted.folds) | _feature_facts(bank, spec)
        facts |= fitted.facts(spec.one_class, training.y != OTHER)
        facts |= {'stored': [training.ids[i] for i in fitted.stored]}
        return Fitted(fitted.export(bank, name), (name,), training.ids, scores, facts)

    def predict(self, fitted: Fitted, windows: Sequence[Window]) -> Doubles:
        """Probabilities [window, class] computed in numpy by ONNX's reference evaluator."""
        return evaluate(fitted.blob, *stack(windows))


def export(bank: Bank, trained: Trained, calibration: Calibration, classes: Sequence[str]) -> bytes:
    """One graph from window to probabilities and evidence."""
    g = Graph()
    raw, extra = trained.emit(g, bank.only(trained.blocks).emit(g))
    scaled = g.op('Mul', raw, g.const(calibration.temperature))
    g.op('Softmax', g.op('Add', scaled, g.const(calibration.offset)), out='probs', axis=1)
    g.op('ReduceMax', raw, out='evidence', axes=[1], keepdims=0)
    outputs: list[Port] = [('probs', FLOAT, (BATCH, len(classes))), ('evidence', FLOAT, (BATCH,))]
    notes = {'classes': json.dumps(list(classes), ensure_ascii=False)}
    return g.to_bytes(window_inputs(bank.channels, bank.samples), [*outputs, *extra], notes)


def _head(spec: ModelSpec) -> Head:
    if spec.head not in HEADS:
        known = ', '.join(sorted(HEADS))
        raise ConfigError(f'Unknown model head "{spec.head}"; use one of: {known}.')
    return HEADS[spec.head]((*spec.blocks, *spec.layers))


def _feature_facts(bank: Bank, spec: ModelSpec) -> Json:
    """The plant's own features and weights."""
    facts: Json = {'features': describe(bank)}
    if spec.channel_weights:
        facts |= {'channel_weights': dict(sorted(spec.channel_weights.items()))}
    return facts


def _evidence_floor(raw: Doubles, y: NDArray[np.int64]) -> float:
    """Evidence below which nearly no case was judged right: its 2nd percentile among those."""
    right = raw.argmax(axis=1) == y
    return float(np.quantile(raw[right].max(axis=1), 0.02)) if right.any() else 0.0


def _facts(training: Training, scores: Doubles, folds: NDArray[np.int64]) -> Json:
    """Honest figures over all labelled cases; a class that is not learnt counts as wrong."""
    right = scores.argmax(axis=1) == training.y
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
