"""From answers to a gated candidate."""

import json
from dataclasses import replace

import model_cases
import numpy as np
import pytest
from model_cases import Shelf, build_candidate

from cobot_ai.app.gate import GateOptions
from cobot_ai.app.gate_parts import FILE_CHECKS
from cobot_ai.app.making import certify_contexts, data_hash
from cobot_ai.app.opinions import Opinions, certified, judged_by
from cobot_ai.app.retrain import AGAIN_NS, Trainer
from cobot_ai.core.errors import GateError, StoreError
from cobot_ai.core.honest import Honest
from cobot_ai.core.leakage import Split
from cobot_ai.core.manifest import from_json
from cobot_ai.core.spec import Action, ClassSpec, RiskSpec
from cobot_ai.core.suite import parse_suite
from cobot_ai.model.fitter import OnnxFitter
from cobot_ai.model.scorer import load

SPEC = model_cases.cell()
SPOILT = ('not_worse', 'calibration')
CHECKS = (
    *('enough_labels', 'classes', 'inputs', *FILE_CHECKS, 'memory', 'outputs', 'parity', 'leakage'),
    *('as_claimed', 'skill', 'golden', 'dead_channel'),
    'latency',
)


def build(cases, shelf, spec=SPEC, options=None, fitter=None, loader=load):
    fitter = fitter or OnnxFitter()
    return build_candidate(cases, fitter, spec, loader, shelf, shelf.live, 5, '0.1', options)


class Changed(OnnxFitter):
    """A fitter whose result was tampered with."""

    def __init__(self, change):
        super().__init__()
        self.change = change

    def fit(self, cases, spec):
        return self.change(super().fit(cases, spec))


def test_a_first_good_candidate_passes_every_check_and_is_stored():
    shelf = Shelf()
    digest, manifest = build(model_cases.cases(60), shelf)
    assert manifest.gates.failed == ()
    names = [c.name for c in manifest.gates.checks]
    assert names == list(CHECKS)
    assert all(c.why.endswith('.') for c in manifest.gates.checks)
    assert manifest.digest == digest
    assert shelf.get(digest)[1] == manifest
    assert manifest.labels == {'jam': 20, 'ok': 20, 'slip': 20}
    assert manifest.certificate('operation=insert').threshold is not None
    assert shelf.live is None


def test_a_candidate_says_where_it_comes_from():
    shelf = Shelf()
    cases = model_cases.cases(30)
    shelf.live, first = build(cases, shelf)
    _, manifest = build(cases, shelf, options=GateOptions(parse_suite({'name': 'strict'})))
    facts = manifest.facts
    assert manifest.parent == shelf.live == first.digest
    assert (manifest.data, manifest.code, manifest.seed) == (data_hash(cases), '0.1', 0)
    assert set(facts['libraries']) == {'numpy', 'onnx', 'onnxruntime', 'python'}
    assert facts['suite']['name'] == 'strict'
    assert len(facts['fold']) == len(facts['honest']['cases']) == 30
    assert from_json(json.loads(manifest.canonical())) == manifest


def test_the_same_cases_give_the_same_digest():
    cases = model_cases.cases(30)
    assert build(cases, Shelf())[0] == build(cases, Shelf())[0]


def test_nothing_to_fit_gives_no_candidate():
    assert build(model_cases.cases(4), Shelf()) is None


def test_too_few_labels_in_all_are_refused_by_name_and_kept_with_the_reason():
    shelf = Shelf()
    digest, manifest = build(model_cases.cases(8, labels=('ok', 'jam')), shelf)
    assert 'enough_labels' in manifest.gates.failed
    assert shelf.get(digest)[1].gates == manifest.gates


def test_worse_than_guessing_or_than_the_live_version_is_refused():
    cases, spoilt = model_cases.cases(60), Changed(shuffled)
    shelf = Shelf()
    assert build(cases, shelf, fitter=spoilt)[1].gates.failed == ('skill',)
    shelf.live, _ = build(cases, shelf)
    assert build(cases, shelf, fitter=spoilt)[1].gates.failed == SPOILT
    assert build(cases, shelf)[1].gates.passed


def shuffled(fitted):
    rows = np.random.default_rng(0).permutation(len(fitted.scores))
    return replace(fitted, scores=fitted.scores[rows])


