"""Data sets of the benchmarks: recordings, the sets that ship inside aeon, and a generator."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cobot_ai.core.types import LabelledCase, Window

LP = tuple(f'robot_failures_lp{i}' for i in range(1, 6))
AEON = (
    'ACSF1',
    'ArrowHead',
    'BasicMotions',
    'GunPoint',
    'ItalyPowerDemand',
    'JapaneseVowels',
    'OSULeaf',
    'PickupGestureWiimoteZ',
)
SKAB_ROWS = 20
"""Rows (seconds) of one window of the pump test bed."""
Floats = NDArray[np.float32]


def find_recordings(given: str) -> Path | None:
    """The folder with the recordings: `--data`, COBOT_AI_DATA or ../shared/data beside the code.

    Raises:
        SystemExit: `given` is not it.
    """
    if given and not (Path(given) / f'{LP[0]}.npz').exists():
        raise SystemExit(f'No recordings in {given}: it has no file {LP[0]}.npz.')
    beside = Path(__file__).resolve().parents[2] / 'shared' / 'data'
    for place in (given, os.environ.get('COBOT_AI_DATA', ''), str(beside)):
        if place and (Path(place) / f'{LP[0]}.npz').exists():
            return Path(place)
    return None


def data_folder(given: str) -> Path:
    """The same where nothing can be done without.

    Raises:
        SystemExit: There is none.
    """
    found = find_recordings(given)
    if found is None:
        raise SystemExit(
            f'No recordings: name the folder that holds {LP[0]}.npz with --data or COBOT_AI_DATA.'
        )
    return found


def make_cases(
    x: Floats,
    labels: Sequence[str],
    channels: Sequence[str] | None = None,
    context: str = 'all',
    groups: Sequence[str] | None = None,
) -> list[LabelledCase]:
    """Labelled cases of an array [case, channel, time]; NaN is a value that was not measured.

    Without `groups`, exact copies of a window form one split group.
    """
    names = tuple(channels or (f'c{i}' for i in range(x.shape[1])))
    groups = groups or copies(x)
    rows = zip(x.astype(np.float32), labels, groups, strict=True)
    return [
        LabelledCase(i, context, group, to_window(row, names), label)
        for i, (row, label, group) in enumerate(rows, 1)
    ]


def to_window(x: Floats, channels: tuple[str, ...]) -> Window:
    """A window with whatever is finite marked as measured."""
    mask = np.isfinite(x)
    return Window(channels, np.where(mask, x, np.float32(0)), mask, 0, 1)


def copies(x: Floats) -> list[str]:
    """A group name per case; cases with exactly the same values share one."""
    _, group = np.unique(x.reshape(len(x), -1), axis=0, return_inverse=True)
    return [f'copy {g}' for g in group.ravel()]


def robot_failures(folder: Path, name: str, apart: bool = False) -> list[LabelledCase]:
    """One of the five sets of robot execution failures, with the groups of the file.

    Args:
        folder: Folder of the recordings. name: Name of the set.
        apart: Cases with exactly the same values form one group instead (the file has a few).
    """
    data = np.load(folder / f'{name}.npz')
    labels = [str(data['label_names'][y]) for y in data['y']]
    groups = copies(data['X']) if apart else [f'{name}/{g}' for g in data['group']]
    return make_cases(data['X'], labels, [str(c) for c in data['channels']], name, groups)


def aeon_set(name: str) -> list[LabelledCase]:
    """A set that ships inside aeon; unequal lengths are resampled to the median length."""
    from aeon.datasets import load_classification  # noqa: PLC0415 - optional extra

    series, labels = load_classification(name)
    if isinstance(series, list):
        length = int(np.median([s.shape[1] for s in series]))
        series = np.stack([resample(s, length) for s in series])
    return make_cases(np.asarray(series, np.float32), [str(y) for y in labels], context=name)


def resample(x: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """Linear interpolation of [channel, time] onto `length` points from first to last."""
    old, new = np.linspace(0, 1, x.shape[1]), np.linspace(0, 1, length)
    return np.stack([np.interp(new, old, row) for row in x])


def noisy(cases: Sequence[LabelledCase], share: float, seed: int = 0) -> list[LabelledCase]:
    """The same cases with Gaussian noise of `share` of each channel's standard deviation."""
    x = np.stack([c.window.values for c in cases])
    noise = np.random.default_rng(seed).normal(size=x.shape).astype(np.float32)
    x = x + np.float32(share) * x.std(axis=(0, 2), keepdims=True) * noise
    return make_cases(x, [c.label for c in cases], context=f'{cases[0].context}_noise')


def skab(folder: Path, by_run: bool = False) -> list[LabelledCase]:
    """The pump test bed in windows of 20 rows that do not overlap: normal or anomaly (majority).

    Args:
        folder: Where the recordings are. by_run: The windows of a run are one group.
    """
    data = np.load(folder / 'skab.npz')
    windows, labels, groups = [], [], []
    for run in range(len(data['rec_names'])):
        rows = np.flatnonzero(data['rec'] == run)
        for start in range(0, len(rows) - SKAB_ROWS + 1, SKAB_ROWS):
            part = rows[start : start + SKAB_ROWS]
            windows.append(data['X'][part].T)
            labels.append('anomaly' if (data['L_anomaly'][part] == 1).mean() >= 0.5 else 'normal')
            groups.append(f'run {run}' if by_run else f'window {len(groups)}')
    channels = [str(c) for c in data['channels']]
    return make_cases(np.stack(windows), labels, channels, 'skab', groups)
