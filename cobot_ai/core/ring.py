"""Fixed-size buffer of one stream's samples that counts what it did not get."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cobot_ai.core.spec import StreamSpec
from cobot_ai.core.types import Doubles, Sample

Stamps = NDArray[np.int64]


@dataclass(slots=True)
class Counts:
    """What happened to a stream since the start (only ever grows).

    Attributes:
        received: Samples taken in.
        late: Samples whose stamp lies before an earlier one (kept, sorted on reading).
        duplicate: Samples with the stamp of the sample before (dropped).
        missing: Samples that the rated period says should have come between two stamps of a step.
        dropped: Messages that could not be decoded.
    """

    received: int = 0
    late: int = 0
    duplicate: int = 0
    missing: int = 0
    dropped: int = 0


class Ring:
    """The last `seconds` of a stream: stamps int64 [n] and values float64 [n, channel]."""

    def __init__(self, spec: StreamSpec, seconds: float) -> None:
        size = max(64, int(spec.rate_hz * seconds * 1.5))
        self.spec = spec
        self.counts = Counts()
        self.period_ns = int(1e9 / spec.rate_hz)
        self._t: Stamps = np.zeros(size, np.int64)
        self._v: Doubles = np.zeros((size, len(spec.channels)))
        self._n = 0
        self.newest_ns: int | None = None

    def push(self, sample: Sample, since_ns: int | None = 0) -> None:
        """Take in one sample; older ones are overwritten when the ring is full.

        Args:
            sample: The sample.
            since_ns: A gap that began before this time is nobody's loss (no step was running);
                None: no gap counts.
        """
        if self._is_duplicate(sample.t_ns, since_ns):
            return
        i = self._n % len(self._t)
        self._t[i] = sample.t_ns
        self._v[i] = sample.values
        self._n += 1
        self.counts.received += 1

    def _is_duplicate(self, t_ns: int, since_ns: int | None) -> bool:
        newest = self.newest_ns
        if newest is None:
            self.newest_ns = t_ns
            return False
        if t_ns == newest:
            self.counts.duplicate += 1
            return True
        if t_ns < newest:
            self.counts.late += 1
            return False
        if since_ns is not None and newest >= since_ns:
            # Jitter of half a period is normal; what is beyond it did not come.
            self.counts.missing += max(0, round((t_ns - newest) / self.period_ns) - 1)
        self.newest_ns = t_ns
        return False

    def between(self, start_ns: int, end_ns: int) -> tuple[Stamps, Doubles]:
        """Samples with start_ns <= stamp < end_ns, sorted by stamp.

        Returns:
            Stamps int64 [n] and values float64 [n, channel].
        """
        t, v = self._t[: self._n], self._v[: self._n]
        chosen = np.flatnonzero((t >= start_ns) & (t < end_ns))
        order = chosen[np.argsort(t[chosen], kind='stable')]
        return t[order], v[order]

    def clear(self) -> None:
        """Forget all samples (the clock jumped); the counts stay."""
        self._n = 0
        self.newest_ns = None
