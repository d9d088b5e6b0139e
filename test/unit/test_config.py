"""Cell files: what is accepted, and what the refusal of anything else says."""

import copy
import json
import re
from dataclasses import is_dataclass
from pathlib import Path
from typing import get_args

import pytest
import yaml

from cobot_ai.core import spec as specs
from cobot_ai.core import stream_spec
from cobot_ai.core.build import type_hints, writable
from cobot_ai.core.cell_rules import CHOICES, FORMS, RANGES
from cobot_ai.core.cell_schema import cell_schema, suite_schema
from cobot_ai.core.config import SHORTHAND, parse_cell, spec_to_json
from cobot_ai.core.errors import ConfigError
from cobot_ai.core.recipe import CallSpec, CheckSpec, JointsSpec, RecipeSpec, StateSpec
from cobot_ai.core.signals import EdgeSpec, ThresholdSpec
from cobot_ai.core.spec import Action, Trigger
from cobot_ai.core.suite import Suite
from cobot_ai.core.types import Missing
from cobot_ai.store.cellfile import load_cell, shipped_cells

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ('basic_motions', 'demo', 'generic', 'skab', 'ur3_morning', 'wrench_cases')
ROBOTS = ('ur', 'franka', 'xarm', 'doosan', 'iiwa')

WRENCH = 'geometry_msgs/msg/WrenchStamped'
SMALL = {
    'name': 'small',
    'streams': [
        {
            'name': 'wrench',
            'topic': 'wrench',
            'type': 'geometry_msgs/msg/WrenchStamped',
            'rate_hz': 50,
        }
    ],
    'step': {},
    'question': {
        'classes': [
            {'name': 'good', 'action': 'continue', 'nominal': True},
            {'name': 'bad', 'action': 'stop'},
        ]
    },
}
ARRAY = {
    'name': 'array',
    'topic': 'array',
    'type': 'std_msgs/msg/Float64MultiArray',
    'rate_hz': 1,
    'channels': [{'name': 'a', 'path': 'data[0]'}, {'name': 'b', 'path': 'data[1]', 'unit': 'V'}],
}


def changed(path, value):
    """SMALL with one value set (or removed, for `...`) by its key path."""
    doc = copy.deepcopy(SMALL)
    *parents, last = path
    node = doc
    for key in parents:
        node = node[key] if isinstance(node, list) else node.setdefault(key, {})
    if value is ...:
        del node[last]
    else:
        node[last] = value
    return doc


def all_sections(cls=specs.CellSpec):
    """Every dataclass of a cell file."""
    found = {cls}
    for hint in type_hints(cls).values():
        for inner in (hint, *get_args(hint)):
            if isinstance(inner, type) and is_dataclass(inner):
                found |= all_sections(inner)
    return found


def test_defaults_are_filled_in():
    spec = parse_cell(SMALL)
    assert spec.channels == tuple(f'wrench.{c}' for c in ('fx', 'fy', 'fz', 'tx', 'ty', 'tz'))
    assert spec.streams[0].channels[0].unit == 'N'
    assert spec.step.trigger is Trigger.MESSAGE
    assert spec.question.fail_safe is Action.HOLD
    assert spec.risk.epsilon == 0.05
    assert spec.streams[0].rate_hz == 50.0
    assert isinstance(spec.streams[0].rate_hz, float)


