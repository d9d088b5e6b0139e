"""Audits, alarms, reviews and the ask budget through the whole authority."""

from __future__ import annotations

from dataclasses import replace
from datetime import timezone

import pytest
from bench_cell import Bench
from cells import cell, question

from cobot_ai.app.insight import Record, kpis
from cobot_ai.app.operator import Habits, Interval, ScriptedOperator, Truth
from cobot_ai.app.report import all_entries
from cobot_ai.app.review import waiting
from cobot_ai.core.spec import BudgetSpec
from cobot_ai.core.types import Json

INSERT = 'operation=insert'
AUDITING = replace(cell().risk, audit_first=1.0, audit_last=1.0)


def taught(**changes: object) -> Bench:
    bench = Bench(cell(**changes))
    bench.lessons()
    return bench


def answer(bench: Bench, case: int, label: str) -> None:
    assert bench.tap(case, label)['ok']
    bench.wait(5.1)


def audit(bench: Bench, says: str) -> int:
    """A good step the model is sure of, audited, and what the person says."""
    case = bench.step('good')
    assert bench.entries('decision', case)[0].body['why'] == 'audit'
    answer(bench, case, says)
    return case


def context(bench: Bench) -> Json:
    (row,) = [c for c in bench.authority.state()['contexts'] if c['context'] == INSERT]
    return row


# ---------------------------------------------------------------- the declared risk


def test_a_model_calibrated_for_a_larger_risk_asks_until_it_is_calibrated_again() -> None:
    risk = replace(cell().risk, audit_first=0.0, audit_last=0.0)
    before = taught(risk=risk)
    assert before.entries('decision', before.step('good'))[0].body['verdict'] == 'act'
    strict = cell(risk=replace(risk, epsilon=risk.epsilon / 2))
    after = Bench(strict, before.ledger, before.registry, before.clips)
    after.clock.t_ns = before.clock.t_ns + 10**9
    body = after.entries('decision', after.step('good'))[0].body
    assert (body['verdict'], body['why']) == ('ask', 'no_certificate')


# ---------------------------------------------------------------- audits


def test_an_audit_is_blind_and_leaves_its_figures_in_ledger_and_state() -> None:
    bench = taught(risk=AUDITING)
    case = audit(bench, 'good')
    assert bench.entries('ask', case)[0].body['blind'] is True
    (entry,) = bench.entries('audit', case)
    assert (entry.body['right'], entry.body['guess'], entry.body['failed']) == (True, 'good', 0)
    assert bench.entries('label', case)[0].body['audit']['share'] == 1.0
    figures = bench.authority.state()['audits']
    assert figures['total'] == entry.body['total'] >= 1
    assert figures['needed'] == entry.body['needed']


def test_a_failed_audit_closes_and_a_second_look_that_sides_with_the_model_opens_again() -> None:
    bench = taught(risk=AUDITING)
    case = audit(bench, 'bad')
    assert context(bench)['floor'] == bench.entries('label', case)[0].body['audit']['confidence']
    bench.wait(61.0)
    (offer,) = bench.entries('review')
    assert (offer.case, offer.body['why']) == (case, 'audit')
    assert 'deadline_s' not in offer.body
    before = len(bench.guard.calls)
    assert bench.command('review', case=case, label='good', by='bob')['ok']
    assert len(bench.guard.calls) == before, 'a second look moved something'
    assert bench.ledger.labels()[case].body['label'] == 'good'
    assert bench.entries('audit', case)[-1].body['failed'] == 0
    assert context(bench)['floor'] == 0


@pytest.mark.parametrize(('second', 'label', 'failed'), [('bad', 'bad', 1), ('odd', None, 1)])
def test_a_second_look_may_confirm_the_failure_or_settle_only_that_the_model_was_wrong(
    second: str, label: str | None, failed: int
) -> None:
    bench = taught(risk=AUDITING, question=question(open_classes=True))
    case = audit(bench, 'bad')
    bench.wait(61.0)
    assert bench.command('review', case=case, label=second, by='bob')['ok']
    assert bench.ledger.labels()[case].body['label'] == label
    assert bench.authority.state()['audits']['failed'] == failed
    assert case not in bench.authority.memory.reviews.waiting
    again = Bench(bench.spec, bench.ledger, bench.registry, bench.clips)
    assert again.authority.state()['audits']['failed'] == failed
    wall = kpis(Record(bench.ledger).rows(), bench.spec, timezone.utc)['wrong_alone']['all']
    assert round(wall['value'] * wall['n']) == failed


