"""The definitions of the standard ROS 2 messages, and encoding without ROS."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from typing import Any

import numpy as np
from rosbags.interfaces import Nodetype
from rosbags.typesys import Stores, TypesysError, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from cobot_ai.core.errors import DataError
from cobot_ai.core.message_types import STEP, meant
from cobot_ai.core.samples import Edge
from cobot_ai.core.types import Facts

_TYPE = re.compile(r'[a-z]\w*/msg/[A-Z]\w*', re.ASCII)


@cache
def typestore() -> Typestore:
    """The standard messages. Those used here are the same from Humble to Kilted."""
    return get_typestore(Stores.ROS2_HUMBLE)


@cache
def message_definition(ros_type: str) -> str:
    """Full text definition of a type, as MCAP's `ros2msg` schema wants it.

    Raises:
        DataError: The type is not one of the standard packages.
    """
    known(ros_type)
    return typestore().generate_msgdef(ros_type, ros_version=2)[0]


def known(ros_type: str) -> None:
    """Make sure that a type is one of the standard packages.

    Raises:
        DataError: It is not; the message says what to do.
    """
    if ros_type not in typestore().fielddefs:
        raise DataError(
            f'`{ros_type}` is not a standard ROS 2 message.{meant(ros_type)} '
            'Use a type of sensor_msgs, geometry_msgs, std_msgs or diagnostic_msgs, or write its '
            'definition under `messages` (docs/cell-file.md).'
        )


def define(definitions: Mapping[str, str]) -> None:
    """Make message types known that are not of the standard packages.

    Args:
        definitions: ROS type -> its .msg text; types it is made of follow after lines of `=`, as
            in MCAP files, or are defined beside it.

    Raises:
        DataError: A text is no definition, a type it is made of is missing, or a type is known
            with another definition.
    """
    found: dict[str, Any] = {}
    for name, text in definitions.items():
        if not _TYPE.fullmatch(name):
            raise DataError(f'`{name}` is no message type; write `package/msg/Name`.')
        try:
            found |= get_types_from_msg(text, name)
        except (TypesysError, ValueError) as e:
            raise DataError(f'`{name}`: its text is no message definition ({e}).') from e
    for name in found:
        _check_parts(name, found, (name,))
    try:
        typestore().register(found)
    except TypesysError as e:
        raise DataError(f'A type is known already with another definition: {e}') from e


def define_from(definitions: Mapping[str, str]) -> None:
    """The same for the types of a bag, as far as they can be used and are not known yet."""
    for name, text in definitions.items():
        if name not in typestore().fielddefs:
            with suppress(DataError):
                define({name: text})


def _check_parts(name: str, found: Mapping[str, Any], above: tuple[str, ...]) -> None:
    """Refuse a type with parts that nobody knows, or that is a part of itself."""
    for part in _parts(found[name][1]):
        if part in above:
            raise DataError(f'`{part}` is a part of itself; no message can be.')
        if part in found:
            _check_parts(part, found, (*above, part))
        elif part not in typestore().fielddefs:
            raise DataError(f'`{name}` is made of `{part}`; define it under `messages` as well.')


def _parts(fields: Any) -> Iterator[str]:
    """The message types that some fields are made of."""
    for _, (node, detail) in fields:
        kind, inner = detail[0] if node in (Nodetype.ARRAY, Nodetype.SEQUENCE) else (node, detail)
        if kind == Nodetype.NAME:
            yield inner


def own_definitions(ros_type: str) -> dict[str, str]:
    """ROS type -> .msg text of a known type and of what it is made of, standard types apart."""
    store, standard = typestore(), get_typestore(Stores.ROS2_HUMBLE)
    if ros_type in standard.fielddefs or ros_type not in store.fielddefs:
        return {}
    text = store.generate_msgdef(ros_type, ros_version=2)[0].split('=' * 80)[0].strip()
    found = {ros_type: text or '# empty'}
    for part in _parts(store.fielddefs[ros_type][1]):
        found |= own_definitions(part)
    return found


def encode(ros_type: str, fields: Mapping[str, Any] | None = None) -> bytes:
    """Serialise a message from plain values; what is not given is zero or empty.

    Args:
        ros_type: ROS type, e.g. `geometry_msgs/msg/WrenchStamped`.
        fields: Nested mapping of field values. A time may be given in nanoseconds:
            `{'header': {'stamp': 5_000_000_000}, 'temperature': 21.5}`.

    Returns:
        CDR bytes including the four-byte encapsulation header.
    """
    known(ros_type)
    message = _build(ros_type, fields or {})
    return bytes(typestore().serialize_cdr(message, ros_type, little_endian=True))


def encode_step(edge: Edge | str, facts: Facts, stamp_ns: int | None = None) -> bytes:
    """Serialise a step message as a robot program sends it.

    Args:
        edge: `begin` or `end`. facts: Context facts.
        stamp_ns: Time of the edge, nanoseconds; None: the time of arrival counts.
    """
    own = {} if stamp_ns is None else {'stamp_ns': str(stamp_ns)}
    values = [{'key': k, 'value': v} for k, v in {**facts, **own}.items()]
    return encode(STEP, {'name': Edge(edge).value, 'values': values})


def _build(ros_type: str, given: Any) -> Any:
    if ros_type == 'builtin_interfaces/msg/Time' and isinstance(given, int):
        given = {'sec': given // 10**9, 'nanosec': given % 10**9}
    fields = dict(typestore().fielddefs[ros_type][1])
    unknown = set(given) - set(fields)
    if unknown:
        raise DataError(f'`{ros_type}` has no field {sorted(unknown)}; it has {sorted(fields)}.')
    return typestore().types[ros_type](
        **{name: _value(desc, given.get(name)) for name, desc in fields.items()}
    )


def _value(desc: Any, given: Any) -> Any:
    kind, detail = desc
    if kind == Nodetype.NAME:
        return _build(detail, {} if given is None else given)
    if kind == Nodetype.BASE:
        return _scalar(detail[0], given)
    inner, length = detail
    items = [None] * length if given is None and kind == Nodetype.ARRAY else given
    if inner[0] == Nodetype.BASE and inner[1][0] != 'string':
        dtype = np.dtype('uint8' if inner[1][0] in ('byte', 'char') else inner[1][0])
        return np.zeros(len(items or ()), dtype) if given is None else np.asarray(items, dtype)
    return [_value(inner, item) for item in (() if items is None else items)]


def _scalar(base: str, given: Any) -> Any:
    if base == 'string':
        return '' if given is None else str(given)
    if base == 'bool':
        return bool(given)
    return float(given or 0) if base.startswith('float') else int(given or 0)
