"""Peers that decide a stream with a fixed threshold and learn from what they ask."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from loop import PERIOD_NS
from numpy.typing import NDArray
from orders import Stream
from peers import flat, flat_array

from cobot_ai.app.operator import Habits

FIRST = 10
"""Cases that every peer asks before it may act."""
TREES = 25


@dataclass(frozen=True)
class Step:
    """One case of a stream: acted alone, and if so, wrong."""

    acted: bool
    wrong: bool


class Learner(Protocol):
    """A peer: what it thinks of a case, and how it learns one."""

    def judge(self, x: NDArray[np.float64]) -> tuple[str, float] | None:
        """Class and confidence, None before it can tell."""

    def learn(self, x: NDArray[np.float64], label: str) -> None:
        """Take in an answer."""


class Forest:
    """A random forest of scikit-learn, fitted anew when the answers have grown by a tenth."""

    def __init__(self, seed: int) -> None:
        self._seed, self._model, self._fitted = seed, None, 0
        self._x: list[NDArray[np.float64]] = []
        self._y: list[str] = []

    def judge(self, x: NDArray[np.float64]) -> tuple[str, float] | None:
        """Class and share of the votes."""
        if self._model is None:
            return None
        p = self._model.predict_proba(x[None])[0]
        return str(self._model.classes_[p.argmax()]), float(p.max())

    def learn(self, x: NDArray[np.float64], label: str) -> None:
        """Keep it, refit when due."""
        from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415 - optional extra

        self._x.append(x)
        self._y.append(label)
        due = len(self._y) - self._fitted >= max(1, self._fitted // 10)
        if due and len(set(self._y)) > 1:
            self._model = RandomForestClassifier(TREES, random_state=self._seed)
            self._model.fit(np.stack(self._x), self._y)
            self._fitted = len(self._y)


class ModAl:
    """modAL's ActiveLearner over a random forest; its measure is 1 - classifier uncertainty.

    It fits its forest anew whenever it is taught, so it is when answers have grown by a tenth.
    """

    def __init__(self, seed: int) -> None:
        self._seed, self._learner, self._fitted = seed, None, 0
        self._answers: list[tuple[NDArray[np.float64], str]] = []

    def judge(self, x: NDArray[np.float64]) -> tuple[str, float] | None:
        """Class and 1 - uncertainty."""
        from modAL.uncertainty import classifier_uncertainty  # noqa: PLC0415

        if self._learner is None:
            return None
        sure = 1 - float(classifier_uncertainty(self._learner, x[None])[0])
        return str(self._learner.predict(x[None])[0]), sure

    def learn(self, x: NDArray[np.float64], label: str) -> None:
        """Keep it, teach when due."""
        from modAL.models import ActiveLearner  # noqa: PLC0415
        from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415

        self._answers.append((x, label))
        new = self._answers[self._fitted :]
        told = np.stack([f for f, _ in new]), np.array([y for _, y in new], dtype=object)
        if self._learner is not None and len(new) >= self._fitted // 10:
            self._learner.teach(*told)
            self._fitted = len(self._answers)
        elif self._learner is None and len(new) >= FIRST and len({y for _, y in new}) > 1:
            forest = RandomForestClassifier(TREES, random_state=self._seed)
            self._learner = ActiveLearner(forest, X_training=told[0], y_training=told[1])
            self._fitted = len(self._answers)


class River:
    """river's adaptive random forest, which learns answer by answer."""

    def __init__(self, seed: int) -> None:
        from river.forest import ARFClassifier  # noqa: PLC0415

        self._model = ARFClassifier(n_models=25, seed=seed)

    def judge(self, x: NDArray[np.float64]) -> tuple[str, float] | None:
        """Class and confidence."""
        p = self._model.predict_proba_one(_named(x))
        if len(p) < 2:
            return None
        best = max(p, key=lambda name: p[name])
        return best, p[best] / sum(p.values())

    def learn(self, x: NDArray[np.float64], label: str) -> None:
        """Learn one."""
        self._model.learn_one(_named(x), label)


def patch_modal() -> None:
    """ModAL 0.4.2.1 calls scikit-learn with an argument that 1.8 took away (modAL issue 196)."""
    from modAL.models import learners  # noqa: PLC0415

    check = learners.check_X_y

    def renamed(*args: Any, force_all_finite: bool = True, **more: Any) -> Any:
        return check(*args, ensure_all_finite=force_all_finite, **more)

    if 'force_all_finite' not in getattr(check, '__kwdefaults__', None) or {}:
        learners.check_X_y = renamed


def run_peer(stream: Stream, make: Callable[[int], Learner], seed: int, limit: float) -> list[Step]:
    """Act at confidence `limit` or more, else ask and learn; `limit` > 1 asks at random.

    Random asking (`limit` = 1 + share) asks that share of the cases, whatever the model thinks.
    """
    rng, learner, asked, steps = np.random.default_rng(seed), make(seed), 0, []
    answers = Answers(stream, seed)
    for i, x in enumerate(features(stream, make is Forest)):
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            judged = learner.judge(x) if asked >= FIRST else None
            sure = rng.random() >= limit - 1 if limit > 1 else judged and judged[1] >= limit
            if judged is not None and sure:
                steps.append(Step(True, judged[0] != stream.cases[i].label))
                continue
            steps.append(Step(False, False))
            label = answers.of(i)
            if label is not None:
                learner.learn(x, label)
                asked += 1
    return steps


def features(stream: Stream, samples: bool) -> NDArray[np.float64]:
    """Samples and statistics, or statistics only (modAL, river)."""
    if samples:
        return flat(stream.cases)
    x = np.stack([c.window.values for c in stream.cases]).astype(float)
    return flat_array(x)[:, x.shape[1] * x.shape[2] :]


class Answers:
    """What people would answer to a peer: the same habits as in the product's loop."""

    def __init__(self, stream: Stream, seed: int) -> None:
        self._stream, self._rng = stream, np.random.default_rng(seed)
        self._team: Sequence[Habits] = list(stream.team.values())
        self._names = sorted({c.label for c in stream.cases})

    def of(self, i: int) -> str | None:
        """The answer to case i, None when nobody is there."""
        habits = self._team[(i + 1) % len(self._team)]
        since = (i + 1) * PERIOD_NS / 1e9
        if any(begin <= since < end for begin, end in habits.absent):
            return None
        label = self._stream.cases[i].label
        if self._rng.random() >= habits.error_rate:
            return label
        others = [n for n in self._names if n != label]
        return others[int(self._rng.integers(len(others)))]


def _named(x: NDArray[np.float64]) -> dict[str, float]:
    return {str(i): float(v) for i, v in enumerate(x)}
