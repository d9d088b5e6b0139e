"""The product's own model behind the interface of the peers: nothing here is a copy."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from figures import Probs

from cobot_ai.app.model_ports import Fitted
from cobot_ai.core.manifest import Manifest
from cobot_ai.core.spec import ModelSpec
from cobot_ai.core.types import LabelledCase, Window
from cobot_ai.model.data import stack
from cobot_ai.model.fitter import OnnxFitter
from cobot_ai.model.scorer import OnnxScorer, load
from cobot_ai.model.session import open_session
from cobot_ai.model.session import run as run_session
from cobot_ai.model.stills import stack_stills


def fit(cases: Sequence[LabelledCase], head: str = 'kernel', seed: int = 0) -> Fitted:
    """Fit as the product does; classes with a single label take part.

    Raises:
        SystemExit: The training cases have only one class.
    """
    fitted = OnnxFitter().fit(cases, ModelSpec(head=head, min_labels=1, seed=seed))
    if fitted is None:
        raise SystemExit('A training fold has only one class; use another data set.')
    return fitted


def probabilities(fitted: Fitted, windows: Sequence[Window]) -> Probs:
    """What the served graph says [window, class], in batches."""
    return outputs(fitted, windows, 'probs')


def outputs(fitted: Fitted, windows: Sequence[Window], name: str) -> Probs:
    """One output of the served graph for all windows, in batches."""
    values, mask = stack(windows)
    still, _ = stack_stills(windows)
    found = run_session(open_session(fitted.blob), values, mask, [name], still)
    return np.asarray(found[0], float)


def scorer(fitted: Fitted, window: Window) -> OnnxScorer:
    """The fitted model loaded as the monitor loads it."""
    manifest = Manifest(
        blob=hashlib.sha256(fitted.blob).hexdigest(),
        parent='',
        classes=fitted.classes,
        channels=window.channels,
        samples=window.values.shape[1],
        certificates=(),
        labels={},
        contexts={},
        data='',
        cell='',
        code='',
        seed=0,
        created_ns=0,
        head='kernel',
        facts=fitted.facts,
    )
    return load(fitted.blob, manifest)


def fit_predict(
    train: Sequence[LabelledCase], test: Sequence[LabelledCase], names: Sequence[str]
) -> Probs:
    """Probabilities [test case, name] of a model fitted on `train`."""
    fitted = fit(train)
    return spread_over(probabilities(fitted, [c.window for c in test]), fitted.classes, names)


def fit_predict_linear(
    train: Sequence[LabelledCase], test: Sequence[LabelledCase], names: Sequence[str]
) -> Probs:
    """The same for the product's simpler head."""
    fitted = fit(train, head='linear')
    return spread_over(probabilities(fitted, [c.window for c in test]), fitted.classes, names)


def spread_over(probs: Probs, classes: Sequence[str], names: Sequence[str]) -> Probs:
    """Columns of `classes` put where `names` has them, 0 for the others."""
    out = np.zeros((len(probs), len(names)))
    out[:, [names.index(c) for c in classes]] = probs
    return out
