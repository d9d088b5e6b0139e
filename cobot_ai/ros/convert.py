"""The only file that touches message fields of what we publish (a typed package can replace it).

JSON documents travel as `diagnostic_msgs/DiagnosticArray`: one status, one key/value per fact,
nested facts under dotted keys, values as JSON scalars (texts bare where that is unambiguous).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from cobot_ai.app.health import Health
from cobot_ai.app.ports import Entry
from cobot_ai.core.errors import DataError
from cobot_ai.core.types import Json

MAX_FACTS = 4000
_PLAIN = {None: 'null', True: 'true', False: 'false'}
_JSON = tuple(' \t\n\r"[{-0123456789tfnNI')
"""What a text that could be taken for JSON begins with."""
_to_json = json.JSONEncoder(ensure_ascii=False).encode
LEVELS = {
    'fault': DiagnosticStatus.ERROR,
    'ask': DiagnosticStatus.WARN,
    'hold': DiagnosticStatus.WARN,
}


def to_array(kind: str, body: Mapping[str, Any], stamp: Any, cell: str = '') -> DiagnosticArray:
    """A JSON document as a message.

    Args:
        kind: What it is; becomes the status name. body: The document.
        stamp: `builtin_interfaces/Time`. cell: Cell name; becomes the hardware id.
    """
    status = DiagnosticStatus(
        level=LEVELS.get(kind, DiagnosticStatus.OK),
        name=kind,
        hardware_id=cell,
        values=[KeyValue(key=k, value=_scalar(v)) for k, v in _flat('', body)],
    )
    message = DiagnosticArray(status=[status])
    message.header.stamp = stamp
    return message


def health_to_array(found: Sequence[Health], stamp: Any, cell: str) -> DiagnosticArray:
    """Health as tools such as rqt_robot_monitor and diagnostic_aggregator expect it."""
    message = DiagnosticArray(status=[_health(h, cell) for h in found])
    message.header.stamp = stamp
    return message


def _health(health: Health, cell: str) -> DiagnosticStatus:
    return DiagnosticStatus(
        level=bytes([health.level]),
        name=f'cobot_ai {cell}: {health.name}',
        message=health.message,
        hardware_id=cell,
        values=[KeyValue(key=k, value=_scalar(v)) for k, v in _flat('', health.values)],
    )


def entry_to_array(entry: Entry, stamp: Any, cell: str) -> DiagnosticArray:
    """A ledger entry as a message, with its place in the ledger."""
    numbers = {'seq': entry.seq, 'case': entry.case, 't_ns': entry.t_ns}
    return to_array(entry.kind, {**entry.body, **numbers}, stamp, cell)


def from_array(message: DiagnosticArray) -> tuple[str, Json]:
    """The kind and document of a message.

    Raises:
        DataError: The message does not hold exactly one status of a sane size.
    """
    if len(message.status) != 1 or len(message.status[0].values) > MAX_FACTS:
        raise DataError('The message does not hold one document.')
    status = message.status[0]
    document: Json = {}
    for pair in status.values:
        *path, last = pair.key.split('.')
        place = document
        for part in path:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise DataError(f'The key {pair.key} contradicts another one.')
        place[last] = _parsed(pair.value)
    return status.name, document


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            name = str(key).replace('.', '_')
            yield from _flat(f'{prefix}.{name}' if prefix else name, inner)
    elif prefix:
        yield prefix, value


def _scalar(value: Any) -> str:
    kind = type(value)
    if kind is int:  # most of them; the general way takes ten times as long
        return str(value)
    if kind is not str:
        return _PLAIN[value] if value is None or kind is bool else _to_json(value)
    if not value.startswith(_JSON):
        return str(value)
    try:
        json.loads(value)
    except ValueError:
        return str(value)
    return json.dumps(value)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # not JSON, or nested to do harm
        return text
