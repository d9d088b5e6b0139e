"""The window of a case made again from its stored messages, bit for bit (guarantee G9)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from cobot_ai.app.ports import Decoder
from cobot_ai.core.errors import DataError
from cobot_ai.core.ring import Ring, restamp
from cobot_ai.core.samples import RawBatch, RawMessage
from cobot_ai.core.spec import CellSpec
from cobot_ai.core.stream_spec import StreamSpec
from cobot_ai.core.types import Window
from cobot_ai.core.window import cut

MAX_STEP_S = 60.0
"""Longest step that is judged when it is not bounded by `length_s`; of a longer one its end."""


def recut(
    spec: CellSpec,
    decoder: Decoder,
    resolve: Callable[[str], str],
    messages: Sequence[RawMessage],
    start_ns: int,
    end_ns: int,
) -> Window:
    """Make the window of a stored clip again, bit for bit (guarantee G9)."""
    by_topic: dict[str, list[RawMessage]] = {}
    for message in messages:
        by_topic.setdefault(message.topic, []).append(message)
    rings = {}
    for stream in spec.streams:
        mine = by_topic.get(resolve(stream.topic), []) if stream.channels else []
        rings[stream.name] = _refilled(stream, decoder, mine)
    window = cut(spec.streams, rings, start_ns, end_ns, spec.step.samples)
    return with_still(window, decoder, by_topic.get(still_topic(spec, resolve), []))


def still_topic(spec: CellSpec, resolve: Callable[[str], str]) -> str:
    """Topic of the camera whose stills are judged; empty when there is none."""
    return next((resolve(s.topic) for s in spec.streams if s.name == spec.model.still), '')


def with_still(window: Window, decoder: Decoder, stills: Sequence[RawMessage]) -> Window:
    """The window with what its newest still looks like; one that cannot be read is missing."""
    try:
        return replace(window, still=decoder.still(stills[-1])) if stills else window
    except DataError:
        return window


def _refilled(stream: StreamSpec, decoder: Decoder, messages: Sequence[RawMessage]) -> Ring:
    """A ring that holds all of these messages."""
    if not messages:
        return Ring(stream, 1.0)
    arrival, data = [m.t_ns for m in messages], [m.data for m in messages]
    new = decoder.samples(stream, RawBatch(messages[0].topic, messages[0].type, arrival, data))
    new, _ = restamp(new, np.array(arrival, np.int64)[new.rows])
    long_s = float(np.ptp(new.t_ns)) / 1e9 if len(new.t_ns) else 0.0
    ring = Ring(stream, min(long_s, 2 * MAX_STEP_S) + 1.0)
    ring.extend(new)
    return ring
