"""Decodes the messages of one stream in batches; keeps the layouts it has met."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cobot_ai.core.errors import DataError
from cobot_ai.core.samples import RawBatch, Samples, as_spans
from cobot_ai.core.types import Doubles, Stamps
from cobot_ai.store.cdr import Layout, Rows, Shape, walk
from cobot_ai.store.fields import Plan

KEPT = 32
"""Layouts remembered per stream; a publisher normally has one."""
GIVEN_UP = 4
"""Messages without a usable layout after which the rest of a batch goes one by one."""
_Part = tuple[Stamps, Stamps, Doubles]
"""Places in the batch, stamps of the messages, values [message * sample, channel]."""


class BatchReader:
    """Reads batches of one stream.

    Args:
        plan: Which numbers are wanted.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._layouts: list[Layout] = []
        self._step_ns = 1e9 / plan.stream.sample_hz

    def read(self, batch: RawBatch) -> Samples:
        """Decode every message that can be; the others are not in `rows`."""
        arrival = np.array(batch.t_ns, np.int64)
        sizes = set(map(len, batch.data))
        parts: list[_Part] = []
        for size in sizes:
            chosen = range(len(batch.data))
            if len(sizes) > 1:
                chosen = [i for i, data in enumerate(batch.data) if len(data) == size]  # type: ignore[assignment]
            parts += self._same_size(batch, chosen, size)
        return self._together(parts, arrival)

    def _same_size(self, batch: RawBatch, chosen: Sequence[int], size: int) -> list[_Part]:
        data = batch.data if len(chosen) == len(batch.data) else [batch.data[i] for i in chosen]
        rows = np.frombuffer(b''.join(data), np.uint8).reshape(len(data), size)
        left = np.asarray(chosen, np.int64)
        parts: list[_Part] = []
        for layout in [k for k in self._layouts if k.size == size]:
            left, rows = self._by(layout, left, rows, parts)
        failed = 0
        while len(left) and failed < GIVEN_UP:
            new = self._learn(batch.data[left[0]])
            if new is not None:
                left, rows = self._by(new, left, rows, parts)
            else:
                failed += 1
                self._one(batch, int(left[0]), parts)
                left, rows = left[1:], rows[1:]
        for i in left:
            self._one(batch, int(i), parts)
        return parts

    def _by(
        self, layout: Layout, left: Stamps, rows: Rows, parts: list[_Part]
    ) -> tuple[Stamps, Rows]:
        """Read what fits the layout; give back the rest."""
        if not len(left):
            return left, rows
        fits = layout.fits(rows)
        if fits is not None and not fits.any():
            return left, rows
        at, mine = (left, rows) if fits is None else (left[fits], rows[fits])
        stamps = layout.stamps(mine) if self.plan.stamped else None
        parts.append(
            (at, np.zeros(len(at), np.int64) if stamps is None else stamps, layout.values(mine))
        )
        return (left[:0], rows[:0]) if fits is None else (left[~fits], rows[~fits])

    def _learn(self, data: bytes) -> Layout | None:
        """The layout of this message; None where only the general decoder can tell."""
        try:
            shape = walk(data, self.plan.stream.type)
            picks = self._picks(shape)
        except DataError:
            return None
        layout = Layout(data, shape, picks)
        self._layouts = [layout, *self._layouts[: KEPT - 1]]
        return layout

    def _picks(self, shape: Shape) -> list[tuple[Sequence[int], str] | None]:
        picks: list[tuple[Sequence[int], str] | None] = []
        names = shape.texts.get('name', ())
        for pick, array in zip(self.plan.picks, self.plan.arrays, strict=True):
            place = shape.places[pick.field]
            indices = pick.indices(place.count, names) if array else (0,)
            size = int(place.dtype[1])
            offsets = [place.offset + size * i for i in indices]
            picks.append((offsets, place.dtype) if offsets else None)
        self.plan.size_of([len(p[0]) if p else 0 for p in picks])
        return picks

    def _one(self, batch: RawBatch, i: int, parts: list[_Part]) -> None:
        """The general way; a message that is not what it should be is left out."""
        try:
            t_ns, values = self.plan.read(batch.message(i))
        except DataError:
            return
        parts.append((np.array([i]), np.array([t_ns]), values))

    def _together(self, parts: list[_Part], arrival: Stamps) -> Samples:
        """All parts in order of arrival, with their times."""
        if not parts:
            none = np.zeros(0, np.int64)
            values = np.zeros((0, len(self.plan.picks)))
            return Samples(none, values, none.reshape(0, 2), none, self.plan.stamped)
        rows, stamps, values, sizes = _merged(parts)
        stamped = self.plan.stamped and bool((stamps > 0).all())
        if not stamped:
            stamps = np.where(stamps > 0, stamps, arrival[rows])
        if not self.plan.blocks:
            return Samples(stamps, values, as_spans(stamps), rows, stamped)
        # The stamp belongs to the last sample: a block is sent when it is full.
        back = np.concatenate([np.arange(n - 1, -1, -1) for n in sizes]) * self._step_ns
        t = np.repeat(stamps, sizes) - np.rint(back).astype(np.int64)
        spans = np.column_stack(
            (stamps - np.rint((sizes - 1) * self._step_ns).astype(np.int64), stamps)
        )
        return Samples(t, values, spans, rows, stamped, sizes)


def _merged(parts: list[_Part]) -> tuple[Stamps, Stamps, Doubles, Stamps]:
    if len(parts) == 1:
        rows, stamps, values = parts[0]
        return rows, stamps, values, np.full(len(rows), len(values) // len(rows), np.int64)
    rows = np.concatenate([p[0] for p in parts])
    sizes = np.concatenate([np.full(len(p[0]), len(p[2]) // len(p[0]), np.int64) for p in parts])
    order = np.argsort(rows, kind='stable')
    stamps, values = np.concatenate([p[1] for p in parts]), np.concatenate([p[2] for p in parts])
    if (sizes == 1).all():
        return rows[order], stamps[order], values[order], sizes
    pieces = np.split(values, np.cumsum(sizes)[:-1])
    return rows[order], stamps[order], np.concatenate([pieces[i] for i in order]), sizes[order]
