"""Decoding: serialised messages to numbers, by the field paths of the cell file."""

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
from cobot_ai.core.message_types import STEP
from cobot_ai.core.spec import StreamSpec
from cobot_ai.core.types import Doubles, Edge, RawMessage, Sample, StepEvent
from cobot_ai.store.typestore import known, typestore

_PATH = re.compile(r'(?P<fields>[a-z]\w*(\.[a-z]\w*)*)(\[(?P<index>[^\[\]]+)\])?')
_NUMBERS = re.compile(r'(float|u?int)\d+|bool|byte|char')
_ORDERS = 64
"""Joint orders remembered per stream; a publisher normally has one."""


class RosbagsDecoder:
    """Decodes messages of the standard packages (port `Decoder`), without ROS."""

    def __init__(self) -> None:
        self._plans: dict[str, _Plan] = {}

    def sample(self, stream: StreamSpec, message: RawMessage) -> Sample:
        """Decode one message of a stream.

        A channel that this message does not carry (a joint that is not in its list) is NaN.

        Raises:
            DataError: The bytes are not a message of that type, a field is not there, or the
                message carries none of the stream's channels.
        """
        plan = self._plans.get(stream.name)
        if plan is None or (plan.stream is not stream and plan.stream != stream):
            plan = self._plans[stream.name] = _Plan(stream)
        if message.type != stream.type:
            raise DataError(
                f'Topic {message.topic} carries {message.type}, but the cell file says '
                f'{stream.type}; correct `type` of stream `{stream.name}`.'
            )
        decoded = decode(message)
        t_ns = _stamp_ns(decoded) if plan.stamped else 0
        return Sample(stream.name, t_ns if t_ns > 0 else message.t_ns, plan.values(decoded))

    def step(self, message: RawMessage) -> StepEvent:
        """Decode a step message; its reserved fact `stamp_ns` overrules the time of arrival.

        Raises:
            DataError: The message is not a step message.
        """
        if message.type != STEP:
            raise DataError(f'A step message must be {STEP}, not {message.type}.')
        status: Any = decode(message)
        facts = {pair.key: pair.value for pair in status.values}
        stamp = facts.pop('stamp_ns', '')
        if status.name not in ('begin', 'end') or not (stamp or '0').isdecimal():
            raise DataError(
                f'Not a step message: name is `{status.name[:40]}` (must be begin or end), '
                f'`stamp_ns` is `{stamp[:40]}` (must be nanoseconds or absent).'
            )
        return StepEvent(Edge(status.name), int(stamp) if stamp else message.t_ns, facts)


def check_paths(stream: StreamSpec) -> None:
    """Make sure that every channel of a stream points at a number in its message type.

    Raises:
        DataError: The type is unknown, or a path leads nowhere; the message names the fields.
    """
    known(stream.type)
    _Plan(stream)


class _Plan:
    """How the channels of one stream are picked out of a decoded message."""

    def __init__(self, stream: StreamSpec) -> None:
        known(stream.type)
        self.stream = stream
        self.stamped = 'header' in dict(typestore().fielddefs[stream.type][1])
        self.size = len(stream.channels)
        scalars: dict[str, list[int]] = {}
        columns: dict[tuple[str, bool], list[tuple[int, str]]] = {}
        for at, channel in enumerate(stream.channels):
            fields, index = _resolve(stream, channel.path)
            if index is None:
                scalars.setdefault(fields, []).append(at)
            else:
                columns.setdefault((fields, not index.isdecimal()), []).append((at, index))
        self.scalars = [(attrgetter(name), at) for name, at in scalars.items()]
        self.columns = [_Column(name, named, picks) for (name, named), picks in columns.items()]

    def values(self, message: Any) -> Doubles:
        out = np.full(self.size, np.nan)
        for get, at in self.scalars:
            out[at] = get(message)
        found = sum([column.fill(message, out) for column in self.columns])
        if self.columns and not found and not self.scalars:
            raise DataError(
                f'This message carries none of the channels of stream `{self.stream.name}`: '
                'the joint names or array indices of the cell file are not in it.'
            )
        return out


class _Column:
    """Several channels out of one array field, by index or by joint name."""

    def __init__(self, field: str, named: bool, picks: Sequence[tuple[int, str]]) -> None:
        self.get: Callable[[Any], NDArray[Any]] = attrgetter(field)
        self.at = np.array([at for at, _ in picks])
        self.keys = [key for _, key in picks]
        self.named = named
        self.index = np.array([-1 if named else int(key) for key in self.keys])
        self.orders: dict[tuple[str, ...], NDArray[np.int_]] = {}

    def fill(self, message: Any, out: Doubles) -> int:
        """Write the values into `out`; return how many of the channels were there."""
        values = self.get(message)
        index = self._order(tuple(message.name)) if self.named else self.index
        here = (index >= 0) & (index < len(values))
        if here.all():
            out[self.at] = values[index]
            return len(index)
        out[self.at[here]] = values[index[here]]
        return int(here.sum())

    def _order(self, names: tuple[str, ...]) -> NDArray[np.int_]:
        index = self.orders.get(names)
        if index is None:
            if len(self.orders) >= _ORDERS:
                self.orders.clear()
            where = {name: i for i, name in enumerate(names)}
            index = self.orders[names] = np.array([where.get(key, -1) for key in self.keys])
        return index


def decode(message: RawMessage) -> Any:
    """Decode a message of a standard type.

    Raises:
        DataError: The bytes are not a message of that type.
    """
    try:
        return typestore().deserialize_cdr(message.data, message.type)
    except (SerdeError, KeyError) as e:
        raise DataError(
            f'A message on {message.topic} is damaged or not a {message.type}; '
            'check that publisher and cell file name the same type.'
        ) from e


def _stamp_ns(message: Any) -> int:
    stamp = message.header.stamp
    return int(stamp.sec * 1_000_000_000 + stamp.nanosec)


def _resolve(stream: StreamSpec, path: str) -> tuple[str, str | None]:
    """Field name and index of a path, checked against the message definition."""
    match = _PATH.fullmatch(path)
    leaf = _leaf(stream.type, match['fields'].split('.')) if match else None
    if match and leaf:
        index: str | None = match['index']
        by_name = index is not None and not index.isdecimal()
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
