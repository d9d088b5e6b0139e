"""Feature blocks of the plant: plugins through entry points, ONNX files, channel weights."""

import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import model_cases
import numpy as np
import onnx
import pytest
from model_cases import build_candidate
from onnx import TensorProto, helper, numpy_helper

from cobot_ai.core.errors import ConfigError
from cobot_ai.core.spec import BLOCKS, ModelSpec
from cobot_ai.model.data import arrange
from cobot_ai.model.fitter import OnnxFitter
from cobot_ai.model.library import BUILT_IN, compute, make_bank
from cobot_ai.model.plugins import GROUP
from cobot_ai.model.scorer import load

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / 'examples' / 'envelope_block'
HEADS = ('kernel', 'linear')


def install(folder, monkeypatch, name, module, target):
    """What pip does: the module and its dist-info in a folder on the path."""
    info = folder / f'{module}-1.0.dist-info'
    info.mkdir()
    (info / 'METADATA').write_text(f'Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n')
    (info / 'entry_points.txt').write_text(f'[{GROUP}]\n{name} = {module}:{target}\n')
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, module, raising=False)


@pytest.fixture
def envelope(tmp_path, monkeypatch):
    (tmp_path / 'envelope_block.py').write_text((EXAMPLE / 'envelope_block.py').read_text())
    install(tmp_path, monkeypatch, 'envelope', 'envelope_block', 'Envelope')


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """Installs a plugin with the given body of `emit`."""

    def make(body):
        source = 'from cobot_ai.model.plugins import Output\nclass P:\n    version = "2"\n'
        source += f'    def emit(self, g, inputs):\n        {body}\n'
        (tmp_path / 'plant_block.py').write_text(source)
        install(tmp_path, monkeypatch, 'own', 'plant_block', 'P')

    return make


def knocks(count=90, samples=64):
    """`loose` has as much energy as `ok`, but in one stretch: a knock at a random moment."""
    rng = np.random.default_rng(5)
    made = []
    for i in range(count):
        x = rng.normal(0, 1.0, (3, samples))
        if i % 2:
            begin = rng.integers(0, samples - 12)
            x[2] *= 0.7
            x[2, begin : begin + 12] *= 3.0
        label = 'loose' if i % 2 else 'ok'
        made.append((f'run_{i}', model_cases.window(x), label))
    return [
        model_cases.LabelledCase(i, 'operation=insert', group, window, label)
        for i, (group, window, label) in enumerate(made, 1)
    ]


def honest_accuracy(cases, **keys):
    return OnnxFitter().fit(cases, ModelSpec(**keys)).facts['honest_accuracy']


def test_the_example_finds_what_the_built_in_means_miss(envelope):
    without = honest_accuracy(knocks(), blocks=('samples',))
    assert honest_accuracy(knocks(), blocks=('samples', 'envelope')) > without + 0.1


@pytest.mark.parametrize('head', HEADS)
def test_a_plugin_is_in_the_manifest_and_in_the_file_and_serving_needs_it_no_more(
    envelope, tmp_path, head
):
    spec = ModelSpec(head=head, blocks=(*BLOCKS, 'envelope'))
    fitted = OnnxFitter().fit(model_cases.cases(40), spec)
    (entry,) = fitted.facts['features']
    assert (entry['name'], entry['version'], entry['kind']) == ('envelope', '1.0', 'plugin')
    assert entry['package'] == 'envelope_block 1.0'
    source = (EXAMPLE / 'envelope_block.py').read_bytes()
    assert entry['sha256'] == hashlib.sha256(source).hexdigest()
    (tmp_path / 'model.onnx').write_bytes(fitted.blob)
    code = (
        'import sys, numpy as np, onnxruntime as ort\n'
        f's = ort.InferenceSession({str(tmp_path / "model.onnx")!r})\n'
        'x = np.zeros((1, 3, 24), np.float32)\n'
        'print(s.run(["probs"], {"x": x, "mask": x + 1})[0].shape)\n'
        'assert "envelope_block" not in sys.modules\n'
    )
    out = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == '(1, 3)'


