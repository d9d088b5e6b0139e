"""From serialised messages to windows: rings, steps, and the evidence around each step."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from cobot_ai.app.ports import Decoder
from cobot_ai.core.errors import DataError
from cobot_ai.core.ring import Counts, Ring
from cobot_ai.core.spec import CellSpec, StreamSpec, Trigger
from cobot_ai.core.steps import Slider, Span, StepTracker
from cobot_ai.core.types import RawMessage, Window
from cobot_ai.core.window import cut, reach_ns

MAX_STEP_S = 60.0
"""Longest step that is judged when it is not bounded by `length_s`; of a longer one its end."""
FOREVER_NS = 2**62
SLACK_NS = 10**9
"""How much later than its stamp a message may arrive and still belong to a clip; arrival times
that go back by more mean that the clock was set back."""
MAX_RAW_BYTES = 256 * 2**20
"""Bound of the raw messages kept for clips; the oldest go first."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A step that is ready to be judged: its span, window and raw messages."""

    span: Span
    window: Window
    messages: tuple[RawMessage, ...]


@dataclass(slots=True)
class _Pending:
    span: Span
    since_ns: int


class Observer:
    """Takes in messages in order of arrival and gives back the steps that are complete.

    Args:
        spec: The cell. decoder: Turns bytes into numbers.
        resolve: Full topic name of a name in the cell file.
    """

    def __init__(self, spec: CellSpec, decoder: Decoder, resolve: Callable[[str], str]) -> None:
        self.spec = spec
        self._decoder = decoder
        self._reach_ns = max((max(reach_ns(s)) for s in spec.streams), default=0)
        self._bounds = {resolve(s.topic): reach_ns(s) for s in spec.streams if s.channels}
        span_s = (spec.step.length_s or MAX_STEP_S) + spec.step.settle_s + spec.step.hop_s
        self._keep_ns = round(span_s * 1e9) + 2 * self._reach_ns
        self.rings = {s.name: Ring(s, self._keep_ns / 1e9) for s in spec.streams}
        self._streams = {resolve(s.topic): s for s in spec.streams}
        self.step_topic = resolve(spec.step.topic)
        self._tracker = StepTracker(spec.step)
        self._slider = Slider(spec.step) if spec.step.trigger is Trigger.SLIDING else None
        self._raw: deque[tuple[int, RawMessage]] = deque()
        self._raw_bytes = 0
        self._pending: list[_Pending] = []
        self._still_ns: dict[str, int] = {}
        self._silent: set[str] = set()
        self._dark = False
        self.jumps = self.cut_short = 0
        self._newest_ns = 0

    @property
    def topics(self) -> dict[str, str]:
        """Every topic to subscribe to and its type."""
        topics = {t: s.type for t, s in self._streams.items()}
        if self._slider is None:
            topics[self.step_topic] = 'diagnostic_msgs/msg/DiagnosticStatus'
        return topics

    @property
    def counts(self) -> dict[str, Counts]:
        """What each stream got and did not get."""
        return {name: ring.counts for name, ring in self.rings.items()}

    @property
    def running(self) -> bool:
        """True between the begin and the end of a step."""
        return self._tracker.running

    @property
    def settling(self) -> bool:
        """True while a step that ended waits for its last samples."""
        return bool(self._pending)

    @property
    def steps(self) -> dict[str, int]:
        """What went wrong around steps since the start, for `~/state`."""
        skipped = self._slider.skips if self._slider is not None else 0
        return {
            'orphans': self._tracker.orphans,
            'clock_jumps': self.jumps,
            'cut_short': self.cut_short,
            'skips': skipped,
        }

    def take(self, message: RawMessage, now_ns: int) -> None:
        """Take in one message.

        Args:
            message: The message. now_ns: Monotonic clock, for the settling time.
        """
        self._check_clock(message.t_ns)
        if message.topic == self.step_topic:
            self._step(message, now_ns)
        elif (stream := self._streams.get(message.topic)) is not None:
            self._sample(stream, message)
        self._slide(message.t_ns)

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
        if stamp_ns is not None and self._newest_ns:
            self._slide(stamp_ns)
        done = [p for p in self._pending if self._complete(p, now_ns)]
        self._pending = [p for p in self._pending if p not in done]
        return [c for c in map(self._cut, (p.span for p in done)) if not self._more_of_the_dark(c)]

    def _slide(self, t_ns: int) -> None:
        if self._slider is not None:
            late_ns = t_ns - round(self.spec.step.settle_s * 1e9)
            self._pending += [_Pending(s, 0) for s in self._slider.advance(late_ns)]

    def _more_of_the_dark(self, cut: Cut) -> bool:
        """One silence of all sensors is one case, however many sliding windows it lasts."""
        dark = self._slider is not None and not cut.window.mask.any()
        again, self._dark = dark and self._dark, dark
        return again

    def _step(self, message: RawMessage, now_ns: int) -> None:
        try:
            span = self._tracker.event(self._decoder.step(message))
        except DataError:
            self._tracker.orphans += 1
            return
        self._keep(message.t_ns, message)
        if span is not None:
            self._pending.append(_Pending(self._bounded(span), now_ns))

    def _bounded(self, span: Span) -> Span:
        """A step that began before what is kept is judged, and can be redone, from there on."""
        longest = round((self.spec.step.length_s or MAX_STEP_S) * 1e9)
        if span.end_ns - span.start_ns <= longest:
            return span
        self.cut_short += 1
        return replace(span, start_ns=span.end_ns - longest)

    def _sample(self, stream: StreamSpec, message: RawMessage) -> None:
        ring = self.rings[stream.name]
        if not stream.channels:
            self._still_ns[stream.name] = message.t_ns
            self._keep(message.t_ns, message)
            return
        try:
            sample = self._decoder.sample(stream, message)
        except DataError:
            ring.counts.dropped += 1
            return
        ring.push(sample, 0 if self._slider is not None else self._tracker.begin_ns)
        self._keep(sample.t_ns, message)

    def _keep(self, t_ns: int, message: RawMessage) -> None:
        self._raw.append((t_ns, message))
        self._raw_bytes += len(message.data)
        oldest = message.t_ns - self._keep_ns
        while self._raw and (self._raw[0][0] < oldest or self._raw_bytes > MAX_RAW_BYTES):
            self._raw_bytes -= len(self._raw.popleft()[1].data)

    def _complete(self, pending: _Pending, now_ns: int) -> bool:
        if now_ns - pending.since_ns >= self.spec.step.settle_s * 1e9:
            return True
        waiting = (s for s in self.spec.streams if s.name not in self._silent)
        return all(self._arrived(s, pending.span) for s in waiting)

    def _arrived(self, stream: StreamSpec, span: Span) -> bool:
        if not stream.channels:
            return self._still_ns.get(stream.name, 0) >= span.start_ns
        ring = self.rings[stream.name]
        return ring.newest_ns is not None and ring.newest_ns >= span.end_ns - 1.5 * ring.period_ns

    def _cut(self, span: Span) -> Cut:
        window = cut(
            self.spec.streams, self.rings, span.start_ns, span.end_ns, self.spec.step.samples
        )
        # A sensor that was silent for a whole step is not waited for until it speaks again.
        self._silent = {s.name for s in self.spec.streams if not self._arrived(s, span)}
        return Cut(span, window, self._clip(span))

    def _clip(self, span: Span) -> tuple[RawMessage, ...]:
        """The messages a clip of the span needs, in order of arrival."""
        found: list[RawMessage] = []
        # Looked up by arrival: one stale stamp in between must not end the search.
        oldest = span.start_ns - 2 * self._reach_ns - SLACK_NS
        for t_ns, message in reversed(self._raw):
            if message.t_ns < oldest:
                break
            low, high = self._bounds.get(message.topic, (0, FOREVER_NS))
            # A still has no place on the grid: the one taken right after the step belongs too.
            if span.start_ns - low <= t_ns < span.end_ns + high:
                found.append(message)
        return tuple(reversed(found))

    def _check_clock(self, t_ns: int) -> None:
        """Reset when the clock was set back (sim time paused, looped or restarted)."""
        if t_ns < self._newest_ns - SLACK_NS:
            self.jumps += 1
            for ring in self.rings.values():
                ring.clear()
            self._tracker.clear()
            self._pending.clear()
            self._raw.clear()
            self._raw_bytes = 0
            self._still_ns.clear()
            if self._slider is not None:
                self._slider.clear()
            self._newest_ns = t_ns
        self._newest_ns = max(self._newest_ns, t_ns)


def recut(
    spec: CellSpec,
    decoder: Decoder,
    resolve: Callable[[str], str],
    messages: Sequence[RawMessage],
    start_ns: int,
    end_ns: int,
) -> Window:
    """Make the window of a stored clip again, bit for bit (guarantee G9)."""
    streams = {resolve(s.topic): s for s in spec.streams if s.channels}
    rings = {s.name: Ring(s, _span_s(s, messages)) for s in spec.streams}
    for stream, message in _chosen(streams, messages):
        try:
            rings[stream.name].push(decoder.sample(stream, message))
        except DataError:
            continue
    return cut(spec.streams, rings, start_ns, end_ns, spec.step.samples)


def _chosen(
    streams: dict[str, StreamSpec], messages: Sequence[RawMessage]
) -> Iterable[tuple[StreamSpec, RawMessage]]:
    return ((streams[m.topic], m) for m in messages if m.topic in streams)


def _span_s(stream: StreamSpec, messages: Sequence[RawMessage]) -> float:
    """A ring length that holds every message, whatever its rate."""
    return len(messages) / stream.rate_hz + 1.0
