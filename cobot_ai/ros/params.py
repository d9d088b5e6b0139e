"""Parameters of the nodes: one row makes the declaration, the descriptor and the reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException

from cobot_ai.core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter. `low` and `high` bound a number.

    `tunes` names the number of the cell file that it sets while the node runs; without it the
    parameter is read-only.
    """

    name: str
    default: bool | int | float | str
    text: str
    low: float | None = None
    high: float | None = None
    tunes: str = ''


COMMON = (
    Param('cell', '', 'Cell file, or the name of a shipped one.'),
    Param('data_dir', '', "The cell's folder for ledger, models and clips; '' for the default."),
)
MONITOR = (
    *COMMON,
    Param('autostart', True, 'Configure and activate by itself.'),
    Param('shadow', True, 'Advise only: never call the hold and resume services.'),
    Param('stall_s', 1.0, 'Longest stall no sample may be lost in, stream seconds.', 0.1, 60.0),
    Param('fifo_priority', 0, 'Real-time priority (SCHED_FIFO) of ingest; 0: none.', 0, 99),
    Param('drain_period_s', 0.02, 'How often streams are read, seconds.', 0.001, 0.05),
)
AS_DECLARED = -1.0
"""A tuned number as the cell file says; set while the node runs, it undoes what was tuned."""
TUNED = (
    Param('deadline_s', -1.0, 'Time to answer, seconds.', -1.0, 86400.0, 'question.deadline_s'),
    Param('undo_s', -1.0, 'Time to take an answer back, seconds.', -1.0, 600.0, 'question.undo_s'),
    Param('budget_warn', -1.0, 'Questions per hour wanted.', -1.0, 3600.0, 'budget.warn'),
    Param('budget_hard', -1.0, 'Questions per hour at most.', -1.0, 3600.0, 'budget.hard'),
    Param('quiet_s', -1.0, 'Calm before an offer, seconds.', -1.0, 86400.0, 'budget.quiet_s'),
)
"""Set while the node runs: atomically, with an entry in the ledger. -1: as the cell file says."""
TRAINER = (
    *COMMON,
    Param('poll_period_s', 0.5, 'How often new labels are looked for, seconds.', 0.05, 60.0),
    Param('sched_idle', False, 'Train only when nothing else wants the processor (SCHED_IDLE).'),
    Param('nice', 19, 'Added to the process priority (19 is the lowest).', 0, 19),
)
CONSOLE = (
    *COMMON,
    Param('web_host', '127.0.0.1', 'Address the page is served on; a login is needed beyond it.'),
    Param('web_port', 8080, 'Port of the page; 0 takes a free one.', 0, 65535),
)


def tuned(table: tuple[Param, ...], values: Mapping[str, Any]) -> dict[str, float | None]:
    """The numbers of the cell that these parameter values set; None: as the cell file says."""
    rows = {row.name: row.tunes for row in table if row.tunes}
    return {
        rows[name]: None if value == AS_DECLARED else float(value)
        for name, value in values.items()
        if name in rows
    }


def declare(node: Any, table: tuple[Param, ...]) -> dict[str, Any]:
    """Declare all parameters of a table and return their values.

    Raises:
        ConfigError: A value has another type than its default, or is out of its range.
    """
    values = {}
    for row in table:
        descriptor = ParameterDescriptor(description=row.text, read_only=not row.tunes)
        _bound(descriptor, row)
        try:
            values[row.name] = node.declare_parameter(row.name, row.default, descriptor).value
        except (InvalidParameterTypeException, InvalidParameterValueException) as e:
            raise ConfigError(f'The parameter "{row.name}" cannot be used: {e}.') from e
    return values


def _bound(descriptor: ParameterDescriptor, row: Param) -> None:
    if row.low is None or row.high is None:
        return
    if isinstance(row.default, int):
        low, high = int(row.low), int(row.high)
        descriptor.integer_range = [IntegerRange(from_value=low, to_value=high, step=1)]
    else:
        bounds = FloatingPointRange(from_value=row.low, to_value=row.high, step=0.0)
        descriptor.floating_point_range = [bounds]
