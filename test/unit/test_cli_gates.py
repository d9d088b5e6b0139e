"""`cobot_ai gates`: exit codes, report and what a suite file may say."""

import json
from dataclasses import replace
from pathlib import Path

import bad_models
import model_cases
import pytest
from onnx import TensorProto, helper

from cobot_ai.app.making import make_candidate
from cobot_ai.cli import gates
from cobot_ai.cli.main import main
from cobot_ai.core.calendar import break_of, local, shift_of, when, zone_of
from cobot_ai.core.errors import ConfigError, DataError
from cobot_ai.core.suite import Suite, parse_suite, suite_to_json
from cobot_ai.core.types import Missing
from cobot_ai.model.fitter import OnnxFitter
from cobot_ai.model.scorer import load
from cobot_ai.store.registry import ModelFolder
from cobot_ai.store.suitefile import load_suite


@pytest.fixture(scope='module')
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp('model')
    fitted = OnnxFitter().fit(bad_models.cases(30), bad_models.spec().model)
    manifest = model_cases.manifest_of(fitted, labels={'ok': 10, 'jam': 10, 'slip': 10})
    (folder / 'good.onnx').write_bytes(fitted.blob)
    (folder / 'good.json').write_bytes(manifest.canonical())
    return folder / 'good.onnx'


def suite(tmp_path: Path, *off: str) -> str:
    file = tmp_path / 'plant.yaml'
    lines = ['name: plant', *(f'{check}: {{enabled: false}}' for check in off)]
    file.write_text('\n'.join(lines))
    return str(file)


def test_without_a_cell_nothing_honest_can_be_said_and_it_is_refused(model, tmp_path, capsys):
    report = tmp_path / 'report.json'
    assert main(['gates', str(model), '--json', str(report)]) == 1
    said = capsys.readouterr().out
    assert 'FAILED unseen_cases' in said
    assert 'refused by: ' in said
    document = json.loads(report.read_text())
    assert document['foreign']
    assert not document['passed']
    assert {'name', 'passed', 'why', 'figures', 'cases'} == set(document['checks'][0])


def test_a_suite_without_those_checks_lets_it_pass_and_says_so(model, tmp_path, capsys):
    off = suite(tmp_path, 'enough_labels', 'unseen_cases', 'skill')
    assert main(['gates', str(model), '--suite', off]) == 0
    said = capsys.readouterr().out
    assert 'off    unseen_cases' in said
    assert said.rstrip().endswith('passed')


@pytest.mark.parametrize(
    'args',
    [
        ['nothing.onnx'],
        ['0123456789'],
        ['MODEL', '--suite', 'no_such_suite'],
        ['MODEL', '--cell', 'no_such_cell'],
        ['MODEL', '--cell', 'wrench_cases', '--data', 'no_such_folder'],
        ['0123456789', '--cell', 'wrench_cases', '--data', ''],
        ['MODEL', '--json', 'no/such/folder/f.json'],
    ],
)
def test_bad_input_is_2_and_one_sentence(model, args, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv('HOME', str(tmp_path))
    assert main(['gates', *(str(model) if a == 'MODEL' else a for a in args)]) == 2
    assert capsys.readouterr().out.startswith('cobot_ai: ')


def test_a_manifest_that_is_none_is_bad_input(model, tmp_path, capsys):
    for text in ('{}', 'nothing', '[]'):
        (tmp_path / 'm.onnx').write_bytes(model.read_bytes())
        (tmp_path / 'm.json').write_text(text)
        assert main(['gates', str(tmp_path / 'm.onnx')]) == 2


@pytest.mark.parametrize(
    'change',
    [
        {'classes': [['ok'], 'jam']},
        {'channels': 'wrench.fx'},
        {'labels': ['ok']},
        {'created_ns': 'yesterday'},
        {'facts': None},
        {'facts': {'stored': 5}},
        {'facts': {'fold': None}},
        {'facts': {'honest': [1]}},
    ],
)
def test_a_manifest_of_the_wrong_kind_is_bad_input_too(model, tmp_path, capsys, change):
    document = json.loads(model.with_suffix('.json').read_text())
    (tmp_path / 'm.onnx').write_bytes(model.read_bytes())
    (tmp_path / 'm.json').write_text(json.dumps(document | change))
    assert main(['gates', str(tmp_path / 'm.onnx')]) == 2
    said = capsys.readouterr().out
    assert 'manifest is damaged' in said
    assert next(iter(change)) in said


def test_the_honest_scores_of_a_model_from_outside_are_not_even_read(model, tmp_path, capsys):
    document = json.loads(model.with_suffix('.json').read_text())
    document['facts']['honest'] = {'brier': ['nonsense']}
    (tmp_path / 'm.onnx').write_bytes(model.read_bytes())
    (tmp_path / 'm.json').write_text(json.dumps(document))
    assert main(['gates', str(tmp_path / 'm.onnx')]) == 1
    assert 'FAILED unseen_cases' in capsys.readouterr().out


def test_a_file_of_layers_is_found_beside_the_cell_file(tmp_path, monkeypatch, capsys):
    """The channels are tried on a sibling, which is fitted here: wherever the command is run."""
    home = tmp_path / 'plant'
    home.mkdir()
    (home / 'cell.yaml').write_text('name: plant')
    ports = [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in 'xy']
    peak = helper.make_node('ReduceMax', ['x'], ['y'], axes=[2], keepdims=0)
    graph = helper.make_graph([peak], 'peak', ports[:1], ports[1:])
    layers = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8)
    (home / 'peak.onnx').write_bytes(layers.SerializeToString())
    spec = bad_models.spec('kernel', Missing.MASK)
    spec = replace(spec, model=replace(spec.model, layers=('peak.onnx',)))
    made, registry = bad_models.cases(60), ModelFolder(tmp_path / 'models')
    digest = registry.put(*make_candidate(made, OnnxFitter(home), spec, load, registry, '', 1, 't'))
    data = gates._Data(spec, made, frozenset(), registry)
    monkeypatch.setattr(gates, '_data', lambda args: data)
    monkeypatch.chdir(tmp_path)
    assert main(['gates', digest[:12], '--cell', str(home / 'cell.yaml')]) == 0
    assert 'ok     dead_channel' in capsys.readouterr().out


