"""Cut a step out of the rings onto one grid, and say what was missing.

Every channel is averaged into `samples` equal bins between start and end. Bins without a sample
are bridged by linear interpolation as long as the gap is shorter than the channel's staleness
limit; what is longer stays masked. Values that are not finite, implausible or frozen are masked
before that, so that no such number ever reaches a model (guarantee G6).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from cobot_ai.core.ring import Ring, Stamps
from cobot_ai.core.spec import ChannelSpec, StreamSpec
from cobot_ai.core.types import (
    Bools,
    ChannelNote,
    Doubles,
    Floats,
    Missing,
    Problem,
    Window,
)


def cut(
    streams: Sequence[StreamSpec],
    rings: Mapping[str, Ring],
    start_ns: int,
    end_ns: int,
    samples: int,
) -> Window:
    """Fuse all channels of [start_ns, end_ns) onto one grid.

    Args:
        streams: Streams in the order of the cell file; streams without channels are skipped.
        rings: Ring of each stream by name.
        start_ns: Begin of the step. end_ns: End of the step (> start_ns).
        samples: Number of grid bins.
    """
    rows: list[tuple[Floats, Bools]] = []
    notes: list[ChannelNote] = []
    for stream in streams:
        before, after = reach_ns(stream)
        t, v = rings[stream.name].between(start_ns - before, end_ns + after)
        for k, channel in enumerate(stream.channels):
            grid = _Grid(stream, channel, start_ns, end_ns, samples)
            value, mask, note = grid.fill(t, v[:, k])
            rows.append((value, mask))
            notes += [note] if note else []
    values = np.array([r[0] for r in rows], np.float32).reshape(len(rows), samples)
    masks = np.array([r[1] for r in rows], np.bool_).reshape(len(rows), samples)
    names = tuple(n for s in streams for n in s.channel_names)
    return Window(names, values, masks, start_ns, end_ns, tuple(notes))


def stale_s(stream: StreamSpec, channel: ChannelSpec) -> float:
    """Longest gap that is bridged, seconds: declared, else 2.5 rated periods."""
    return channel.stale_s if channel.stale_s is not None else 2.5 / stream.rate_hz


def _reach_s(stream: StreamSpec, channel: ChannelSpec) -> float:
    held = channel.hold_s if channel.missing is Missing.HOLD_LAST else 0.0
    return max(stale_s(stream, channel), held)


def reach_ns(stream: StreamSpec) -> tuple[int, int]:
    """How long before and after a window a stream's samples can matter, nanoseconds.

    This is what a clip must hold to make the window again bit for bit.
    """
    before = max((_reach_s(stream, c) for c in stream.channels), default=0.0)
    after = max((stale_s(stream, c) for c in stream.channels), default=0.0)
    return round(before * 1e9), round(after * 1e9)


class _Grid:
    """One channel's way onto the grid."""

    def __init__(
        self, stream: StreamSpec, channel: ChannelSpec, start_ns: int, end_ns: int, samples: int
    ) -> None:
        self.name = f'{stream.name}.{channel.name}'
        self.channel = channel
        self.start_ns, self.samples = start_ns, samples
        self.length_ns = end_ns - start_ns
        self.length_s = self.length_ns / 1e9
        self.stale_s = stale_s(stream, channel)

    def fill(self, t: Stamps, v: Doubles) -> tuple[Floats, Bools, ChannelNote | None]:
        """Values and mask on the grid, and the note if something was wrong."""
        good, problem = self._plausible(t, v)
        s = (t[good] - self.start_ns) / 1e9
        # Whole numbers: a sample on a bin's edge must not slip into the bin before.
        index = (t[good] - self.start_ns) * self.samples // self.length_ns
        value, mask = self._bins(index, s, v[good])
        lost = ~mask
        if lost.any() and self.channel.missing is Missing.HOLD_LAST:
            value, mask = self._hold(value, mask, s, v[good])
        share = float(lost.mean())
        note = self._note(problem, share, bool(lost.all()))
        return np.where(mask, value, 0.0).astype(np.float32), mask, note

    def _plausible(self, t: Stamps, v: Doubles) -> tuple[NDArray[np.bool_], Problem | None]:
        finite = np.isfinite(v) & (np.abs(v) < np.finfo(np.float32).max)
        in_range = (v >= self.channel.low) & (v <= self.channel.high)
        inside = (t >= self.start_ns) & (t < self.start_ns + self.length_ns)
        if self._frozen(t[finite], v[finite]):
            return np.zeros(len(v), np.bool_), Problem.FROZEN
        if (inside & ~finite).any():
            return finite & in_range, Problem.NON_FINITE
        if (inside & finite & ~in_range).any():
            return finite & in_range, Problem.OUT_OF_RANGE
        return finite & in_range, None

    def _frozen(self, t: Stamps, v: Doubles) -> bool:
        """True when the value stood still for `frozen_s` or longer."""
        if not np.isfinite(self.channel.frozen_s) or len(v) < 2:
            return False
        starts = np.r_[0, np.flatnonzero(np.diff(v)) + 1]
        ends = np.r_[starts[1:], len(v)] - 1
        return bool(((t[ends] - t[starts]) / 1e9 >= self.channel.frozen_s).any())

    def _bins(self, index: Stamps, s: Doubles, v: Doubles) -> tuple[Doubles, Bools]:
        """Mean per bin; empty bins bridged where the neighbours are near enough."""
        width = self.length_s / self.samples
        inside = (index >= 0) & (index < self.samples)
        count = np.bincount(index[inside], minlength=self.samples)
        total = np.bincount(index[inside], weights=v[inside], minlength=self.samples)
        value = total / np.maximum(count, 1)
        empty = count == 0
        if empty.any() and len(s):
            centres: Doubles = (np.flatnonzero(empty) + 0.5) * np.float64(width)
            bridged, near = self._bridge(centres, s, v)
            value[empty] = bridged
            empty[np.flatnonzero(empty)] = ~near
        return value, ~empty

    def _bridge(self, at: Doubles, s: Doubles, v: Doubles) -> tuple[Doubles, Bools]:
        """Linear interpolation at times `at`; near where the gap around is short enough."""
        right = np.searchsorted(s, at)
        before = np.where(right > 0, at - s[np.maximum(right - 1, 0)], np.inf)
        after = np.where(right < len(s), s[np.minimum(right, len(s) - 1)] - at, np.inf)
        gap = np.where(np.isfinite(before + after), before + after, np.minimum(before, after))
        return np.interp(at, s, v), gap <= self.stale_s

    def _hold(self, value: Doubles, mask: Bools, s: Doubles, v: Doubles) -> tuple[Doubles, Bools]:
        """Fill masked bins with the last value before them, at most `hold_s` old."""
        if not len(s):
            return value, mask
        at = np.asarray((np.arange(self.samples) + 0.5) * self.length_s / self.samples, np.float64)
        last = np.searchsorted(s, at, side='right') - 1
        age = np.where(last >= 0, at - s[np.maximum(last, 0)], np.inf)
        held = ~mask & (age <= self.channel.hold_s)
        return np.where(held, v[np.maximum(last, 0)], value), mask | held

    def _note(self, problem: Problem | None, share: float, all_lost: bool) -> ChannelNote | None:
        if problem is None and share == 0.0:
            return None
        found = problem or (Problem.MISSING if all_lost else Problem.GAP)
        return ChannelNote(self.name, found, self.channel.missing, round(share, 4))
