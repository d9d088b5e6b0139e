"""The first days of a cell: all good, then the first bad part."""

from dataclasses import replace

from bench_cell import Bench
from cells import cell


def young(**model):
    spec = cell()
    model = replace(spec.model, head='kernel', **{'min_labels': 1, **model})
    return Bench(replace(spec, model=model))


def whys(bench, cases):
    return [bench.entries('decision', case)[0].body['why'] for case in cases]


def test_after_some_good_parts_it_acts_on_the_usual_and_asks_about_the_unusual():
    bench = young()
    for _ in range(14):
        bench.teach('good')
    found = whys(bench, [bench.teach('good') for _ in range(20)])
    assert found.count('usual') >= 10
    assert set(found) <= {'usual', 'unusual', 'below_threshold'}
    bad = bench.step('bad')
    (decision,) = bench.entries('decision', bad)
    assert decision.body['verdict'] == 'ask'
    assert decision.body['params']['one_class'] == 'good'


def test_the_first_bad_part_starts_the_burn_in_and_brings_a_model_of_two_classes():
    bench = young()
    for _ in range(24):
        bench.teach('good')
    assert bench.versions.scorer.manifest.classes == ('good',)
    bench.teach('bad')
    (last,) = bench.entries('candidate')[-1:]
    assert (last.body['labels']['bad'], last.body['failed']) == (1, ['enough_labels'])
    assert whys(bench, [bench.teach('bad')]) == ['new_class']
    assert bench.versions.scorer.manifest.classes == ('bad', 'good')
    assert whys(bench, [bench.teach('good') for _ in range(2)]) == ['new_class'] * 2
    for n in range(12):
        bench.teach('bad' if n % 2 else 'good')
    assert 'sure' in whys(bench, [bench.teach('good') for _ in range(6)])


def test_below_the_labels_a_class_needs_it_stays_one_class_and_the_fault_counts_against_it():
    bench = young(min_labels=3)
    for _ in range(24):
        bench.teach('good')
    bench.teach('bad')
    manifest = bench.versions.scorer.manifest
    assert manifest.classes == ('good',)
    assert manifest.labels == {'good': manifest.labels['good'], 'bad': 1}
    (check,) = [c for c in manifest.gates.checks if c.name == 'one_class']
    assert 'counted as wrong: bad (1)' in check.why
    assert whys(bench, [bench.step('good')]) == ['new_class']


def test_switched_off_everything_is_asked_until_there_are_two_classes():
    bench = young(one_class=1.0)
    assert set(whys(bench, [bench.teach('good') for _ in range(20)])) == {'no_model'}


def test_only_bad_parts_make_no_model():
    bench = young()
    assert set(whys(bench, [bench.teach('bad') for _ in range(20)])) == {'no_model'}
