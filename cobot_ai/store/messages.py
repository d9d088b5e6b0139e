"""Decoding: serialised messages to numbers, by the field paths of the cell file."""

from __future__ import annotations

from typing import Any

from cobot_ai.app.ports import Eye
from cobot_ai.core.errors import DataError
from cobot_ai.core.message_types import STEP
from cobot_ai.core.samples import Edge, RawBatch, RawMessage, Sample, Samples, StepEvent
from cobot_ai.core.stream_spec import StreamSpec
from cobot_ai.core.types import Facts, Still
from cobot_ai.store.cdr_batch import BatchReader
from cobot_ai.store.fields import Plan, check_paths, decode
from cobot_ai.store.images import to_pixels

STRING = 'std_msgs/msg/String'

__all__ = ['RosbagsDecoder', 'check_paths', 'decode']


class RosbagsDecoder:
    """Decodes messages of the standard packages (port `Decoder`), without ROS.

    Batches are read through `store.cdr`; whatever does not look as expected there goes one by one
    through the general decoder of rosbags, which has the last word on what is damaged.

    Args:
        eye: Looks at camera stills; None: they are not judged.
    """

    def __init__(self, eye: Eye | None = None) -> None:
        self._eye = eye
        self._plans: dict[str, Plan] = {}
        self._batches: dict[str, BatchReader] = {}

    def samples(self, stream: StreamSpec, batch: RawBatch) -> Samples:
        """Decode a batch; what is no message of the stream is left out (see `Samples.rows`).

        Raises:
            DataError: The topic carries another type than the cell file says.
        """
        plan = self._plan(stream)
        _check_type(stream, batch.topic, batch.type)
        reader = self._batches.get(stream.name)
        if reader is None or reader.plan is not plan:
            reader = self._batches[stream.name] = BatchReader(plan)
        return reader.read(batch)

    def still(self, message: RawMessage) -> Still | None:
        """What a camera still looks like in numbers; None without an eye.

        Raises:
            DataError: The message is no picture that can be read.
        """
        if self._eye is None:
            return None
        return self._eye.look(to_pixels(message, self._eye.size))

    def sample(self, stream: StreamSpec, message: RawMessage) -> Sample:
        """Decode one message of a stream by the general decoder.

        A channel that this message does not carry (a joint that is not in its list) is NaN.

        Raises:
            DataError: The bytes are not a message of that type, a field is not there, or the
                message carries none of the stream's channels.
        """
        plan = self._plan(stream)
        _check_type(stream, message.topic, message.type)
        t_ns, values = plan.read(message)
        return Sample(stream.name, t_ns or message.t_ns, values[-1])

    def _plan(self, stream: StreamSpec) -> Plan:
        plan = self._plans.get(stream.name)
        if plan is None or (plan.stream is not stream and plan.stream != stream):
            plan = self._plans[stream.name] = Plan(stream)
        return plan

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

    def facts(self, message: RawMessage, name: str) -> Facts:
        """Decode a message of a context topic: a String sets one fact, a status all of its values.

        Raises:
            DataError: The message is neither.
        """
        decoded: Any = decode(message)
        if message.type == STRING:
            return {name: decoded.data}
        if message.type == STEP:
            return {pair.key: pair.value for pair in decoded.values}
        raise DataError(f'A context message must be {STRING} or {STEP}, not {message.type}.')


def _check_type(stream: StreamSpec, topic: str, ros_type: str) -> None:
    if ros_type != stream.type:
        raise DataError(
            f'Topic {topic} carries {ros_type}, but the cell file says '
            f'{stream.type}; correct `type` of stream `{stream.name}`.'
        )
