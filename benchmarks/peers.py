"""Peers from PyPI, each fitted and asked for probabilities in one call. Never a runtime need."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
from figures import Labels, Probs
from numpy.typing import NDArray

from cobot_ai.core.types import LabelledCase

Model = Callable[[Sequence[LabelledCase], Sequence[LabelledCase], Sequence[str]], Probs]
"""(training cases, test cases, class names) -> probabilities [test case, name]."""


def array(cases: Sequence[LabelledCase]) -> NDArray[np.float64]:
    """Samples [case, channel, time]; what was not measured is 0."""
    return np.stack([c.window.values for c in cases]).astype(np.float64)


def flat(cases: Sequence[LabelledCase]) -> NDArray[np.float64]:
    """Samples and simple statistics [case, feature]; NaN where nothing was measured."""
    return flat_array(
        np.stack([np.where(c.window.mask, c.window.values, np.nan) for c in cases]).astype(float)
    )


def flat_array(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Samples, mean, sd, min, max, mean |step| and sd of steps of each channel."""
    step = np.diff(x, axis=2)
    parts = [x.mean(2), x.std(2), x.min(2), x.max(2), np.abs(step).mean(2), step.std(2)]
    return np.concatenate([x.reshape(len(x), -1), *parts], axis=1)


def indices(cases: Sequence[LabelledCase], names: Sequence[str]) -> Labels:
    """Class index of each case."""
    return np.array([names.index(c.label) for c in cases], np.int64)


def extra_trees_model(seed: int = 0) -> Any:
    """300 extremely randomised trees."""
    from sklearn.ensemble import ExtraTreesClassifier  # noqa: PLC0415 - optional extra

    return ExtraTreesClassifier(300, random_state=seed)


def gradient_boosting_model(seed: int = 0) -> Any:
    """Histogram gradient boosting; leaves of 5 cases, else small sets learn nothing."""
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415

    return HistGradientBoostingClassifier(random_state=seed, min_samples_leaf=5)


def minirocket_model(seed: int = 0) -> Any:
    """MiniRocket with 10,000 kernels and its ridge classifier."""
    from aeon.classification.convolution_based import MiniRocketClassifier  # noqa: PLC0415

    return MiniRocketClassifier(random_state=seed, n_jobs=1)


def multirocket_model(seed: int = 0) -> Any:
    """MultiRocket with its ridge classifier."""
    from aeon.classification.convolution_based import MultiRocketClassifier  # noqa: PLC0415

    return MultiRocketClassifier(random_state=seed, n_jobs=1)


def quant_model(seed: int = 0) -> Any:
    """QUANT: quantiles over dyadic intervals, extra trees."""
    from aeon.classification.interval_based import QUANTClassifier  # noqa: PLC0415

    return QUANTClassifier(random_state=seed)


def tabular(make: Callable[[], Any]) -> Model:
    """A scikit-learn peer on samples and statistics."""
    return _peer(make, flat)


def series(make: Callable[[], Any]) -> Model:
    """An aeon peer on the samples themselves."""
    return _peer(make, array)


def _peer(make: Callable[[], Any], inputs: Callable[..., NDArray[np.float64]]) -> Model:
    def run(
        train: Sequence[LabelledCase], test: Sequence[LabelledCase], names: Sequence[str]
    ) -> Probs:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            model = make().fit(inputs(train), indices(train, names))
            found = model.predict_proba(inputs(test))
        out = np.zeros((len(test), len(names)))
        out[:, np.asarray(model.classes_, int)] = found
        return out

    return run


TABULAR: dict[str, Model] = {
    'extra_trees': tabular(extra_trees_model),
    'hist_gradient_boosting': tabular(gradient_boosting_model),
}
SERIES: dict[str, Model] = {
    'minirocket': series(minirocket_model),
    'quant': series(quant_model),
}
ROCKETS: dict[str, Model] = {'multirocket': series(multirocket_model)}
PEERS: dict[str, Model] = {**SERIES, **TABULAR}


def left_out() -> dict[str, str]:
    """Peers that cannot run here, and why."""
    return {} if find_spec('torch') else {'quant': 'aeon computes QUANT with torch: not installed'}


def available() -> dict[str, Model]:
    """Peers that can run here."""
    return {name: model for name, model in PEERS.items() if name not in left_out()}
