"""From serialised messages to windows: rings, steps, and the evidence around each step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from cobot_ai.app.kept import Clip, Kept
from cobot_ai.app.ports import Decoder
from cobot_ai.app.recut import MAX_STEP_S, still_topic, with_still
from cobot_ai.app.step_source import StepSource
from cobot_ai.app.waiting import TOGETHER_NS, Waiting
from cobot_ai.core.arrivals import SLACK_NS, Arrivals
from cobot_ai.core.errors import DataError
from cobot_ai.core.ring import Counts, Ring, grown, restamp
from cobot_ai.core.samples import RawBatch, RawMessage
from cobot_ai.core.spec import CellSpec, Trigger
from cobot_ai.core.steps import Place, Span
from cobot_ai.core.stream_spec import StreamSpec
from cobot_ai.core.types import Window, to_plain
from cobot_ai.core.window import cut, reach_ns


@dataclass(frozen=True, slots=True)
class Cut:
    """A step that is ready to be judged.

    Attributes:
        span: Where it lies. window: Its data. messages: Its evidence.
        ingest: What was lost, late, dropped ... per stream since the case before.
    """

    span: Span
    window: Window
    messages: Clip
    ingest: dict[str, dict[str, int]]


@dataclass(slots=True)
class _Pending:
    span: Span
    since_ns: int


class Observer:
    """Takes in messages in order of arrival and gives back the steps that are complete.

    Args:
        spec: The cell. decoder: Turns bytes into numbers.
        resolve: Full topic name of a name in the cell file.

    Attributes:
        eager: Topics that are decoded at once, because something waits for their values.
    """

    def __init__(self, spec: CellSpec, decoder: Decoder, resolve: Callable[[str], str]) -> None:
        self.spec = spec
        self._decoder = decoder
        reach = max((reach_ns(s) for s in spec.streams), default=0)
        span_s = (spec.step.length_s or MAX_STEP_S) + spec.step.settle_s + spec.step.hop_s
        # What is read together, and late, must not push out what a window still needs.
        keep_ns = round(span_s * 1e9) + 2 * reach + TOGETHER_NS + SLACK_NS
        self.rings = {s.name: Ring(s, keep_ns / 1e9) for s in spec.streams}
        self._streams = {resolve(s.topic): s for s in spec.streams}
        self.step_topic = resolve(spec.step.topic)
        self._source = StepSource(spec, decoder, resolve)
        self._sliding = spec.step.trigger is Trigger.SLIDING
        bounds = {resolve(s.topic): reach_ns(s) for s in spec.streams if s.channels}
        self._kept = Kept(bounds, keep_ns)
        self._pending: list[_Pending] = []
        self._waiting = Waiting()
        self.eager = self._source.eager
        self._still_ns: dict[str, int] = {}
        self._still_topic = still_topic(spec, resolve)
        self._silent: set[str] = set()
        self._dark = False
        self._end_ns = 2**63 - 1  # a live cell has no end
        self._failed, self._repeats = list[Exception](), list[int]()
        self.jumps = self.cut_short = 0
        self._arrivals = Arrivals()
        self._step_counts = Counts()
        self._told = self._troubles()

    @property
    def topics(self) -> dict[str, str]:
        """Every topic to subscribe to and its type."""
        return {t: s.type for t, s in self._streams.items()} | self._source.topics

    @property
    def latched(self) -> str:
        """The topic whose last message counts although it was sent long ago; '' if none."""
        return self._source.latched

    @property
    def place(self) -> Place:
        """Where the robot program is."""
        source = self._source
        return Place(source.ended, source.running, source.busy, bool(self._pending) or source.busy)

    @property
    def counts(self) -> dict[str, Counts]:
        """What each stream got and did not get."""
        self._decode_all()
        return {name: ring.counts for name, ring in self.rings.items()}

    @property
    def steps(self) -> dict[str, int]:
        """What went wrong around steps since the start, for `~/state`."""
        return {
            **self._source.counts,
            'clock_jumps': self.jumps,
            'cut_short': self.cut_short,
            'future': self._source.future,
            'lost': self._step_counts.lost,
            'mismatch': self._step_counts.mismatch,
        }

    def reported(self, topic: str, mismatch: int, lost_events: int) -> None:
        """What the middleware says about a topic since the last call (see `Counts`)."""
        counts = self._counts_of(topic)
        counts.mismatch += mismatch
        counts.lost_events += lost_events

    def _counts_of(self, topic: str) -> Counts:
        stream = self._streams.get(topic)
        return self._step_counts if stream is None else self.rings[stream.name].counts

    def take(self, message: RawMessage, now_ns: int) -> None:
        """Take in one message; see `take_batch`."""
        self.take_batch(RawBatch.of(message), now_ns)

    def take_batch(self, batch: RawBatch, now_ns: int) -> None:
        """Take in messages of one topic that were read together.

        Args:
            batch: The messages. now_ns: Monotonic clock, for the settling time.
        """
        if batch.lost:
            self._counts_of(batch.topic).lost += batch.lost
        if not batch.data:
            return
        if self._arrivals.jumped(batch.t_ns[-1], now_ns):
            self._start_anew()
        if batch.topic in self._source.topics:
            self._decode_all()
            spans = list(self._source.take(batch))
            self._step_counts.future = self._source.future
            self._pending += [_Pending(self._bounded(span), now_ns) for span in spans]
        if batch.topic in self._streams:
            if self._waiting.add(batch) or batch.topic in self.eager:
                self._decode(batch.topic)
        elif batch.topic in self._source.topics:
            self._kept.add(batch)
        if self._source.timed:
            self._advance(batch.t_ns[0])
            self._advance(batch.t_ns[-1])

    def _decode_all(self) -> None:
        for topic in self._waiting.topics:
            self._decode(topic)

    def _decode(self, topic: str) -> None:
        self._samples(self._streams[topic], self._waiting.take(topic))

    def next_change_ns(self) -> int | None:
        """Monotonic time at which a waiting step is judged whatever came; None when none."""
        settle = round(self.spec.step.settle_s * 1e9)
        return min((p.since_ns + settle for p in self._pending), default=None)

    def ready(self, now_ns: int, stamp_ns: int | None = None) -> list[Cut]:
        """Steps whose samples are complete, or whose settling time is over, oldest first.

        Args:
            now_ns: Monotonic clock.
            stamp_ns: Stamp clock; sliding windows go on with it when every sensor is silent.
        """
        if stamp_ns is not None and self._arrivals.newest_ns:
            self._advance(min(stamp_ns, self._end_ns))
        if not self._pending:
            return []
        self._decode_all()
        done = [p for p in self._pending if self._complete(p, now_ns)]
        self._pending = [p for p in self._pending if p not in done]
        cuts = [cut for p in done if (cut := self._tried(p.span)) is not None]
        return [c for c in cuts if not self._more_of_the_dark(c)]

    def finish(self, stamp_ns: int) -> None:
        """The recording ends here: what comes after it is no silence of the sensors."""
        self._end_ns = stamp_ns + round(self.spec.step.settle_s * 1e9)

    def failures(self) -> list[Exception]:
        """Why steps could not be cut since the last call; each is given once."""
        failed, self._failed = self._failed, []
        return failed

    def repeats(self) -> list[int]:
        """Numbers of windows left out since the last call: the same silence as the one before."""
        repeats, self._repeats = self._repeats, []
        return repeats

    def _tried(self, span: Span) -> Cut | None:
        """One step that cannot be cut must not cost the others of the same turn."""
        try:
            return self._cut(span)
        except Exception as e:
            self._failed.append(e)
            return None

    def mark(self, span: Span, now_ns: int) -> None:
        """A step that neither messages nor signals bound: somebody else knows where it lies."""
        self._pending.append(_Pending(self._bounded(span), now_ns))

    def _advance(self, t_ns: int) -> None:
        """Signals and windows are looked at once late samples had time to come."""
        late_ns = t_ns - round(self.spec.step.settle_s * 1e9)
        self._pending += [_Pending(self._bounded(s), 0) for s in self._source.advance(late_ns)]

    def look_again(self) -> None:
        """A person let the process go on: the same silence from now on is a case of its own."""
        self._dark = False

    def _more_of_the_dark(self, cut: Cut) -> bool:
        """One silence of all sensors is one case, however many sliding windows it lasts."""
        dark = self._sliding and not cut.window.mask.any()
        again, self._dark = dark and self._dark, dark
        self._repeats += [cut.span.number] * again
        return again

    def _bounded(self, span: Span) -> Span:
        """A step that began before what is kept is judged, and can be redone, from there on."""
        longest = round((self.spec.step.length_s or MAX_STEP_S) * 1e9)
        if span.end_ns - span.start_ns <= longest:
            return span
        self.cut_short += 1
        return replace(span, start_ns=span.end_ns - longest)

    def _samples(self, stream: StreamSpec, batch: RawBatch) -> None:
        ring = self.rings[stream.name]
        if not stream.channels:
            self._still_ns[stream.name] = batch.t_ns[-1]
            ring.counts.received += len(batch.data)
            self._kept.add(batch)
            return
        try:
            new = self._decoder.samples(stream, batch)
        except DataError:
            ring.counts.dropped += len(batch.data)
            return
        ring.counts.dropped += len(batch.data) - len(new.rows)
        new, future = restamp(new, np.array(batch.t_ns, np.int64)[new.rows])
        ring.counts.future += future
        ring.extend(new, self._source.since_ns)
        self._source.samples(stream.name, new)
        self._kept.add(batch, new)

    def _complete(self, pending: _Pending, now_ns: int) -> bool:
        if now_ns - pending.since_ns >= self.spec.step.settle_s * 1e9:
            return True
        waiting = (s for s in self.spec.streams if s.name not in self._silent)
        return all(self._arrived(s, pending.span) for s in waiting)

    def _arrived(self, stream: StreamSpec, span: Span) -> bool:
        """The next sample of this stream will lie beyond the span, as far as its rate tells."""
        if not stream.channels:
            return self._still_ns.get(stream.name, 0) >= span.start_ns
        newest = self.rings[stream.name].newest_ns
        next_ns = 0.75e9 / stream.sample_hz - stream.slack_s * 1e9
        return newest is not None and newest + next_ns >= span.end_ns

    def _cut(self, span: Span) -> Cut:
        window = cut(
            self.spec.streams, self.rings, span.start_ns, span.end_ns, self.spec.step.samples
        )
        # A sensor that was silent for a whole step is not waited for until it speaks again.
        self._silent = {s.name for s in self.spec.streams if not self._arrived(s, span)}
        clip = self._kept.clip(span)
        if self._still_topic:
            window = with_still(window, self._decoder, clip.of(self._still_topic))
        return Cut(span, window, clip, self._new_troubles(clip))

    def _troubles(self) -> dict[str, dict[str, int]]:
        counts = {**self.counts, 'step': self._step_counts}
        bad = {name: {**to_plain(c), 'received': 0} for name, c in counts.items()}
        return {**bad, 'clock': {'jumps': self.jumps}}

    def _new_troubles(self, clip: Clip) -> dict[str, dict[str, int]]:
        """What went wrong with each stream since the case before."""
        before, self._told = self._told, self._troubles()
        return grown(before, self._told) | ({'clip': {'cut': 1}} if clip.cut else {})

    def _start_anew(self) -> None:
        """The clock was set: nothing of before goes on."""
        self._decode_all()
        self.jumps += 1
        for ring in self.rings.values():
            ring.clear()
        self._source.clear()
        self._pending.clear()
        self._kept.clear()
        self._still_ns.clear()
