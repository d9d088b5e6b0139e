"""A restart at any moment: what the cell knows afterwards is what it knew before."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from cells import cell
from fakes import MemoryLedger

from cobot_ai.app import record as recording
from cobot_ai.app.memory import Memory
from cobot_ai.app.ports import Draft
from cobot_ai.app.wording import label_body
from cobot_ai.core.spec import BudgetSpec, RiskSpec

SPEC = cell(
    risk=RiskSpec(epsilon=0.05, confirm=3, burn_in=3, run_length=20), budget=BudgetSpec(6, 12)
)
CONTEXTS = ('c', 'd', '')
ODDS = {'decision': 60, 'label': 25, 'start': 3, 'promote': 3, 'maintenance': 3, 'calm': 3, 'no': 3}


@dataclass
class Life:
    """Random entries as a cell writes them; what they call for is written at once, or cut off."""

    seed: int
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    now: int = 10**18
    asked: list[tuple[int, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng, self.memory = random.Random(self.seed), Memory(SPEC)

    def put(self, *drafts: Draft) -> None:
        for entry in self.ledger.commit(drafts, self.now):
            self.memory.take(entry, self.now)

    def flush(self) -> None:
        while notes := self.memory.notes():
            self.put(*notes)

    def live(self) -> None:
        self.now += self.rng.randrange(10**9, 10**12)
        (kind,) = self.rng.choices(list(ODDS), list(ODDS.values()))
        {'decision': self.decide, 'label': self.label, 'calm': self.calm, 'no': self.unsure}.get(
            kind, lambda: self.other(kind)
        )()

    def decide(self) -> None:
        case, context = self.ledger.next_case(), self.rng.choice(CONTEXTS)
        record, sure = self.memory.record, self.rng.random() < 0.7
        share = record.audits.share(context) if self.memory.budget.may_audit(self.now) else 0.0
        confidence = self.rng.choice([0.99, 0.97, 0.95]) if sure else 0.6
        verdict, why = 'ask', 'below_threshold'
        if sure and record.drift.left(context):
            why, share = 'drift', 1.0
        elif sure and record.audits.floor(context, record.answers.get(context, 0)) < confidence:
            drawn = record.audits.due(case, share)
            verdict, why = ('ask', 'audit') if drawn else ('act', 'sure')
        lost = [{'channel': 'x', 'share': 1.0, 'action': 'mask'}] * (self.rng.random() < 0.05)
        scores = {k: round(self.rng.gauss(0, 1), 3) for k in ('evidence', 'novelty')}
        body = {'context': context, 'group': '', 'verdict': verdict, 'why': why, 'notes': lost}
        body |= {'model': 'm', 'classes': ['good', 'bad'], 'confidence': confidence, **scores}
        body |= {'probs': {'good': confidence, 'bad': 1 - confidence}, 'label': 'good'}
        self.put(Draft('decision', {**body, 'threshold': 0.9, 'params': {'share': share}}, case))
        if verdict == 'ask':
            self.put(Draft('ask', {'why': why, 'risk': self.rng.random()}, case))
            self.asked.append((case, context))

    def label(self) -> None:
        if not self.asked:
            return
        case, context = self.rng.choice(self.asked)
        entries = self.ledger.of_case(case)
        first = not any(e.kind == 'label' for e in entries)
        label = self.rng.choice(['good'] * 6 + ['bad', 'bad', 'new', *[None] * (not first)])
        source = 'answer' if first else 'review' if label else 'conflict'
        body = label_body(entries, label, 'ann', source, {'bad', 'new'})
        self.put(Draft('label', {**body, 'context': context, 'group': ''}, case))

    def unsure(self) -> None:
        if self.asked:
            self.asked.pop(self.rng.randrange(len(self.asked)))

    def calm(self) -> None:
        for context in list(self.memory.record.drift.alarms)[:1]:
            self.put(self.memory.record.alarm_over(context, 'eve', 'person'))

    def other(self, kind: str) -> None:
        bodies: dict[str, Any] = {
            'start': {'digest': self.rng.choice('aaab')},
            'promote': {'model': 'm'},
            'maintenance': {'on': self.rng.random() < 0.5, 'by': 'eve'},
        }
        self.put(Draft(kind, bodies[kind]))

    def again(self) -> Memory:
        memory = Memory(SPEC)
        memory.recall(self.ledger, self.now, self.now)
        return memory


def known(memory: Memory, now_ns: int) -> dict[str, Any]:
    """Everything the policy asks of a memory."""
    record, budget = memory.record, memory.budget
    live: Any = SimpleNamespace(labels={'good': 1})
    return {
        'answers': (record.answers, record.classes, record.burn_left),
        'figures': [record.audits.figures(c) for c in (None, *CONTEXTS)],
        'shares': [record.audits.share(c) for c in CONTEXTS],
        'floors': [record.audits.floor(c, record.answers.get(c, 0)) for c in CONTEXTS],
        'alarms': (record.drift.alarms, [record.drift.left(c) for c in CONTEXTS]),
        'unheard': [record._unheard_of(c, live) for c in CONTEXTS],
        'waiting': (memory.reviews.listed(), memory.reviews.waiting),
        'budget': (budget.last_hour(now_ns), budget.wanting(now_ns, 0.3), budget.quiet(now_ns)),
    }


@pytest.mark.parametrize('seed', range(40))
def test_a_restart_at_any_moment_forgets_nothing(seed: int) -> None:
    life = Life(seed)
    for _ in range(150):
        life.live()
        cut = life.rng.random() < 0.1
        if not cut:
            life.flush()
        if cut or life.rng.random() < 0.05:
            after = life.again()
            wanted = [draft.kind for draft in life.memory.record.notes]
            assert [draft.kind for draft in after.record.notes] == wanted
            assert known(after, life.now) == known(life.memory, life.now)
            life.memory = after
            life.flush()


def test_the_control_a_memory_that_looks_back_too_little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, 'STARTS', 1)
    monkeypatch.setattr(recording, 'RECALLED', 20)
    life = Life(1)
    for _ in range(150):
        life.live()
        life.flush()
    assert known(life.again(), life.now) != known(life.memory, life.now)
