"""A change nobody declared: LP2 under the context of LP1, LP4 and LP5, until the alarm.

Windows that LP2 repeats are left out of the training: the five files share many. The model stays
as it was, so nothing but audits can tell.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cells import cell

from cobot_ai.app.decide import decision_body, judge
from cobot_ai.app.making import certify_contexts
from cobot_ai.app.model_ports import Scorer
from cobot_ai.app.ports import Entry
from cobot_ai.app.record import Record
from cobot_ai.core.manifest import Manifest
from cobot_ai.core.spec import ModelSpec, RiskSpec
from cobot_ai.core.types import Case, LabelledCase, Score, Verdict, Window
from cobot_ai.model.fitter import OnnxFitter

DATA = Path(os.environ.get('COBOT_AI_DATA', ''))
SPEC = cell(risk=RiskSpec(), model=ModelSpec())
pytestmark = pytest.mark.skipif(
    not (DATA / 'robot_failures_lp2.npz').exists(), reason='needs COBOT_AI_DATA'
)


def windows(number: int) -> list[tuple[Window, str]]:
    data = np.load(DATA / f'robot_failures_lp{number}.npz')
    names = [str(n) for n in data['label_names']]
    channels = tuple(str(c) for c in data['channels'])
    found = []
    for x, y in zip(data['X'].astype(np.float32), data['y'], strict=True):
        label = 'good' if names[y] in ('normal', 'ok') else 'bad'
        found.append((Window(channels, x, np.ones(x.shape, np.bool_), 0, 1), label))
    return found


def repeated(window: Window, others: list[tuple[Window, str]]) -> bool:
    return any(np.abs(window.values - o.values).mean() < 1.0 for o, _ in others)


class Table(Scorer):
    """The scores of a fitted model, looked up by window."""

    def __init__(self, manifest: Manifest, scores: dict[int, Score]) -> None:
        self._manifest, self._scores = manifest, scores

    @property
    def manifest(self) -> Manifest:
        return self._manifest

    def score(self, window: Window) -> Score:
        return self._scores[id(window)]


@pytest.fixture(scope='module')
def shift() -> tuple[Table, list[LabelledCase], list[tuple[Window, str]]]:
    """A model of the known operations, its cases, and what comes next."""
    new = windows(2)
    known = [(w, y) for n in (1, 4, 5) for w, y in windows(n) if not repeated(w, new)]
    cases = [LabelledCase(i, 'same', f'g{i}', w, y) for i, (w, y) in enumerate(known, 1)]
    fitted = OnnxFitter().fit(cases, SPEC.model)
    assert fitted is not None
    manifest = Manifest(
        blob='0' * 64,
        parent='',
        classes=fitted.classes,
        channels=known[0][0].channels,
        samples=known[0][0].values.shape[1],
        certificates=certify_contexts(fitted, cases, SPEC, 0),
        labels={},
        contexts={'same': len(cases)},
        data='',
        cell='',
        code='test',
        seed=0,
        created_ns=0,
        head='kernel',
        facts={'evidence_floor': fitted.facts['evidence_floor']},
    )
    judged = [w for w, _ in new]
    rows = OnnxFitter().predict(fitted, judged)
    scores = {
        id(w): Score(fitted.classes, tuple(float(p) for p in row), 'm')
        for w, row in zip(judged, rows, strict=True)
    }
    honest = zip(fitted.cases, fitted.scores, strict=True)
    by_id = {c.id: c for c in cases}
    scores |= {
        id(by_id[i].window): Score(fitted.classes, tuple(float(p) for p in row), 'm')
        for i, row in honest
    }
    return Table(manifest, scores), cases, new


def stream(
    table: Table, steps: list[tuple[Window, str]], seed: int
) -> tuple[int | None, int, int, int]:
    """Cases until the alarm (None: none came), and until then: acted, wrong alone, audits."""
    record = Record(replace(SPEC, model=replace(SPEC.model, seed=seed)))
    record.answers['same'], record.classes = 200, ['good', 'bad']
    acted = wrong = audits = 0
    for n, (window, truth) in enumerate(steps, 1):
        case = Case(n, 'same', f'g{n}', {}, window)
        decision, _ = judge(case, table, record.standing(case, table), SPEC)
        record.take(Entry(2 * n, 0, 'decision', n, decision_body(case, decision, 0.0)))
        if decision.verdict is Verdict.ACT:
            acted += 1
            wrong += decision.label != truth
            continue
        audits += decision.why.value == 'audit'
        body = {'label': truth, 'by': 'a', 'source': 'answer', 'context': 'same', 'revision': 1}
        if decision.why.value in ('audit', 'drift') and decision.score is not None:
            body['audit'] = {  # type: ignore[assignment]
                'guess': decision.score.label,
                'confidence': decision.score.confidence,
                'share': decision.params['share'],
            }
        record.take(Entry(2 * n + 1, 0, 'label', n, body))
        if record.drift.alarm('same') is not None:
            return n, acted, wrong, audits
    return None, acted, wrong, audits


def test_with_the_context_hidden_audits_raise_the_alarm(
    shift: tuple[Table, list[LabelledCase], list[tuple[Window, str]]],
) -> None:
    table, cases, new = shift
    until, quiet = [], 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        later = [new[i] for i in rng.integers(len(new), size=600)]
        at, _, wrong, _ = stream(table, later, seed)
        until.append(at or 600)
        assert at is not None or wrong == 0
        usual = [(c.window, c.label) for c in (cases[i] for i in rng.permutation(len(cases)))]
        quiet += stream(table, usual, seed)[0] is None
    assert np.median(until) <= 50, f'median {np.median(until):.0f}, largest {max(until)}'
    assert quiet >= 36, f'no alarm in {quiet} of 40 orders of the known cases'