def test_a_new_version_a_break_and_a_lost_sensor_bring_the_first_share_back() -> None:
    risk = replace(cell().risk, audit_first=0.5, audit_last=0.0)
    bench = taught(risk=risk)
    audits = bench.authority.memory.record.audits

    def share() -> float:
        return audits.share(INSERT)

    def clean() -> None:
        while share() > 0.2:
            case = bench.step('good')
            if bench.entries('ask', case):
                answer(bench, case, 'good')

    clean()
    bench.command('maintenance', on=True)
    assert share() <= 0.2
    bench.command('maintenance', on=False)
    assert share() == 0.5
    clean()
    assert bench.command('rollback')['ok']
    assert share() == 0.5
    clean()

    def noted(problem: str, part: float) -> None:
        note = {'channel': 'wrench.fz', 'problem': problem, 'action': 'mask', 'share': part}
        entry = bench.entries('decision')[-1]
        bench.authority.memory.record.take(replace(entry, body={**entry.body, 'notes': [note]}))

    noted('gap', 0.5)
    assert share() <= 0.2, 'a few samples are no sensor'
    noted('missing', 1.0)
    assert share() == 0.5


# ---------------------------------------------------------------- drift


def drifted() -> Bench:
    """From a certain day on every audited answer is another one."""
    bench = taught(risk=AUDITING)
    for _ in range(60):
        answer(bench, bench.step('good'), 'bad')
        if bench.entries('alarm'):
            return bench
    raise AssertionError('no alarm')


def test_an_alarm_is_written_shown_and_asks_every_sure_case() -> None:
    bench = drifted()
    (alarm,) = bench.entries('alarm')
    assert (alarm.body['on'], alarm.body['figure'], alarm.body['context']) == (
        True,
        'audits',
        INSERT,
    )
    (shown,) = bench.authority.state()['alarms']
    assert shown['left'] == bench.spec.risk.confirm
    while (why := last_why(bench)) == 'below_threshold':
        answer(bench, bench.entries('decision')[-1].case, 'good')
    assert why == 'drift'


def last_why(bench: Bench) -> str:
    return str(bench.entries('decision', bench.step('good'))[0].body['why'])


def test_an_alarm_ends_with_right_answers_in_a_row() -> None:
    bench = drifted()
    for _ in range(40):
        answer(bench, bench.step('good'), 'good')
        if len(bench.entries('alarm')) == 2:
            break
    assert bench.entries('alarm')[-1].body['reason'] == 'confirmed'
    assert bench.authority.state()['alarms'] == []


def test_a_person_ends_an_alarm_and_a_restart_does_not() -> None:
    bench = drifted()
    again = Bench(bench.spec, bench.ledger, bench.registry, bench.clips)
    assert [a['context'] for a in again.authority.state()['alarms']] == [INSERT]
    assert again.authority.command(
        {'key': 'end-0001', 'kind': 'end_alarm', 'by': 'eng', 'tablet': 't', 'context': INSERT}
    )['ok']
    assert again.entries('alarm')[-1].body | {'by': 'eng', 'reason': 'person', 'on': False} == (
        again.entries('alarm')[-1].body
    )
    assert again.authority.state()['alarms'] == []
    assert not again.command('end_alarm', context=INSERT, key='end-0002')['ok']


def test_after_a_restart_the_ledger_gives_the_same_figures() -> None:
    bench = taught(risk=replace(cell().risk, audit_first=0.5, audit_last=0.1))
    for n in range(30):
        case = bench.step('good')
        if bench.entries('ask', case):
            answer(bench, case, 'bad' if n == 20 else 'good')
    again = Bench(bench.spec, bench.ledger, bench.registry, bench.clips)
    for name in ('audits', 'contexts', 'alarms', 'waiting'):
        assert again.authority.state()[name] == bench.authority.state()[name], name
    assert bench.authority.state()['audits']['acted'] > 0


