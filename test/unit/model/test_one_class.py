"""The start of a cell: only good cases are known, novelty decides what to ask."""

from dataclasses import replace

import model_cases
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_cases import build_candidate

from cobot_ai.app.decide import judge
from cobot_ai.core.policy import Standing
from cobot_ai.core.spec import Action, ClassSpec, ModelSpec, QuestionSpec
from cobot_ai.core.types import Case, Verdict, Why
from cobot_ai.model.fitter import OnnxFitter
from cobot_ai.model.one_class import LEAST_CASES, chance_of_good, fit_confidence
from cobot_ai.model.scorer import load

CLASSES = (
    ClassSpec('ok', Action.CONTINUE, nominal=True),
    ClassSpec('jam', Action.STOP, cost=5.0),
    ClassSpec('slip', Action.STOP),
)
CONTEXT = 'operation=insert'


def cell(**model):
    base = model_cases.cell('kernel')
    return replace(base, question=QuestionSpec(CLASSES), model=replace(base.model, **model))


def good(count=60, seed=0):
    return model_cases.cases(count, labels=('ok',), seed=seed)


def scorer_of(cases, **spec):
    fitted = OnnxFitter().fit(cases, ModelSpec(**spec))
    return load(fitted.blob, model_cases.manifest_of(fitted)), fitted


def caught(scorer, fitted, label):
    """Share of fresh cases of a class below the evidence floor."""
    fresh = model_cases.cases(40, labels=(label,), seed=7)
    floor = fitted.facts['evidence_floor']
    return np.mean([scorer.score(c.window).evidence < floor for c in fresh])


@pytest.mark.parametrize('head', ['kernel', 'linear'])
def test_faults_it_has_never_seen_are_unusual_and_most_good_cases_are_not(head):
    scorer, fitted = scorer_of(good(), head=head)
    assert fitted.classes == ('ok',)
    assert caught(scorer, fitted, 'jam') == 1.0
    assert caught(scorer, fitted, 'slip') == 1.0
    assert 0.05 < caught(scorer, fitted, 'ok') < 0.4


def test_the_declared_share_of_the_usual_cases_is_asked():
    shares = [caught(*scorer_of(good(120), one_class=s), 'ok') for s in (0.05, 0.2, 0.5)]
    assert shares == sorted(shares)
    assert np.allclose(shares, (0.05, 0.2, 0.5), atol=0.15)


def test_confidence_is_what_the_p_value_leaves_of_the_chance_that_it_is_good():
    scorer, fitted = scorer_of(good(120))
    assert fitted.scores.max() == pytest.approx(1 - 1 / 122)
    fresh = [scorer.score(c.window).confidence for c in good(60, seed=9)]
    assert np.mean(np.array(fresh) > 0.95) > 0.8
    jams = model_cases.cases(20, labels=('jam',), seed=3)
    assert max(scorer.score(c.window).confidence for c in jams) < 0.5
    assert np.mean([scorer.score(c.window).confidence for c in jams]) < 0.1


def test_figures_of_the_docs():
    assert chance_of_good(np.array([0.5, 0.05]), 60, 0) == pytest.approx([0.984, 0.961], abs=1e-3)
    assert chance_of_good(np.array([0.5]), 60, 5) == pytest.approx([61 / 67])
    assert (np.diff(chance_of_good(np.linspace(1e-4, 1, 500), 60, 0)) >= 0).all()


def test_it_names_the_nearest_good_cases_and_agrees_with_numpy():
    cases = good()
    scorer, fitted = scorer_of(cases)
    assert scorer.score(cases[4].window).nearest[0].case == cases[4].id
    mask = np.random.default_rng(3).random((3, model_cases.SAMPLES)) > 0.3
    windows = [c.window for c in cases[:8]]
    windows += [model_cases.window(w.values, mask) for w in windows]
    probs = np.array([scorer.score(w).probs for w in windows])
    assert np.abs(OnnxFitter().predict(fitted, windows) - probs).max() <= 1e-5


def test_a_group_never_vouches_for_itself():
    """Twins of one part: only a split through a group would make them look usual."""
    cases = good(40)
    twins = cases + [replace(c, id=c.id + 1000) for c in cases]
    spec = ModelSpec()
    floor = [OnnxFitter().fit(c, spec).facts['evidence_floor'] for c in (twins, cases)]
    leaking = [replace(c, group=str(c.id)) for c in twins]
    assert OnnxFitter().fit(leaking, spec).facts['evidence_floor'] > max(floor) + 0.05


@pytest.mark.parametrize('elsewhere', [0, 1])
def test_cases_of_one_group_alone_give_no_model(elsewhere):
    """One stretch of sliding windows: nobody could say how a case of another one is judged."""
    cases = [replace(c, group='time=7' if c.id > elsewhere else 'time=1') for c in good(50)]
    assert OnnxFitter().fit(cases, ModelSpec()) is None
    more = [replace(c, group=f'time={c.id % 3}') for c in cases]
    scorer, fitted = scorer_of(more)
    assert caught(scorer, fitted, 'jam') == 1.0


def test_too_few_or_two_classes_or_switched_off_is_no_one_class_model():
    fitter, spec = OnnxFitter(), ModelSpec()
    assert fitter.fit(good(LEAST_CASES - 1), spec) is None
    assert fitter.fit(good(LEAST_CASES), spec).classes == ('ok',)
    assert fitter.fit(good(), replace(spec, one_class=1.0)) is None
    two = good(20) + [replace(c, id=c.id + 900) for c in model_cases.cases(3, labels=('jam',))]
    assert fitter.fit(two, spec).classes == ('jam', 'ok')


