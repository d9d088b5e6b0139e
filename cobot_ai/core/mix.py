"""Has the mix of classes changed since the oldest labels were given?

A class that is seen late and then often was not merely rare before: the labels from before it came
speak of another process. They are still worth learning from, but they say little about how often
the model is right now.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

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
    return Mix.of(labels).changes


@dataclass(slots=True)
class Mix:
    """The same, label by label.

    Attributes:
        newest: The class with which the mix changed last; None while it did not.
    """

    newest: str | None = None
    _count: int = 0
    _first: dict[str, int] = field(default_factory=dict)
    _seen: dict[str, int] = field(default_factory=dict)
    _found: set[int] = field(default_factory=set)

    @staticmethod
    def of(labels: Iterable[str]) -> Mix:
        """The mix of these labels, oldest first."""
        mix = Mix()
        for label in labels:
            mix.add(label)
        return mix

    def add(self, label: str) -> None:
        """Take in the next label."""
        early, again = self._first.setdefault(label, self._count), self._seen.get(label, 0)
        if early and early not in self._found and _late(early, self._count - early, again):
            self._found.add(early)
            if early == max(self._found):
                self.newest = label
        self._seen[label] = again + 1
        self._count += 1

    @property
    def changes(self) -> tuple[int, ...]:
        """How many of the oldest labels come from before each change, rising."""
        return tuple(sorted(self._found))


def _late(early: int, late: int, again: int) -> bool:
    # No factor of the chance is smaller than this one; mostly that settles it.
    least = (late - again + 1) / (late + 1)
    return least**early < 2 * LEVEL and _chance(early, late, again) < LEVEL


def _chance(early: int, late: int, again: int) -> float:
    """Probability that `again` of `early + late` cases all fall among the late ones."""
    return math.exp(_ways(late, again) - _ways(early + late, again))


def _ways(among: int, again: int) -> float:
    """Logarithm of the number of ways to draw so many, up to the factor of their order."""
    return math.lgamma(among + 1) - math.lgamma(among - again + 1)
