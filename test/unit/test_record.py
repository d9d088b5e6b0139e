"""What a cell remembers of its contexts: each case counts once, and every audit that was drawn."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from cells import cell, question
from fakes import MemoryLedger

from cobot_ai.app import record as recording
from cobot_ai.app.memory import Memory
from cobot_ai.app.ports import Draft, Entry
from cobot_ai.app.record import Record
from cobot_ai.app.status import contexts
from cobot_ai.core.audit import Outcome
from cobot_ai.core.drift import Alarm
from cobot_ai.core.form import form
from cobot_ai.core.levels import covering, in_force
from cobot_ai.core.manifest import vouching
from cobot_ai.core.mix import Mix
from cobot_ai.core.risk import Certificate
from cobot_ai.core.spec import BudgetSpec, CellSpec, RiskSpec, Trigger
from cobot_ai.core.stream_spec import Resample
from cobot_ai.core.types import Decision, Missing, Score, Verdict, Why

RISK = RiskSpec(epsilon=0.05)
SURE = Score(('good', 'bad'), (0.995, 0.005), 'm')
HOUR_NS = 3600 * 10**9
AUDIT = {'guess': 'good', 'confidence': 0.99, 'share': 0.1}


class Told:
    """A record that is told of labels."""

    def __init__(self) -> None:
        self.record, self.seq = Record(cell(risk=RISK)), 0

    def label(self, case: int, label: str | None, source: str = 'answer', **more: Any) -> None:
        self.seq += 1
        body = {'label': label, 'by': 'ann', 'source': source, 'context': 'c', 'group': ''}
        self.record.take(Entry(self.seq, 0, 'label', case, {**body, 'revision': self.seq, **more}))


def busy(memory: Memory, now_ns: int, cases: range, wrong: bool) -> int:
    """Sure cases of one hour, judged as the policy does; how many audits were put to a person."""
    audits, asked = memory.record.audits, 0
    for case in cases:
        now_ns += HOUR_NS // 40
        share = audits.share('c') if memory.budget.may_audit(now_ns) else 0.0
        if not audits.due(case, share):
            audits.acted('c', share)
            continue
        drawn = Decision(case, Verdict.ASK, Why.AUDIT, {'share': share}, score=SURE)
        decision = memory.within_budget(drawn, now_ns)
        assert decision is drawn, 'what was drawn is asked: it is what the bound rests on'
        asked += 1
        memory.budget.asked(now_ns, 0.005, True)
        audits.drawn('c')
        audits.found(case, Outcome('c', share, 0.995, not wrong), 0)
    return asked


def test_the_bound_holds_where_the_model_is_wrong_in_the_busy_hours_only() -> None:
    risk = RiskSpec(epsilon=0.05, audit_first=0.15, audit_last=0.15)
    memory = Memory(cell(budget=BudgetSpec(6, 12), risk=risk))
    acted_wrong = 0
    for hour in range(40):
        now_ns, crowded = 10**18 + hour * HOUR_NS, hour >= 20
        for n in range(6 if crowded else 0):
            memory.budget.asked(now_ns + n, 1.0)
        asked = busy(memory, now_ns, range(30 * hour, 30 * hour + 30), crowded)
        acted_wrong += (30 - asked) * crowded
    found = memory.record.audits.figures('c')
    assert found.drawn == found.total
    assert found.failed > 0
    assert found.bound is not None
    assert found.bound >= acted_wrong / found.acted


def test_a_second_word_on_an_audited_case_is_no_second_failure() -> None:
    told = Told()
    told.label(7, 'bad', audit=AUDIT)
    told.label(7, None, 'conflict')
    told.label(7, 'bad', 'review')
    assert told.record.drift.alarms == {}
    told.label(8, 'bad', audit=AUDIT)
    assert told.record.drift.alarms, 'another case is one'


def test_one_case_corrected_back_and_forth_does_not_end_an_alarm() -> None:
    told = Told()
    told.record.drift.raised('c', Alarm('audits', 60, 50))
    for _ in range(10):
        told.label(7, 'good', 'correction', audit={**AUDIT, 'share': 1.0})
        told.label(7, None, 'report')
    assert told.record.drift.left('c') == RISK.confirm - 1
    for case in range(8, 8 + RISK.confirm - 1):
        told.label(case, 'good', audit=AUDIT)
    assert told.record.drift.left('c') == 0, 'as many cases do'


def test_labels_that_were_withdrawn_are_no_answers() -> None:
    told = Told()
    for case in range(5):
        told.label(case, 'good')
    told.label(0, None, 'conflict')
    assert told.record.answers == {'c': 4}
    told.label(0, 'bad', 'review')
    assert told.record.answers == {'c': 5}
    for case in range(5):
        told.label(case, None, 'forgotten')
        told.label(case, None, 'forgotten')
    assert told.record.answers == {'c': 0}


def test_a_further_label_does_not_count_the_mix_again(monkeypatch: pytest.MonkeyPatch) -> None:
    told, counted = Told(), []

    def of(labels: Any) -> Mix:
        counted.append(None)
        mix = Mix()
        for label in labels:
            mix.add(label)
        return mix

    monkeypatch.setattr(recording, 'Mix', SimpleNamespace(of=of))
    knows_good = SimpleNamespace(labels={'good': 110})
    news = []
    for case in range(130):
        told.label(case, 'good' if case < 110 else 'jam')
        news.append(told.record._unheard_of('c', knows_good))
    assert (news[109], news[-1], len(counted)) == (0, 1, 1)
    for case in range(110, 130):
        told.label(case, 'good', 'correction')
    assert (told.record._unheard_of('c', knows_good), len(counted)) == (0, 2), 'a correction does'


def test_the_page_shows_no_threshold_that_is_not_in_force() -> None:
    """A class became dearer after the certificate was made: the policy asks, and the page says."""
    asked = question()
    dear = replace(asked, classes=(asked.classes[0], replace(asked.classes[1], cost=5.0)))
    costs = {'good': 1.0, 'bad': 1.0}
    made = Certificate('c', 'certified', 0.2, 0.2, 0.9, 50, costs=costs)
    for words, threshold in ((asked, 0.9), (dear, None)):
        spec = cell(question=words)
        memory = Memory(spec)
        memory.record.answers['c'] = 50
        live: Any = SimpleNamespace(certificates=(made,), contexts={'c': 3}, facts={})
        (row,) = contexts(spec, memory, live)
        assert row['taught'] == 3
        assert contexts(spec, memory, None)[0]['taught'] is None
        found = in_force(covering((made,), spec.risk, words.costs), 'c', ())
        assert row['threshold'] == threshold == (found.threshold if found else None)


def test_a_certificate_is_not_about_windows_that_are_cut_otherwise_or_measure_something_else() -> (
    None
):
    spec = cell(risk=RISK)
    (stream, *rest), step = spec.streams, spec.step
    first, *others = stream.channels

    def with_first(**changes: Any) -> CellSpec:
        channels = (replace(first, **changes), *others)
        return replace(spec, streams=(replace(stream, channels=channels), *rest))

    made = Certificate('c', 'certified', RISK.epsilon, RISK.delta, 0.9, 50)
    live: Any = SimpleNamespace(certificates=(made,), facts={'form': form(spec)})
    for same in (spec, with_first(text={'de': 'Kraft'}), with_first(missing=Missing.STOP)):
        assert vouching(live, same) == [made]
    for other in (
        with_first(path='wrench.torque.x'),
        with_first(unit='kN'),
        with_first(resample=Resample.RMS),
        replace(spec, streams=(replace(stream, topic='other_wrench'), *rest)),
        replace(spec, step=replace(step, length_s=3.0)),
        replace(spec, step=replace(step, trigger=Trigger.SLIDING, length_s=3.0)),
    ):
        assert vouching(live, other) == []
    older: Any = SimpleNamespace(certificates=(made,), facts={})
    assert vouching(older, spec) == [made], 'a version from before this was recorded'
    assert vouching(None, spec) == []


class Lived:
    """A cell whose ledger outlives its memory."""

    def __init__(self) -> None:
        self.spec = cell(risk=RISK)
        self.ledger, self.memory = MemoryLedger(), Memory(self.spec)

    def put(self, draft: Draft) -> None:
        for entry in self.ledger.commit([draft], 1):
            self.memory.take(entry, 1)

    def case(self, case: int, wrong: bool) -> None:
        """A sure case, audited where the draw says so."""
        audits = self.memory.record.audits
        share = audits.share('c')
        audited = audits.due(case, share)
        body = {
            **{'context': 'c', 'why': 'audit' if audited else 'sure', 'notes': [], 'model': None},
            **{'verdict': 'ask' if audited else 'act', 'params': {'share': share}},
            **{'label': 'good', 'threshold': 0.9, 'confidence': 0.99, 'probs': {'good': 0.99}},
        }
        self.put(Draft('decision', body, case))
        if audited:
            guess = {**AUDIT, 'share': share}
            self.label(case, 'bad' if wrong else 'good', audit=guess)

    def label(self, case: int, label: str | None, source: str = 'answer', **more: Any) -> None:
        body = {'label': label, 'by': 'ann', 'source': source, 'context': 'c', 'group': ''}
        self.put(Draft('label', {**body, 'revision': 1, **more}, case))

    def write_notes(self) -> list[str]:
        notes = self.memory.notes()
        for draft in notes:
            self.put(draft)
        return [draft.kind for draft in notes]

    def restart(self) -> None:
        self.memory = Memory(self.spec)
        self.memory.recall(self.ledger, 1, 1)

    def restarted(self) -> Record:
        again = Memory(self.spec)
        again.recall(self.ledger, 1, 1)
        return again.record


def test_a_group_that_is_declared_later_holds_for_the_audits_before() -> None:
    record = Record(replace(cell(risk=RISK), step=replace(cell().step, group=('run',))))
    base = {'context': 'c', 'why': 'audit', 'notes': [], 'model': None, 'verdict': 'ask'}
    for case in range(1, 61):
        facts = {'facts': {'run': 'R1'}, 'group': '', 'params': {'share': 0.1}}
        record.take(Entry(2 * case - 1, 0, 'decision', case, {**base, **facts}))
        label = {'label': 'good', 'by': 'ann', 'source': 'answer', 'context': 'c', 'group': ''}
        body = {**label, 'revision': 1, 'audit': AUDIT}
        record.take(Entry(2 * case, 0, 'label', case, body))
    assert {o.group for o in record.audits.outcomes.values()} == {'run=R1'}
    assert record.audits.figures('c').needed > 0, 'one run is one witness'


def test_after_a_restart_the_figures_are_about_the_same_decisions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The model was bad long ago: failures of then must not be held against decisions of now."""
    monkeypatch.setattr(recording, 'RECALLED', 500)
    lived = Lived()
    for case in range(1, 3001):
        lived.case(case, wrong=case < 300 and case % 3 == 0)
    live, again = lived.memory.record.audits, lived.restarted().audits
    assert live.figures('c').failed > 0
    found = again.figures('c')
    assert found.failed == 0
    assert found.drawn == found.total
    assert found.drawn + found.acted == 500
    assert again.share('c') == live.share('c')
    assert found.bound is not None
    assert live.figures('c').bound is not None
    assert found.bound < live.figures('c').bound


