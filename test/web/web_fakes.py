"""A cell without ROS: the real desk and versions rules on a ledger in memory.

`FakeCell` is what the tests drive. It can be swapped for the real authority: the console only sees
`services()`.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from web_data import FACTS, QUESTION, a_case, a_manifest, an_evidence, decision_body
from web_people import accounts_in

from cobot_ai.app.answers import Answers
from cobot_ai.app.escalate import Desk
from cobot_ai.app.judgement import Resolved
from cobot_ai.app.operate import Operations
from cobot_ai.app.ports import Draft, Entry
from cobot_ai.app.proposals import Proposals
from cobot_ai.app.review import Reviews
from cobot_ai.app.status import time_left
from cobot_ai.app.tuning import Tuning
from cobot_ai.core.config import spec_to_json
from cobot_ai.core.errors import CobotAiError, ConflictError, ModelError
from cobot_ai.core.manifest import Manifest
from cobot_ai.core.spec import CellSpec, QuestionSpec, StepSpec
from cobot_ai.core.stream_spec import ChannelSpec, StreamSpec
from cobot_ai.core.types import Decision, Verdict, Why
from cobot_ai.store.audit_log import AuditLog
from cobot_ai.web.services import Services

FZ = ChannelSpec('fz', 'wrench.force.z', 'N')
STREAMS = (StreamSpec('wrench', 'wrench', 'geometry_msgs/msg/WrenchStamped', 100.0, (FZ,)),)


class MemoryLedger:
    """The ledger's contract without a disk."""

    def __init__(self) -> None:
        self.ledger_id = 'ledger-of-test'
        self.entries: list[Entry] = []
        self._keys: dict[str, Entry] = {}
        self._evidence: dict[int, Any] = {}
        self._cases = 0
        self.told: Callable[[Entry], None] = lambda entry: None

    def head(self) -> int:
        return len(self.entries)

    def since(self, seq: int, limit: int = 1000) -> list[Entry]:
        return self.entries[seq : seq + limit]

    def of_case(self, case: int) -> list[Entry]:
        return [e for e in self.entries if e.case == case and case]

    def last(self, kind: str, limit: int = 1) -> list[Entry]:
        return [e for e in reversed(self.entries) if e.kind == kind][:limit]

    def by_key(self, key: str) -> Entry | None:
        return self._keys.get(key)

    def open_cases(self) -> list[int]:
        closed = {e.case for e in self.entries if e.kind == 'resolution'}
        return [e.case for e in self.entries if e.kind == 'ask' and e.case not in closed]

    def labels(self) -> dict[int, Entry]:
        return {e.case: e for e in self.entries if e.kind == 'label'}

    def evidence(self, case: int) -> Any:
        return self._evidence.get(case)

    def has_evidence(self, case: int) -> bool:
        return case in self._evidence

    def commit(self, drafts: Any, t_ns: int, evidence: Any = None) -> list[Entry]:
        written = []
        for draft in drafts:
            if draft.key and draft.key in self._keys:
                raise ConflictError(f'key {draft.key} was used before')
            entry = Entry(len(self.entries) + 1, t_ns, draft.kind, draft.case, dict(draft.body))
            self.entries.append(entry)
            written.append(entry)
            if draft.key:
                self._keys[draft.key] = entry
            self.told(entry)
        self._evidence.update(evidence or {})
        return written

    def on_wait(self, call):
        """Memory never makes anybody wait."""

    def next_case(self) -> int:
        self._cases += 1
        return self._cases


class MemoryRegistry:
    """Stored versions without a disk."""

    def __init__(self) -> None:
        self._stored: dict[str, Manifest] = {}
        self._current: str | None = None
        self.damaged: set[str] = set()

    def put(self, blob: bytes, manifest: Manifest) -> str:
        self._stored[manifest.digest] = manifest
        return manifest.digest

    def get(self, digest: str) -> tuple[bytes, Manifest]:
        if digest not in self._stored or digest in self.damaged:
            raise ModelError(f'version {digest[:12]} is unknown or damaged')
        return b'', self._stored[digest]

    def current(self) -> str | None:
        return self._current

    def promote(self, digest: str) -> None:
        self._current = digest

    def versions(self) -> list[str]:
        return list(self._stored)


class RealClock:
    def now_ns(self) -> int:
        return time.time_ns()

    def monotonic_ns(self) -> int:
        return time.monotonic_ns()

    def wall_ns(self) -> int:
        return time.time_ns()


