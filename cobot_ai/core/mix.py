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


def changes(labels: Sequence[str]) -> tuple[int, ...]:
    """How many of the oldest labels come from before each change of the mix; mostly none.

    For each class: `early` labels came before its first one. Were the mix the same all along, its
    `again` later labels would lie anywhere among the early and the `late` ones; all of them came
    late, by chance with the probability of drawing `again` late ones without replacement. Where
    that is below `LEVEL`, the mix changed with the first of the class. A single case of a class,
    or a rare one, changes nothing.

    It is looked at with every label of the class, and a change once seen stays: were it taken back
    because the class became rarer later, a further label could reopen what it had closed.

    Args:
        labels: Labels of one context or wider level, oldest first.

    Returns:
        Places of the changes, rising.
    """
    first: dict[str, int] = {}
    seen: dict[str, int] = {}
    found = set()
    for i, label in enumerate(labels):
        early = first.setdefault(label, i)
        if _chance(early, i - early, seen.get(label, 0)) < LEVEL:
            found.add(early)
        seen[label] = seen.get(label, 0) + 1
    return tuple(sorted(found))


def newcomer(labels: Sequence[str]) -> str | None:
    """The class with which the mix of classes changed last; None where it did not."""
    found = changes(labels)
    return labels[found[-1]] if found else None


def _chance(early: int, late: int, again: int) -> float:
    """Probability that `again` of `early + late` cases all fall among the late ones."""
    return math.exp(_ways(late, again) - _ways(early + late, again))


def _ways(among: int, again: int) -> float:
    """Logarithm of the number of ways to draw so many, up to the factor of their order."""
    return math.lgamma(among + 1) - math.lgamma(among - again + 1)
