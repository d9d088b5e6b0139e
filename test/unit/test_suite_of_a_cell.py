"""A cell names its gate suite; a wrong one is told before anything starts."""

import pytest

from cobot_ai.cli.main import main
from cobot_ai.core.errors import ConfigError
from cobot_ai.store.cellfile import load_cell, shipped_cells
from cobot_ai.store.suitefile import load_suite


@pytest.fixture
def cell(tmp_path):
    text = shipped_cells()['wrench_cases'].read_text()
    assert 'model:\n' in text
    file = tmp_path / 'cell.yaml'
    file.write_text(text.replace('model:\n', 'model:\n  suite: strict.yaml\n'))
    return file


def test_a_suite_lies_beside_the_cell_file(cell, capsys):
    (cell.parent / 'strict.yaml').write_text('name: strict\nlatency: {limit_ms: 5}\n')
    assert main(['check', str(cell)]) == 0
    assert 'gate suite strict' in capsys.readouterr().out
    suite = load_suite(load_cell(cell).model.suite, cell.parent)
    assert (suite.name, suite.latency.limit_ms) == ('strict', 5)
    assert suite.not_worse.enabled, 'what a suite does not name keeps its default'


@pytest.mark.parametrize('command', ['check', 'run'])
def test_a_missing_or_broken_suite_stops_before_anything_starts(cell, command, capsys, tmp_path):
    args = [command, str(cell), *(['--data-dir', str(tmp_path / 'd')] if command == 'run' else [])]
    assert main(args) == 1
    assert 'no gate suite strict.yaml' in capsys.readouterr().err
    (cell.parent / 'strict.yaml').write_text('latencies: {limit_ms: 5}\n')
    assert main(args) == 1
    assert 'did you mean `latency`' in capsys.readouterr().err


def test_shifts_and_breaks_are_read_as_they_are_written(cell):
    text = cell.read_text() + 'shifts: [06:00, 14:00, 22:00]\nmaintenance: [sun 02:00-04:00]\n'
    cell.write_text(text)
    spec = load_cell(cell)
    assert spec.shifts == ('06:00', '14:00', '22:00')
    assert spec.maintenance == ('sun 02:00-04:00',)
    for bad in ('shifts: [6]', 'shifts: [24:00]', 'shifts: [06:00, 06:00]', 'timezone: Moon'):
        cell.write_text(text.partition('shifts')[0] + bad + '\n')
        with pytest.raises(ConfigError):
            load_cell(cell)
