"""`cobot_ai models`: versions, their manifests, and what ran when."""

import json

import pytest
from model_versions import version

from cobot_ai.app.ports import Draft
from cobot_ai.cli.main import main
from cobot_ai.store.ledger import open_ledger
from cobot_ai.store.registry import ModelFolder

NOON = 1_700_049_600 * 10**9
HOUR = 3600 * 10**9


@pytest.fixture
def cell(tmp_path):
    """Two versions: the first from noon to two, the second for an hour, then the first again."""
    registry = ModelFolder(tmp_path / 'models')
    first, second = (registry.put(*version(n)) for n in (1, 2))
    with_head = {'parent': None, 'by': 'ann', 'reason': 'person'}
    ledger = open_ledger(tmp_path / 'ledger.db')
    for hour, kind, model, body in (
        (0, 'promote', first, {**with_head, 'by': 'cobot_ai', 'reason': 'auto'}),
        (2, 'promote', second, with_head),
        (3, 'rollback', first, {'from': second, 'by': 'bob'}),
    ):
        ledger.commit([Draft(kind, {'model': model, **body})], NOON + hour * HOUR)
        registry.promote(model)
    ledger.close()
    return tmp_path, first, second


def run(folder, *args):
    return main(['models', 'wrench_cases', '--data-dir', str(folder), *args])


def test_the_list_marks_what_is_live(cell, capsys):
    folder, first, second = cell
    assert run(folder) == 0
    rows = capsys.readouterr().out.splitlines()
    assert [r[:12] for r in rows] == [first[:12], second[:12]]
    assert [r.rstrip().endswith('live') for r in rows] == [True, False]


def test_the_history_gives_intervals_with_why_and_who(cell, capsys):
    folder, first, second = cell
    assert run(folder, '--history') == 0
    rows = [r.split() for r in capsys.readouterr().out.splitlines()]
    assert [(r[1], r[-4], r[-3], r[-1]) for r in rows] == [
        ('12:00:00', first[:12], 'auto', 'cobot_ai'),
        ('14:00:00', second[:12], 'person', 'ann'),
        ('15:00:00', first[:12], 'rollback', 'bob'),
    ]
    assert rows[2][3] == 'now'


@pytest.mark.parametrize(
    ('at', 'which'),
    [
        ('2023-11-15T12:00', 0),
        ('2023-11-15T13:59:59', 0),
        ('2023-11-15T14:00', 1),
        ('2023-11-15T16:00+01:00', 0),
        ('00:00', 0),
    ],
)
def test_what_was_live_at_a_moment(cell, capsys, at, which):
    folder, *models = cell
    assert run(folder, '--at', at) == 0
    assert models[which][:12] in capsys.readouterr().out


def test_nothing_was_live_before_the_first(cell, capsys):
    assert run(cell[0], '--at', '2023-11-15T11:59:59') == 1
    assert 'no version was live' in capsys.readouterr().out


def test_a_manifest_is_shown_with_its_lineage_and_approvals(cell, capsys):
    folder, first, _ = cell
    assert run(folder, '--show', first[:8]) == 0
    doc = json.loads(capsys.readouterr().out)
    assert doc['model'] == first
    assert {'parent', 'data', 'code', 'seed', 'facts', 'gates', 'cell'} <= set(doc)
    approval = {'by': 'cobot_ai', 'why': 'auto', 't_ns': NOON, 'seq': 1}
    assert doc['approvals'] == [approval]


def test_an_exported_version_is_read_back(cell, capsys):
    folder, first, _ = cell
    out = folder / 'copy.onnx'
    assert run(folder, '--export', first[:12], '--out', str(out)) == 0
    blob, manifest = version(1)
    assert out.read_bytes() == blob
    assert json.loads(out.with_suffix('.json').read_text()) == json.loads(manifest.canonical())
    assert run(folder, '--export', first[:12], '--out', str(folder / 'copy.txt')) == 1


def test_a_name_that_fits_none_or_two_is_refused(cell, capsys):
    folder, first, _ = cell
    for name in (first[:5], '0' * 12):
        assert run(folder, '--show', name) == 1
        assert 'model versions' in capsys.readouterr().err
