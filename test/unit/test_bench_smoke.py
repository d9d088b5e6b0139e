"""The benchmarks run the product: a stream through its loop, a resplit, a second count."""

from __future__ import annotations

import json
import re
from pathlib import Path

import choice
import guarantee
import learning
import numpy as np
import product
import pytest
import synthetic
from bench_setup import Setup
from loop import cell, run_stream
from plot import draw_guarantee

from cobot_ai.app.operator import Habits


def test_a_made_stream_goes_through_the_products_loop() -> None:
    cases = synthetic.draw(30, 1).cases
    team = {'right': Habits(), 'wrong': Habits(error_rate=1.0)}
    rows, entries = run_stream(cases, cell(cases[0], synthetic.CLASSES), team)
    assert [r.case for r in rows] == list(range(1, 31))
    assert [r.truth for r in rows] == [c.label for c in cases]
    answers = {e.case: e.body['label'] for e in entries if e.kind == 'label'}
    by = {e.body['by'] for e in entries if e.kind == 'label'}
    assert by == {'right', 'wrong'}
    wrong = [c for c, label in answers.items() if label != cases[c - 1].label]
    assert wrong, 'nobody erred'
    assert all(c % 2 for c in wrong), 'the wrong one erred'


def test_the_true_error_of_made_cases_is_known() -> None:
    drawn = synthetic.draw(2000, 2)
    assert drawn.truth.sum(axis=1) == pytest.approx(1)
    said = np.array([synthetic.CLASSES.index(c.label) for c in drawn.cases])
    best = drawn.truth.argmax(axis=1)
    expected = 1 - drawn.truth.max(axis=1).mean()
    assert (said != best).mean() == pytest.approx(expected, abs=0.02)


def test_every_way_of_choosing_gets_as_many_answers_from_the_same_begin() -> None:
    cases = synthetic.draw(60, 3).cases
    found = {way: choice.curve(cases[:30], cases[30:], 0, 2, way) for way in choice.WAYS}
    assert {tuple(n for n, *_ in curve) for curve in found.values()} == {(12, 18, 24)}
    assert len({curve[0] for curve in found.values()}) == 1, 'not the same begin'
    assert len({curve[-1] for curve in found.values()}) > 1, 'all chose the same'
    runs = np.array([[found[way] for way in choice.WAYS]] * 2)
    runs[0, 0, 1:, 1] -= 0.2
    gain = choice._gain(runs)
    assert gain['error'] == pytest.approx(choice._gain(runs[1:].repeat(2, axis=0))['error'] + 0.1)
    worse = choice.bars(
        {'a': {'error': -0.03, 'error_se': 0.01}, 'b': {'error': 0.1, 'error_se': 0}}
    )
    assert [bar['met'] for bar in worse.values()] == [True, False, True]


def test_one_resplit_gives_every_rule_a_row_and_a_plot(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(guarantee, 'LABELS', 60)
    monkeypatch.setattr(guarantee, 'MOST_TESTED', 100)
    found = guarantee.resplit(guarantee._made, 1, 0)
    rows = [{'set': 'made', 'rule': r, **t.row(e)} for (r, e), t in found.items()]
    assert len(rows) == 10 * len(guarantee.EPSILONS)
    never = next(r for r in rows if r['rule'] == 'never ask')
    assert never['coverage'] == 1
    assert never['silent_error'] > 0.02
    draw_guarantee(rows, ['made'], tmp_path / 'plot.svg')
    drawn = (tmp_path / 'plot.svg').read_text()
    heights = re.findall(r'cy="([0-9.]+)" r="3.2"[^>]*><title>never ask', drawn)
    assert len(heights) == len(guarantee.EPSILONS)
    assert len(set(heights)) == 1, 'the same share is drawn at different heights'


def test_silent_errors_are_counted_from_truth_intervals() -> None:
    slip, doubt = {'kind': 'slip', 'label': '1'}, {'kind': 'slip', 'label': 'unknown'}
    spans = [(10, 20, slip), (30, 40, doubt)]
    assert product.true_class(spans, 12, 14, 'ok') == 'slip'
    assert product.true_class(spans, 20, 30, 'ok') == 'ok'
    assert product.true_class(spans, 32, 34, 'ok') is None
    assert product.true_class(spans, 20, 30, None) is None


def test_a_section_that_fails_or_lacks_its_recordings_loses_no_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(setup: Setup) -> dict[str, object]:
        raise SystemExit('a peer gave up')

    def hungry(setup: Setup) -> dict[str, object]:
        return {'folder': str(setup.data)}

    monkeypatch.setattr(synthetic, 'broken', broken, raising=False)
    monkeypatch.setattr(synthetic, 'hungry', hungry, raising=False)
    monkeypatch.setattr(synthetic, 'fine', lambda setup: {'accuracy': 1.0}, raising=False)
    names = ('broken', 'hungry', 'fine')
    monkeypatch.setattr(learning, 'SECTIONS', {name: ('synthetic', name) for name in names})
    monkeypatch.setattr(learning, 'find_recordings', lambda given: None)
    monkeypatch.setattr('sys.argv', ['learning.py', '--json', str(tmp_path / 'figures.json')])
    assert learning.main() == 1
    found = json.loads((tmp_path / 'figures.json').read_text())
    assert found['broken']['failed'] == 'SystemExit: a peer gave up'
    assert 'recordings' in found['hungry']['left_out']
    assert found['fine']['accuracy'] == 1.0
    assert not found['recordings']
