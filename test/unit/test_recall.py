"""Questions carry what the model finds alike, with the label and the shift behind it."""

from dataclasses import replace

from bench_cell import Bench
from cells import cell

from cobot_ai.app.recall import alike
from cobot_ai.core.types import Neighbour


def taught(**facts):
    """A cell whose live model tells its nearest cases."""
    model = replace(cell().model, head='kernel', swap='at_once')
    bench = Bench(cell(model=model))
    for n in range(12):
        bench.teach('bad' if n % 3 == 0 else 'good', **facts)
    return bench


def asked(bench):
    case = bench.step('bad', operation='screw')
    return bench.ledger.evidence(case)['nearest']


def test_the_evidence_names_the_nearest_cases_their_label_and_who_gave_it():
    bench = taught()
    near = asked(bench)
    assert [n['similarity'] for n in near] == sorted((n['similarity'] for n in near), reverse=True)
    assert (near[0]['label'], near[0]['by'], near[0]['shift']) == ('bad', 'ann', None)
    assert near[0]['t_ns'] == bench.entries('label', near[0]['case'])[0].t_ns


def test_where_the_cell_declares_a_shift_nobody_is_named():
    near = asked(taught(shift='B'))
    assert all((n['shift'], n['by']) == ('B', None) for n in near)


def test_a_corrected_or_withdrawn_label_is_told_as_it_counts_now():
    bench = taught()
    case = asked(bench)[0]['case']
    bench.tap(case, 'good', by='bob', tablet='tablet_2')
    (told,) = alike(bench.ledger, [Neighbour(case, 0.9)])
    assert told['label'] is None, 'two people disagree'
    assert bench.command('correct', case=case, label='good')['ok']
    (told,) = alike(bench.ledger, [Neighbour(case, 0.9)])
    assert told['label'] == 'good'


def test_without_a_model_there_is_nothing_to_name():
    bench = Bench()
    assert bench.ledger.evidence(bench.step('good'))['nearest'] == []
