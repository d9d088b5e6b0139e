"""What a fit leaves behind, so that one more answer need not start from nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cobot_ai.core.spec import ModelSpec
from cobot_ai.core.types import Bools, Doubles, LabelledCase
from cobot_ai.model.bank import Bank, Features
from cobot_ai.model.calibration import Calibration, calibrate
from cobot_ai.model.data import OTHER, Training
from cobot_ai.model.folds import FOLDS
from cobot_ai.model.heads import Head, Recipe, Table, Trained, pick, stack_rows
from cobot_ai.model.ridge import Labels

GROWTH = 0.25
"""Share of new or lost cases at which hyper-parameters are chosen anew."""
MOST_AT_ONCE = 32
"""More changes than this at once are quicker by a full refit."""


@dataclass(frozen=True, slots=True)
class State:
    """A solved head with everything it was solved from.

    Attributes:
        spec: Settings. bank: Frozen features. recipe: Chosen hyper-parameters.
        trained: The solved head. training: The cases, in the order they were learnt.
        tables: Their features, in parts one after the other.
        raw: Their honest raw scores [case, class].
        folds: Fold each case was held out in. full: Cases at the last full refit.
        dropped: Channels that were left out.
    """

    spec: ModelSpec
    bank: Bank
    recipe: Recipe
    trained: Trained
    training: Training
    tables: tuple[Table, ...]
    raw: Doubles
    folds: Labels
    full: int
    dropped: tuple[str, ...] = ()

    @property
    def table(self) -> Table:
        """Features of all cases. They are put together when they are wanted, not per answer."""
        return stack_rows(self.tables) if len(self.tables) > 1 else self.tables[0]

    @property
    def known(self) -> Labels:
        """Positions of the learnt cases."""
        return np.flatnonzero(self.training.y != OTHER)

    @property
    def calibration(self) -> Calibration:
        """Temperature and offsets of the honest scores."""
        return calibrate(self.raw[self.known], self.training.y[self.known])

    @property
    def stored(self) -> list[int]:
        """Case numbers of the stored cases, in the order of the graph."""
        if self.trained.stored is None:
            return []
        return [self.training.ids[i] for i in self.known[self.trained.stored].tolist()]


def follow(state: State, training: Training, features: Callable[[Training], Table]) -> State | None:
    """Learn what is new and forget what is gone, exactly, hyper-parameters as they are.

    A new case's honest score is what the model thought of it before learning it, without the
    other cases of its group.

    Args:
        state: The last fit. training: All labelled cases that count now, classes as they were.
        features: Features of cases by the state's bank; wanted for new cases only.

    Returns:
        None where a full refit is needed.
    """
    place = {case: i for i, case in enumerate(state.training.ids)}
    same = {
        i: place[case]
        for i, case in enumerate(training.ids)
        if case in place and _same(state.training, place[case], training, i)
    }
    gone = np.setdiff1d(np.arange(len(place)), list(same.values())).astype(np.int64)
    come = [i for i in range(len(training.ids)) if i not in same]
    if not _small(state, len(gone) + len(come), len(training.ids)):
        return None
    changed: State | None = _forget(state, gone) if len(gone) else state
    for i in come:
        one = training.take(np.array([i]))
        changed = _learn(changed, one, features(one)) if changed else None
    return changed


def needs_full(state: State, cases: Sequence[LabelledCase]) -> bool:
    """Whether hyper-parameters should be chosen anew: another class, or much has changed."""
    counts = Counter(c.label for c in cases)
    least = state.spec.min_labels
    classes = tuple(sorted(name for name, n in counts.items() if n >= least))
    return classes != state.training.classes or not _small(state, 0, len(cases))


def without(state: State, channels: Sequence[str], head: Head) -> State:
    """Choose and solve again without some channels, features as they are.

    The same as training on cases that never measured them; cross-fitted scores come from heads
    without them too.
    """
    names = state.training.channels
    dead = np.array([name in channels for name in names])
    whole = state.table
    table = {
        block.name: _blank(whole[block.name], block.reads() @ dead) for block in state.bank.blocks
    }
    y, known, classes = state.training.y, state.known, len(state.training.classes)
    recipe = head.choose(pick(table, known), y[known], classes)
    trained, raw = recipe.fit(table, y, classes, state.folds)
    dropped = tuple(name for name in names if name in channels)
    return replace(state, tables=(table,), recipe=recipe, trained=trained, raw=raw, dropped=dropped)


def _same(old: Training, i: int, new: Training, j: int) -> bool:
    """Whether a case is what it was: label, group and window."""
    a, b = old.windows[i], new.windows[j]
    if (old.labels[i], old.groups[i]) != (new.labels[j], new.groups[j]):
        return False
    return a is b or (np.array_equal(a.mask, b.mask) and np.array_equal(a.values, b.values))


def _small(state: State, changes: int, count: int) -> bool:
    grown = abs(count - state.full) / state.full
    return changes <= MOST_AT_ONCE and grown < GROWTH


def _forget(state: State, gone: Labels) -> State | None:
    keep = np.delete(np.arange(len(state.training.ids)), gone)
    learnt = gone[state.training.y[gone] != OTHER]
    trained: Trained | None = state.trained
    if len(learnt):
        trained = _untrain(state, learnt)
    if trained is None:
        return None
    return replace(
        state,
        trained=trained,
        training=state.training.take(keep),
        tables=(pick(state.table, keep),),
        raw=state.raw[keep],
        folds=state.folds[keep],
    )


def _untrain(state: State, rows: Labels) -> Trained | None:
    """The head without some of the learnt cases."""
    places = np.searchsorted(state.known, rows)
    return state.trained.forget(pick(state.table, rows), state.training.y[rows], places)


def _learn(state: State, one: Training, features: Table) -> State | None:
    group, y = one.groups[0], one.y
    # A mate of a class that is not learnt yet counts too: the group must stay in one fold.
    everybody = [i for i, g in enumerate(state.training.groups) if group and g == group]
    mates = np.array([i for i in everybody if state.training.y[i] != OTHER], np.int64)
    judge = _untrain(state, mates) if len(mates) else state.trained
    if judge is None:
        return None
    folds = [state.folds[i] for i in everybody[:1]] or [one.ids[0] % FOLDS]
    trained = state.trained.add(features, y) if y[0] != OTHER else state.trained
    old = state.training
    return replace(
        state,
        trained=trained,
        training=Training(
            old.ids + one.ids,
            old.classes,
            old.windows + one.windows,
            np.append(old.y, y),
            old.labels + one.labels,
            old.groups + one.groups,
        ),
        tables=(*state.tables, features),
        raw=np.concatenate([state.raw, judge.raw(features)]),
        folds=np.append(state.folds, folds),
    )


def _blank(features: Features, dead: Bools) -> Features:
    alive = (~dead).astype(np.float32)
    return Features(features.values * alive, features.valid * alive, features.emphasis)
