"""Honest scores: what a version thought of cases it had not seen, kept in its manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cobot_ai.core.types import Doubles, Json


@dataclass(frozen=True, slots=True)
class Honest:
    """One case judged by a model that saw neither it nor its group.

    Attributes:
        label: The label that counted then.
        p: Probability the model gave that label, 0 to 1 (0 for a class it did not know).
        right: Whether that label was the most probable class.
    """

    label: str
    p: float
    right: bool


def collect(
    cases: Sequence[int], labels: Sequence[str], classes: Sequence[str], scores: Doubles
) -> dict[int, Honest]:
    """Honest scores per case from cross-fitted probabilities [case, class]."""
    index = {name: i for i, name in enumerate(classes)}
    best = scores.argmax(axis=1)
    return {
        case: _judge(label, index.get(label), row, int(top))
        for case, label, row, top in zip(cases, labels, scores, best, strict=True)
    }


def _judge(label: str, i: int | None, row: Doubles, top: int) -> Honest:
    return Honest(label, 0.0 if i is None else round(float(row[i]), 4), i == top)


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
    }


def from_json(doc: Json) -> dict[int, Honest]:
    """Read the compact form back; an empty document gives no cases."""
    if not doc:
        return {}
    columns = zip(doc['cases'], doc['label'], doc['p'], doc['right'], strict=True)
    return {case: Honest(doc['names'][i], p, bool(right)) for case, i, p, right in columns}


def majority(labels: Mapping[int, str]) -> dict[int, Honest]:
    """What always answering the most frequent class would score: the least a model must beat."""
    names, counts = np.unique(list(labels.values()), return_counts=True)
    share = dict(zip(names.tolist(), (counts / counts.sum()).tolist(), strict=True))
    top = names[int(counts.argmax())]
    return {case: Honest(name, share[name], name == top) for case, name in labels.items()}
