"""The streams of a cell file and their channels."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum

from cobot_ai.core.signals import EdgeSpec
from cobot_ai.core.types import Missing, Texts


class Resample(str, Enum):
    """How a channel comes onto the grid of a window."""

    MEAN = 'mean'
    LINEAR = 'linear'
    HOLD = 'hold'
    ANTIALIAS = 'antialias'
    RMS = 'rms'


class TimeFrom(str, Enum):
    """Where the time of a message is taken from."""

    STAMP = 'stamp'
    ARRIVAL = 'arrival'


@dataclass(frozen=True, slots=True)
class ChannelSpec:
    """One scalar series taken from a stream.

    Attributes:
        name: Short name, unique in its stream.
        path: Path into the message: `wrench.force.x`, `effort[2]`, `effort[joint_3]`, `data[0]`;
            `data[:]` or `data[1::3]` for all samples of a block.
        unit: SI unit (REP-103) or `degC`; shown to people, never converted silently.
        missing: What to do when the channel is lost.
        stale_s: Longest gap inside a window that is still bridged, seconds; None: 2.5 periods.
        hold_s: Longest time `hold_last` keeps a value, seconds.
        low: Smallest plausible value. high: Largest plausible value (in `unit`).
        frozen_s: A value that does not change for this long counts as frozen; inf: never.
        resample: Mean per grid bin, interpolated, last value, low-passed, or RMS per bin.
        band: Frequencies in hertz (low, high) that `rms` is taken of; empty: all.
        text: Plant's names of the sensor per language.
    """

    name: str
    path: str
    unit: str = ''
    missing: Missing = Missing.ASK
    stale_s: float | None = None
    hold_s: float = 5.0
    low: float = -math.inf
    high: float = math.inf
    frozen_s: float = math.inf
    resample: Resample = Resample.MEAN
    band: tuple[float, ...] = ()
    text: Texts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """One subscribed topic.

    Attributes:
        name: Stream name. topic: Relative topic name. type: ROS type.
        rate_hz: Rated message rate, hertz (> 0).
        channels: Its channels; empty for a camera still (evidence only).
        block_hz: Rate of the samples inside a message that carries many; None: one per message.
        slack_s: How far its stamps may be out of order, seconds: a step waits that much longer.
        stall_s: Longest stall of this computer no message may be lost in, seconds; None: the
            parameter `stall_s`.
        only_in_steps: It speaks while a step runs only; its silence between steps is no fault.
        time_from: Its header stamp, or its arrival where that stamp is of another clock.
    """

    name: str
    topic: str
    type: str
    rate_hz: float
    channels: tuple[ChannelSpec, ...] = ()
    block_hz: float | None = None
    slack_s: float = 0.0
    stall_s: float | None = None
    only_in_steps: bool = False
    time_from: TimeFrom = TimeFrom.STAMP

    @property
    def sample_hz(self) -> float:
        """Rated rate of the samples, hertz."""
        return self.block_hz or self.rate_hz

    @property
    def channel_names(self) -> tuple[str, ...]:
        """Full channel names, `stream.channel`."""
        return tuple(f'{self.name}.{c.name}' for c in self.channels)


def signal_stream(i: int, edge: EdgeSpec) -> StreamSpec:
    """The signal of an edge as a stream of one channel, which a decoder understands."""
    return StreamSpec(f'edge {i}', edge.topic, edge.type, 1.0, (ChannelSpec('value', edge.path),))
