"""In-memory stand-ins of the ports, checked by the same contract suites as the real ones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from cobot_ai.app.ports import Draft, Entry
from cobot_ai.core.errors import ConflictError, DataError, ModelError, StoreError
from cobot_ai.core.manifest import Manifest, from_json
from cobot_ai.core.motion import Outcome, Phase, Told
from cobot_ai.core.samples import RawMessage
from cobot_ai.core.types import Json, Window
from cobot_ai.store.bags import read_mcap


class ManualClock:
    """Both clocks, moved by hand. Starts away from zero so that forgotten times show."""

    def __init__(self, t_ns: int = 10**18) -> None:
        self.t_ns = t_ns

    def now_ns(self) -> int:
        return self.t_ns

    def monotonic_ns(self) -> int:
        return self.t_ns

    def wall_ns(self) -> int:
        return self.t_ns

    def pass_s(self, seconds: float) -> None:
        self.t_ns += round(seconds * 1e9)


class MemoryLedger:
    """A ledger that forgets everything at the end; can be told to refuse writes."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.documents: dict[int, Json] = {}
        self.keys: dict[str, Entry] = {}
        self.full = False
        self._cases = 0
        self.ledger_id = 'memory'

    def head(self) -> int:
        return len(self.entries)

    def since(self, seq: int, limit: int = 1000) -> list[Entry]:
        return self.entries[seq : seq + limit]

    def of_case(self, case: int) -> list[Entry]:
        return [e for e in self.entries if e.case == case]

    def last(self, kind: str, limit: int = 1) -> list[Entry]:
        return [e for e in reversed(self.entries) if e.kind == kind][:limit]

    def by_key(self, key: str) -> Entry | None:
        return self.keys.get(key)

    def open_cases(self) -> list[int]:
        closed = {e.case for e in self.entries if e.kind == 'resolution'}
        return [e.case for e in self.entries if e.kind == 'ask' and e.case not in closed]

    def labels(self) -> dict[int, Entry]:
        return {e.case: e for e in self.entries if e.kind == 'label'}

    def evidence(self, case: int) -> Json | None:
        return self.documents.get(case)

    def has_evidence(self, case: int) -> bool:
        return case in self.documents

    def commit(
        self, drafts: Sequence[Draft], t_ns: int, evidence: Mapping[int, Json] | None = None
    ) -> list[Entry]:
        if self.full:
            raise StoreError('The disk is full.')
        self._check(drafts)
        json.dumps([d.body for d in drafts], allow_nan=False)
        made = []
        for draft in drafts:
            entry = Entry(len(self.entries) + 1, t_ns, draft.kind, draft.case, draft.body)
            self.entries.append(entry)
            made.append(entry)
            if draft.key:
                self.keys[draft.key] = entry
        self.documents.update(evidence or {})
        return made

    def _check(self, drafts: Sequence[Draft]) -> None:
        resolved = {e.case for e in self.entries if e.kind == 'resolution'}
        for draft in drafts:
            if draft.kind == 'resolution' and draft.case in resolved:
                raise ConflictError(f'Case {draft.case} has a resolution already.')
            if draft.key and draft.key in self.keys:
                raise ConflictError(f'The key {draft.key} was used already.')

    def on_wait(self, call):
        """Memory never makes anybody wait."""

    def next_case(self) -> int:
        self._cases = 1 + max([self._cases, *(e.case for e in self.entries)])
        return self._cases

    def kinds(self) -> list[str]:
        return [e.kind for e in self.entries]


class MemoryClips:
    """Clips in a dictionary."""

    def __init__(self) -> None:
        self.clips: dict[int, tuple[list[RawMessage], str]] = {}
        self.stored: Callable[[int, str, str], None] = lambda case, sha256, kept: None

    def write(self, case: int, messages: Sequence[RawMessage], kept: str) -> str:
        self.clips[case] = (list(messages), kept)
        return hashlib.sha256(b''.join(m.data for m in messages)).hexdigest()

    def save(self, case: int, messages: Sequence[RawMessage], kept: str) -> None:
        self.stored(case, self.write(case, messages, kept), kept)

    def keep(self, case: int, kept: str) -> None:
        if case in self.clips:
            self.clips[case] = (self.clips[case][0], kept)

    def adopt(self, case: int, path: Path, kept: str) -> None:
        if case not in self.clips:
            self.clips[case] = (list(read_mcap(path)), kept)
            path.unlink()

    def read(self, case: int) -> list[RawMessage]:
        if case not in self.clips:
            raise DataError(f'There is no clip of case {case}.')
        return self.clips[case][0]

    def sweep(self) -> list[int]:
        return []


class MemoryRegistry:
    """Model versions in a dictionary."""

    def __init__(self) -> None:
        self.stored: dict[str, tuple[bytes, bytes]] = {}
        self.live: str | None = None

    def put(self, blob: bytes, manifest: Manifest) -> str:
        self.stored[manifest.digest] = (blob, manifest.canonical())
        return manifest.digest

    def get(self, digest: str) -> tuple[bytes, Manifest]:
        if digest not in self.stored:
            raise ModelError(f'There is no model version {digest[:12]}.')
        blob, text = self.stored[digest]
        return blob, from_json(json.loads(text))

    def current(self) -> str | None:
        return self.live

    def promote(self, digest: str) -> None:
        self.get(digest)
        self.live = digest

    def versions(self) -> list[str]:
        return list(self.stored)

    def forget(self, digest: str) -> None:
        if digest != self.live:
            self.stored.pop(digest, None)


class Mailbox:
    """Outbox that keeps everything."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.replies: list[Json] = []

    def publish(self, entry: Entry) -> None:
        self.entries.append(entry)

    def reply(self, key: str, body: Json) -> None:
        self.replies.append(body)


class RecordingGuard:
    """Guard that remembers what it was asked and confirms at once."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int]] = []
        self.stopped = ''

    def listen(self, stopped: Callable[[str], None], recalled: str) -> None:
        self.on_stop, self.stopped = stopped, recalled

    def hold(self, case: int, told: Told) -> None:
        self.calls.append(('hold', case))
        told(Outcome(Phase.CONFIRMED))

    def resume(self, case: int, person: bool, told: Told) -> None:
        self.calls.append(('resume', case))
        told(Outcome(Phase.CONFIRMED))

    def status(self) -> Json:
        return {'recipe': 'recording', 'phase': 'free'}


class MemoryWindows:
    """Kept windows in memory (port `WindowStore`)."""

    def __init__(self) -> None:
        self.kept: dict[int, tuple[str, Window]] = {}

    def save(self, case: int, form: str, window: Window) -> None:
        self.kept[case] = form, window

    def load(self, case: int, form: str) -> Window | None:
        found = self.kept.get(case)
        return found[1] if found is not None and found[0] == form else None

    def forget(self, case: int) -> None:
        self.kept.pop(case, None)
