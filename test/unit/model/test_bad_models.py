"""Every planted bad model is refused by the check that is meant for it, every good one passes."""

from dataclasses import replace

import bad_models
import model_cases
import numpy as np
import pytest
from bad_models import BASE, PLANTS, Plant, Tampered, file, judge

from cobot_ai.app.examine import examine
from cobot_ai.app.gate import GateOptions
from cobot_ai.core.suite import Suite, TrialLimits
from cobot_ai.core.types import Missing
from cobot_ai.model.fitter import OnnxFitter
from cobot_ai.model.scorer import GateFiles, load

NAMES = [p.name for p in PLANTS]


@pytest.mark.parametrize('plant', PLANTS, ids=NAMES)
def test_a_bad_model_is_refused_by_the_right_check(plant):
    report = judge(plant)
    assert report.failed == plant.checks
    failed = next(c for c in report.checks if not c.passed)
    assert failed.why.endswith('.')


@pytest.mark.parametrize('plant', PLANTS, ids=NAMES)
def test_without_that_check_it_would_have_passed(plant):
    report = judge(plant, plant.suite.without(*plant.checks))
    assert report.failed == ()
    switched_off = {c.name for c in report.checks if c.figures.get('off')}
    assert set(plant.checks) <= switched_off


def test_the_shift_is_named_and_only_its_slice_is_worse():
    plant = next(p for p in PLANTS if p.name == 'worse on one shift only')
    check = next(c for c in judge(plant).checks if c.name == 'not_worse')
    assert 'shift 22:00' in check.why
    assert not check.figures['overall']['worse']
    assert len(check.cases) == 14
    limits = replace(BASE.not_worse, slices=('context', 'sensors', 'class'))
    blind = judge(plant, replace(BASE, not_worse=limits).without('calibration'))
    assert blind.passed, 'control: without shifts nobody would have seen it'


def test_a_shuffled_channel_list_is_refused_as_such():
    shelf = model_cases.Shelf()
    made = bad_models.cases()
    fitted = OnnxFitter().fit(made, bad_models.spec().model)
    manifest = model_cases.manifest_of(fitted, labels={'ok': 40, 'jam': 40, 'slip': 40})
    turned = replace(manifest, channels=manifest.channels[::-1])
    report = examine(fitted.blob, turned, made, OnnxFitter(), load, None, GateOptions(BASE))
    assert report.failed == ('inputs',)
    assert 'another order' in report.checks[2].why
    assert shelf.live is None


def test_a_file_with_the_wrong_shapes_is_refused():
    plant = Plant('two classes', (), Tampered(bad_models.two_classes), None)
    report = judge(plant)
    assert 'shapes' in report.failed
    right = judge(replace(plant, fitter=OnnxFitter()))
    assert 'shapes' not in right.failed


def test_external_data_is_refused_and_would_have_been_read(tmp_path, monkeypatch):
    plant = Plant('reads another file', (), Tampered(file(bad_models.external)))
    (tmp_path / 'secret.bin').write_bytes(np.float32(1).tobytes())
    monkeypatch.chdir(tmp_path)
    assert judge(plant).failed == ('external_data',)
    assert judge(plant, BASE.without('external_data', 'weights', 'parity')).passed


def test_an_endless_loop_is_refused_twice():
    endless = Plant('endless', (), Tampered(file(bad_models.loop(endless=True))))
    assert judge(endless).failed == ('operators',)
    quick = replace(BASE, trial=TrialLimits(seconds=1)).without('operators')
    assert judge(endless, quick).failed == ('trial',)
    three = Plant('three rounds', (), Tampered(file(bad_models.loop(endless=False))))
    patient = replace(BASE, trial=TrialLimits(seconds=20)).without('operators')
    assert judge(three, patient).passed, 'a busy machine is no endless loop'


def test_allowed_operators_that_take_for_ever_end_in_the_trial():
    plant = Plant('hangs', (), Tampered(file(bad_models.heavy(5000, 9))))
    quick = replace(BASE, trial=TrialLimits(seconds=1))
    assert judge(plant, quick).failed == ('trial',)


@pytest.mark.parametrize('head', ['linear', 'kernel'])
def test_a_first_good_model_a_refit_and_an_improvement_pass_the_whole_suite(head):
    cell = bad_models.spec(head)
    whole = replace(Suite(), latency=BASE.latency)
    first = Plant('first', (), OnnxFitter(), None, cell=cell)
    assert judge(first, whole).failed == ()
    refit = replace(first, live=Tampered())
    assert judge(refit).failed == ()
    better = replace(first, live=Tampered(bad_models.doubtful))
    assert judge(better).failed == ()


@pytest.mark.parametrize('seed', range(4))
def test_refits_of_the_same_quality_pass_whatever_the_seed(seed):
    cell = bad_models.spec('kernel')
    hard = tuple(bad_models.cases(120, noise=2.5, seed=seed))
    other = replace(cell, model=replace(cell.model, seed=seed + 1))
    shelf = model_cases.Shelf()
    options = GateOptions(BASE, files=GateFiles())
    build = bad_models.build_candidate
    shelf.live, _ = build(hard, OnnxFitter(), cell, load, shelf, '', 1, 'test')
    _, manifest = build(hard, OnnxFitter(), other, load, shelf, shelf.live, 2, 'test', options)
    assert manifest.gates.failed == ()


