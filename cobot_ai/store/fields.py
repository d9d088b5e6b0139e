"""Which fields of a message the channels of a stream are, by the paths of the cell file."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rosbags.interfaces import Nodetype
from rosbags.serde import SerdeError

from cobot_ai.core.errors import DataError
from cobot_ai.core.samples import RawMessage
from cobot_ai.core.stream_spec import ChannelSpec, StreamSpec, TimeFrom
from cobot_ai.core.types import Doubles
from cobot_ai.store.typestore import known, typestore

_PATH = re.compile(r'(?P<fields>[a-z]\w*(\.[a-z]\w*)*)(\[(?P<index>[^\[\]]+)\])?')
_BLOCK = re.compile(r'(\d*):(?::([1-9]\d*))?')
_NUMBERS = re.compile(r'(float|u?int)\d+|bool|byte|char')
_ENCAPSULATIONS = (b'\0\0', b'\0\1')


class Pick:
    """Where one channel's numbers are in a message: a field, and what of it."""

    def __init__(self, stream: StreamSpec, channel: ChannelSpec) -> None:
        self.field, index = _resolve(stream, channel.path)
        block = _BLOCK.fullmatch(index or '')
        self.block = slice(int(block[1] or 0), None, int(block[2] or 1)) if block else None
        self.number = int(index) if index is not None and index.isdecimal() else None
        self.joint = index if self.block is None and self.number is None else None
        self.get: Callable[[Any], Any] = attrgetter(self.field)

    def indices(self, count: int, names: Sequence[str]) -> Sequence[int]:
        """Which entries of an array of `count` numbers it takes; nothing where it has none.

        Args:
            count: Length of the array. names: The joints of the message, if it has any.
        """
        if self.block is not None:
            return range(count)[self.block]
        at = self.number
        if self.joint is not None:
            at = names.index(self.joint) if self.joint in names else None
        return () if at is None or at >= count else (at,)


class Plan:
    """How the channels of one stream are picked out of its messages."""

    def __init__(self, stream: StreamSpec) -> None:
        known(stream.type)
        self.stream = stream
        has_header = 'header' in dict(typestore().fielddefs[stream.type][1])
        self.stamped = has_header and stream.time_from is TimeFrom.STAMP
        self.picks = [Pick(stream, channel) for channel in stream.channels]
        self.blocks = any(p.block is not None for p in self.picks)
        self.arrays = [_is_array(stream.type, p.field) for p in self.picks]
        if (self.blocks and not all(p.block for p in self.picks)) or (
            self.blocks != (stream.block_hz is not None)
        ):
            raise DataError(
                f'Stream `{stream.name}`: a message with many samples needs `block_hz`, and paths '
                'such as `data[:]` or `data[0::3]` for all of its channels.'
            )

    def read(self, message: RawMessage) -> tuple[int, Doubles]:
        """Stamp in nanoseconds (0: none) and float64 [sample, channel] of one message.

        Raises:
            DataError: The bytes are not a message of the type, or it carries none of the channels.
        """
        decoded = decode(message)
        names = tuple(decoded.name) if any(p.joint for p in self.picks) else ()
        rows = [
            self._take(pick, array, decoded, names)
            for pick, array in zip(self.picks, self.arrays, strict=True)
        ]
        size = self.size_of([len(row) for row in rows])
        values = np.full((size, len(rows)), np.nan)
        for k, row in enumerate(rows):
            if len(row):
                values[:, k] = row
        return _stamp_ns(decoded) if self.stamped else 0, values

    @staticmethod
    def _take(pick: Pick, array: bool, decoded: Any, names: Sequence[str]) -> NDArray[Any]:
        found = pick.get(decoded)
        if not array:
            return np.array([found], np.float64)
        return np.asarray(found)[list(pick.indices(len(found), names))]

    def size_of(self, sizes: Sequence[int]) -> int:
        """Samples in a message whose channels have so many numbers each.

        Raises:
            DataError: None of the channels is there, or a block's channels differ in length.
        """
        if any(sizes) and (not self.blocks or len(set(sizes)) == 1):
            return max(sizes)
        if any(sizes):
            raise DataError(
                f'A block of stream `{self.stream.name}` does not hold as many samples for each '
                'channel; check the steps in its paths, such as `data[0::3]`.'
            )
        raise DataError(
            f'This message carries none of the channels of stream `{self.stream.name}`: '
            'the joint names or array indices of the cell file are not in it.'
        )


def check_paths(stream: StreamSpec) -> None:
    """Make sure that every channel of a stream points at a number in its message type.

    Raises:
        DataError: The type is unknown, or a path leads nowhere; the message names the fields.
    """
    Plan(stream)


def decode(message: RawMessage) -> Any:
    """Decode a message of a standard type.

    Raises:
        DataError: The bytes are not a message of that type.
    """
    try:
        if bytes(message.data[:2]) not in _ENCAPSULATIONS:
            raise SerdeError('not plain CDR')
        return typestore().deserialize_cdr(message.data, message.type)
    except (SerdeError, KeyError) as e:
        raise DataError(
            f'A message on {message.topic} is damaged or not a {message.type}; '
            'check that publisher and cell file name the same type.'
        ) from e


def _stamp_ns(message: Any) -> int:
    stamp = message.header.stamp
    return max(0, int(stamp.sec * 1_000_000_000 + stamp.nanosec))


def _is_array(ros_type: str, field: str) -> bool:
    return _leaf(ros_type, field.split('.')) == 'many'


def _resolve(stream: StreamSpec, path: str) -> tuple[str, str | None]:
    """Field name and index of a path, checked against the message definition."""
    match = _PATH.fullmatch(path)
    leaf = _leaf(stream.type, match['fields'].split('.')) if match else None
    if match and leaf:
        index: str | None = match['index']
        by_name = index is not None and not index.isdecimal() and not _BLOCK.fullmatch(index)
        has_names = 'name' in dict(typestore().fielddefs[stream.type][1])
        if (leaf == 'many') == (index is not None) and (has_names or not by_name):
            return match['fields'], index
    fields = ', '.join(name for name, _ in typestore().fielddefs[stream.type][1])
    raise DataError(
        f'`{path}` is no number in {stream.type}; write a path such as `wrench.force.x`, '
        f'`data[0]` or `effort[joint_3]`. The fields of this type are: {fields}.'
    )


def _leaf(ros_type: str, fields: Sequence[str]) -> str:
    """`one` for a number, `many` for an array of numbers, empty for anything else."""
    kind: Any = (Nodetype.NAME, ros_type)
    for name in fields:
        if kind[0] != Nodetype.NAME:
            return ''
        kind = dict(typestore().fielddefs[kind[1]][1]).get(name, (Nodetype.BASE, ('', 0)))
    many = kind[0] in (Nodetype.ARRAY, Nodetype.SEQUENCE)
    base = kind[1][0] if many else kind
    if base[0] != Nodetype.BASE or not _NUMBERS.fullmatch(base[1][0]):
        return ''
    return 'many' if many else 'one'
