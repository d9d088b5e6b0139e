"""Figures for the wall, the confusion matrix and what another risk would have meant."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timezone
from threading import Event

import numpy as np
import pytest
from cells import cell, question
from fakes import MemoryLedger
from hypothesis import given
from hypothesis import strategies as st

from cobot_ai.app.downtime import Downtime
from cobot_ai.app.insight import Record, Row, confusion, kpis
from cobot_ai.app.ports import Entry
from cobot_ai.app.what_if import what_if
from cobot_ai.core.binomial import upper_bound
from cobot_ai.core.kpi import middle, rate, share
from cobot_ai.core.spec import Action, BudgetSpec, ClassSpec, RiskSpec
from cobot_ai.web.record import Figures

UTC = timezone.utc
HOUR = 3600 * 10**9


def row(case, verdict='act', label='', guess='good', confidence=0.9, hour=0.0, **more):
    acted = guess if verdict == 'act' else ''
    why = {'act': 'sure', 'ask': 'below_threshold', 'hold': 'budget'}[verdict]
    return Row(
        case, round(hour * HOUR), verdict, more.pop('why', why), 'a', guess, confidence, label,
        acted=acted, **more,
    )  # fmt: skip


@given(st.integers(0, 60), st.integers(1, 60))
def test_a_share_lies_in_its_band_and_the_band_in_zero_to_one(hits, n):
    hits = min(hits, n)
    found = share(hits, n)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert share(10 * hits, 10 * n).high - share(10 * hits, 10 * n).low <= found.high - found.low


def test_the_band_of_a_share_keeps_its_promise():
    rng = np.random.default_rng(0)
    inside = [
        f.low <= 0.2 <= f.high for f in (share(int(rng.binomial(40, 0.2)), 40) for _ in range(500))
    ]
    assert np.mean(inside) >= 0.9


def test_without_data_there_is_no_figure():
    assert share(0, 0).value is None
    assert middle([]).value is None
    assert rate(3, 0.0).value is None
    assert rate(6, 2.0).value == 3.0


def test_the_wall_counts_each_shift_for_itself():
    spec = replace(cell(), shifts=('06:00', '14:00', '22:00'))
    rows = [row(i, 'ask', 'good', hour=7 + i / 10, answer_s=5.0) for i in range(5)]
    rows += [row(10 + i, 'act', hour=15 + i / 10) for i in range(5)]
    rows += [row(20 + i, 'ask', 'bad', hour=24 + i / 10, outcome='expired') for i in range(2)]
    found = kpis(rows, spec, UTC)
    acted = found['acted_share']
    assert [s['shift'][-5:] for s in acted['shifts']] == ['06:00', '14:00', '22:00']
    assert [s['shift'][:10] for s in acted['shifts']] == ['1970-01-01'] * 3
    assert [s['value'] for s in acted['shifts']] == [0.0, 1.0, 0.0]
    assert acted['all']['n'] == 12
    assert found['answer_s']['all'] == {'value': 5.0, 'low': 5.0, 'high': 5.0, 'n': 5}
    assert found['first_pass']['all']['value'] == 10 / 12
    assert found['expired']['all']['value'] == 2 / 7


def test_only_audits_tell_about_silent_errors():
    rows = [row(i, 'ask', 'bad') for i in range(5)]  # asked because unsure: no audit
    assert kpis(rows, cell(), UTC)['wrong_alone']['all']['n'] == 0
    rows += [row(9, 'ask', 'good', audit=True), row(10, 'ask', 'bad', audit=True)]
    assert kpis(rows, cell(), UTC)['wrong_alone']['all'] | {'low': 0, 'high': 0} == {
        'value': 0.5, 'low': 0, 'high': 0, 'n': 2,
    }  # fmt: skip


def test_a_cell_of_the_matrix_names_its_cases():
    rows = [row(1, 'ask', 'bad'), row(2, 'ask', 'bad'), row(3, 'ask', 'good'), row(4)]
    found = confusion(rows)
    assert found['classes'] == ['bad', 'good']
    assert {(c['label'], c['guess']): c['cases'] for c in found['cells']} == {
        ('bad', 'good'): [1, 2],
        ('good', 'good'): [3],
    }


@pytest.fixture
def history():
    rng = np.random.default_rng(1)
    rows = []
    for i in range(400):
        confidence = float(rng.uniform(0.5, 1.0))
        wrong = rng.random() > confidence + 0.1
        label = 'bad' if wrong else 'good'
        rows.append(row(i, 'ask', label, confidence=confidence, hour=i / 20))
    return rows


def test_more_risk_never_asks_more_and_less_never_errs_more(history):
    found = what_if(history, cell(), UTC)
    asks = [o['asks_per_shift'] for o in found['options']]
    assert asks == sorted(asks, reverse=True)
    assert asks[0] > asks[-1]
    tight = found['options'][0]['wrong_alone']
    assert (tight['value'] or 0.0) <= found['options'][-1]['wrong_alone']['value']
    assert found['now'] in [o['epsilon'] for o in found['options']]


def test_a_dear_class_makes_the_same_errors_cost_more(history):
    classes = tuple(replace(c, cost=10.0) if c.name == 'bad' else c for c in question().classes)
    cheap = what_if(history, cell(), UTC)['options'][-1]
    dear = what_if(history, cell(question=question(classes=classes)), UTC)['options'][-1]
    assert dear['cost_per_shift'] > cheap['cost_per_shift']


def at_now(rows, spec):
    found = what_if(rows, spec, UTC)
    return next(o['contexts'] for o in found['options'] if o['epsilon'] == found['now'])


def test_what_if_promises_no_threshold_that_the_trainer_refuses():
    """Costs, a change of the mix, windows of one event and declared levels count here as there."""
    spec = cell(risk=RiskSpec(epsilon=0.05, min_answers=1))
    clean = [row(i, 'ask', 'good', confidence=0.99) for i in range(1, 101)]
    missed = [*clean, row(101, 'ask', 'bad', confidence=0.99)]
    assert at_now(missed, spec) == 1
    classes = tuple(replace(c, cost=10.0) for c in question().classes)
    assert at_now(missed, replace(spec, question=question(classes=classes))) == 0
    late = [row(i, 'ask', 'bad', 'bad', 0.99) for i in range(101, 111)]
    assert at_now([*clean, *late], spec) == 0, 'ten labels since the mix changed'
    event = [row(1, 'ask', 'bad', 'bad', 0.99)]
    event += [row(i, 'ask', '', 'bad', 0.99, event=1) for i in range(2, 61)]
    assert at_now(event, spec) == 0, 'one answer'
    missed_event = [row(200, 'ask', 'bad', confidence=0.3)]
    missed_event += [row(i, 'ask', confidence=0.99, event=200) for i in range(201, 211)]
    assert at_now([*clean, *missed_event], spec) == 0, 'ten windows taken for good'


def test_a_window_merged_into_an_event_is_no_question():
    sure = [row(i, 'act', hour=i / 10) for i in range(1, 5)]
    asked = [row(10 + i, 'ask', 'bad', hour=1 + i / 10, outcome='expired') for i in range(6)]
    merged = [row(20 + i, 'ask', why='merged', event=12, hour=1.2 + i / 100) for i in range(8)]
    rows = sorted([*sure, *asked, *merged], key=lambda r: r.t_ns)
    found = what_if(rows, cell(), UTC)
    assert found['cases'] == 10
    for option in found['options']:
        assert (option['asks_per_shift'], option['asked_share']['n']) == (10, 10)
    wall = {name: figure['all'] for name, figure in kpis(rows, cell(), UTC).items()}
    assert wall['asks_per_hour']['value'] == pytest.approx(6 / 1.4)
    assert (wall['acted_share']['value'], wall['acted_share']['n']) == (0.4, 10)
    assert (wall['expired']['value'], wall['expired']['n']) == (1.0, 6)
    assert wall['between_interventions_s']['value'] == pytest.approx(360.0)


def test_what_if_uses_the_wider_levels_that_are_declared():
    spec = cell(risk=RiskSpec(epsilon=0.05, min_answers=1))
    rows = [row(i, 'ask', 'good', confidence=0.99) for i in range(1, 61)]
    rows = [replace(r, context=f'part={r.case % 2}') for r in rows]
    assert at_now(rows, spec) == 0
    assert at_now(rows, replace(spec, risk=replace(spec.risk, fallback=('cell',)))) == 2


def test_without_labels_nothing_would_act_alone():
    found = what_if([row(i) for i in range(50)], cell(), UTC)
    assert all(o['contexts'] == 0 and o['asked_share']['value'] == 1 for o in found['options'])


def test_rows_come_from_the_record():
    from bench_cell import Bench  # noqa: PLC0415 - heavier than the rest

    bench = Bench(cell())
    case = bench.step('good')
    bench.wait(2.0)
    bench.tap(case, 'good')
    bench.wait(10.0)
    (found,) = Record(bench.ledger).rows()
    assert (found.verdict, found.label, found.outcome) == ('ask', 'good', 'answered')
    assert found.answer_s == pytest.approx(2.0, abs=0.2)


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_share_has_the_exact_interval(case):
    hits, n = case
    found = share(hits, n)
    assert found.high == pytest.approx(upper_bound(hits, n, 0.05), abs=1e-8)
    assert found.low == pytest.approx(1 - upper_bound(n - hits, n, 0.05), abs=1e-8)


def test_the_record_folds_each_entry_once_and_ends_where_a_new_one_begins():
    from bench_cell import Bench  # noqa: PLC0415 - heavier than the rest

    bench = Bench(cell())
    record = Record(bench.ledger, newest=4)
    for i in range(7):
        case = bench.step('good' if i % 2 else 'bad')
        assert record.rows() == Record(bench.ledger, newest=4).rows(), 'asked, not answered yet'
        bench.wait(1.0)
        bench.tap(case, 'good')
        bench.wait(10.0)
        bench.command('correct', case=case, label='bad')
        assert record.rows() == Record(bench.ledger, newest=4).rows()
        assert len(record.rows()) == min(i + 1, 4)
    read, bench.ledger.since = [], lambda seq, limit=1000: read.append(seq) or []
    record.rows()
    assert read == [record.head], 'nothing that was seen is read again'


def stops(*entries, shadow=False):
    found = Downtime()
    found.take(Entry(1, 0, 'start', 0, {'shadow': shadow}))
    for kind, hour, body in entries:
        found.take(Entry(2, round(hour * HOUR), kind, 0, body))
    return found


HOLD, GO = {'confirmed': False}, {'confirmed': True}


def test_a_cell_is_not_available_while_it_is_held_outside_of_breaks():
    rows = [row(i, label='good', hour=float(i)) for i in range(11)]
    found = stops(
        ('hold', 2, HOLD), ('hold', 2.5, GO), ('resume', 2.7, HOLD), ('resume', 3, GO),
        ('maintenance', 4, {'on': True}), ('hold', 4.5, HOLD), ('maintenance', 6, {'on': False}),
        ('resume', 7, GO),
    )  # fmt: skip
    figures = kpis(rows, cell(), UTC, found)
    assert found.worked(0, 10 * HOUR) == (8 * HOUR, 6 * HOUR)
    assert figures['available']['all']['value'] == pytest.approx(6 / 8)
    assert figures['oee']['all']['value'] == pytest.approx(6 / 8)
    still = stops(('hold', 9, HOLD))
    assert still.worked(0, 10 * HOUR) == (10 * HOUR, 9 * HOUR), 'held to this moment'


def test_where_nothing_is_held_nothing_is_known_of_availability():
    rows = [row(i, label='good', hour=float(i)) for i in range(3)]
    for unknown in (None, stops(shadow=True)):
        figures = kpis(rows, cell(), UTC, unknown)
        assert figures['available']['all']['value'] is None
        assert figures['oee']['all']['value'] is None


def test_scrap_is_told_by_class_and_rework_is_none():
    classes = (
        *cell().question.classes,
        ClassSpec('press_again', Action.REWORK),
        ClassSpec('broken', Action.REJECT),
    )
    spec = cell(question=question(classes=classes))
    names = ['good'] * 5 + ['broken'] * 2 + ['bad'] + ['press_again'] * 2
    rows = [row(i, 'ask', label, hour=float(i)) for i, label in enumerate(names)]
    found = kpis([*rows, row(99, 'ask')], spec, UTC)['scrap']
    assert (found['all']['value'], found['all']['n']) == (0.3, 10)
    assert [(p['label'], p['value']) for p in found['parts']] == [('broken', 0.2), ('bad', 0.1)]


def test_what_is_wanted_comes_from_the_cell_file():
    spec = cell(budget=BudgetSpec(warn=6.0))
    found = {name: kpi['most'] for name, kpi in kpis([], spec, UTC).items()}
    assert (found['asks_per_hour'], found['wrong_alone']) == (6.0, spec.risk.epsilon)
    assert found['scrap'] is None, 'no plant declares it'
    assert kpis([], cell(budget=BudgetSpec(0.0, 0.0)), UTC)['asks_per_hour']['most'] is None


def test_the_wall_does_not_wait_for_what_somebody_computes():
    figures, begun, go_on = Figures(MemoryLedger()), Event(), Event()

    def slow(rows):
        begun.set()
        assert go_on.wait(10)
        return {'slow': len(rows)}

    with ThreadPoolExecutor() as pool:
        first = pool.submit(figures.get, 'what_if', slow)
        assert begun.wait(10)
        assert pool.submit(figures.get, 'kpis', lambda rows: {'n': len(rows)}).result(10) == {
            'n': 0
        }
        go_on.set()
        assert first.result(10) == {'slow': 0}