@pytest.mark.parametrize(
    ('path', 'value', 'says'),
    [
        (('streems',), [], r'did you mean `streams`'),
        (('question', 'deadline'), 5, r'`question\.deadline` .* `deadline_s`'),
        (('question', 'zzz'), 5, r'known keys: classes'),
        (('name',), ..., r'`name` is missing'),
        (('name',), 'my cell', r'letters, digits'),
        (('streams', 0, 'rate_hz'), 0, r'`streams\[0\]\.rate_hz` is 0; it must be greater than 0'),
        (('streams', 0, 'rate_hz'), '50', r'must be a number, not `50`'),
        (('streams', 0, 'rate_hz'), True, r'must be a number'),
        (('streams', 0, 'rate_hz'), float('nan'), r'it must be'),
        (('streams', 0, 'rate_hz'), 10**400, r'it must be'),
        (('streams', 0, 'topic'), 'a b', r'ROS name'),
        (('streams', 0, 'type'), 'WrenchStamped', r'package/msg/Name'),
        (('streams', 0, 'type'), 'std_msgs/msg/Float64MultiArray', r'list them under `channels`'),
        (('streams', 0, 'joints'), 6, r'`joints` belongs to'),
        (('streams', 0, 'fields'), ['power'], r'must be some of: force, torque'),
        (('streams', 0, 'each'), {'lo': 1}, r'`streams\[0\]\.each\.lo`'),
        (('streams', 0, 'each'), 5, r'must be a section'),
        (('streams', 0, 'each'), {'missing': 'maks'}, r'did you mean `mask`'),
        (('streams',), [], r'at least one stream with channels'),
        (('streams',), {}, r'`streams` must be a list'),
        (('streams', 0), 'wrench', r'`streams\[0\]` must be a section'),
        (('streams', 0), dict(ARRAY, joints=2), r'either `channels`'),
        (('streams', 0), dict(ARRAY, channels=[ARRAY['channels'][0]] * 2), r'`a` is there twice'),
        (('streams', 0), dict(ARRAY, channels=5), r'must be a list'),
        (('streams', 0), dict(ARRAY, type='sensor_msgs/msg/Image'), r'is a camera'),
        (('streams', 0), dict(ARRAY, each={'low': 5, 'high': 5}), r'`low` must be less'),
        (('streams',), [SMALL['streams'][0]] * 2, r'`wrench` is there twice'),
        (('step', 'trigger'), 'slidin', r'did you mean `sliding`'),
        (('step', 'trigger'), 'sliding', r'`step\.length_s` is missing'),
        (('step', 'samples'), 1, r'at least 2'),
        (('step', 'samples'), 2.5, r'whole number'),
        (('step', 'context'), 'operation', r'must be a list'),
        (('step', 'context'), ['a', 'a'], r'`a` is there twice'),
        (('step', 'context'), ['a', ''], r'must name facts'),
        (('step', 'facts'), {'part': 12}, r'put key and value in quotes'),
        (('question', 'fail_safe'), 'continue', r'nobody answered must never count as success'),
        (('question', 'classes', 0, 'action'), 'weld', r'Allowed: continue, rework'),
        (('question', 'classes', 0, 'action'), 'stop', r'nominal class must have'),
        (('question', 'classes', 0, 'nominal'), 'yes', r'true or false'),
        (('question', 'classes', 0, 'nominal'), False, r'mark the class of a good step'),
        (('question', 'classes', 1, 'name'), 'good', r'`good` is there twice'),
        (('question', 'classes', 1, 'name'), 'not_sure', r'not `not_sure`'),
        (('question', 'classes', 1), ..., r'two classes or more'),
        (('question', 'undo_s'), 60, r'less than `question.deadline_s`'),
        (('question', 'text'), {'English': 'x'}, r'language code'),
        (('question', 'text'), {'en': ''}, r'1 to 1000 characters'),
        (('question', 'text'), 'What?', r'must be a section of key: text'),
        (('question', 'sop'), '../secret', r'relative file name'),
        (('question', 'open_classes'), 'no', r'true or false'),
        (('risk', 'epsilon'), 0, r'greater than 0 and less than 1'),
        (('risk', 'epsilon'), 1, r'greater than 0 and less than 1'),
        (('risk', 'rule'), 'certain', r'did you mean `certified`'),
        (('model', 'swap'), None, r'must be a text, not nothing'),
        (('step', 'trigger'), 'edge', r'`step.edges` is missing with `trigger: edge`'),
        (('step', 'threshold'), {'channel': 'wrench.fx', 'on': 1, 'off': 0}, r'has no use'),
        (('step', 'edges'), [{'topic': 'io', 'marks': 'start'}], r'Allowed: begin, end'),
        (('step', 'merge_gap_s'), -1, r'at least 0'),
        (('motion', 'recipe'), 'trigger', r'`motion\.driver` is missing'),
        (('motion', 'hold_service'), 'pause', r'has no use'),
        (('budget', 'warn'), 20, r'`budget.warn` must not be more'),
        (('step', 'context_topic'), '~/step', r'carries begin and end; name another'),
        (('risk', 'audit_last'), 0.5, r'`risk.audit_last` is 0.5; it must not be more'),
        (('risk', 'audit_first'), 0.01, r'must not be more than `risk.audit_first`'),
        (('digest',), 'abc', r'`digest` is not a known key'),
    ],
)
def test_a_refusal_names_the_key_and_the_remedy(path, value, says):
    with pytest.raises(ConfigError, match=says):
        parse_cell(changed(path, value))


