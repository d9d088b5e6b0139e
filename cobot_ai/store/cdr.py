"""CDR in batches: messages of one shape are decoded by one numpy view.

A message of a standard type is a fixed row of bytes as long as its texts and sequences keep their
lengths. `walk` goes through one message and notes where the wanted numbers lie, and which bytes
(encapsulation, lengths, joint names) must be the same in another message for that to hold there
too. Every message is compared with these bytes; one that differs gets a layout of its own.

Format: OMG CDR as in DDSI-RTPS 2.5 section 10 (plain XCDR version 1, both byte orders).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rosbags.interfaces import Nodetype

from cobot_ai.core.errors import DataError
from cobot_ai.core.types import Bools, Doubles, Stamps
from cobot_ai.store.typestore import typestore

Rows = NDArray[np.uint8]
"""uint8 [message, byte]"""
HEADER = 4
"""Bytes of encapsulation before the message; alignment counts from there."""
PADDING = 3
"""Most bytes a serialiser may add at the end."""
_DTYPES = {
    'bool': 'b1',
    'byte': 'u1',
    'char': 'u1',
    'octet': 'u1',
    'float32': 'f4',
    'float64': 'f8',
    **{f'int{8 * n}': f'i{n}' for n in (1, 2, 4, 8)},
    **{f'uint{8 * n}': f'u{n}' for n in (1, 2, 4, 8)},
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where numbers lie: byte offset of the first, dtype, and how many."""

    offset: int
    dtype: str
    count: int


@dataclass(slots=True)
class Shape:
    """What a walk over one message found.

    Attributes:
        order: `<` or `>`. size: Bytes of the message.
        places: Field path -> where its numbers lie. texts: Field path -> texts of a list.
        marks: (first, after) of bytes that another message of this shape must share.
    """

    order: str
    size: int
    places: dict[str, Place] = field(default_factory=dict)
    texts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    marks: list[tuple[int, int]] = field(default_factory=list)


class _Walk:
    """Steps through the fields of one message."""

    def __init__(self, data: bytes) -> None:
        if len(data) < HEADER or data[0] != 0 or data[1] > 1:
            raise DataError('not plain CDR')
        self.data, self.at = data, HEADER
        self.shape = Shape('<' if data[1] else '>', len(data))
        self.shape.marks.append((0, 2))

    def message(self, ros_type: str, path: str) -> None:
        for name, desc in typestore().fielddefs[ros_type][1]:
            self.field(f'{path}.{name}' if path else name, desc)

    def field(self, path: str, desc: Any) -> None:
        kind, detail = desc
        if kind == Nodetype.NAME:
            self.message(detail, path)
        elif kind == Nodetype.BASE:
            self.base(path, detail[0], 1)
        else:
            inner, count = detail
            if kind == Nodetype.SEQUENCE:
                count = self.length()
            self.many(path, inner, count)

    def many(self, path: str, inner: Any, count: int) -> None:
        kind, detail = inner
        if kind == Nodetype.BASE and detail[0] != 'string':
            self.base(path, detail[0], count)
        elif kind == Nodetype.BASE:
            self.shape.texts[path] = tuple(self.text(mark=True) for _ in range(count))
        else:
            for _ in range(count):
                self.field(f'{path}[]', inner)

    def base(self, path: str, name: str, count: int) -> None:
        if name == 'string':
            self.text(mark=False)
            return
        dtype = _DTYPES.get(name)
        if dtype is None:
            raise DataError(f'no fixed size: {name}')
        size = int(dtype[1])
        if count:
            self.align(size)
        self.shape.places[path] = Place(self.at, dtype, count)
        self.skip(size * count)

    def length(self) -> int:
        self.align(4)
        first = self.at
        self.skip(4)
        self.shape.marks.append((first, self.at))
        count = int(struct.unpack_from(f'{self.shape.order}I', self.data, first)[0])
        if count > len(self.data) - self.at:
            raise DataError('a length beyond the end')
        return count

    def text(self, mark: bool) -> str:
        count = self.length()
        first = self.at
        self.skip(count)
        if not mark:
            return ''
        self.shape.marks.append((first, self.at))
        try:
            return self.data[first : self.at].rstrip(b'\0').decode()
        except UnicodeDecodeError as e:
            raise DataError('a text that is not UTF-8') from e

    def align(self, size: int) -> None:
        self.at += -(self.at - HEADER) % size

    def skip(self, size: int) -> None:
        self.at += size
        if self.at > len(self.data):
            raise DataError('cut off')


def walk(data: bytes, ros_type: str) -> Shape:
    """Where everything in one message lies.

    Raises:
        DataError: The bytes are not a message of that type, or the type has no such form.
    """
    walk = _Walk(data)
    walk.message(ros_type, '')
    if len(data) - walk.at > PADDING:
        raise DataError('bytes left over')
    return walk.shape


class Layout:
    """How to read a batch of messages of one shape.

    Args:
        data: A message of this shape. shape: Its shape.
        picks: For each channel the byte offsets and dtype of its values (one, or
            as many as a block has samples); None where this shape does not carry it.
    """

    def __init__(
        self, data: bytes, shape: Shape, picks: Sequence[tuple[Sequence[int], str] | None]
    ) -> None:
        self.size, self._order = shape.size, shape.order
        at = [i for first, after in shape.marks for i in range(first, after)]
        self._marks = np.array(at, np.int64)
        self.samples = max((len(p[0]) for p in picks if p), default=1)
        self._width = len(picks)
        self._columns: list[tuple[str, NDArray[np.int64], NDArray[np.int64]]] = []
        for dtype in sorted({p[1] for p in picks if p}):
            chosen = [k for k, p in enumerate(picks) if p and p[1] == dtype]
            first = np.array([picks[k][0] for k in chosen], np.int64).T  # type: ignore[index]
            bytes_ = (first[:, :, None] + np.arange(int(dtype[1]))).ravel()
            self._columns.append((dtype, bytes_, np.array(chosen)))
        self._whole = len(self._columns) == 1 and len(self._columns[0][2]) == self._width
        sec = shape.places.get('header.stamp.sec')
        self._stamp = None if sec is None else np.arange(sec.offset, sec.offset + 8)
        self._template: Rows = np.frombuffer(data, np.uint8)[self._marks]

    def fits(self, rows: Rows) -> Bools | None:
        """Which rows have this shape; None: all of them."""
        same = np.take(rows, self._marks, axis=1) == self._template
        return None if same.all() else np.asarray(same.all(axis=1))

    def values(self, rows: Rows) -> Doubles:
        """float64 [message * sample, channel]; NaN where the shape has no such number."""
        n = len(rows) * self.samples
        if self._whole:
            return self._read(rows, 0, n)
        out = np.full((n, self._width), np.nan)
        for i, (_, _, at) in enumerate(self._columns):
            out[:, at] = self._read(rows, i, n)
        return out

    def _read(self, rows: Rows, i: int, n: int) -> Doubles:
        dtype, bytes_, at = self._columns[i]
        found = np.take(rows, bytes_, axis=1)
        found = found != 0 if dtype == 'b1' else found.view(f'{self._order}{dtype}')
        return found.reshape(n, len(at)).astype(np.float64)

    def stamps(self, rows: Rows) -> Stamps | None:
        """int64 [message] header stamps, nanoseconds; None where the type has none."""
        if self._stamp is None:
            return None
        found = np.take(rows, self._stamp, axis=1).view(f'{self._order}u4').astype(np.int64)
        sec = found[:, 0].astype(np.int32).astype(np.int64)
        return np.asarray(sec * 1_000_000_000 + found[:, 1])
