"""What a person needs to see: the signals that deviate most from past good cases."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from cobot_ai.core.spec import CellSpec
from cobot_ai.core.types import Case, Doubles, Json, Window

MIN_BAND = 3
"""Fewest past good cases that make a band worth drawing."""
LOOKED_AT = ('N', 'N*m', 'A', 'm/s^2', 'rad/s', 'm/s')
"""Units of what tells a person most about a step, before there is a band to deviate from."""


@dataclass(slots=True)
class Memory:
    """Recent cases of one context with a known label, newest last."""

    good: deque[tuple[int, Window]] = field(default_factory=lambda: deque(maxlen=30))
    bad: deque[int] = field(default_factory=lambda: deque(maxlen=10))
    band: Doubles | None = None
    lines: list[tuple[list[float | None], list[float | None]]] = field(default_factory=list)


class Gallery:
    """Remembers past cases per context and describes a new case against them."""

    def __init__(self, spec: CellSpec) -> None:
        self._seen: dict[str, Memory] = {}
        self.reword(spec)
        self._still = next((s.topic for s in spec.streams if not s.channels), None)

    def reword(self, spec: CellSpec) -> None:
        """Take the words of this state of the cell."""
        self._spec = spec
        self._units = {
            f'{s.name}.{c.name}': (c.unit, dict(c.text)) for s in spec.streams for c in s.channels
        }

    def learn(self, case: int, context: str, window: Window, label: str) -> None:
        """Remember a labelled case."""
        memory = self._seen.setdefault(context, Memory())
        if self._spec.question.is_nominal(label):
            memory.good.append((case, window))
            memory.band = None
        else:
            memory.bad.append(case)

    def forget(self, case: int) -> None:
        """The label of a case no longer counts."""
        for memory in self._seen.values():
            if any(known == case for known, _ in memory.good):
                kept = [(known, window) for known, window in memory.good if known != case]
                memory.good, memory.band = deque(kept, memory.good.maxlen), None
            if case in memory.bad:
                memory.bad.remove(case)

    def describe(self, case: Case) -> Json:
        """The evidence document of a case (docs/ledger.md), channels by deviation."""
        memory = self._seen.get(case.context, Memory())
        if memory.band is None and len(memory.good) >= MIN_BAND:
            memory.band = _band([w for _, w in memory.good])
        band = memory.band
        notes = {n.channel: n.problem.value for n in case.window.notes}
        span_s = (case.window.end_ns - case.window.start_ns) / 1e9
        channels = [
            self._channel(case.window, k, band, notes) for k in range(len(case.window.channels))
        ]
        return {
            'channels': sorted(channels, key=_by_deviation if band is not None else _by_kind),
            'still': self._still,
            'good': memory.good[-1][0] if memory.good else None,
            'bad': memory.bad[-1] if memory.bad else None,
            'span_s': round(span_s, 6),
            'band_cases': len(memory.good) if band is not None else 0,
        }

    def _channel(self, window: Window, k: int, band: Doubles | None, notes: dict[str, str]) -> Json:
        name = window.channels[k]
        unit, text = self._units.get(name, ('', {}))
        value = np.where(window.mask[k], window.values[k].astype(np.float64), np.nan)
        steps = (np.arange(len(value)) + 0.5) / len(value)
        span_s = (window.end_ns - window.start_ns) / 1e9
        document: Json = {
            'name': name,
            'unit': unit,
            'text': text,
            't': _plain(steps * span_s),
            'value': _plain(value),
            'low': None,
            'high': None,
            'score': 0.0,
            'note': notes.get(name),
        }
        if band is not None:
            low, middle, high, spread = band[:, k]
            document['low'], document['high'] = _plain(low), _plain(high)
            document['score'] = _deviation(value, middle, spread)
        return document


def _by_deviation(channel: Json) -> float:
    return -float(channel['score'])


def _by_kind(channel: Json) -> tuple[int, float]:
    """Forces before positions, what moved most first: where a person would look."""
    unit, measured = channel['unit'], [v for v in channel['value'] if v is not None]
    rank = LOOKED_AT.index(unit) if unit in LOOKED_AT and measured else len(LOOKED_AT)
    return rank, min(measured, default=0.0) - max(measured, default=0.0)


def _band(good: list[Window]) -> Doubles:
    """10th, 50th, 90th percentile and robust spread per channel and bin: [4, C, T]."""
    stack = np.array([np.where(w.mask, w.values.astype(np.float64), np.nan) for w in good])
    empty = np.isnan(stack).all(axis=0)
    stack[:, empty] = 0.0
    low, middle, high = _percentiles(stack, (0.1, 0.5, 0.9))
    # Spread of a whole channel keeps a bin that never varied from looking infinitely strange.
    spread = 0.5 * (high - low) + 0.1 * np.nanstd(stack, axis=(0, 2), keepdims=True)[0] + 1e-9
    lost = np.where(empty, np.nan, 1.0)
    band: Doubles = np.array([low * lost, middle * lost, high * lost, spread])
    return band


def _percentiles(stack: Doubles, shares: tuple[float, ...]) -> Doubles:
    """As `numpy.nanpercentile` over the first axis (linear), a hundred times quicker."""
    ordered = np.sort(stack, axis=0)  # NaN comes last
    last = (~np.isnan(stack)).sum(axis=0) - 1
    found = []
    for share in shares:
        at = share * last
        below = np.floor(at).astype(np.int64)
        above = np.minimum(below + 1, last)
        low, high = (np.take_along_axis(ordered, i[None], axis=0)[0] for i in (below, above))
        found.append(low + (high - low) * (at - below))
    return np.array(found)


def _deviation(value: Doubles, middle: Doubles, spread: Doubles) -> float:
    """Mean of the largest fifth of the deviations, in spreads; 0 when nothing was measured."""
    z = np.abs(value - middle) / spread
    z = np.sort(z[np.isfinite(z)])
    if not len(z):
        return 0.0
    return round(float(np.minimum(z[-max(1, len(z) // 5) :], 1e3).mean()), 3)


def _plain(values: Doubles) -> list[float | None]:
    """Plain JSON numbers with 6 significant digits, None where nothing was measured."""
    text = ' '.join(['%.6g'] * len(values)) % tuple(values.tolist())  # one call, not one each
    return [v if math.isfinite(v) else None for v in map(float, text.split())]
