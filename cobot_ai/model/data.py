"""Labelled cases as arrays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cobot_ai.core.errors import ModelError
from cobot_ai.core.types import Floats, LabelledCase, Window
from cobot_ai.model.stills import stack_stills

BASIS = 128
"""Cases of each label that scales and biases are taken from."""
OTHER = -1
"""Class index of a case whose class has too few labels to be learnt."""


@dataclass(frozen=True)
class Training:
    """A training set, ordered by case number.

    Attributes:
        ids: Case numbers. classes: Classes to learn, sorted by name.
        windows: Their windows; all have the same channels and grid.
        y: Index into `classes`, `OTHER` for a class that is too rare [case].
        labels: Label of each case. groups: Split group of each case.
    """

    ids: tuple[int, ...]
    classes: tuple[str, ...]
    windows: tuple[Window, ...]
    y: NDArray[np.int64]
    labels: tuple[str, ...]
    groups: tuple[str, ...]

    @cached_property
    def values(self) -> Floats:
        """float32 [case, channel, time], 0.0 where not measured."""
        return stack_values(self.windows)

    @cached_property
    def mask(self) -> Floats:
        """float32 [case, channel, time], 1.0 where measured."""
        return np.stack([w.mask for w in self.windows]).astype(np.float32)

    @cached_property
    def _stills(self) -> tuple[Floats | None, str]:
        return stack_stills(self.windows)

    @property
    def still(self) -> Floats | None:
        """Features of the stills (`stack_stills`), None when there are none."""
        return self._stills[0]

    @property
    def eye(self) -> str:
        """SHA-256 of the network that looked at the stills."""
        return self._stills[1]

    @property
    def channels(self) -> tuple[str, ...]:
        """Channel names."""
        return self.windows[0].channels

    def take(self, rows: NDArray[np.int64]) -> Training:
        """The same for some of the cases."""
        return Training(
            tuple(self.ids[i] for i in rows),
            self.classes,
            tuple(self.windows[i] for i in rows),
            self.y[rows],
            tuple(self.labels[i] for i in rows),
            tuple(self.groups[i] for i in rows),
        )

    def basis(self) -> Training:
        """The cases that scales and biases are taken from: the first few of each label.

        So features stay the same, and need not be computed again, while cases are added.
        """
        seen: Counter[str] = Counter()
        rows = []
        for i, label in enumerate(self.labels):
            if seen[label] < BASIS:
                rows.append(i)
            seen[label] += 1
        return self.take(np.array(rows))


def stack(windows: Sequence[Window]) -> tuple[Floats, Floats]:
    """Values and mask of windows that all have the same channels and grid.

    Raises:
        ModelError: Windows differ in channels or shape.
    """
    check_alike(windows)
    mask = np.stack([w.mask for w in windows]).astype(np.float32)
    return stack_values(windows), mask


def stack_values(windows: Sequence[Window]) -> Floats:
    """Values of windows [case, channel, time], 0.0 where not measured."""
    return np.stack([np.where(w.mask, w.values, np.float32(0)) for w in windows])


def check_alike(windows: Sequence[Window]) -> None:
    """All windows have the same channels and grid.

    Raises:
        ModelError: They differ.
    """
    first = windows[0]
    for window in windows:
        if window.channels != first.channels or window.values.shape != first.values.shape:
            raise ModelError(
                'Cases with different channels or window lengths cannot train one model; '
                'relabel or leave out the cases from before the cell file changed.'
            )


def arrange(cases: Sequence[LabelledCase], min_labels: int) -> Training | None:
    """Order cases by number and index their classes; None when fewer than two can be learnt."""
    counts = Counter(c.label for c in cases)
    classes = tuple(sorted(name for name, n in counts.items() if n >= min_labels))
    return arrange_as(cases, classes) if len(classes) > 1 else None


def arrange_as(cases: Sequence[LabelledCase], classes: tuple[str, ...]) -> Training:
    """Order cases by number; what is none of the classes becomes `OTHER`."""
    ordered = sorted(cases, key=lambda c: c.id)
    check_alike([c.window for c in ordered])
    index = {name: i for i, name in enumerate(classes)}
    return Training(
        tuple(c.id for c in ordered),
        classes,
        tuple(c.window for c in ordered),
        np.array([index.get(c.label, OTHER) for c in ordered], np.int64),
        tuple(c.label for c in ordered),
        tuple(c.group for c in ordered),
    )


def spread(y: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """At most `most` positions, as equal in class as possible, evenly spaced inside a class."""
    if len(y) <= most:
        return np.arange(len(y))
    classes, counts = np.unique(y, return_counts=True)
    room, quota = most, {}
    for rank, i in enumerate(np.argsort(counts, kind='stable')):
        quota[int(classes[i])] = min(int(counts[i]), room // (len(classes) - rank))
        room -= quota[int(classes[i])]
    picks = []
    for name, count in quota.items():
        places = np.flatnonzero(y == name)
        picks.append(places[np.linspace(0, len(places) - 1, count).astype(int)])
    return np.sort(np.concatenate(picks))
