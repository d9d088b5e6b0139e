"""What a Scorer promises, and that nonsense never gets in or out."""

from dataclasses import replace

import model_cases
import numpy as np
import pytest

from cobot_ai.core.errors import GateError, ModelError
from cobot_ai.core.spec import ModelSpec
from cobot_ai.core.suite import Suite
from cobot_ai.model.fitter import HEADS, OnnxFitter
from cobot_ai.model.graph import BATCH, FLOAT, Graph, window_inputs
from cobot_ai.model.scorer import GateFiles, load


@pytest.fixture(scope='module', params=sorted(HEADS))
def fitted(request):
    return OnnxFitter().fit(model_cases.cases(45), ModelSpec(head=request.param))


def test_a_score_names_its_model_and_is_a_distribution(fitted):
    manifest = model_cases.manifest_of(fitted)
    score = load(fitted.blob, manifest).score(model_cases.cases(1)[0].window)
    assert score.model == manifest.digest
    assert score.classes == fitted.classes
    assert sum(score.probs) == pytest.approx(1, abs=1e-6)
    assert np.isfinite(score.evidence)


def test_the_same_window_gives_the_same_score_bit_for_bit(fitted):
    manifest = model_cases.manifest_of(fitted)
    window = model_cases.cases(5)[4].window
    assert repr(load(fitted.blob, manifest).score(window)) == repr(
        load(fitted.blob, manifest).score(window)
    )


def test_several_windows_get_the_probabilities_that_each_gets_alone(fitted):
    scorer = load(fitted.blob, model_cases.manifest_of(fitted))
    windows = [case.window for case in model_cases.cases(19)]
    alone = [scorer.score(window).probs for window in windows]
    assert scorer.probabilities(windows) == pytest.approx(np.array(alone), abs=1e-5)


def test_other_channels_or_lengths_are_refused(fitted):
    scorer = load(fitted.blob, model_cases.manifest_of(fitted))
    window = model_cases.cases(1)[0].window
    swapped = replace(window, channels=window.channels[::-1])
    shorter = model_cases.window(np.zeros((3, 9)))
    for wrong in (swapped, shorter):
        with pytest.raises(ModelError, match='retrain the model'):
            scorer.score(wrong)
        with pytest.raises(ModelError, match='retrain the model'):
            scorer.probabilities([window, wrong])


def test_values_that_were_not_measured_never_enter(fitted):
    scorer = load(fitted.blob, model_cases.manifest_of(fitted))
    window = model_cases.cases(1)[0].window
    mask = window.mask.copy()
    mask[1, 5:9] = False
    broken = replace(window, mask=mask, values=np.where(mask, window.values, np.nan))
    clean = replace(window, mask=mask, values=np.where(mask, window.values, 0))
    assert scorer.score(broken) == scorer.score(clean) or np.isnan(scorer.score(clean).novelty)
    assert scorer.score(broken).probs == scorer.score(clean).probs


def test_an_output_that_is_not_finite_is_an_error(fitted):
    g = Graph()
    mean = g.op('ReduceMean', 'x', axes=[1, 2], keepdims=0)
    g.op('Log', mean, out='evidence')
    column = g.op('Unsqueeze', g.op('Identity', mean), g.const([1]))
    g.op('Softmax', g.op('MatMul', column, g.const(np.ones((1, 3)))), out='probs', axis=1)
    outputs = [('probs', FLOAT, (BATCH, 3)), ('evidence', FLOAT, (BATCH,))]
    blob = g.to_bytes(window_inputs(3, model_cases.SAMPLES), outputs, {})
    bad = replace(fitted, blob=blob, facts={})
    with pytest.raises(ModelError, match='not finite'):
        load(blob, model_cases.manifest_of(bad))


def test_a_file_that_is_not_the_one_of_the_manifest_is_refused(fitted):
    with pytest.raises(GateError) as refused:
        load(fitted.blob + b'\0', model_cases.manifest_of(fitted))
    assert refused.value.key == 'hash'


def test_a_model_of_ours_passes_the_whole_import_gate(fitted):
    manifest = model_cases.manifest_of(fitted)
    files = GateFiles()
    files.inspect(fitted.blob, manifest, Suite())
    used = files.trial(fitted.blob, manifest, Suite())
    assert 0 < used['peak_mb'] < 100
    assert files.load(fitted.blob, manifest).manifest == manifest