@dataclass
class FakeCell:
    """A cell whose steps are asked by hand; deadlines run by themselves.

    Attributes:
        frozen: The heartbeat stops. silent: Commands get no reply. On both the pages must react.
        deaf_to: Streams nothing comes from. blind: These are all.
    """

    question: QuestionSpec = QUESTION
    frozen: bool = False
    silent: bool = False
    held: bool = False
    held_for: Any = ({'key': 'case', 'n': 3},)
    motion: Any = None
    deaf_to: Any = ()
    blind: bool = False
    auto_paused: bool = False
    name: str = 'Cell 7'
    news: Callable[[], None] = lambda: None
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    registry: MemoryRegistry = field(default_factory=MemoryRegistry)
    commands: list[Any] = field(default_factory=list)
    settled: list[Resolved] = field(default_factory=list)
    stills: dict[int, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        cell = self.name.lower().replace(' ', '_')
        spec = self.spec = CellSpec(cell, STREAMS, StepSpec(), self.question)
        self.lock = threading.RLock()
        self.desk = Desk(spec, self.ledger, RealClock(), lambda e: self.news(), self.settled.append)
        self.reviews = Reviews()
        self.ledger.told = self.reviews.take
        self.answers = Answers(self.desk, self.ledger, RealClock(), self.reviews)
        self.maintenance = False
        self.plan: Any = None
        self.tuning = Tuning(spec, lambda spec: None)
        self.instruction: str | None = None
        self.drop: Any = None
        self.load = {'asks_last_hour': 3, 'budget_warn': 6, 'cases': 40, 'acted': 31, 'asked': 9}
        self._folder = tempfile.TemporaryDirectory()
        self.accounts = accounts_in(Path(self._folder.name))
        self.audit = AuditLog(Path(self._folder.name) / 'audit.jsonl', time.time)
        self._beat = time.monotonic()
        self._stop = threading.Event()
        self.start()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        self._folder.cleanup()

    def _run(self) -> None:
        while not self._stop.wait(0.02):
            with self.lock:
                self.desk.tick()
            if not self.frozen:
                self._beat = time.monotonic()

    def _write(self, kind: str, body: Any, case: int = 0, key: str = '') -> Entry:
        with self.lock:
            entry = self.ledger.commit([Draft(kind, body, case, key)], time.time_ns())[0]
        self.news()
        return entry

    # ------------------------------------------------------------ towards the console

    def services(self) -> Services:
        return Services(
            spec=self.spec,
            reader=self.ledger,
            commands=self,
            pulse=self.pulse,
            still=self.stills.get,
            registry=self.registry,
            wall_ns=time.time_ns,
            monotonic=time.monotonic,
            accounts=self.accounts,
            audit=self.audit,
            sop=lambda lang: self.instruction,
            drop=lambda: self.drop,
        )

    def pulse(self) -> tuple[Any, float]:
        mode = 'maintenance' if self.maintenance else 'running'
        asking = bool(self.desk.open_asks)
        mode = 'held' if self.held else mode
        state = {
            'mode': 'asking' if asking else mode,
            'held': 'case 3' if self.held else '',
            'held_for': self.held_for if self.held else [],
            'newest_hold': 7,
            'silent': list(self.deaf_to),
            'blind': self.blind,
            'head': self.ledger.head(),
            'asks': time_left(self.desk.open_asks, time.monotonic_ns()),
            **self.load,
            'maintenance': self.maintenance,
            'auto_paused': self.auto_paused,
            'model': self.registry.current(),
            'plan': self.plan,
            **({'motion': self.motion} if self.motion else {}),
        }
        return state, (time.monotonic() - self._beat) * 1e3

    def submit(self, command: Any, timeout_s: float) -> Any:
        self.commands.append(command)
        if self.silent:
            return None
        try:
            with self.lock:
                if self.answers.handles(command['kind']):
                    return self.answers.command(command)
                return self._operate(command)
        except CobotAiError as e:
            why = {'reason': str(e), 'code': e.key, 'params': e.params}
            return {'key': command['key'], 'ok': False, 'status': 'refused', **why}

    def _operate(self, command: Any) -> Any:
        kind, by = command['kind'], command['by']
        stored = self.ledger.by_key(command['key'])
        if stored is None and kind == 'forget':
            self._forget(command)
        elif stored is None:
            self._act(kind, command, by)
        if stored is None:
            stored = self._write('command', {'kind': kind, 'by': by, 'ok': True}, 0, command['key'])
        return {
            'key': command['key'], 'ok': True, 'status': 'done', 'reason': '', 'seq': stored.seq
        }  # fmt: skip

    def _act(self, kind: str, command: Any, by: str) -> None:
        if kind == 'maintenance':
            self.maintenance = command['on']
            self._write('maintenance', {'on': self.maintenance, 'by': by})
        elif kind == 'promote':
            self.auto_paused = False
            self.go_live(command['model'], by)
        elif kind == 'resume':
            self.held = False
        elif kind == 'schedule':
            at_ns = None if command['at'] == 'break' else time.time_ns() + 3600 * 10**9
            self.plan = {'model': command.get('model'), 'at_ns': at_ns, 'by': by}
            self._write('schedule', {**self.plan, 'at': command['at']})
        elif kind == 'unschedule':
            self._write('unschedule', {'model': None, 'reason': 'withdrawn', 'by': by})
            self.plan = None
        elif kind in ('propose', 'approve', 'decline'):
            proposals = Proposals(self.tuning, self.ledger)
            for draft in getattr(proposals, kind)(by, command):
                self._write(draft.kind, draft.body)
        elif kind == 'word':
            for draft in self.tuning.word(by, command):
                self._write(draft.kind, draft.body)
        elif kind == 'rollback':
            versions = self.registry.versions()
            before = versions[max(0, versions.index(self.registry.current() or '') - 1)]
            gone = self.registry.current()
            if command.get('model') not in (None, gone):
                raise ModelError('This version is not live any more.', key='not_live')
            self.registry.promote(before)
            self.auto_paused = True
            self._write('rollback', {'model': before, 'from': gone, 'by': by})

    def _forget(self, command: Any) -> None:
        def withdraw(case: int, by: str) -> Draft:
            return self.desk.label(case, None, by, 'forgotten')

        versions: Any = None
        operations = Operations(versions, self.ledger, time.time_ns, withdraw, {})
        for draft in operations.carry_out(command)[0]:
            if draft.kind == 'label':
                self._write(draft.kind, draft.body, draft.case)

    # ------------------------------------------------------------ what tests do

    def ask(self, evidence: Any = None, facts: Any = None, **question: Any) -> int:
        """Open a question; keyword arguments replace fields of the question."""
        with self.lock:
            spec = replace(self.question, **question)
            self.desk.spec = replace(self.desk.spec, question=spec)
            number = self.ledger.next_case()
            case = a_case(number, facts or FACTS)
            decision = Decision(number, Verdict.ASK, Why.BELOW_THRESHOLD)
            drafts = [
                Draft('decision', decision_body(case, 'ask'), number),
                Draft('ask', self.desk.ask_body(case, decision), number),
            ]
            documents = {number: evidence or an_evidence()}
            self.desk.open(case, lambda: self.ledger.commit(drafts, time.time_ns(), documents))
        self.news()
        return number

    def start(self, shadow: bool = True) -> None:
        """The monitor starts (again)."""
        spec = spec_to_json(self.desk.spec)
        body = {'version': '0', 'cell': self.name, 'digest': 'd', 'boot': 'b', 'spec': spec}
        self._write('start', {**body, 'shadow': shadow})

    def act(self, label: str = 'seated', model: str | None = None) -> int:
        """A decision the model took alone."""
        number = self.ledger.next_case()
        case = a_case(number, FACTS)
        self._write('decision', decision_body(case, 'act', label, model), number)
        return number

    def model(self, passed: bool = True, seed: int = 0, case: int = 1) -> str:
        """A stored candidate with gates and certificates."""
        manifest = a_manifest(passed, seed, case)
        digest = self.registry.put(b'', manifest)
        doc = manifest.to_json()
        self._write(
            'candidate',
            {
                'model': digest,
                'passed': passed,
                'failed': list(manifest.gates.failed),
                'checks': doc['gates']['checks'],
                'labels': dict(manifest.labels),
                'certificates': doc['certificates'],
                'parent': '',
            },
        )
        return digest

    def go_live(self, digest: str, by: str = 'cobot_ai') -> None:
        self.registry.promote(digest)
        self._write('promote', {'model': digest, 'parent': '', 'by': by, 'reason': 'person'})

    def of_kind(self, case: int, kind: str) -> list[Any]:
        return [e.body for e in self.ledger.of_case(case) if e.kind == kind]
