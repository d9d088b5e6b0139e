"""What the use cases need from the outside, as Protocols.

One contract test suite per Protocol runs on every implementation, real or fake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cobot_ai.core.samples import RawBatch, RawMessage, Sample, Samples, StepEvent
from cobot_ai.core.stream_spec import StreamSpec
from cobot_ai.core.types import Facts, Json, Still, Window


class Clock(Protocol):
    """The clocks: stamps (ROS time), deadlines (monotonic), and the one on the wall."""

    def now_ns(self) -> int:
        """Stamp clock: ROS time or bag time, nanoseconds. May jump."""

    def monotonic_ns(self) -> int:
        """Clock of every deadline and lease, nanoseconds. Never jumps back."""

    def wall_ns(self) -> int:
        """Wall clock, nanoseconds since 1970; only for showing people how much time is left."""


# ---------------------------------------------------------------- messages


class Decoder(Protocol):
    """Turns serialised messages into numbers and step events."""

    def sample(self, stream: StreamSpec, message: RawMessage) -> Sample:
        """Decode one message of a stream.

        Raises:
            DataError: The bytes are not a message of that type, or a field is not there.
        """

    def samples(self, stream: StreamSpec, batch: RawBatch) -> Samples:
        """Decode a batch of a stream's messages; what cannot be decoded is left out.

        Raises:
            DataError: The topic carries another type.
        """

    def still(self, message: RawMessage) -> Still | None:
        """What a camera still looks like in numbers; None when nobody is there to look.

        Raises:
            DataError: The message is no picture that can be read.
        """

    def step(self, message: RawMessage) -> StepEvent:
        """Decode a step message (`diagnostic_msgs/msg/DiagnosticStatus`).

        Raises:
            DataError: The message is not a step message.
        """

    def facts(self, message: RawMessage, name: str) -> Facts:
        """Decode a message of a context topic (String or DiagnosticStatus).

        Args:
            message: The message. name: Fact that a String sets.

        Raises:
            DataError: The message is neither.
        """


class Eye(Protocol):
    """The frozen network that turns a picture into numbers.

    Attributes:
        size: Side of the square it looks at, pixels.
    """

    size: int

    def look(self, pixels: NDArray[np.uint8]) -> Still:
        """Features of a picture uint8 [size, size, 3], red first."""


class ClipReader(Protocol):
    """Where the messages of a case can be read."""

    def read(self, case: int) -> list[RawMessage]:
        """Read a case's messages back, also from a truncated file.

        Raises:
            DataError: There is no clip for this case, or nothing of it can be read.
        """


class ClipStore(ClipReader, Protocol):
    """Evidence of cases: the raw messages around each, as files."""

    def write(self, case: int, messages: Sequence[RawMessage], kept: str) -> str:
        """Store a case's messages durably and return the file's SHA-256.

        Args:
            case: Case number; writing the same case again replaces its clip.
            messages: In order of arrival.
            kept: Retention class: `routine`, `asked` or `labelled`.
        """

    def keep(self, case: int, kept: str) -> None:
        """Change a clip's retention class (a label makes it worth keeping)."""

    def adopt(self, case: int, path: Path, kept: str) -> None:
        """Move a finished clip in as a case's; nothing where that was done before.

        Raises:
            StoreError: The disk refused, or the file is gone.
        """

    def sweep(self) -> list[int]:
        """Delete the oldest clips of the lowest class until the quota holds; return the cases."""


class WindowStore(Protocol):
    """Windows of labelled cases, kept when their clips are gone."""

    def save(self, case: int, form: str, window: Window) -> None:
        """Keep a window; `form` names what it was cut by."""

    def load(self, case: int, form: str) -> Window | None:
        """The kept window, bit for bit; None where there is none of this form."""

    def forget(self, case: int) -> None:
        """Delete what is kept of a case.

        Raises:
            StoreError: The disk refused.
        """


# ---------------------------------------------------------------- ledger


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the ledger.

    Attributes:
        seq: Position in the ledger, counting from 1 without gaps.
        t_ns: Stamp clock when it was written, nanoseconds.
        kind: What happened (docs/ledger.md lists the kinds and their bodies).
        case: The case it belongs to, 0 if none.
        body: Plain JSON.
    """

    seq: int
    t_ns: int
    kind: str
    case: int
    body: Json


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry before it is written. `key` makes it idempotent: one row per key, ever."""

    kind: str
    body: Json
    case: int = 0
    key: str = ''


class LedgerReader(Protocol):
    """Reading the record. Never blocks the writer."""

    @property
    def ledger_id(self) -> str:
        """Random name given when the ledger was created."""

    def head(self) -> int:
        """Sequence number of the newest entry, 0 when empty."""

    def since(self, seq: int, limit: int = 1000) -> list[Entry]:
        """Entries after `seq`, oldest first, at most `limit`."""

    def of_case(self, case: int) -> list[Entry]:
        """All entries of one case, oldest first."""

    def last(self, kind: str, limit: int = 1) -> list[Entry]:
        """The newest entries of one kind, newest first."""

    def by_key(self, key: str) -> Entry | None:
        """The entry written under an idempotency key."""

    def open_cases(self) -> list[int]:
        """Cases with an `ask` and no `resolution`, oldest first."""

    def labels(self) -> dict[int, Entry]:
        """The label that counts for each case: its newest `label` entry."""

    def evidence(self, case: int) -> Json | None:
        """The evidence document stored with the case's ask."""

    def has_evidence(self, case: int) -> bool:
        """Whether there is one; it is not read."""


class Ledger(LedgerReader, Protocol):
    """The one writer of the record."""

    def commit(
        self, drafts: Sequence[Draft], t_ns: int, evidence: Mapping[int, Json] | None = None
    ) -> list[Entry]:
        """Write entries in one durable transaction; returns only after the commit.

        Raises:
            ConflictError: A second `resolution` for a case, or a key that is already used.
            StoreError: The disk refused; nothing was written.
        """

    def next_case(self) -> int:
        """A case number never given before, also after a crash."""

    def on_wait(self, call: Callable[[], None]) -> None:
        """Have `call` called every few milliseconds while a commit of this thread waits.

        A disk that stalls must not stop a fail-safe. `call` must not commit. What it raises is
        dropped, because the result of the commit counts more; who wants it catches it.
        """


class Outbox(Protocol):
    """Where the authority announces what happened (topics; a list in tests)."""

    def publish(self, entry: Entry) -> None:
        """Announce a ledger entry that was just committed."""

    def reply(self, key: str, body: Json) -> None:
        """Answer a person's command, after the commit."""


class BagReader(Protocol):
    """A recorded bag."""

    def topics(self) -> dict[str, tuple[str, int]]:
        """Topic -> (type, message count)."""

    def messages(self, topics: Iterable[str] | None = None) -> Iterator[RawMessage]:
        """Messages in order of log time.

        Raises:
            DataError: The bag is damaged; what could be read was yielded before.
        """


class ClipSink(Protocol):
    """Takes a case's messages for storing, without making the caller wait for the disk."""

    def save(self, case: int, messages: Sequence[RawMessage], kept: str) -> None:
        """Store soon; what became of it is told to the authority by `clip_stored`."""

    def keep(self, case: int, kept: str) -> None:
        """Change a clip's retention class soon."""