def test_the_shipped_suite_is_the_built_in_one():
    shipped = suite_to_json(load_suite('default'))
    assert shipped | {'text': ''} == suite_to_json(parse_suite({}))
    assert parse_suite(shipped) == load_suite('default')


def test_an_unknown_key_is_refused_with_the_nearest_name(tmp_path):
    file = tmp_path / 's.yaml'
    for text, hint in (
        ('not_wors: {}', 'did you mean `not_worse`'),
        ('latency: {limit: 5}', 'did you mean `limit_ms`'),
        ('not_worse: {slices: [shifts]}', 'did you mean `shift`'),
        ('not_worse: {confidence: 2}', 'less than 1'),
        ('latency: {on: true}', 'known keys: enabled'),
    ):
        file.write_text(text)
        with pytest.raises(ConfigError, match=hint) as caught:
            load_suite('s.yaml', tmp_path)
        assert str(file) in str(caught.value)


def test_a_switched_off_check_changes_the_digest():
    assert parse_suite({'skill': {'enabled': False}}).digest != parse_suite({}).digest
    assert not Suite().without('skill').on('skill')


# ---------------------------------------------------------------- the clock on the wall

NOON = 1_700_049_600 * 10**9  # Wednesday, 15 November 2023, 12:00 UTC
MINUTE = 60 * 10**9


@pytest.mark.parametrize(
    ('minutes', 'shift'), [(0, '06:00'), (120, '14:00'), (119, '06:00'), (700, '22:00')]
)
def test_a_case_belongs_to_the_shift_that_began_last(minutes, shift):
    utc = zone_of('UTC')
    assert shift_of(NOON + minutes * MINUTE, ('06:00', '14:00', '22:00'), utc) == shift
    assert shift_of(NOON - 9 * 60 * MINUTE, ('14:00', '06:00', '22:00'), utc) == '22:00'
    assert shift_of(NOON, (), utc) is None


def test_breaks_are_weekly_local_and_may_pass_midnight():
    berlin, breaks = zone_of('Europe/Berlin'), ('wed 12:30-13:30', 'sun 23:00-01:00')
    assert local(NOON, berlin).hour == 13
    assert break_of(NOON, breaks, berlin) == 'wed 12:30-13:30'
    assert break_of(NOON, breaks, zone_of('UTC')) is None
    assert break_of(NOON + 30 * MINUTE, breaks, berlin) is None
    sunday = NOON + (4 * 24 + 11) * 60 * MINUTE
    assert break_of(sunday + 90 * MINUTE, breaks, zone_of('UTC')) == 'sun 23:00-01:00'
    assert break_of(NOON, ('daily 11:00-12:01',), zone_of('UTC'))


def test_a_time_a_person_types_is_the_next_one():
    utc = zone_of('UTC')
    assert when('14:00', NOON, utc) == NOON + 120 * MINUTE
    assert when('12:00', NOON, utc) == NOON + 24 * 60 * MINUTE
    assert when('2023-11-15T14:00', NOON, utc) == NOON + 120 * MINUTE
    assert when('2023-11-15 14:00+01:00', NOON, utc) == NOON + 60 * MINUTE
    for text in ('soon', '25:00', '', '2023-99-01T00:00', '9' * 50):
        with pytest.raises(DataError, match='14:00'):
            when(text, NOON, utc)


def test_an_unknown_time_zone_is_refused():
    with pytest.raises(ConfigError, match='Europe/Berlin'):
        zone_of('Mars/Olympus')
