"""Parameters of the nodes: one row makes the declaration, the descriptor and the reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, ParameterDescriptor
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException

from cobot_ai.core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter. `low` and `high` bound a number; all are read-only while the node runs."""

    name: str
    default: bool | int | float | str
    text: str
    low: float | None = None
    high: float | None = None


COMMON = (
    Param('cell', '', 'Cell file, or the name of a shipped one.'),
    Param('data_dir', '', "The cell's folder for ledger, models and clips; '' for the default."),
)
MONITOR = (
    *COMMON,
    Param('autostart', True, 'Configure and activate by itself.'),
    Param('shadow', True, 'Advise only: never call the hold and resume services.'),
    Param('stall_s', 1.0, 'Longest stall no sample may be lost in, stream seconds.', 0.1, 60.0),
    Param('fifo_priority', 0, 'Real-time priority (SCHED_FIFO) of ingest; 0: none.'),
    Param('drain_period_s', 0.005, 'How often streams are read, seconds.', 0.001, 0.1),
)
TRAINER = (
    *COMMON,
    Param('poll_period_s', 0.5, 'How often new labels are looked for, seconds.', 0.05, 60.0),
    Param('sched_idle', False, 'Train only when nothing else wants the processor (SCHED_IDLE).'),
    Param('nice', 19, 'Added to the process priority (19 is the lowest).'),
)
CONSOLE = (
    *COMMON,
    Param('web_host', '127.0.0.1', 'Address the page is served on; a login is needed beyond it.'),
    Param('web_port', 8080, 'Port of the page; 0 takes a free one.'),
)


def declare(node: Any, table: tuple[Param, ...]) -> dict[str, Any]:
    """Declare all parameters of a table and return their values.

    Raises:
        ConfigError: A value has another type than its default, or is out of its range.
    """
    values = {}
    for row in table:
        descriptor = ParameterDescriptor(description=row.text, read_only=True)
        if row.low is not None and row.high is not None:
            bounds = FloatingPointRange(from_value=row.low, to_value=row.high, step=0.0)
            descriptor.floating_point_range = [bounds]
        try:
            values[row.name] = node.declare_parameter(row.name, row.default, descriptor).value
        except (InvalidParameterTypeException, InvalidParameterValueException) as e:
            raise ConfigError(f'The parameter "{row.name}" cannot be used: {e}.') from e
    return values