@pytest.mark.parametrize('doc', [None, [], 'text', 5, {1: 2}])
def test_what_is_no_section_is_refused(doc):
    with pytest.raises(ConfigError):
        parse_cell(doc)


def test_a_window_that_is_too_large_is_refused():
    doc = changed(('streams', 0), dict(ARRAY))
    doc['streams'][0]['channels'] = [{'name': f'c{i}', 'path': f'data[{i}]'} for i in range(300)]
    doc['step'] = {'samples': 4096}
    with pytest.raises(ConfigError, match='take fewer samples or channels'):
        parse_cell(doc)


def test_each_sets_a_key_for_all_channels_and_a_channel_overrules_it():
    stream = dict(ARRAY, each={'unit': 'A', 'missing': 'mask', 'low': -5})
    first, second = parse_cell(changed(('streams', 0), stream)).streams[0].channels
    assert (first.unit, first.missing, first.low) == ('A', Missing.MASK, -5.0)
    assert second.unit == 'V'


def test_null_means_no_limit():
    stream = dict(ARRAY, each={'low': None, 'high': None, 'stale_s': None, 'frozen_s': None})
    doc = changed(('streams', 0), stream)
    assert parse_cell(doc).streams == parse_cell(changed(('streams', 0), ARRAY)).streams
    with pytest.raises(ConfigError):
        parse_cell(changed(('risk', 'epsilon'), None))


@pytest.mark.parametrize('name', [*SHIPPED, *ROBOTS])
def test_shipped_cells_load_and_survive_the_round_trip(name):
    spec = load_cell(name)
    own = 'my_cell' if name == 'generic' else f'{name}_cell' if name in ROBOTS else name
    assert spec.name == own
    again = json.loads(json.dumps(spec_to_json(spec), allow_nan=False))
    assert parse_cell(again) == spec
    assert set(shipped_cells()) == {*SHIPPED, *ROBOTS}


def test_digest_follows_the_meaning_not_the_writing():
    spec = parse_cell(SMALL)
    assert len(spec.digest) == 64
    reordered = dict(reversed(SMALL.items())) | {'risk': {'epsilon': 0.05}}
    assert parse_cell(reordered).digest == spec.digest
    assert parse_cell(changed(('risk', 'epsilon'), 0.06)).digest != spec.digest


def test_wrench_cases_fit_the_recordings():
    spec = load_cell('wrench_cases')
    (stream,) = spec.streams
    assert (stream.topic, stream.type) == ('wrench', 'geometry_msgs/msg/WrenchStamped')
    assert [c.unit for c in stream.channels] == ['N'] * 3 + ['N*m'] * 3
    assert (stream.rate_hz, spec.step.samples, spec.step.topic) == (47.6, 15, 'step')
    assert spec.step.context == ('operation',)
    assert spec.question.open_classes
    assert spec.question.action_of('collision') is Action.STOP
    assert spec.question.action_of('ok') is spec.question.action_of('normal') is Action.CONTINUE
    assert (spec.question.deadline_s, spec.question.undo_s, spec.budget.hard) == (60.0, 0.5, 0.0)
    assert (spec.model.swap, spec.risk.epsilon) == ('at_once', 0.05)


@pytest.mark.parametrize('name', SHIPPED)
def test_texts_are_there_in_all_four_languages(name):
    question = load_cell(name).question
    for texts in (question.text, *(c.text for c in question.classes)):
        assert set(texts) >= {'en', 'de', 'es', 'fr'}


