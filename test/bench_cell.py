"""An authority on fakes, driven by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
from cells import cell, resolve, signal, step_messages
from fakes import (
    Mailbox,
    ManualClock,
    MemoryClips,
    MemoryLedger,
    MemoryRegistry,
    RecordingGuard,
)

from cobot_ai.app.authority import Authority
from cobot_ai.app.judgement import Resolved
from cobot_ai.app.observe import Observer
from cobot_ai.app.parts import Parts
from cobot_ai.app.ports import Entry
from cobot_ai.app.promote import Versions
from cobot_ai.app.retrain import Trainer
from cobot_ai.app.teach import Dataset
from cobot_ai.core.config import spec_to_json
from cobot_ai.core.spec import CellSpec
from cobot_ai.core.types import Json
from cobot_ai.model.fitter import OnnxFitter
from cobot_ai.model.scorer import load
from cobot_ai.store.messages import RosbagsDecoder


class Bench:
    """One cell with everything in memory; ledger and registry may outlive a restart."""

    def __init__(
        self,
        spec: CellSpec | None = None,
        ledger: Any = None,
        registry: Any = None,
        clips: Any = None,
        eye: Any = None,
    ) -> None:
        self.spec = spec or cell()
        self.clock = ManualClock()
        self.ledger = ledger or MemoryLedger()
        self.registry = registry or MemoryRegistry()
        self.clips = clips or MemoryClips()
        self.outbox, self.guard = Mailbox(), RecordingGuard()
        self.observer = Observer(self.spec, RosbagsDecoder(eye), resolve)
        at_once = self.spec.model.swap == 'at_once'
        self.versions = Versions(self.registry, load, self.ledger, at_once)
        self.authority = Authority(
            self.spec,
            Parts(
                self.clock,
                self.ledger,
                self.observer,
                self.clips,
                self.outbox,
                self.guard,
                self.versions,
                lambda: 0.0,
            ),
        )
        self.clips.stored = self.authority.clip_stored
        self.dataset = Dataset(self.ledger, self.clips, self.spec, RosbagsDecoder(eye), resolve)
        self.trainer = Trainer(self.dataset, OnnxFitter(), self.spec, load, self.registry, 'test')
        self.rng = np.random.default_rng(0)
        self._keys = 0
        self.authority.start({'spec': spec_to_json(self.spec)})

    def step(self, label: str = 'good', **facts: str) -> int:
        """Run one step of the robot and return its case number."""
        at = self.clock.t_ns
        messages = step_messages(
            at, signal(label, self.rng), {'operation': 'insert', **facts} if facts else None
        )
        for message in messages:
            self.clock.t_ns = max(self.clock.t_ns, message.t_ns)
            self.authority.take(message)
        self.clock.pass_s(0.2)
        self.authority.tick()
        return int(self.entries('decision')[-1].case)

    def entries(self, kind: str, case: int | None = None) -> list[Entry]:
        found = [e for e in self.ledger.since(0, 10**6) if e.kind == kind]
        return [e for e in found if case is None or e.case == case]

    def command(self, kind: str, **facts: object) -> Json:
        self._keys += 1
        base = {'key': f'key-{self._keys:06d}', 'by': 'ann', 'tablet': 'tablet_1'}
        return self.authority.command({**base, 'kind': kind, **facts})

    def tap(self, case: int, label: str, **facts: object) -> Json:
        return self.command('answer', case=case, label=label, **{'epoch': 0, **facts})

    def judge(self) -> list[Resolved]:
        """Ask for the judgement as the robot program does; the list fills when it comes."""
        told: list[Resolved] = []
        self.authority.judge_step(told.append)
        return told

    def wait(self, seconds: float) -> None:
        self.clock.pass_s(seconds)
        self.authority.tick()

    def teach(self, label: str, **facts: str) -> int:
        """One step, answered truthfully and final; trains as the trainer would."""
        case = self._answered(label, **facts)
        if self.entries('ask', case):
            self._train()
        return case

    def lessons(self, count: int = 24) -> None:
        """So many steps, every third one bad; the trainer is slower than they are."""
        for n in range(count):
            self._answered('bad' if n % 3 == 0 else 'good')
            if n % 6 == 5:
                self._train()

    def _answered(self, label: str, **facts: str) -> int:
        case = self.step(label, **facts)
        if self.entries('ask', case):
            assert self.tap(case, label)['ok']
            self.wait(self.spec.question.undo_s)
        return case

    def _train(self) -> None:
        found = self.trainer.turn(self.clock.t_ns)
        if found:
            self.authority.offer(found)