def rare(count=2):
    """A fault with fewer labels than it takes to learn it."""
    return [replace(c, id=900 + c.id) for c in model_cases.cases(count, labels=('jam',))]


def build(cases, shelf=None, spec=None):
    shelf = shelf or model_cases.Shelf()
    found = build_candidate(cases, OnnxFitter(), spec or cell(), load, shelf, shelf.live, 0, 't')
    return found and found[1]


def test_the_gate_says_that_it_knows_one_class_and_lets_it_pass():
    manifest = build(good())
    assert manifest.gates.passed, manifest.gates.failed
    (said,) = [c for c in manifest.gates.checks if c.name == 'one_class']
    assert 'only "ok" has enough labels (60)' in said.why
    assert 'one_class' not in [c.name for c in build(model_cases.cases(60)).gates.checks]


def test_a_model_of_a_fault_alone_is_not_made():
    jams = model_cases.cases(60, labels=('jam',))
    assert build(jams) is None


def test_its_certificate_needs_as_many_clean_labels_as_any_other():
    spec = replace(cell(), risk=replace(cell().risk, epsilon=0.05))
    threshold = {n: build(good(n), spec=spec).certificate(CONTEXT).threshold for n in (44, 46)}
    assert threshold[44] is None
    assert threshold[46] is not None


def test_a_rare_fault_counts_as_wrong_at_the_confidence_it_got():
    spec = replace(cell(), risk=replace(cell().risk, epsilon=0.05))
    odd = replace(good(1, seed=4)[0], id=999, label='jam', group='odd')  # looks as usual as any
    clean = build(good(), spec=spec).certificate(CONTEXT)
    doubted = build([*good(), odd], spec=spec).certificate(CONTEXT)
    assert clean.threshold is not None
    assert doubted.threshold is None or doubted.errors or doubted.threshold > clean.threshold
    seen = build([*good(), *rare()], spec=spec)
    assert seen.classes == ('ok',)
    assert '(2)' in next(c.why for c in seen.gates.checks if c.name == 'one_class')


def test_the_first_fault_with_enough_labels_replaces_it():
    shelf = model_cases.Shelf()
    spec = cell()
    build(good(), shelf, spec)
    shelf.live = shelf.versions()[0]
    both = build([*good(), *rare(6)], shelf, spec)
    assert both.classes == ('jam', 'ok')
    assert both.gates.passed, both.gates.failed


# ---------------------------------------------------------------- decisions


def decided(window, manifest, scorer, question=None):
    certificate = manifest.certificate(CONTEXT)
    floor = manifest.facts['evidence_floor']
    standing = Standing(100, certificate=certificate, evidence_floor=floor)
    if hasattr(standing, 'taught'):
        standing = replace(standing, taught=100)
    spec = replace(cell(), question=question or QuestionSpec(CLASSES))
    return judge(Case(1, CONTEXT, '', {}, window), scorer, standing, spec)[0]


def live():
    shelf = model_cases.Shelf()
    manifest = build(good(90), shelf)
    return manifest, load(*shelf.get(manifest.digest))


def test_a_decision_says_that_only_good_cases_are_known():
    manifest, scorer = live()
    found = [decided(c.window, manifest, scorer) for c in good(30, seed=8)]
    acts = [d for d in found if d.verdict is Verdict.ACT]
    assert len(acts) > 15
    assert {(d.why, d.label, d.action) for d in acts} == {(Why.USUAL, 'ok', 'continue')}
    assert all(d.params['one_class'] == 'ok' for d in found)
    jam = decided(model_cases.cases(1, labels=('jam',))[0].window, manifest, scorer)
    assert (jam.verdict, jam.params['one_class']) == (Verdict.ASK, 'ok')


def test_the_cost_of_a_fault_nobody_has_seen_comes_from_the_certificate():
    """90 clean labels bound the share of faults by 2.5 %: 41 needless questions outweigh it."""
    manifest, scorer = live()
    window = max(good(20, seed=8), key=lambda c: scorer.score(c.window).confidence).window
    assert manifest.certificate(CONTEXT).bound == pytest.approx(0.0253, abs=1e-3)
    for cost, why in ((39.0, Why.USUAL), (41.0, Why.COST)):
        dear = QuestionSpec((CLASSES[0], replace(CLASSES[1], cost=cost)))
        assert decided(window, manifest, scorer, dear).why is why


# ---------------------------------------------------------------- confidence


@given(
    st.lists(st.floats(0, 1), min_size=2, max_size=80),
    st.lists(st.floats(-2, 3), min_size=2, max_size=20),
)
def test_confidence_never_falls_with_evidence_and_stays_a_share(known, asked):
    line = fit_confidence(np.array(known))
    assert (np.diff(line.evidence) > 0).all()
    values = line.of(np.sort(asked))
    assert (np.diff(values) >= -1e-12).all()
    assert 0 <= values.min() <= values.max() <= 1


def test_nearly_all_good_cases_alike_is_no_division_by_nothing():
    line = fit_confidence(np.full(20, 0.7))
    assert line.of(np.array([0.7]))[0] > 0.9
    assert line.of(np.array([0.2]))[0] == 0