def test_every_limit_belongs_to_a_key_and_every_number_has_a_limit():
    hints = {
        f'{c.__name__}.{n}': h
        for c in all_sections() | all_sections(Suite)
        for n, h in type_hints(c).items()
    }
    for table in (RANGES, CHOICES, FORMS):
        assert set(table) <= set(hints)
    numbers = {k for k, h in hints.items() if h in (int, float) or set(get_args(h)) & {int, float}}
    assert numbers == set(RANGES)


def test_the_schema_file_is_current():
    stored = json.loads((ROOT / 'config/schema/cell.json').read_text())
    remedy = "from pathlib import Path; from cobot_ai.store.cellfile import write_schema; \
write_schema(Path('config/schema/cell.json'))"
    assert stored == json.loads(json.dumps(cell_schema())), f'run: python -c "{remedy}"'
    suites = ROOT / 'config/schema/suite.json'
    wanted = json.dumps(suite_schema(), indent=2) + '\n'
    assert suites.read_text() == wanted, f'{suites} must be: {wanted}'


@pytest.mark.parametrize('name', SHIPPED)
def test_the_schema_accepts_what_the_parser_accepts(name):
    jsonschema = pytest.importorskip('jsonschema')
    check = jsonschema.Draft202012Validator(cell_schema())
    check.validate(yaml.safe_load(shipped_cells()[name].read_text()))
    check.validate(spec_to_json(load_cell(name)))
    for path, value in ((('streems',), []), (('risk', 'epsilon'), 2), (('name',), 'a b')):
        assert not check.is_valid(changed(path, value))


HEADINGS = {
    specs.CellSpec: 'Top level',
    stream_spec.StreamSpec: '`streams`',
    stream_spec.ChannelSpec: '`channels`',
    specs.StepSpec: '`step`',
    EdgeSpec: 'Triggers',
    ThresholdSpec: 'Triggers',
    specs.QuestionSpec: '`question`',
    specs.ClassSpec: '`question`',
    specs.ReasonSpec: '`question`',
    specs.RiskSpec: '`risk`',
    specs.ModelSpec: '`model`',
    specs.MotionSpec: '`motion`',
    **dict.fromkeys((CallSpec, StateSpec, CheckSpec, JointsSpec, RecipeSpec), 'Recipes'),
    specs.StorageSpec: '`storage`',
    specs.BudgetSpec: '`budget`',
}


def test_every_key_is_explained_in_its_section():
    parts = (ROOT / 'docs/cell-file.md').read_text().split('\n## ')
    for cls in all_sections():
        (section,) = (part for part in parts if part.startswith(HEADINGS[cls]))
        rows = [row for row in section.splitlines() if row.startswith('|')]
        nested = HEADINGS[cls] == 'Recipes' and cls is not RecipeSpec  # keys inside a row
        first_cells = rows if nested else [row.split('|')[1] for row in rows]
        for name in (*writable(cls), *(SHORTHAND if cls is stream_spec.StreamSpec else ())):
            assert any(f'`{name}`' in cell for cell in first_cells), f'{cls.__name__}.{name}'


@pytest.mark.parametrize(
    ('key', 'value', 'says'),
    [
        ('channel_weights', {'wrench.fq': 2.0}, 'did you mean `wrench.f'),
        ('channel_weights', {'wrench.fx': -1}, 'model.channel_weights.wrench.fx` is -1'),
        ('channel_weights', {'wrench.fx': 'much'}, 'must be a number'),
        ('channel_weights', [2.0], 'must be a section of name: number'),
        (
            'channel_weights',
            {f'wrench.{c}': 0 for c in ('fx', 'fy', 'fz', 'tx', 'ty', 'tz')},
            'one',
        ),
        ('blocks', [], 'name at least one feature block'),
        ('blocks', ['samples', 'samples'], 'is there twice'),
        ('layers', ['../own.onnx'], 'a relative .onnx file'),
        ('layers', ['own.pt'], 'a relative .onnx file'),
    ],
)
def test_the_feature_set_is_checked(key, value, says):
    with pytest.raises(ConfigError, match=re.escape(says)):
        parse_cell(changed(('model', key), value))
