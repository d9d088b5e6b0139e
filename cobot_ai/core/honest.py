"""Honest scores: what a version thought of cases it had not seen, kept in its manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cobot_ai.core.types import Doubles, Json
from cobot_ai.core.walk import Ints


@dataclass(frozen=True, slots=True)
class Honest:
    """One case judged by a model that saw neither it nor its group.

    Attributes:
        label: The label that counted then.
        p: Probability the model gave that label, 0 to 1 (0 for a class it did not know).
        right: Whether that label was the most probable class.
        top: Largest probability of any class: how sure the model was, 0 to 1.
        brier: Sum over all classes of (probability - 1 for the label, else 0) squared, 0 to 2
            (Brier 1950).
    """

    label: str
    p: float
    right: bool
    top: float
    brier: float


def collect(
    cases: Sequence[int], labels: Sequence[str], classes: Sequence[str], scores: Doubles
) -> dict[int, Honest]:
    """Honest scores per case from cross-fitted probabilities [case, class]."""
    return {
        case: judge(label, classes, row)
        for case, label, row in zip(cases, labels, scores, strict=True)
    }


def guesses(probs: Doubles) -> Ints:
    """The most probable class of each case [case]; -1 where all are alike.

    All alike are no guess: a case that nothing was measured of is not right by the order of names.

    Args:
        probs: Probabilities [case, class].
    """
    alike = (np.ptp(probs, axis=1) == 0) & (probs.shape[1] > 1)
    return np.where(alike, -1, probs.argmax(axis=1))


def judge(label: str, classes: Sequence[str], probs: Doubles) -> Honest:
    """One case from its label and the probabilities [class] a model gave it."""
    p = float(probs[classes.index(label)]) if label in classes else 0.0
    brier = float((probs**2).sum()) - 2 * p + 1
    right = label in classes and classes.index(label) == int(guesses(probs[None])[0])
    return Honest(label, round(p, 4), right, round(float(probs.max()), 4), round(brier, 4))


def to_json(honest: Mapping[int, Honest]) -> Json:
    """Compact plain form for a manifest's facts."""
    names = sorted({h.label for h in honest.values()})
    index = {name: i for i, name in enumerate(names)}
    return {
        'names': names,
        'cases': list(honest),
        'label': [index[h.label] for h in honest.values()],
        'p': [h.p for h in honest.values()],
        'right': [int(h.right) for h in honest.values()],
        'top': [h.top for h in honest.values()],
        'brier': [h.brier for h in honest.values()],
    }


def from_json(doc: Json) -> dict[int, Honest]:
    """Read the compact form back; an empty one, or one of an earlier release, gives no cases."""
    if 'brier' not in doc:
        return {}
    keys = ('cases', 'label', 'p', 'right', 'top', 'brier')
    columns = zip(*(doc[key] for key in keys), strict=True)
    return {
        case: Honest(doc['names'][i], p, bool(right), top, brier)
        for case, i, p, right, top, brier in columns
    }


def class_shares(labels: Mapping[int, str]) -> dict[int, Honest]:
    """What a forecast of the class shares would score: the least a model must beat."""
    names, counts = np.unique(list(labels.values()), return_counts=True)
    share = counts / counts.sum()
    return {case: judge(name, names.tolist(), share) for case, name in labels.items()}
