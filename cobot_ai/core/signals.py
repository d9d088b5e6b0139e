"""Signals that bound a step: edges of digital lines, and a channel beyond a threshold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EdgeSpec:
    """An edge of a digital signal that marks a begin or an end.

    Attributes:
        topic: Topic of the signal. type: ROS type. path: Field with the value.
        on: `rising` or `falling`. marks: `begin` or `end`.
        level: At or above it the signal is high.
        debounce_s: A change counts when it lasted this long, seconds.
    """

    topic: str
    marks: str
    on: str = 'rising'
    type: str = 'std_msgs/msg/Bool'
    path: str = 'data'
    level: float = 0.5
    debounce_s: float = 0.02


@dataclass(frozen=True, slots=True)
class ThresholdSpec:
    """A channel whose excursion is a step.

    Attributes:
        channel: `stream.channel`. on: The step begins at or beyond this value.
        off: It ends at or beyond this one, the other way (`off` above `on`: small values count).
        min_s: Shorter ones are no steps. max_s: Longer ones end here, seconds.
    """

    channel: str
    on: float
    off: float
    min_s: float = 0.0
    max_s: float = 60.0