def test_a_true_improvement_passes():
    shelf = Shelf()
    noisy = model_cases.cases(18, noise=2.0)
    shelf.live, _ = build(noisy, shelf)
    more = noisy + [replace(c, id=c.id + 100) for c in model_cases.cases(90, seed=4)]
    _, manifest = build(more, shelf)
    assert manifest.gates.passed
    assert manifest.parent == shelf.live


@pytest.mark.parametrize(
    ('change', 'name'),
    [
        (lambda f: replace(f, blob=f.blob[:50]), 'parse'),
        (lambda f: replace(f, scores=np.ones_like(f.scores)), 'outputs'),
    ],
)
def test_a_tampered_candidate_is_refused_by_the_right_check(change, name):
    _, manifest = build(model_cases.cases(30), Shelf(), fitter=Changed(change))
    assert name in manifest.gates.failed
    assert name == manifest.gates.failed[0]


def test_parity_is_checked_against_the_reference():
    class Apart(OnnxFitter):
        def predict(self, fitted, windows):
            return super().predict(fitted, windows) + 1e-3

    _, manifest = build(model_cases.cases(30), Shelf(), fitter=Apart())
    assert manifest.gates.failed == ('parity',)


def test_a_golden_case_that_would_be_acted_on_wrongly_refuses_the_candidate():
    cases = model_cases.cases(60)
    wrong = replace(cases[0], id=500, group='other', label='jam')
    options = GateOptions(golden=frozenset({500, 7}))
    _, manifest = build([*cases, wrong], Shelf(), options=options)
    check = next(c for c in manifest.gates.checks if c.name == 'golden')
    assert not check.passed
    assert check.cases == (500,)


def test_latency_uses_the_given_clock():
    ticks = iter(range(0, 10**12, 80_000_000))
    slow = GateOptions(timer=lambda: next(ticks))
    _, manifest = build(model_cases.cases(30), Shelf(), options=slow)
    assert manifest.gates.failed == ('latency',)


def test_the_live_version_is_never_asked_about_a_case_or_group_it_was_trained_on():
    shelf = Shelf()
    cases = model_cases.cases(30)
    shelf.live, old = build(cases, shelf)

    asked = []

    class Spy:
        manifest = old

        def score(self, window):
            asked.append(window)
            return load(*shelf.get(shelf.live)).score(window)

    mate = replace(cases[3], id=100)
    late = replace(model_cases.cases(1, seed=8)[0], id=101, group='new')
    grown = [*cases, mate, late]
    opinion = judged_by(Spy(), {c.id: c for c in grown})
    assert asked == [late.window]
    assert len(opinion) == 31


def test_a_case_whose_label_changed_is_not_compared():
    shelf = Shelf()
    cases = model_cases.cases(30)
    shelf.live, _ = build(cases, shelf)
    corrected = [replace(cases[0], label='jam'), *cases[1:]]
    _, manifest = build(corrected, shelf)
    check = next(c for c in manifest.gates.checks if c.name == 'not_worse')
    assert check.figures['overall']['cases'] == 29


def test_a_damaged_live_version_does_not_block_a_new_one():
    class Damaged(Shelf):
        def get(self, digest):
            raise GateError('damaged')

    shelf = Damaged()
    shelf.live = 'f' * 64
    _, manifest = build(model_cases.cases(30), shelf)
    assert manifest.gates.passed


def test_certificates_are_kept_apart_by_context_and_rare_classes_count_as_wrong():
    a = model_cases.cases(60, labels=('ok', 'jam'))
    b = [replace(c, id=c.id + 100, context='operation=screw') for c in model_cases.cases(6)]
    odd = [replace(a[0], id=300, label='slip', group='z')]
    fitted = OnnxFitter().fit([*a, *b, *odd], replace(SPEC.model, min_labels=5))
    risk = RiskSpec(epsilon=0.1, min_answers=10)
    made = certify_contexts(fitted, [*a, *b, *odd], replace(SPEC, risk=risk), 5)
    assert [c.context for c in made] == ['operation=insert', 'operation=screw']
    assert made[0].labels == 61
    assert (made[1].threshold, made[1].labels) == (None, 6)
    assert made[1].missing >= 4
    loose = certify_contexts(
        fitted, [*a, *b, *odd], replace(SPEC, risk=replace(risk, epsilon=0.5)), 5
    )[0]
    assert loose.errors >= 1