@pytest.mark.parametrize('head', HEADS)
def test_a_version_with_a_plugin_passes_the_same_gate(envelope, head):
    cell = model_cases.cell(head)
    cell = replace(cell, model=replace(cell.model, blocks=(*BLOCKS, 'envelope')))
    cases = model_cases.cases(60)
    _, manifest = build_candidate(cases, OnnxFitter(), cell, load, model_cases.Shelf(), '', 0, 't')
    assert manifest.gates.passed, manifest.gates.failed


def test_a_plugin_that_is_not_installed_stops_training_with_a_remedy():
    with pytest.raises(ConfigError, match=r'"envelope".*neither built in nor installed.*Install'):
        OnnxFitter().fit(model_cases.cases(12), ModelSpec(blocks=(*BLOCKS, 'envelope')))


@pytest.mark.parametrize(
    ('body', 'says'),
    [
        ('raise ValueError("no such file")', 'failed: no such file'),
        ('return Output(inputs.x, ())', 'no channel at all'),
        ('return Output(inputs.x, (("wrench.fq",),))', r'unknown channels \(wrench.fq\)'),
        (
            'return Output(g.flat(g.op("Log", g.op("Mul", inputs.scaled, g.const(0.0))), 72), '
            'tuple((c,) for c in inputs.channels for _ in range(24)))',
            'not finite, for case 1',
        ),
        (
            'return Output(g.op("ReduceMax", inputs.x, axes=[2], keepdims=0), '
            '(("wrench.fx",),) * 2)',
            r'of the shape \[2, 3\] for 2 windows; its `reads` name 2 features',
        ),
        ('return Output(inputs.x, (("wrench.fx",),) * 3)', r'of the shape \[2, 3, 24\]'),
        (
            'return Output(g.op("ReduceMax", inputs.x, axes=[0, 2], keepdims=0), '
            '(("wrench.fx",),) * 3)',
            r'of the shape \[3\]',
        ),
        (
            'return Output(g.op("Cast", g.op("ReduceMax", inputs.x, axes=[2], keepdims=0), to=7), '
            '(("wrench.fx",),) * 3)',
            'failed: .*float',
        ),
        ('return Output("nowhere", (("wrench.fx",),) * 3)', 'failed: .*nowhere'),
        ('return 5', "failed: 'int' object"),
        (
            'import random; return Output(g.op("Mul", g.op("ReduceMax", inputs.x, axes=[2], '
            'keepdims=0), g.const(random.random())), (("wrench.fx",),) * 3)',
            'something else at every call',
        ),
    ],
)
def test_a_plugin_that_breaks_the_rules_is_named(plugin, body, says):
    plugin(body)
    with pytest.raises(ConfigError, match=says):
        OnnxFitter().fit(model_cases.cases(12), ModelSpec(blocks=(*BLOCKS, 'own')))


def test_a_plugin_with_an_operator_that_is_not_allowed_is_refused_by_the_gate(plugin):
    plugin('return Output(g.flat(g.op("Round", inputs.x), 72), (("wrench.fx",),) * 72)')
    cell = model_cases.cell('kernel')
    cell = replace(cell, model=replace(cell.model, blocks=(*BLOCKS, 'own')))
    cases = model_cases.cases(30)
    _, manifest = build_candidate(cases, OnnxFitter(), cell, load, model_cases.Shelf(), '', 0, 't')
    assert 'operators' in manifest.gates.failed


# ---------------------------------------------------------------- ONNX files


