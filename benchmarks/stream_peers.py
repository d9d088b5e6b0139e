"""Peers that decide a stream with a fixed threshold and learn from what they ask."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
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
    """A peer: what it thinks of a case, and how it learns one; both by its place in the stream."""

    def __init__(self, x: NDArray[np.float64], seed: int) -> None:
        """Begin with nothing known of the cases [case, feature] but their features."""

    def judge(self, i: int) -> tuple[str, float] | None:
        """Class and confidence, None before it can tell."""

    def learn(self, i: int, label: str) -> None:
        """Take in an answer."""


class Forest:
    """A random forest of scikit-learn, fitted anew when the answers have grown by a tenth.

    It judges all cases at once after every fit, which is ten times quicker than one by one.
    """

    def __init__(self, x: NDArray[np.float64], seed: int) -> None:
        self._x, self._seed, self._fitted = x, seed, 0
        self._rows: list[int] = []
        self._y: list[str] = []
        self._judged: tuple[NDArray[np.object_], NDArray[np.float64]] | None = None

    def judge(self, i: int) -> tuple[str, float] | None:
        """Class and share of the votes."""
        return None if self._judged is None else (str(self._judged[0][i]), self._judged[1][i])

    def learn(self, i: int, label: str) -> None:
        """Keep it, refit when due."""
        from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415 - optional extra

        self._rows.append(i)
        self._y.append(label)
        due = len(self._y) - self._fitted >= max(1, self._fitted // 10)
        if due and len(set(self._y)) > 1:
            model = RandomForestClassifier(TREES, random_state=self._seed)
            p = model.fit(self._x[self._rows], self._y).predict_proba(self._x)
            self._judged = model.classes_[p.argmax(axis=1)], p.max(axis=1)
            self._fitted = len(self._y)


class ModAl:
    """modAL's ActiveLearner over a random forest; its measure is 1 - classifier uncertainty.

    It fits its forest anew whenever it is taught, so it is when answers have grown by a tenth.
    """

    def __init__(self, x: NDArray[np.float64], seed: int) -> None:
        self._x, self._seed, self._fitted = x, seed, 0
        self._learner: Any = None
        self._answers: list[tuple[int, str]] = []
        self._judged: tuple[NDArray[np.object_], NDArray[np.float64]] | None = None

    def judge(self, i: int) -> tuple[str, float] | None:
        """Class and 1 - uncertainty."""
        return None if self._judged is None else (str(self._judged[0][i]), self._judged[1][i])

    def learn(self, i: int, label: str) -> None:
        """Keep it, teach when due."""
        from modAL.models import ActiveLearner  # noqa: PLC0415
        from modAL.uncertainty import classifier_uncertainty  # noqa: PLC0415
        from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415

        self._answers.append((i, label))
        new = self._answers[self._fitted :]
        told = self._x[[row for row, _ in new]], np.array([y for _, y in new], dtype=object)
        if self._learner is not None and len(new) >= self._fitted // 10:
            self._learner.teach(*told)
        elif self._learner is None and len(new) >= FIRST and len({y for _, y in new}) > 1:
            forest = RandomForestClassifier(TREES, random_state=self._seed)
            self._learner = ActiveLearner(forest, X_training=told[0], y_training=told[1])
        else:
            return
        self._fitted = len(self._answers)
        sure = 1 - classifier_uncertainty(self._learner, self._x)
        self._judged = self._learner.predict(self._x), sure


class River:
    """river's adaptive random forest, which learns answer by answer."""

    def __init__(self, x: NDArray[np.float64], seed: int) -> None:
        from river.forest import ARFClassifier  # noqa: PLC0415

        self._x, self._model = x, ARFClassifier(n_models=25, seed=seed)

    def judge(self, i: int) -> tuple[str, float] | None:
        """Class and confidence."""
        p = self._model.predict_proba_one(_named(self._x[i]))
        if len(p) < 2:
            return None
        best = max(p, key=lambda name: p[name])
        return best, p[best] / sum(p.values())

    def learn(self, i: int, label: str) -> None:
        """Learn one."""
        self._model.learn_one(_named(self._x[i]), label)


def patch_modal() -> None:
    """ModAL 0.4.2.1 calls scikit-learn with an argument that 1.8 took away (modAL issue 196)."""
    from modAL.models import learners  # noqa: PLC0415

    check = learners.check_X_y

    def renamed(*args: Any, force_all_finite: bool = True, **more: Any) -> Any:
        return check(*args, ensure_all_finite=force_all_finite, **more)

    if 'force_all_finite' not in getattr(check, '__kwdefaults__', None) or {}:
        learners.check_X_y = renamed


def run_peer(stream: Stream, make: type[Learner], seed: int, limit: float) -> list[Step]:
    """Act at confidence `limit` or more, else ask and learn; `limit` > 1 asks at random.

    Random asking (`limit` = 1 + share) asks that share of the cases, whatever the model thinks.
    """
    rng, asked, steps, answers = np.random.default_rng(seed), 0, [], Answers(stream, seed)
    learner = make(features(stream, make is Forest), seed)
    for i in range(len(stream.cases)):
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            judged = learner.judge(i) if asked >= FIRST else None
            sure = rng.random() >= limit - 1 if limit > 1 else judged and judged[1] >= limit
            if judged is not None and sure:
                steps.append(Step(True, judged[0] != stream.cases[i].label))
                continue
            steps.append(Step(False, False))
            label = answers.of(i)
            if label is not None:
                learner.learn(i, label)
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
