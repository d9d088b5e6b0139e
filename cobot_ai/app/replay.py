"""Replay a bag through the same use cases, with the bag's clock and a scripted operator."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from cobot_ai.app.authority import Authority
from cobot_ai.app.model_ports import Registry, Scorer, ScorerLoader
from cobot_ai.app.operator import ScriptedOperator
from cobot_ai.app.ports import ClipStore, Entry
from cobot_ai.app.robot import Guard
from cobot_ai.core.manifest import Manifest
from cobot_ai.core.motion import Told
from cobot_ai.core.newest import put_newest
from cobot_ai.core.samples import RawBatch, RawMessage, together
from cobot_ai.core.types import Json

READ_NS = 100_000_000
"""Bag time whose messages are read together."""
SETTLING_READ_NS = 5_000_000
"""The same while a step waits for its last samples, and where the bag's own pace is kept."""
RECENT = 3
"""Versions (live, the one before, candidate) and clips kept in memory."""


class BagClock:
    """Both clocks of a replay: the bag's time, moved on by the replay."""

    def __init__(self) -> None:
        self.t_ns = 0

    def now_ns(self) -> int:
        """Bag time, nanoseconds."""
        return self.t_ns

    def monotonic_ns(self) -> int:
        """Bag time as well: a deadline of 60 s is 60 s of the recording."""
        return self.t_ns

    def wall_ns(self) -> int:
        """Bag time as well."""
        return self.t_ns

    def advance(self, t_ns: int) -> None:
        """Move on; never back."""
        self.t_ns = max(self.t_ns, t_ns)


class Tape:
    """Outbox of a replay: keeps nothing but tells listeners of every entry."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[Entry], None]] = []

    def publish(self, entry: Entry) -> None:
        """Tell all listeners."""
        for listener in self.listeners:
            listener(entry)

    def reply(self, key: str, body: Json) -> None:
        """Nobody waits for replies in a replay."""


class NoGuard(Guard):
    """Shadow mode: nothing is held or resumed, nothing is called, and nothing is claimed."""

    stopped = ''

    def listen(self, stopped: Callable[[str], None], recalled: str) -> None:
        """Nothing is watched."""

    def hold(self, case: int, told: Told) -> None:
        """Advise only."""

    def resume(self, case: int, person: bool, told: Told) -> None:
        """Advise only."""

    def status(self) -> Json:
        """That it is shadow mode."""
        return {'recipe': 'none', 'phase': 'shadow'}

    def poll(self) -> None:
        """Nothing runs."""

    def close(self) -> None:
        """Nothing is open."""


class DirectClips:
    """Clip sink that writes at once, so that a replay is the same every time.

    The newest clips are read from memory: most labels come right after their case.
    """

    def __init__(self, store: ClipStore) -> None:
        self._store = store
        self._newest: dict[int, Sequence[RawMessage]] = {}
        self.stored: Callable[[int, str, str], None] = lambda case, sha256, kept: None

    def save(self, case: int, messages: Sequence[RawMessage], kept: str) -> None:
        """Write and report."""
        sha256 = self._store.write(case, messages, kept)
        put_newest(self._newest, case, messages, RECENT)
        self.stored(case, sha256, kept)

    def read(self, case: int) -> list[RawMessage]:
        """A case's messages.

        Raises:
            DataError: There is no clip for this case, or nothing of it can be read.
        """
        newest = self._newest.get(case)
        return self._store.read(case) if newest is None else list(newest)

    def keep(self, case: int, kept: str) -> None:
        """Change the retention class."""
        self._store.keep(case, kept)


class Recent(Registry):
    """The registry of a replay: nobody else writes to it, so nothing is read or opened twice.

    Args:
        stored: Where the versions are. loader: Opens one.
    """

    def __init__(self, stored: Registry, loader: ScorerLoader) -> None:
        self._stored, self._loader = stored, loader
        self._live = stored.current()
        self._versions: dict[str, tuple[bytes, Manifest]] = {}
        self._opened: list[tuple[Manifest, Scorer]] = []

    def put(self, blob: bytes, manifest: Manifest) -> str:
        """Store a version, and remember it."""
        digest = self._stored.put(blob, manifest)
        put_newest(self._versions, digest, (blob, manifest), RECENT)
        return digest

    def get(self, digest: str) -> tuple[bytes, Manifest]:
        """A version; a recent one from memory."""
        return self._versions.get(digest) or self._stored.get(digest)

    def load(self, blob: bytes, manifest: Manifest) -> Scorer:
        """Open a version, one of those opened last only once."""
        for known, scorer in self._opened:
            if known is manifest:
                return scorer
        scorer = self._loader(blob, manifest)
        self._opened = [*self._opened, (manifest, scorer)][-RECENT:]
        return scorer

    def current(self) -> str | None:
        """Digest of the live version."""
        return self._live

    def promote(self, digest: str) -> None:
        """Make a version live."""
        self._stored.promote(digest)
        self._live = digest

    def versions(self) -> list[str]:
        """Digests of all stored versions, oldest first."""
        return self._stored.versions()

    def forget(self, digest: str) -> None:
        """Delete a version."""
        self._stored.forget(digest)


@dataclass(slots=True)
class Replay:
    """Drives an authority from recorded messages.

    Attributes:
        authority: The cell under replay. clock: Its clock. operator: Answers; None: nobody does.
        train: Called after every answer; trains and offers a candidate when it is due.
        pace: Called with the bag time before each message (real-time pacing); None: at once.
    """

    authority: Authority
    clock: BagClock
    operator: ScriptedOperator | None
    train: Callable[[], None]
    pace: Callable[[int], None] | None = None

    def run(self, messages: Iterable[tuple[str, str, int, bytes]]) -> None:
        """Feed all messages (topic, type, time, data) and let every deadline happen at its time."""
        alone = self.authority.observer.step_topic
        for batches in together(messages, alone, self._until):
            self._feed(batches)
        self.authority.observer.finish(self.clock.now_ns())
        self._advance(None)

    def _until(self, t_ns: int) -> int:
        """Up to when messages are read together: as a live cell does, but not past a deadline."""
        self._advance(t_ns)
        waiting = self.authority.observer.place.settling or self.pace is not None
        end = t_ns + (SETTLING_READ_NS if waiting else READ_NS)
        due = self._next()
        return end if due is None else min(end, due)

    def _feed(self, batches: list[RawBatch]) -> None:
        """Take in what was read together, oldest topic first."""
        newest = max(batch.t_ns[-1] for batch in batches)
        if self.pace is not None:
            self.pace(newest)
        self.clock.advance(newest)
        for batch in batches:
            self.authority.take_batch(batch)
        self._turn()

    def _advance(self, until_ns: int | None) -> None:
        """Deadlines and taps up to `until_ns` (all of them when None), each at its own time."""
        while (at := self._next()) is not None and (until_ns is None or at <= until_ns):
            self.clock.advance(at)
            self._turn()

    def _next(self) -> int | None:
        times = [self.authority.next_change_ns()]
        if self.operator is not None:
            times.append(self.operator.next_ns())
        return min((t for t in times if t is not None), default=None)

    def _turn(self) -> None:
        self.authority.tick()
        if self.operator is not None:
            for command in self.operator.taps(self.clock.t_ns):
                self.authority.command(command)
                self.authority.tick()
        self.train()