def write_layers(folder, nodes, channels='', name='own.onnx', outputs=('y',), opset=17):
    weights = [numpy_helper.from_array(np.array([1], np.int64), 'ax')]
    shape = ['B', len(channels.split(',')) if channels else 3, 24]
    ports = [helper.make_tensor_value_info('x', TensorProto.FLOAT, shape)]
    made = [helper.make_tensor_value_info(o, TensorProto.FLOAT, None) for o in outputs]
    graph = helper.make_graph(nodes, 'own', ports, made, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', opset)])
    model.ir_version = 8
    if channels:
        helper.set_model_props(model, {'channels': channels})
    (folder / name).write_bytes(model.SerializeToString())
    return model


def peak(opset=17):
    """Largest sample per channel."""
    return [helper.make_node('ReduceMax', ['x'], ['y'], axes=[2], keepdims=0)]


@pytest.mark.parametrize('head', HEADS)
def test_layers_of_a_file_become_part_of_the_one_graph(tmp_path, head):
    write_layers(tmp_path, peak(), 'wrench.fz,tool.accel')
    spec = ModelSpec(head=head, blocks=('statistics',), layers=('own.onnx',))
    cases = model_cases.cases(40)
    bank = make_bank(arrange(cases, 3), ('own.onnx',), spec, tmp_path)
    table = compute(bank, arrange(cases, 3))
    largest = [c.window.values[1:].max(axis=1) for c in cases]
    assert np.allclose(table['own.onnx'].values, largest, rtol=1e-4)
    fitted = OnnxFitter(tmp_path).fit(cases, spec)
    digest = hashlib.sha256((tmp_path / 'own.onnx').read_bytes()).hexdigest()
    assert fitted.facts['features'] == [{'name': 'own.onnx', 'kind': 'layers', 'sha256': digest}]
    (tmp_path / 'own.onnx').unlink()
    served = load(fitted.blob, model_cases.manifest_of(fitted))
    windows = [c.window for c in cases[:8]]
    probs = np.array([served.score(w).probs for w in windows])
    assert np.abs(OnnxFitter().predict(fitted, windows) - probs).max() < 1e-5


def test_a_dead_channel_of_a_file_makes_its_features_missing(tmp_path):
    write_layers(tmp_path, peak(), 'wrench.fz,tool.accel')
    cases = model_cases.cases(20)
    alive = np.ones((3, 24), bool)
    alive[2] = False
    cases[0] = replace(cases[0], window=model_cases.window(cases[0].window.values, alive))
    spec = ModelSpec(layers=('own.onnx',))
    training = arrange(cases, 3)
    table = compute(make_bank(training, ('own.onnx',), spec, tmp_path), training)
    assert (table['own.onnx'].valid[0] == 0).all()
    assert (table['own.onnx'].valid[1:] == 1).all()


def external(model):
    tensor = model.graph.initializer[0]
    tensor.ClearField('raw_data')
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = 'location', '../secret.bin'


def test_files_that_must_not_be_used_are_refused_with_the_reason(tmp_path):
    spec = ModelSpec(blocks=('statistics',), layers=('own.onnx',))
    cases = model_cases.cases(12)

    def refusal():
        with pytest.raises(ConfigError) as e:
            OnnxFitter(tmp_path).fit(cases, spec)
        return str(e.value)

    assert 'cannot be read' in refusal()
    (tmp_path / 'own.onnx').write_bytes(b'not a model')
    assert 'refused' in refusal()
    write_layers(tmp_path, [helper.make_node('Round', ['x'], ['y'])])
    assert 'the operator Round, which is not allowed' in refusal()
    model = write_layers(tmp_path, peak())
    external(model)
    (tmp_path / 'own.onnx').write_bytes(model.SerializeToString())
    assert 'wants to read another file' in refusal()
    write_layers(tmp_path, [helper.make_node('Relu', ['x'], ['y'])])
    assert 'shape [windows, features]' in refusal()
    write_layers(tmp_path, peak(), 'wrench.fq')
    assert 'unknown channels (wrench.fq)' in refusal()
    write_layers(tmp_path, [*peak(), helper.make_node('Relu', ['y'], ['z'])], outputs=('y', 'z'))
    assert 'one output' in refusal()


def test_a_file_of_another_operator_set_with_constants_is_brought_over(tmp_path):
    two = numpy_helper.from_array(np.array(2.0, np.float32))
    nodes = [
        helper.make_node('Constant', [], ['two'], value=two),
        helper.make_node('Mul', ['x', 'two'], ['d']),
        helper.make_node('ReduceMax', ['d'], ['y'], axes=[2], keepdims=0),
    ]
    write_layers(tmp_path, nodes, opset=13)
    cases = model_cases.cases(20)
    spec = ModelSpec(layers=('own.onnx',))
    training = arrange(cases, 3)
    table = compute(make_bank(training, ('own.onnx',), spec, tmp_path), training)
    largest = [2 * c.window.values.max(axis=1) for c in cases]
    assert np.allclose(table['own.onnx'].values, largest, rtol=1e-4)
    assert onnx.ModelProto.FromString((tmp_path / 'own.onnx').read_bytes()).graph.node


def test_what_bringing_a_file_over_adds_passes_the_gate_as_well(tmp_path):
    """Limits were attributes once; now they are constants, which stand as nodes at first."""
    nodes = [
        helper.make_node('Clip', ['x'], ['c'], min=-1.0, max=1.0),
        helper.make_node('ReduceMax', ['c'], ['y'], axes=[2], keepdims=0),
    ]
    write_layers(tmp_path, nodes, opset=6)
    training = arrange(model_cases.cases(20), 3)
    own = make_bank(training, ('own.onnx',), ModelSpec(layers=('own.onnx',)), tmp_path).blocks[0]
    assert {node.op_type for node in own.model.graph.node} == {'Clip', 'ReduceMax'}


# ---------------------------------------------------------------- channel weights


@pytest.mark.parametrize('head', HEADS)
def test_a_channel_with_weight_zero_is_not_judged(head):
    weights = {'wrench.fz': 0.0}
    cases = model_cases.cases(60, labels=('ok', 'jam'))  # a jam shows in fz alone
    assert honest_accuracy(cases, head=head) > 0.9
    assert honest_accuracy(cases, head=head, channel_weights=weights) < 0.7
    fitted = OnnxFitter().fit(cases, ModelSpec(head=head, channel_weights=weights))
    assert fitted.facts['channel_weights'] == weights


@pytest.mark.parametrize('head', HEADS)
def test_weights_of_one_change_nothing(head):
    cases = model_cases.cases(40)
    plain = OnnxFitter().fit(cases, ModelSpec(head=head))
    ones = OnnxFitter().fit(cases, ModelSpec(head=head, channel_weights={'wrench.fx': 1.0}))
    assert plain.blob == ones.blob


def test_a_heavier_channel_moves_the_neighbours_towards_those_alike_in_it():
    """Two classes that nothing separates: which cases are near depends on the weights alone."""
    rng = np.random.default_rng(1)
    cases = []
    for i in range(60):
        x = rng.normal(size=(3, 24)) + 3 * rng.normal(size=(3, 1))
        label = 'ok' if i % 2 else 'jam'
        cases.append(replace(model_cases.cases(1)[0], id=i + 1, group=str(i), label=label))
        cases[-1] = replace(cases[-1], window=model_cases.window(x))
    level = np.array([c.window.values.mean(axis=1) for c in cases])

    def gap(weight):
        spec = ModelSpec(head='kernel', channel_weights={'tool.accel': weight})
        fitted = OnnxFitter().fit(cases, spec)
        served = load(fitted.blob, model_cases.manifest_of(fitted))
        gaps = []
        for case in cases[:20]:
            near = served.score(case.window).nearest[1:]
            gaps += [abs(level[case.id - 1, 2] - level[n.case - 1, 2]) for n in near]
        return np.mean(gaps)

    assert gap(20.0) < 0.7 * gap(1.0)


def test_the_docs_name_every_built_in_block():
    text = (ROOT / 'docs' / 'plugins.md').read_text(encoding='utf-8')
    assert all(f'\n| `{name}` |' in text for name in BLOCKS)
    assert set(BLOCKS) == set(BUILT_IN)
