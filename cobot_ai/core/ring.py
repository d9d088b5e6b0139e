"""The last seconds of one stream, in order of stamps, with a count of what did not come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from cobot_ai.core.samples import Sample, Samples, as_spans
from cobot_ai.core.stream_spec import StreamSpec
from cobot_ai.core.types import Bools, Doubles, Stamps

GROWTH = 16
"""How many times the rated size a ring may reach when a stream is faster than rated."""
MAX_BYTES = 256 * 2**20
"""Size beyond which a ring does not grow."""
FUTURE_NS = 10**9
"""How far a stamp may be ahead of its arrival (clocks differ a little) and still be believed."""


@dataclass(slots=True)
class Counts:
    """What happened to a stream since the start.

    Attributes:
        received: Messages taken in.
        late: Messages whose stamp lies before an earlier one (kept, in order of stamps).
        duplicate: Messages with the stamp of another one (dropped).
        missing: Messages that the rated period says should have come between two stamps of a
            step. A late one closes its gap again.
        dropped: Messages that could not be decoded.
        future: Messages whose stamp lay too far ahead of their arrival (their arrival counts).
        lost: Messages that were sent but never came, by the publishers' sequence numbers.
        overrun: Samples overwritten early because the stream is much faster than rated.
        mismatch: Publishers whose QoS does not fit, so that nothing of theirs arrives.
        lost_events: Messages that the middleware itself reported as lost (part of `lost`).
    """

    received: int = 0
    late: int = 0
    duplicate: int = 0
    missing: int = 0
    dropped: int = 0
    future: int = 0
    lost: int = 0
    overrun: int = 0
    mismatch: int = 0
    lost_events: int = 0


def grown(
    before: Mapping[str, Mapping[str, int]], now: Mapping[str, Mapping[str, int]]
) -> dict[str, dict[str, int]]:
    """What was added to named counts; only what grew."""
    found = {
        name: {k: n - before[name][k] for k, n in counts.items() if n > before[name][k]}
        for name, counts in now.items()
    }
    return {name: counts for name, counts in found.items() if counts}


class Ring:
    """The last `seconds` of a stream: stamps int64 [n] and values float64 [n, channel].

    Samples lie in one piece, sorted by stamp, so that a window is found by bisection and read
    without a copy. The buffer is wider than what is kept; what is old is left behind when the
    end of the buffer is reached.
    """

    def __init__(self, spec: StreamSpec, seconds: float) -> None:
        size = max(64, int(spec.sample_hz * seconds * 2))
        self.spec = spec
        self.counts = Counts()
        self.period_ns = int(1e9 / spec.rate_hz)
        self._keep_ns = round(seconds * 1e9)
        self._limit = max(size, min(size * GROWTH, MAX_BYTES // (8 + 8 * len(spec.channels))))
        self._t: Stamps = np.empty(size, np.int64)
        self._v: Doubles = np.empty((size, len(spec.channels)))
        self._lo = self._n = 0
        self.newest_ns: int | None = None

    def push(self, sample: Sample, since_ns: int | None = 0) -> None:
        """Take in one stamped sample; see `extend`."""
        t = np.array([sample.t_ns], np.int64)
        spans, rows = as_spans(t), np.zeros(1, np.int64)
        self.extend(Samples(t, sample.values.reshape(1, -1), spans, rows, True), since_ns)

    def extend(self, new: Samples, since_ns: int | None = 0) -> None:
        """Take in a batch of samples.

        Args:
            new: The samples.
            since_ns: A gap that began before this time is nobody's loss (no step was running);
                None: no gap counts.
        """
        ends = new.spans[:, 1]
        if not len(ends):
            return
        first = self.newest_ns is None
        newest = int(ends[0]) - 1 if self.newest_ns is None else self.newest_ns
        self.counts.received += len(ends)
        t, last = new.t_ns, int(ends[-1])
        if t[0] > newest and (len(t) == 1 or bool((t[1:] > t[:-1]).all())):
            self._append(t, new.values)
            gaps, late_in_step = _gaps(ends, int(ends[0]) if first else newest), 0
            self.newest_ns = last
        else:
            late_in_step, gaps = self._merge(new, newest, since_ns)
            self.newest_ns = max(newest, int(ends.max()))
        self._count_gaps(gaps, int(ends[0]) if first else newest, since_ns, late_in_step)

    def _count_gaps(self, gaps: Stamps, newest: int, since: int | None, late: int) -> None:
        """Jitter of half a period is normal; what is beyond it did not come."""
        if since is None:
            return
        if gaps.max(initial=0) >= 1.5 * self.period_ns:
            began = newest + np.cumsum(gaps) - gaps
            lost = np.rint(gaps / self.period_ns).astype(np.int64) - 1
            self.counts.missing += int(lost[(began >= since) & (lost > 0)].sum())
        self.counts.missing -= min(late, self.counts.missing)

    def _merge(self, new: Samples, newest: int, since: int | None) -> tuple[int, Stamps]:
        """Sort out-of-order samples in; returns how many were late in the step, and the gaps."""
        ends = new.spans[:, 1]
        before = np.maximum.accumulate(np.r_[newest, ends[:-1]])
        late = ends < before
        kept = self._sorted_in(new, newest)
        if new.stamped and new.sizes is None:
            self.counts.duplicate += int((~kept).sum())
            self.counts.received -= int((~kept).sum())
            late &= kept
        self.counts.late += int(late.sum())
        in_step = late if since is None else late & (ends >= since)
        return int(in_step.sum()), (ends - before)[ends > before]

    def _sorted_in(self, new: Samples, newest: int) -> Bools:
        """Put samples where their stamps belong; False for those that were there already."""
        t, v = new.t_ns, new.values
        from_ = self._lo + int(np.searchsorted(self._t[self._lo : self._n], t.min(), 'left'))
        old = self._n - from_
        all_t = np.concatenate((self._t[from_ : self._n], t))
        all_v = np.concatenate((self._v[from_ : self._n], v))
        order = np.argsort(all_t, kind='stable')
        kept = np.ones(len(all_t), np.bool_)
        if new.stamped and new.sizes is None:
            same = np.flatnonzero(np.diff(all_t[order]) == 0) + 1
            kept[order[same]] = False
            order = order[kept[order]]
        # Older than everything kept: it can be in no window any more.
        order = order[all_t[order] >= newest - self._keep_ns]
        self._n = from_
        self._append(all_t[order], all_v[order])
        return kept[old:]

    def _append(self, t: Stamps, v: Doubles) -> None:
        if not len(t):
            return
        if self._n + len(t) > len(self._t):
            t, v = self._make_room(t, v)
        self._t[self._n : self._n + len(t)] = t
        self._v[self._n : self._n + len(t)] = v
        self._n += len(t)

    def _make_room(self, t: Stamps, v: Doubles) -> tuple[Stamps, Doubles]:
        """Leave behind what is too old; grow where the stream is faster than rated."""
        oldest = int(t[-1]) - self._keep_ns
        self._lo += int(np.searchsorted(self._t[self._lo : self._n], oldest))
        live = self._n - self._lo
        size = len(self._t)
        while (live + len(t)) > 0.75 * size and size < self._limit:
            size *= 2
        over = max(0, live + len(t) - round(0.75 * size))
        self.counts.overrun += over
        cut = min(over, live)
        self._lo, live, t, v = self._lo + cut, live - cut, t[over - cut :], v[over - cut :]
        old_t, old_v = self._t[self._lo : self._n].copy(), self._v[self._lo : self._n].copy()
        if size > len(self._t):
            self._t = np.empty(size, np.int64)
            self._v = np.empty((size, self._v.shape[1]))
        self._t[:live], self._v[:live] = old_t, old_v
        self._lo, self._n = 0, live
        return t, v

    def between(self, start_ns: int, end_ns: int) -> tuple[Stamps, Doubles]:
        """Samples with start_ns <= stamp < end_ns, sorted by stamp.

        Returns:
            Stamps int64 [n] and values float64 [n, channel], valid until the next sample comes.
        """
        t = self._t[self._lo : self._n]
        a, b = np.searchsorted(t, (start_ns, end_ns))
        return t[a:b], self._v[self._lo + a : self._lo + b]

    def clear(self) -> None:
        """Forget all samples (the clock jumped); the counts stay."""
        self._lo = self._n = 0
        self.newest_ns = None


def _gaps(ends: Stamps, before: int) -> Stamps:
    """Time since the message before; as `numpy.diff` with `prepend`, in a fifth of its time."""
    gaps = np.empty_like(ends)
    gaps[0] = ends[0] - before
    np.subtract(ends[1:], ends[:-1], out=gaps[1:])
    return gaps


def restamp(new: Samples, arrival: Stamps) -> tuple[Samples, int]:
    """Put messages from the future at their time of arrival; returns how many there were.

    Without this one wrong stamp far ahead would make every later sample look late.

    Args:
        new: Samples. arrival: int64 [message] arrival of each decoded message, nanoseconds.
    """
    ahead = (new.spans[:, 1] > arrival + FUTURE_NS) & (arrival > 0)
    if not ahead.any():
        return new, 0
    shift = np.where(ahead, arrival - new.spans[:, 1], 0)
    each = shift if new.sizes is None else np.repeat(shift, new.sizes)
    moved = replace(new, t_ns=new.t_ns + each, spans=new.spans + shift[:, None])
    return moved, int(ahead.sum())
