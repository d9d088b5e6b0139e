"""Cut a step out of the rings onto one grid, and say what was missing.

Every channel comes onto `samples` equal bins between start and end, in the way its `resample`
says. Only samples up to the end count, so that the window does not depend on what happened to
have arrived after it. Bins without a sample are bridged where the gap is shorter than the
channel's staleness limit; what is longer stays masked. Values that are not finite, implausible or
frozen are masked before that, so that no such number ever reaches a model (guarantee G6).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from cobot_ai.core import plausible, resample
from cobot_ai.core.ring import Ring
from cobot_ai.core.stream_spec import ChannelSpec, Resample, StreamSpec
from cobot_ai.core.types import (
    Bools,
    ChannelNote,
    Doubles,
    Floats,
    Missing,
    Problem,
    Stamps,
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
    names = tuple(n for s in streams for n in s.channel_names)
    values = np.zeros((len(names), samples), np.float32)
    masks = np.zeros((len(names), samples), np.bool_)
    notes: list[ChannelNote] = []
    at = 0
    for stream in streams:
        if not stream.channels:
            continue
        t, v = rings[stream.name].between(start_ns - reach_ns(stream), end_ns)
        grid = _Grid(stream, t, start_ns, end_ns, samples)
        whole = grid.all_means(stream.channels, v)
        if whole is not None:
            values[at : at + len(whole)], masks[at : at + len(whole)] = whole, True
            at += len(whole)
            continue
        for k, channel in enumerate(stream.channels):
            values[at], masks[at], note = grid.fill(channel, np.ascontiguousarray(v[:, k]))
            notes += [note] if note else []
            at += 1
    return Window(names, values, masks, start_ns, end_ns, tuple(notes))


def stale_s(stream: StreamSpec, channel: ChannelSpec) -> float:
    """Longest gap that is bridged, seconds: declared, else 2.5 rated periods."""
    return channel.stale_s if channel.stale_s is not None else 2.5 / stream.rate_hz


def reach_ns(stream: StreamSpec) -> int:
    """How long before a window a stream's samples can matter, nanoseconds.

    This is what a clip must hold to make the window again bit for bit.
    """
    held = [c.hold_s for c in stream.channels if c.missing is Missing.HOLD_LAST]
    stale = [stale_s(stream, c) for c in stream.channels]
    return round(max([*held, *stale], default=0.0) * 1e9)


class _Grid:
    """The way of one stream's channels onto the grid."""

    def __init__(
        self, stream: StreamSpec, t: Stamps, start_ns: int, end_ns: int, samples: int
    ) -> None:
        self.stream, self.samples = stream, samples
        self.t = t
        self.length_s = (end_ns - start_ns) / 1e9
        self.s: Doubles = (t - start_ns) / 1e9
        # Whole numbers: a sample on a bin's edge must not slip into the bin before.
        self.index: Stamps = (t - start_ns) * samples // (end_ns - start_ns)
        self.inside = t >= start_ns
        self.at = resample.centres(self.length_s, samples)

    def all_means(self, channels: Sequence[ChannelSpec], v: Doubles) -> Floats | None:
        """float32 [channel, bin] of a stream in which nothing is wrong, all channels at once.

        None where any value, bin or channel needs a closer look: `fill` takes it then.
        """
        if any(c.resample is not Resample.MEAN or c.frozen_s < np.inf for c in channels):
            return None
        first = int(np.searchsorted(self.index, 0))
        starts = first + np.searchsorted(self.index[first:], np.arange(self.samples + 1))
        count = np.diff(starts)
        if not count.all():
            return None
        limits = np.array([plausible.limits(c) for c in channels])
        real = np.abs(v) < np.finfo(np.float32).max
        if not (real & (v >= limits[:, 0]) & (v <= limits[:, 1])).all():
            return None
        total = np.add.reduceat(v, starts[:-1], axis=0)
        return np.asarray((total / count[:, None]).T, np.float32)

    def fill(self, channel: ChannelSpec, v: Doubles) -> tuple[Floats, Bools, ChannelNote | None]:
        """Values and mask on the grid, and the note if something was wrong."""
        good, problem, hint = plausible.check(channel, self.t, v, self.inside)
        s, index = self.s, self.index
        if not good.all():
            s, index, v = s[good], index[good], v[good]
        value, mask = self._bins(channel, s, index, v)
        lost = ~mask
        share = float(lost.mean())
        if share and channel.missing is Missing.HOLD_LAST and len(s):
            held, young = resample.hold(self.at, s, v, channel.hold_s)
            value, mask = np.where(lost & young, held, value), mask | young
        note = self._note(channel, problem, share, hint)
        return np.where(mask, value, 0.0).astype(np.float32), mask, note

    def _bins(
        self, channel: ChannelSpec, s: Doubles, index: Stamps, v: Doubles
    ) -> tuple[Doubles, Bools]:
        """Value per bin, and where it is backed by samples in or around it."""
        value, mask = resample.mean(index, v, self.samples)
        if not len(s):
            return value, mask
        if not mask.all():
            empty = ~mask
            value[empty] = np.interp(self.at[empty], s, v)
            mask[empty] = resample.near(self.at[empty], s, stale_s(self.stream, channel))
        if channel.resample is not Resample.MEAN and mask.any():
            value = self._special(channel, s, v)
        return value, mask

    def _special(self, channel: ChannelSpec, s: Doubles, v: Doubles) -> Doubles:
        rate = self.stream.sample_hz
        if channel.resample is Resample.LINEAR:
            return np.interp(self.at, s, v)
        if channel.resample is Resample.HOLD:
            return resample.hold(self.at, s, v, np.inf)[0]
        if channel.resample is Resample.RMS:
            return resample.band_rms(s, v, channel.band, self.length_s, rate, self.samples)
        return resample.low_passed(self.at, s, v, self.length_s, rate)

    def _note(
        self, channel: ChannelSpec, problem: Problem | None, share: float, hint: str
    ) -> ChannelNote | None:
        if problem is None and share == 0.0:
            return None
        found = problem or (Problem.MISSING if share == 1.0 else Problem.GAP)
        name = f'{self.stream.name}.{channel.name}'
        return ChannelNote(name, found, channel.missing, round(share, 4), hint)