def test_windows_of_one_event_are_one_answer():
    """2 events of 30 windows: nobody but two people said anything."""
    windows = model_cases.cases(60)
    cases = [replace(c, event=(0, i // 30 * 30 + 1)[i % 30 > 0]) for i, c in enumerate(windows)]
    fitted = OnnxFitter().fit(cases, SPEC.model)
    (made,) = certify_contexts(fitted, cases, SPEC, 5)
    assert (made.labels, made.threshold) == (2, None)
    _, manifest = build(cases, Shelf())
    assert manifest.contexts == {'operation=insert': 2}, 'what a new context has been taught'


def opinions_of(labels, right):
    cases = dict(enumerate(model_cases.cases(len(labels)), 1))
    cases = {i: replace(c, label=n) for (i, c), n in zip(cases.items(), labels, strict=True)}
    new = {i: Honest(labels[i - 1], 0.99, right[i - 1], 0.99, 0.0) for i in cases}
    return Opinions(new, {}, '', Split({}, {})), cases


def test_a_model_from_outside_is_certified_like_our_own():
    spec = replace(SPEC, risk=RiskSpec(epsilon=0.05, fallback=('cell',)))
    labels = ['ok'] * 100 + ['jam'] * 10
    made = certified(*opinions_of(labels[:100], [True] * 100), spec)
    assert [(c.level, c.threshold) for c in made] == [('context', 0.99), ('cell', 0.99)]
    made = certified(*opinions_of(labels, [True] * 110), spec)
    assert {(c.changed, c.threshold) for c in made} == {(100, None)}, 'the mix changed'
    classes = (ClassSpec('ok', Action.CONTINUE, cost=10.0), ClassSpec('jam', Action.REJECT))
    dear = replace(spec, question=replace(SPEC.question, classes=classes))
    wrong = opinions_of(labels[:100], [False] + [True] * 99)
    assert all(c.threshold for c in certified(*wrong, spec))
    assert not any(c.threshold for c in certified(*wrong, dear)), 'one error counts as ten'


def test_the_data_hash_ignores_order_and_sees_a_changed_label():
    cases = model_cases.cases(6)
    assert data_hash(cases) == data_hash(cases[::-1])
    assert data_hash(cases) != data_hash([replace(cases[0], label='jam'), *cases[1:]])


class Source:
    golden = frozenset()
    lost = ()
    began = False

    def __init__(self):
        self.made = self.known = []

    def refresh(self):
        changed = len({(c.id, c.label) for c in self.made} ^ {(c.id, c.label) for c in self.known})
        self.known = self.made
        return changed

    def take_request(self):
        asked, self.asked = getattr(self, 'asked', False), False
        return asked

    def take_break(self):
        began, self.began = self.began, False
        return began

    def cases(self):
        return self.made


def test_the_trainer_refits_on_new_and_on_corrected_labels_only():
    source, shelf = Source(), Shelf()
    trainer = Trainer(source, OnnxFitter(), SPEC, load, shelf, '0.1')
    assert trainer.turn(1) is None
    source.made = model_cases.cases(30)
    first = trainer.turn(2)
    assert shelf.get(first)[1].created_ns == 2
    assert trainer.turn(3) is None
    assert trainer.turn(3, force=True) is not None
    source.made = [replace(source.made[0], label='jam'), *source.made[1:]]
    assert trainer.turn(4) not in (None, first)


class Counting(OnnxFitter):
    """Says what it was asked for."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def fit(self, cases, spec):
        self.calls.append('fit')
        return super().fit(cases, spec)

    def update(self, fitted, cases, spec):
        self.calls.append('update')
        return super().update(fitted, cases, spec)


@pytest.fixture
def running():
    source, shelf, fitter = Source(), Shelf(), Counting()
    trainer = Trainer(source, fitter, SPEC, load, shelf, '0.1')
    source.made = model_cases.cases(45)
    shelf.live = trainer.turn(1)
    fitter.calls.clear()
    return trainer, source, shelf, fitter


def test_an_answer_is_learnt_without_a_refit(running):
    trainer, source, shelf, fitter = running
    source.made = model_cases.cases(48)
    manifest = shelf.get(trainer.turn(2))[1]
    assert fitter.calls == ['update']
    assert manifest.facts['fit'] == {'cases': 48, 'full_refit_at': 45}
    assert manifest.gates.passed
    assert sum(manifest.labels.values()) == 48


def test_a_corrected_label_does_not_wait_for_others(running):
    trainer, source, shelf, _fitter = running
    source.made = model_cases.cases(160)
    assert trainer.turn(2) is not None
    source.made = model_cases.cases(161)
    assert trainer.turn(3) is None, 'one answer more is not yet worth it'
    other = 'jam' if source.made[0].label != 'jam' else 'ok'
    source.made = [replace(source.made[0], label=other), *source.made[1:]]
    corrected = trainer.turn(4)
    assert corrected is not None
    assert shelf.get(corrected)[1].data == data_hash(source.made)


def test_a_fourth_more_cases_a_break_or_a_request_refit_all(running):
    trainer, source, shelf, fitter = running
    source.made = model_cases.cases(60)
    trainer.turn(2)
    assert fitter.calls == ['update', 'fit']
    source.began = True
    assert trainer.turn(3) is None
    source.made = model_cases.cases(63)
    trainer.turn(4)
    fitter.calls.clear()
    source.began = True
    assert trainer.turn(5) is not None
    source.asked = True
    assert trainer.turn(6) is not None
    assert fitter.calls == ['fit', 'fit']
    assert shelf.get(trainer.turn(7, force=True))[1].facts['fit']['full_refit_at'] == 63


def test_a_lost_channel_gives_one_version_without_it(running):
    trainer, source, shelf, fitter = running
    assert trainer.turn(2) is None
    source.lost = ('tool.accel',)
    digest = trainer.turn(3)
    manifest = shelf.get(digest)[1]
    assert manifest.facts['dropped'] == ['tool.accel']
    assert manifest.parent == shelf.live
    assert manifest.certificates != shelf.get(shelf.live)[1].certificates
    assert trainer.turn(4) is None
    source.lost = ()
    assert trainer.turn(5) is None
    assert fitter.calls == []


def test_a_label_that_was_withdrawn_before_the_channel_was_lost_is_not_looked_for(running):
    """One label of ninety is no reason to learn anew, and the fit of before still knows it."""
    trainer, source, shelf, _ = running
    source.made = model_cases.cases(90)
    shelf.live = trainer.turn(2)
    source.made = source.made[1:]
    assert trainer.turn(3) is None
    source.lost = ('tool.accel',)
    manifest = shelf.get(trainer.turn(4))[1]
    assert manifest.facts['dropped'] == ['tool.accel']
    assert sum(manifest.labels.values()) == 89
    assert manifest.facts['honest']['cases'] == [c.id for c in source.made]
    assert trainer.turn(5) is None


def test_after_a_restart_nothing_is_fitted_until_something_is_new(running):
    _, source, shelf, _ = running
    fitter = Counting()
    again = Trainer(source, fitter, SPEC, load, shelf, '0.1')
    assert again.turn(9) is None
    assert fitter.calls == []
    source.lost = ('tool.accel',)
    assert again.turn(10) is not None
    source.made = model_cases.cases(48)
    assert again.turn(11) is not None
    assert fitter.calls == ['fit', 'update']


def test_a_candidate_that_the_disk_refused_is_stored_as_soon_as_it_takes_it(running, monkeypatch):
    trainer, source, shelf, fitter = running
    source.made = model_cases.cases(48)
    put, full = shelf.put, [True]

    def refuses(*version):
        if full and full.pop():
            raise StoreError('The disk is full.')
        return put(*version)

    monkeypatch.setattr(shelf, 'put', refuses)
    with pytest.raises(StoreError):
        trainer.turn(2)
    digest = trainer.turn(3)
    assert shelf.get(digest)[1].created_ns == 2, 'as it was made'
    assert fitter.calls == ['update'], 'and not fitted twice'
    assert trainer.turn(4) is None


def test_a_turn_that_failed_is_made_again_and_loses_nothing_that_was_wanted(running, monkeypatch):
    trainer, source, shelf, fitter = running

    def breaks(*_):
        raise MemoryError

    source.made = source.made[1:]
    source.asked = True
    monkeypatch.setattr(fitter, 'fit', breaks)
    for at in (2, 2 + AGAIN_NS):
        with pytest.raises(MemoryError):
            trainer.turn(at)
        assert trainer.turn(at + 1) is None, 'not again and again'
    monkeypatch.undo()
    manifest = shelf.get(trainer.turn(2 + 2 * AGAIN_NS))[1]
    assert manifest.facts['fit'] == {'cases': 44, 'full_refit_at': 44}
    assert trainer.turn(3 + 2 * AGAIN_NS) is None