def test_a_short_life_is_the_same_after_a_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, 'RECALLED', 100)
    lived = Lived()
    for case in range(1, 81):
        lived.case(case, wrong=case % 7 == 0)
    for case in range(101, 301):
        lived.label(case, 'good' if case < 290 else 'jam')
    for case in range(101, 251):
        lived.label(case, None, 'forgotten')
    live, again = lived.memory.record, lived.restarted()
    assert again.answers == live.answers
    assert (again.burn_left, again.classes) == (live.burn_left, live.classes)
    assert again.audits.figures() == live.audits.figures()
    assert again.audits.floor('c', 0) == live.audits.floor('c', 0)


def test_another_cell_file_is_still_news_after_many_restarts() -> None:
    lived = Lived()
    lived.put(Draft('start', {'digest': 'old'}))
    for case in range(1, 2001):
        lived.case(case, wrong=False)
    for digest in ('old', 'new', 'new', 'new'):
        lived.restart()
        lived.put(Draft('start', {'digest': digest}))
        assert lived.memory.record.audits.share('c') == (0.02 if digest == 'old' else 0.15)


def test_what_a_label_called_for_is_written_after_a_kill_in_between() -> None:
    """The second failed audit is on the disk, the alarm and the figures it calls for are not."""
    lived = Lived()
    lived.label(1, 'bad', audit=AUDIT)
    assert lived.write_notes() == ['audit']
    lived.label(2, 'bad', audit=AUDIT)
    lived.restart()
    assert lived.memory.record.drift.left('c') == RISK.confirm
    assert lived.write_notes() == ['alarm', 'audit']
    lived.restart()
    assert lived.memory.record.drift.left('c') == RISK.confirm
    assert lived.write_notes() == [], 'each is written once'
    for case in range(3, 3 + RISK.confirm):
        lived.label(case, 'good', audit=AUDIT)
    lived.restart()
    assert 'alarm' in lived.write_notes(), 'nor is its end lost'
    assert lived.memory.record.drift.alarms == {}
    lived.restart()
    assert (lived.write_notes(), lived.memory.record.drift.alarms) == ([], {})