def outside(made, created_ns, head='kernel', **changes):
    """A model from outside that claims to be perfect."""
    fitted = OnnxFitter().fit(made, bad_models.spec(head).model)
    facts = {**fitted.facts, 'honest': {}, 'honest_accuracy': 1.0}
    return fitted, model_cases.manifest_of(
        replace(fitted, facts=facts), created_ns=created_ns, **changes
    )


def foreign(fitted, manifest, made, suite=BASE, current=None):
    options = GateOptions(suite, foreign=True, spec=bad_models.spec(), files=GateFiles())
    return examine(fitted.blob, manifest, made, OnnxFitter(), load, current, options)


def test_a_foreign_model_is_judged_by_cases_that_came_after_it():
    old, new = bad_models.cases(60), bad_models.cases(120)[60:]
    fitted, manifest = outside(old, old[-1].window.end_ns)
    report = foreign(fitted, manifest, [*old, *new])
    assert report.failed == ()
    unseen = next(c for c in report.checks if c.name == 'unseen_cases')
    assert unseen.figures['cases'] == 60


def test_a_foreign_model_without_later_cases_is_refused_whatever_it_claims():
    made = bad_models.cases(60)
    fitted, manifest = outside(made, made[-1].window.end_ns)
    report = foreign(fitted, manifest, made)
    assert report.failed[0] == 'unseen_cases'
    assert 'skill' in report.failed
    control = BASE.without('unseen_cases', 'skill')
    assert foreign(fitted, manifest, made, control).passed


def test_a_foreign_model_with_a_false_date_is_unmasked_by_what_it_remembers():
    made = bad_models.cases(90)
    fitted, manifest = outside(made[:45], 0)
    report = foreign(fitted, manifest, made)
    assert report.failed == ('leakage',)
    check = next(c for c in report.checks if c.name == 'leakage')
    assert check.figures['remembered'] == 45
    assert foreign(fitted, manifest, made, BASE.without('leakage')).passed


def test_cases_of_a_group_that_began_before_the_model_do_not_judge_it():
    old, new = bad_models.cases(60), bad_models.cases(120)[60:]
    mixed = [replace(c, group='same') if c.id > 100 or c.id == 1 else c for c in [*old, *new]]
    fitted, manifest = outside(old, old[-1].window.end_ns)
    report = foreign(fitted, manifest, mixed)
    unseen = next(c for c in report.checks if c.name == 'unseen_cases')
    assert unseen.figures['cases'] == 40


def test_a_foreign_model_that_learnt_nothing_is_refused():
    old, new = bad_models.cases(60), bad_models.cases(120)[60:]
    fitted, manifest = outside(model_cases.relabel(old), old[-1].window.end_ns)
    assert 'skill' in foreign(fitted, manifest, [*old, *new]).failed


def test_by_hand_a_channel_is_taken_away_on_cases_that_are_new_to_the_model():
    cell, made = bad_models.spec('kernel', Missing.MASK), bad_models.cases(120)
    shelf = model_cases.Shelf()
    digest, manifest = bad_models.build_candidate(
        made, OnnxFitter(), cell, load, shelf, '', 1, 'test'
    )
    learnt: list[set[int]] = []

    class Watched(OnnxFitter):
        def fit(self, cases, spec):
            learnt.append({c.id for c in cases})
            return super().fit(cases, spec)

    def dead_channels(thorough):
        options = GateOptions(BASE, files=GateFiles(), spec=cell, thorough=thorough)
        blob = shelf.get(digest)[0]
        report = examine(blob, manifest, made, Watched(), load, None, options)
        return next(c for c in report.checks if c.name == 'dead_channel').figures['channels']

    assert set(dead_channels(thorough=False)) == set(model_cases.CHANNELS)
    assert learnt == [], 'the trainer has no time for a second fit'
    tried = dead_channels(thorough=True)['wrench.fz']['cases']
    assert len(learnt) == 1
    assert tried == 120 - len(learnt[0]) == 24, 'it is tried on what it did not learn'


@pytest.mark.parametrize('second', [False, True])
def test_by_hand_a_version_is_judged_by_the_labels_as_they_are_now(second):
    """Some of what it learnt from was forgotten since, some was corrected."""
    cell, made, shelf = bad_models.spec('kernel'), bad_models.cases(60), model_cases.Shelf()
    version = bad_models.build_candidate(made, OnnxFitter(), cell, load, shelf, '', 1, 'test')
    digest, manifest = version
    current = load(*shelf.get(digest)) if second else None
    left = [replace(made[2], label='ok'), *made[3:]]
    options = GateOptions(BASE, files=GateFiles(), spec=cell)
    report = examine(shelf.get(digest)[0], manifest, left, OnnxFitter(), load, current, options)
    compared = next(c for c in report.checks if c.name == ('not_worse' if second else 'skill'))
    assert report.passed, report.failed
    assert compared.figures.get('overall', compared.figures)['cases'] == 57