# ---------------------------------------------------------------- the ask budget


def test_a_suppressed_case_is_listed_offered_when_quiet_and_its_answer_is_a_label() -> None:
    bench = Bench(cell(budget=BudgetSpec(2.0, 2.0, over='reject', quiet_s=60.0)))
    cases = [bench.step('good') for _ in range(4)]
    for case in cases[:2]:
        answer(bench, case, 'good')
    state = bench.authority.state()
    assert (state['waiting'], state['waiting_cases']) == (2, cases[2:])
    assert bench.entries('resolution', cases[2])[0].body['action'] == 'reject'
    assert bench.entries('resolution', cases[2])[0].body['go'] is False
    assert [row['case'] for row in waiting(all_entries(bench.ledger))] == cases[2:]
    bench.wait(120.0)
    assert not bench.entries('review'), 'offered although the wanted number is used up'
    bench.wait(3600.0)
    (offer,) = bench.entries('review')
    assert offer.case in cases[2:]
    assert bench.authority.state()['review'] == offer.case
    assert bench.ledger.evidence(offer.case) is not None
    assert bench.command('review', case=offer.case, label='bad')['ok']
    assert bench.ledger.labels()[offer.case].body['source'] == 'review'
    assert len(bench.entries('resolution', offer.case)) == 1
    bench.wait(61.0)
    (other,) = set(cases[2:]) - {offer.case}
    assert bench.entries('review')[-1].case == other
    assert bench.command('review', case=other, label='not_sure')['ok']
    assert bench.authority.state()['waiting'] == 0
    assert not bench.command('review', case=other, label='good')['ok']


def test_no_suppressed_case_is_lost_over_a_restart() -> None:
    bench = Bench(cell(budget=BudgetSpec(1.0, 1.0)))
    cases = [bench.step('good') for _ in range(5)]
    again = Bench(bench.spec, bench.ledger, bench.registry, bench.clips)
    assert list(again.authority.memory.reviews.waiting) == cases[1:]
    again.clock.t_ns = bench.clock.t_ns
    assert again.entries('decision', again.step('good'))[0].body['why'] == 'budget'


def test_a_second_operator_doubles_the_budget() -> None:
    bench = Bench(cell(budget=BudgetSpec(2.0, 2.0)))
    first = bench.step('good')
    bench.tap(first, 'good', by='ann')
    second = bench.step('good')
    bench.command('claim', case=second, by='bob', tablet='tablet_2')
    assert bench.authority.state()['budget_hard'] == 4.0
    assert bench.entries('ask', bench.step('good'))
    assert bench.entries('ask', bench.step('good'))
    assert not bench.entries('ask', bench.step('good'))


def test_with_no_budget_left_audits_wait_and_say_so_in_their_share() -> None:
    bench = taught(risk=AUDITING, budget=BudgetSpec(0.0, 0.0))
    bench.authority.memory.budget.spec = BudgetSpec(1.0, 2.0)
    decision = bench.entries('decision', bench.step('good'))[0].body
    assert (decision['verdict'], decision['params']['share']) == ('act', 0.0)


def test_the_scripted_operator_looks_at_cases_that_are_offered() -> None:
    """A replay with a budget ends with labels of cases nobody was asked about at first."""
    bench = Bench(cell(budget=BudgetSpec(1.0, 1.0, quiet_s=30.0)))
    cases = [bench.step('good') for _ in range(2)]
    bench.wait(3700.0)
    (offer,) = bench.entries('review')
    truth = Truth([Interval('class', 'bad', 0, 2 * 10**18)], bench.spec)
    operator = ScriptedOperator(truth, Habits(delay_s=2.0), 0)
    for entry in bench.ledger.since(0):
        operator.notice(entry, bench.clock.t_ns)
    looks = [c for c in operator.taps(bench.clock.t_ns + 10**11) if c['kind'] == 'review']
    assert [c['case'] for c in looks] == [offer.case] == [cases[1]]
    assert bench.authority.command(looks[0])['ok']
    assert bench.ledger.labels()[cases[1]].body['label'] == 'bad'
