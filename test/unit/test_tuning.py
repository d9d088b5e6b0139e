"""Numbers and words that change while the cell runs: checked, recorded, in force at once."""

import pytest
from bench_cell import Bench
from cells import cell, question
from hypothesis import given
from hypothesis import strategies as st

from cobot_ai.app.tuning import Tuning, now_spec
from cobot_ai.core.errors import ConfigError, StoreError
from cobot_ai.core.tune import NUMBERS, number, with_numbers, with_word, words


@given(st.sampled_from(NUMBERS), st.floats(allow_nan=True, allow_infinity=True))
def test_a_number_is_as_good_as_in_a_cell_file_or_refused(name, value):
    spec = cell()
    try:
        changed = with_numbers(spec, {name: value})
    except ConfigError:
        return
    assert number(changed, name) == value
    assert changed.digest == spec.digest
    others = [n for n in NUMBERS if n != name]
    assert [number(changed, n) for n in others] == [number(spec, n) for n in others]


def test_the_risk_itself_is_the_cell_files():
    with pytest.raises(ConfigError, match='cannot be set while'):
        with_numbers(cell(), {'risk.epsilon': 0.5})


def test_a_new_deadline_and_new_words_are_those_of_the_next_question():
    bench = Bench(cell(question=question(undo_s=0.0)))
    bench.step('good')
    assert bench.command('tune', name='question.deadline_s', value=120)['ok']
    assert bench.command('word', of='class', name='good', lang='de', text=' Passt ')['ok']
    case = bench.step('good')
    asked = bench.entries('ask', case)[0].body
    assert asked['deadline_s'] == 120
    assert next(c for c in asked['classes'] if c['name'] == 'good')['text']['de'] == 'Passt'
    numbers, text = [e.body for e in bench.ledger.since(0, 1000) if e.kind == 'config']
    assert (numbers['name'], numbers['new']) == ('question.deadline_s', 120)
    assert (text['name'], text['old'], text['new']) == ('class.good.de', '', 'Passt')
    bench.wait(60)
    assert not bench.entries('resolution', case), 'the new deadline is kept'


@pytest.mark.parametrize(
    ('kind', 'fields'),
    [
        ('tune', {'name': 'question.deadline_s', 'value': -1}),
        ('tune', {'name': 'risk.epsilon', 'value': 0.5}),
        ('tune', {'name': 'budget.hard'}),
        ('word', {'of': 'class', 'name': 'nobody', 'lang': 'de', 'text': 'x'}),
        ('word', {'of': 'class', 'name': 'good', 'lang': '!', 'text': 'x'}),
        ('word', {'of': 'robot', 'name': '', 'lang': 'de', 'text': 'x'}),
    ],
)
def test_what_a_cell_file_may_not_say_is_refused_and_nothing_changes(kind, fields):
    bench = Bench(cell())
    before = bench.authority.spec
    reply = bench.command(kind, **fields)
    assert not reply['ok'] and reply['reason']
    assert bench.authority.spec is before
    assert not [e for e in bench.ledger.since(0, 1000) if e.kind == 'config']


def test_numbers_change_together_or_not_at_all():
    bench = Bench(cell())
    with pytest.raises(ConfigError):
        bench.authority.tune({'budget.warn': 3, 'question.deadline_s': 0}, 'parameter')
    assert number(bench.authority.spec, 'budget.warn') == number(cell(), 'budget.warn')


def test_what_cannot_be_written_down_is_not_in_force(monkeypatch):
    bench = Bench(cell())

    def full(*args, **kw):
        raise StoreError('disk full')

    monkeypatch.setattr(bench.ledger, 'commit', full)
    with pytest.raises(StoreError):
        bench.authority.tune({'question.deadline_s': 99}, 'parameter')
    assert number(bench.authority.spec, 'question.deadline_s') != 99
    assert bench.authority.desk.spec is bench.authority.spec


def test_a_restart_keeps_changes_while_the_file_is_the_same():
    bench = Bench(cell())
    bench.command('tune', name='question.deadline_s', value=77)
    bench.command('tune', name='question.deadline_s', value=78)
    again = Bench(bench.spec, bench.ledger, bench.registry, bench.clips)
    assert number(again.authority.spec, 'question.deadline_s') == 78
    other = with_numbers(cell(), {'question.undo_s': 1.0})
    changed = Tuning(cell(digest='1' * 64), lambda spec: None).spec
    assert now_spec(changed, bench.ledger) == changed, 'another file: its own numbers'
    assert other.digest == cell().digest


