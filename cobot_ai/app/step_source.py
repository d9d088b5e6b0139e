"""Where steps come from: messages of the robot program, signals, or the passing of time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from cobot_ai.app.ports import Decoder
from cobot_ai.core.errors import DataError
from cobot_ai.core.message_types import STEP
from cobot_ai.core.ring import FUTURE_NS
from cobot_ai.core.samples import Edge, RawBatch, RawMessage, Samples, StepEvent
from cobot_ai.core.spec import CellSpec, Trigger
from cobot_ai.core.steps import Slider, Span, StepTracker
from cobot_ai.core.stream_spec import signal_stream
from cobot_ai.core.triggers import EdgeTrigger, SignalTrigger, ThresholdTrigger
from cobot_ai.core.types import Facts

KEPT_FACTS = 1000
"""Changes of the context that are remembered; a step looks back for the one of its end."""


class StepSource:
    """Gives the spans to be judged, whatever bounds them.

    Args:
        spec: The cell. decoder: Turns bytes into numbers.
        resolve: Full topic name of a name in the cell file.

    Attributes:
        topics: Topics to subscribe to, with their types.
        timed: Time alone may begin or end a step.
        eager: Topics whose values are wanted at once.
        ended: Ends of steps so far, also those that had no begin.
        future: Messages of edges with a stamp too far ahead of their arrival, which counts then.
    """

    def __init__(self, spec: CellSpec, decoder: Decoder, resolve: Callable[[str], str]) -> None:
        self._spec, self._decoder = spec.step, decoder
        self._tracker = StepTracker(spec.step)
        self._slider = Slider(spec.step) if spec.step.trigger is Trigger.SLIDING else None
        self._signals = _signals(spec)
        messages = spec.step.trigger is Trigger.MESSAGE
        self._step_topic = resolve(spec.step.topic) if messages else ''
        self._context_topic = resolve(spec.step.context_topic) if spec.step.context_topic else ''
        self._edges = [
            (resolve(e.topic), signal_stream(i, e)) for i, e in enumerate(spec.step.edges)
        ]
        self._column = _column_of(spec)
        self._context: deque[tuple[int, Facts]] = deque(maxlen=KEPT_FACTS)
        self.damaged = self.ended = self.future = 0

        self.topics = self._topics()
        self.timed = self._slider is not None or self._signals is not None
        watched = self._column[0] if self._column is not None else None
        self.eager = frozenset(resolve(s.topic) for s in spec.streams if s.name == watched)

    def _topics(self) -> dict[str, str]:
        """Topics to subscribe to, with their types."""
        topics = {topic: stream.type for topic, stream in self._edges}
        if self._step_topic:
            topics[self._step_topic] = STEP
        if self._context_topic:
            topics[self._context_topic] = self._spec.context_type
        return topics

    @property
    def latched(self) -> str:
        """The topic whose newest message counts although it was sent long ago; '' if none."""
        return self._context_topic

    @property
    def running(self) -> bool:
        """True between the begin and the end of a step."""
        return self._tracker.running

    @property
    def busy(self) -> bool:
        """True while a begin or end may already be there and is not told yet."""
        return self._signals is not None and self._signals.busy

    @property
    def since_ns(self) -> int | None:
        """From when on a gap in the data is a loss; None: no step runs."""
        return 0 if self._slider is not None else self._tracker.begin_ns

    @property
    def counts(self) -> dict[str, int]:
        """What went wrong around steps, for `~/state`."""
        return {
            'orphans': self._tracker.orphans + self.damaged,
            'skips': self._slider.skips if self._slider is not None else 0,
            'short': self._signals.short if self._signals is not None else 0,
        }

    def take(self, batch: RawBatch) -> Iterator[Span]:
        """Take in messages of one of the topics; spans that step messages complete."""
        for i in range(len(batch.data)):
            message = batch.message(i)
            try:
                if message.topic == self._context_topic:
                    facts = self._decoder.facts(message, self._spec.context_fact)
                    self._context.append((message.t_ns, facts))
                elif message.topic == self._step_topic:
                    yield from self._event(self._decoder.step(message))
                self._edge(message)
            except DataError:
                self.damaged += 1

    def _edge(self, message: RawMessage) -> None:
        ahead = False
        for key, (topic, stream) in enumerate(self._edges):
            if topic == message.topic and self._signals is not None:
                sample = self._decoder.sample(stream, message)
                ahead = 0 < message.t_ns < sample.t_ns - FUTURE_NS
                t_ns = message.t_ns if ahead else sample.t_ns
                self._signals.take(key, t_ns, float(sample.values[0]))
        self.future += ahead

    def samples(self, stream: str, new: Samples) -> None:
        """Take in the samples of a stream, for a threshold on one of its channels."""
        if self._column is None or self._column[0] != stream or self._signals is None:
            return
        values = new.values[:, self._column[1]]
        finite = np.isfinite(values)
        for t_ns, value in zip(new.t_ns[finite].tolist(), values[finite].tolist(), strict=True):
            self._signals.take(0, t_ns, value)

    def advance(self, t_ns: int) -> Iterator[Span]:
        """Spans of signals and sliding windows that ended by `t_ns`, oldest first."""
        if self._signals is not None:
            for event in self._signals.advance(t_ns):
                yield from self._event(event)
        if self._slider is not None:
            for span in self._slider.advance(t_ns):
                self.ended += 1
                yield self._known(span)

    def _event(self, event: StepEvent) -> Iterator[Span]:
        self.ended += event.edge is Edge.END
        span = self._tracker.event(event)
        if span is not None:
            yield self._known(span)

    def _known(self, span: Span) -> Span:
        """The step that just ended; its own facts count most, then those of the context topic."""
        known: Facts = next((f for t, f in reversed(self._context) if t <= span.end_ns), {})
        facts = {**self._spec.facts, **known, **span.facts}
        return replace(span, facts=facts, number=self.ended)

    def clear(self) -> None:
        """The clock jumped: forget what runs; a latched context is said only once and stays."""
        self._tracker.clear()
        if self._slider is not None:
            self._slider.clear()
        if self._signals is not None:
            self._signals.clear()
        if self._context:
            newest = self._context[-1][1]
            self._context.clear()
            self._context.append((0, newest))


def _signals(spec: CellSpec) -> SignalTrigger | None:
    if spec.step.trigger is Trigger.EDGE:
        return EdgeTrigger(spec.step)
    if spec.step.trigger is Trigger.THRESHOLD and spec.step.threshold is not None:
        return ThresholdTrigger(spec.step.threshold)
    return None


def _column_of(spec: CellSpec) -> tuple[str, int] | None:
    """Stream and place of the channel that a threshold watches."""
    if spec.step.threshold is None or spec.step.trigger is not Trigger.THRESHOLD:
        return None
    for stream in spec.streams:
        if spec.step.threshold.channel in stream.channel_names:
            return stream.name, stream.channel_names.index(spec.step.threshold.channel)
    return None
