"""What comes in: serialised messages, the numbers they carry, and steps that begin and end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from cobot_ai.core.types import Doubles, Facts, Stamps


class RawMessage(NamedTuple):
    """One serialised ROS message as it came from a topic or a bag.

    Attributes:
        topic: Fully resolved topic name, e.g. `/cell_1/wrench`.
        type: ROS type, e.g. `geometry_msgs/msg/WrenchStamped`.
        t_ns: Arrival time on the node's clock (bag: log time), nanoseconds.
        data: CDR bytes including the four-byte encapsulation header.
    """

    topic: str
    type: str
    t_ns: int
    data: bytes


@dataclass(frozen=True, slots=True)
class RawBatch:
    """Messages of one topic that were read together, in order of arrival.

    Attributes:
        topic: Fully resolved topic name. type: ROS type.
        t_ns: Arrival of each message, nanoseconds. data: CDR bytes of each message.
        lost: Messages that publication sequence numbers say were sent and never came.
    """

    topic: str
    type: str
    t_ns: Sequence[int]
    data: Sequence[bytes]
    lost: int = 0

    @staticmethod
    def of(message: RawMessage) -> RawBatch:
        """A batch of one."""
        return RawBatch(message.topic, message.type, (message.t_ns,), (message.data,))

    def message(self, i: int) -> RawMessage:
        """One message of the batch."""
        return RawMessage(self.topic, self.type, self.t_ns[i], self.data[i])


@dataclass(frozen=True, slots=True)
class Samples:
    """The numbers that a batch of messages carries for one stream.

    Attributes:
        t_ns: int64 [sample] stamps.
        values: float64 [sample, channel]; may hold NaN or Inf.
        spans: int64 [message, 2] first and last stamp in each decoded message.
        rows: int64 [message] its place in the batch; what is not named could not be decoded.
        stamped: The stamps come from the messages, not from their arrival.
        sizes: int64 [message] samples in each message; None: one in each.
    """

    t_ns: Stamps
    values: Doubles
    spans: Stamps
    rows: Stamps
    stamped: bool = False
    sizes: Stamps | None = None


def as_spans(t_ns: Stamps) -> Stamps:
    """Spans int64 [message, 2] of messages with one stamp each."""
    return t_ns.repeat(2).reshape(-1, 2)


@dataclass(frozen=True, slots=True)
class Sample:
    """The numbers one message carries for one stream.

    Attributes:
        stream: Stream name of the cell file.
        t_ns: Header stamp where there is one, else arrival time, nanoseconds.
        values: float64 [channel] in the order of the stream's channels; may hold NaN or Inf.
    """

    stream: str
    t_ns: int
    values: Doubles


class Edge(str, Enum):
    """Which end of a step a step message marks."""

    BEGIN = 'begin'
    END = 'end'


@dataclass(frozen=True, slots=True)
class StepEvent:
    """A robot program says that a step begins or ends at `t_ns`, with the facts it knows."""

    edge: Edge
    t_ns: int
    facts: Facts


def together(
    rows: Iterable[tuple[str, str, int, bytes]], alone: str, until: Callable[[int], int]
) -> Iterator[list[RawBatch]]:
    """Messages that are read together, a batch for each topic, the topic that came first first.

    Args:
        rows: Messages (topic, type, time, data) in order of time.
        alone: Topic whose messages end what came before them, and stand for themselves.
        until: Time of the first message of a group -> when the group is over, nanoseconds; called
            after the group before was taken.
    """
    read: dict[str, tuple[str, list[int], list[bytes]]] = {}
    end = -1
    for topic, kind, t_ns, data in rows:
        if t_ns >= end or topic == alone:
            if read:
                yield _batches(read)
                read = {}
            end = until(t_ns)
        batch = read.get(topic)
        if batch is None:
            batch = read[topic] = (kind, [], [])
        batch[1].append(t_ns)
        batch[2].append(data)
        if topic == alone:
            end = t_ns
    if read:
        yield _batches(read)


def _batches(read: dict[str, tuple[str, list[int], list[bytes]]]) -> list[RawBatch]:
    return [RawBatch(topic, kind, times, data) for topic, (kind, times, data) in read.items()]