def test_everything_with_words_is_listed_and_can_be_set():
    spec = cell()
    listed = list(words(spec))
    assert ('question', '', dict(spec.question.text)) in listed
    assert {of for of, _, _ in listed} >= {'question', 'class', 'channel'}
    for of, name, _ in listed:
        changed = with_word(spec, of, name, 'pl', 'słowo')
        assert {(o, n): t for o, n, t in words(changed)}[of, name]['pl'] == 'słowo'
        gone = with_word(changed, of, name, 'pl', ' ')
        assert 'pl' not in {(o, n): t for o, n, t in words(gone)}[of, name]


def test_what_was_tuned_is_undone_and_what_goes_together_is_set_together():
    """Alone, neither a shorter deadline nor a longer time to undo would be taken."""
    bench = Bench(cell(question=question(deadline_s=20.0, undo_s=5.0)))
    bench.authority.tune({'question.deadline_s': 4.0, 'question.undo_s': 2.0}, 'parameter')
    again = Bench(bench.spec, bench.ledger, bench.registry, bench.clips)
    assert number(again.authority.spec, 'question.deadline_s') == 4.0
    names = ('question.deadline_s', 'question.undo_s')
    again.authority.tune(dict.fromkeys(names), 'parameter')
    assert [number(again.authority.spec, n) for n in names] == [20.0, 5.0]
    assert [e.body['new'] for e in again.entries('config')] == [4.0, 2.0, 20.0, 5.0]
    last = Bench(bench.spec, bench.ledger, bench.registry, bench.clips)
    assert last.authority.spec == bench.spec
    assert last.command('tune', key='t1', name=names[0], value=9)['ok']
    assert last.command('tune', key='t2', name=names[0], value=None)['ok']
    assert number(last.authority.spec, names[0]) == 20.0


def test_who_answers_and_reports_reads_the_question_as_it_is_now():
    bench = Bench()
    bench.command('tune', name='question.deadline_s', value=99)
    assert bench.authority._commands.answers._question is bench.authority.spec.question


def test_the_risk_changes_when_a_second_person_approves_and_outlives_a_restart():
    bench = Bench(cell())
    epsilon = bench.authority.spec.risk.epsilon
    made = bench.command('propose', name='risk.epsilon', value=0.02, by='Eva')
    assert made['ok'] and bench.authority.spec.risk.epsilon == epsilon
    number = bench.entries('proposal')[-1].seq
    own = bench.command('approve', proposal=number, by=' eva ')
    assert (own['ok'], own['code']) == (False, 'own_proposal')
    assert bench.command('approve', proposal=number, by='Ada')['ok']
    spec = bench.authority.spec
    assert spec.risk.epsilon == 0.02 == bench.authority.memory.record.drift.risk.epsilon
    body = bench.entries('config')[-1].body
    assert (body['by'], body['proposed_by'], body['old'], body['new']) == (
        'Ada',
        'Eva',
        epsilon,
        0.02,
    )
    assert now_spec(cell(), bench.ledger).risk.epsilon == 0.02
    again = bench.command('approve', proposal=number, by='Otto')
    assert (again['ok'], again['code']) == (False, 'no_proposal')


@pytest.mark.parametrize(
    ('fields', 'code'),
    [
        ({'name': 'risk.epsilon', 'value': 1.5}, 'ConfigError'),
        ({'name': 'risk.delta', 'value': 0.2}, 'not_tunable'),
        ({'name': 'risk.epsilon', 'value': 0.02, 'by': '  '}, 'no_name'),
    ],
)
def test_what_may_not_be_proposed_is_refused_and_changes_nothing(fields, code):
    bench = Bench(cell())
    reply = bench.command('propose', **{'by': 'Eva', **fields})
    assert (reply['ok'], reply['code']) == (False, code)
    assert bench.entries('proposal') == []


def test_a_declined_or_replaced_proposal_can_no_longer_be_approved():
    bench = Bench(cell())
    numbers = []
    for value in (0.02, 0.1):
        assert bench.command('propose', name='risk.epsilon', value=value, by='Eva')['ok']
        numbers.append(bench.entries('proposal')[-1].seq)
    assert bench.command('approve', proposal=numbers[0], by='Ada')['code'] == 'no_proposal'
    assert bench.command('decline', proposal=numbers[1], by='Eva')['ok']
    assert bench.command('approve', proposal=numbers[1], by='Ada')['code'] == 'no_proposal'
    assert bench.entries('config') == []
