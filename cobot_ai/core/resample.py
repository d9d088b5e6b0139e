"""One channel onto the grid of a window: which value stands in each bin.

All functions take the good samples of a channel (times `s` in seconds from the start of the
window, sorted; values `v`) and give float64 [bin]. Which bins are backed by a sample is told by
`covered`.
"""

from __future__ import annotations

import numpy as np

from cobot_ai.core.types import Bools, Doubles, Stamps

ROLL_OFF = 0.8
"""Share of the grid's Nyquist frequency that the low-pass leaves untouched."""


def centres(length_s: float, samples: int) -> Doubles:
    """Middle of each bin, seconds from the start."""
    return np.asarray((np.arange(samples) + 0.5) * (length_s / samples), np.float64)


def mean(index: Stamps, v: Doubles, samples: int) -> tuple[Doubles, Bools]:
    """Mean per bin, and which bins have a sample.

    Args:
        index: Bin of each sample; outside 0 to `samples` - 1 it does not count.
        v: Values. samples: Number of bins.
    """
    inside = (index >= 0) & (index < samples)
    count = np.bincount(index[inside], minlength=samples)
    total = np.bincount(index[inside], weights=v[inside], minlength=samples)
    return total / np.maximum(count, 1), count > 0


def near(at: Doubles, s: Doubles, stale_s: float) -> Bools:
    """Which times lie in a gap between samples that is at most `stale_s` long."""
    right = np.searchsorted(s, at)
    before = np.where(right > 0, at - s[np.maximum(right - 1, 0)], np.inf)
    after = np.where(right < len(s), s[np.minimum(right, len(s) - 1)] - at, np.inf)
    gap = np.where(np.isfinite(before + after), before + after, np.minimum(before, after))
    return np.asarray(gap <= stale_s)


def hold(at: Doubles, s: Doubles, v: Doubles, limit_s: float) -> tuple[Doubles, Bools]:
    """The last value at or before each time, where it is at most `limit_s` old."""
    last = np.searchsorted(s, at, side='right') - 1
    age = np.where(last >= 0, at - s[np.maximum(last, 0)], np.inf)
    return v[np.maximum(last, 0)], np.asarray(age <= limit_s)


def low_passed(at: Doubles, s: Doubles, v: Doubles, length_s: float, rate_hz: float) -> Doubles:
    """The signal below the Nyquist frequency of the grid `at`: nothing above it folds down.

    A raised-cosine low-pass in the frequency domain, on the window mirrored oddly at both ends so
    that neither a trend nor the ends ring (Harris 1978 on tapers).
    """
    nyquist = 0.5 * len(at) / length_s
    t, even = _uniform(s, v, length_s, rate_hz)
    mirrored = np.concatenate((2 * even[0] - even[::-1], even, 2 * even[-1] - even[::-1]))
    spectrum = np.fft.rfft(mirrored)
    f = np.fft.rfftfreq(len(mirrored), t[1] - t[0])
    fall = np.clip((f / nyquist - ROLL_OFF) / (1 - ROLL_OFF), 0.0, 1.0)
    smooth = np.fft.irfft(spectrum * 0.5 * (1 + np.cos(np.pi * fall)), len(mirrored))
    return np.interp(at, t, smooth[len(even) : 2 * len(even)])


def band_rms(
    s: Doubles, v: Doubles, band: tuple[float, ...], length_s: float, rate_hz: float, samples: int
) -> Doubles:
    """Root mean square per bin of the part of the signal inside `band` (hertz; empty: all).

    The mean square of a band is its energy (Parseval); the mean of the signal is not part of it.
    """
    t, even = _uniform(s, v, length_s, rate_hz)
    even = even - even.mean()
    if band:
        mirrored = np.concatenate((even, even[::-1]))
        f = np.fft.rfftfreq(len(mirrored), t[1] - t[0])
        spectrum = np.where((f >= band[0]) & (f < band[1]), np.fft.rfft(mirrored), 0.0)
        even = np.fft.irfft(spectrum, len(mirrored))[: len(even)]
    index = np.clip((t / length_s * samples).astype(np.int64), 0, samples - 1)
    power, there = mean(index, even**2, samples)
    power = (
        power if there.all() else np.interp(np.arange(samples), np.flatnonzero(there), power[there])
    )
    return np.sqrt(power)


def _uniform(s: Doubles, v: Doubles, length_s: float, rate_hz: float) -> tuple[Doubles, Doubles]:
    """The signal at an even rate from its first sample in the window on.

    Samples without a gap are taken as they are, for a straight line between two of them would
    soften fast vibration; only where some are missing are they bridged by straight lines.
    """
    first = int(np.searchsorted(s, 0.0))
    s_in, v_in = s[first:], v[first:]
    if len(s_in) >= 4 and np.diff(s_in).max() < 1.8 / rate_hz:
        return np.linspace(s_in[0], s_in[-1], len(s_in)), v_in
    start = float(s_in[0]) if len(s_in) and s_in[0] < 1 / rate_hz else 0.0
    n = max(4, int((length_s - start) * rate_hz))
    t = np.asarray(start + np.arange(n) / rate_hz, np.float64)
    return t, np.interp(t, s, v)
