"""Messages that are decoded together while nobody waits for their values."""

from __future__ import annotations

from cobot_ai.core.samples import RawBatch

TOGETHER = 1024
TOGETHER_NS = 250_000_000
"""Messages, and time, that are decoded together while nobody waits for them: numpy takes as long
for one message as for fifty."""


class Waiting:
    """Batches per topic, and when it is time to decode them."""

    def __init__(self) -> None:
        self._batches: dict[str, list[RawBatch]] = {}
        self._count = 0

    @property
    def topics(self) -> list[str]:
        """Topics of which messages wait."""
        return list(self._batches)

    def add(self, batch: RawBatch) -> bool:
        """Let a batch wait; True when its topic must be decoded now."""
        waiting = self._batches.get(batch.topic)
        if waiting is None:
            waiting = self._batches[batch.topic] = []
        waiting.append(batch)
        self._count += len(batch.data)
        return batch.t_ns[-1] - waiting[0].t_ns[0] >= TOGETHER_NS or self._count >= TOGETHER

    def take(self, topic: str) -> RawBatch:
        """All messages of a topic that wait, as one batch; they wait no longer."""
        waiting = self._batches.pop(topic)
        batch = waiting[0]
        if len(waiting) > 1:
            times = [t for b in waiting for t in b.t_ns]
            data = [d for b in waiting for d in b.data]
            batch = RawBatch(topic, batch.type, times, data)
        self._count -= len(batch.data)
        return batch
