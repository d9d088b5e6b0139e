"""Has the mix of classes changed since the oldest labels were given?

A class that is seen late and then often was not merely rare before: the labels from before it came
speak of another process. They are still worth learning from, but they say little about how often
the model is right now.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

LEVEL = 0.01
"""How improbable the lateness of a class must be, were the mix the same all along."""


def changed(labels: Sequence[str]) -> int:
    """How many of the oldest labels come from before the mix of classes changed; mostly 0.

    For each class: `early` labels came before its first one. Were the mix the same all along, its
    `again` later labels would lie anywhere among the early and the `late` ones; all of them came
    late, by chance with the probability of drawing `again` late ones without replacement. Where
    that is below `LEVEL`, the mix changed with the first of the class. A single case of a class,
    or a rare one, changes nothing.

    Args:
        labels: Labels of one context or wider level, oldest first.
    """
    first: dict[str, int] = {}
    seen: dict[str, int] = {}
    for i, label in enumerate(labels):
        first.setdefault(label, i)
        seen[label] = seen.get(label, 0) + 1
    begins = (
        early
        for label, early in first.items()
        if _chance(early, len(labels) - early - 1, seen[label] - 1) < LEVEL
    )
    return max(begins, default=0)


def newcomer(labels: Sequence[str]) -> str | None:
    """The class with which the mix of classes changed; None where it did not."""
    at = changed(labels)
    return labels[at] if at else None


def _chance(early: int, late: int, again: int) -> float:
    """Probability that `again` of `early + late` cases all fall among the late ones."""
    if again == 0 or early == 0:
        return 1.0
    pairs = ((late - i, early + late - i) for i in range(again))
    return math.exp(sum(math.log(part / whole) for part, whole in pairs))
