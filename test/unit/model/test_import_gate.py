"""Planted bad model files: each is refused by the check that is meant for it."""

from dataclasses import replace
from pathlib import Path

import model_cases
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from cobot_ai.core.errors import GateError
from cobot_ai.core.spec import ModelSpec
from cobot_ai.model import import_gate
from cobot_ai.model.fitter import OnnxFitter
from cobot_ai.model.graph import BATCH, FLOAT, Graph, window_inputs
from cobot_ai.model.import_gate import inspect, trial


@pytest.fixture(scope='module')
def good():
    return OnnxFitter().fit(model_cases.cases(30), ModelSpec())


@pytest.fixture
def manifest(good):
    return model_cases.manifest_of(good)


def refused(blob, manifest):
    with pytest.raises(GateError) as error:
        inspect(blob, manifest)
    assert 'refused' in str(error.value)
    return error.value.key


def changed(good, change):
    model = onnx.load_from_string(good.blob)
    change(model)
    return model.SerializeToString()


def test_a_good_model_passes(good, manifest):
    inspect(good.blob, manifest)
    trial(good.blob, manifest)


@pytest.mark.parametrize('cut', [0, 1, 100, 1000])
def test_truncated(good, manifest, cut):
    assert refused(good.blob[:cut], manifest) in {'parse', 'shapes'}


def test_not_a_model_at_all(manifest):
    assert refused(b'#!/bin/sh\nrm -rf /\n' * 10, manifest) == 'parse'


def test_too_large(good, manifest):
    with pytest.raises(GateError) as error:
        inspect(good.blob, manifest, limit=len(good.blob) - 1)
    assert error.value.key == 'size'


@pytest.mark.parametrize('place', ['initializer', 'attribute', 'subgraph'])
def test_external_data_wherever_it_hides(good, manifest, place, tmp_path, monkeypatch):
    secret = tmp_path / 'secret'
    secret.write_bytes(b'\x00\x00\x80\x3f')
    monkeypatch.chdir(tmp_path)
    tensor = TensorProto(name='leak', data_type=FLOAT, dims=[1])
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key='location', value='secret')
    constant = helper.make_node('Constant', [], ['leak'], value=tensor)

    def plant(model):
        if place == 'initializer':
            model.graph.initializer.append(tensor)
        elif place == 'attribute':
            model.graph.node.append(constant)
        else:
            inner = helper.make_graph([constant], 'inner', [], [])
            model.graph.node.append(helper.make_node('If', ['c'], ['o'], then_branch=inner))

    assert refused(changed(good, plant), manifest) == 'external_data'


@pytest.mark.parametrize('kind', ['Loop', 'Scan', 'If', 'ConstantOfShape', 'Expand', 'Made_up'])
def test_operators_that_are_not_needed(good, manifest, kind):
    blob = changed(good, lambda m: m.graph.node.append(helper.make_node(kind, ['x'], ['y'])))
    assert refused(blob, manifest) == 'operators'


def test_operators_of_another_domain(good, manifest):
    node = helper.make_node('Add', ['x', 'x'], ['y'], domain='com.microsoft')
    assert refused(changed(good, lambda m: m.graph.node.append(node)), manifest) == 'operators'
    other = helper.make_opsetid('com.plant', 1)
    blob = changed(good, lambda m: m.opset_import.append(other))
    assert refused(blob, manifest) == 'operators'


@pytest.mark.parametrize('value', [np.nan, np.inf])
def test_weights_that_are_not_finite(good, manifest, value):
    def plant(model):
        tensor = model.graph.initializer[-1]
        broken = np.full(tuple(tensor.dims), value, np.float32)
        tensor.CopyFrom(numpy_helper.from_array(broken, tensor.name))

    assert refused(changed(good, plant), manifest) == 'weights'


def test_weights_shorter_than_they_say(good, manifest):
    def plant(model):
        model.graph.initializer[0].raw_data = b'\0'

    assert refused(changed(good, plant), manifest) == 'parse'


def test_text_weights(good, manifest):
    tensor = helper.make_tensor('words', TensorProto.STRING, [1], [b'x'])
    assert (
        refused(changed(good, lambda m: m.graph.initializer.append(tensor)), manifest) == 'weights'
    )


def test_inputs_and_outputs_that_differ_from_the_manifest(good, manifest):
    fewer = replace(manifest, channels=manifest.channels[:-1])
    longer = replace(manifest, samples=manifest.samples + 1)
    classes = replace(manifest, classes=(*manifest.classes, 'other'))
    assert [refused(good.blob, m) for m in (fewer, longer, classes)] == ['shapes'] * 3
    blob = changed(good, lambda m: m.graph.output.pop())
    assert refused(blob, manifest) == 'shapes'


def hungry(samples):
    """A small file that takes all differences of its input, twice: 430 million numbers."""
    g = Graph()
    flat = g.op('Reshape', 'x', g.const([1, -1]))
    for _ in range(2):
        flat = g.op('Reshape', g.op('Sub', g.op('Transpose', flat), flat), g.const([1, -1]))
    total = g.op('ReduceSum', flat, g.const([1]), keepdims=0)
    g.op('Identity', total, out='evidence')
    column = g.op('Unsqueeze', total, g.const([1]))
    g.op('Softmax', g.op('MatMul', column, g.const(np.ones((1, 3)))), out='probs', axis=1)
    outputs = [('probs', FLOAT, (BATCH, 3)), ('evidence', FLOAT, (BATCH,))]
    return g.to_bytes(window_inputs(3, samples), outputs, {})


def test_a_memory_bomb_of_allowed_operators_dies_in_the_child(manifest):
    blob = hungry(model_cases.SAMPLES)
    inspect(blob, manifest)
    with pytest.raises(GateError) as error:
        trial(blob, manifest)
    assert error.value.key == 'trial'


def test_a_model_that_does_not_end_in_time_is_refused(good, manifest):
    with pytest.raises(GateError) as error:
        trial(good.blob, manifest, seconds=0.001)
    assert error.value.key == 'trial'


def test_nothing_in_the_package_can_load_a_pickle_but_the_reader_that_knows_a_few_names():
    package = Path(import_gate.__file__).parents[1]
    words = ('import pickle', 'joblib', 'torch.load', 'allow_pickle=True')
    found = [p.name for p in package.rglob('*.py') if any(w in p.read_text() for w in words)]
    assert found == ['checkpoint.py']  # its refusals: test_stills.py
