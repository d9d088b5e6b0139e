"""Whatever is wrong with a command: one sentence that says what to do, and an exit code for it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cobot_ai.cli.main import main

BAG = ['replay', 'no.bag', '--cell', 'demo', '--out', 'out']


@pytest.mark.parametrize(
    ('args', 'said'),
    [
        ([*BAG, '--speed', 'nan'], '--speed takes'),
        ([*BAG, '--speed', 'inf'], '--speed takes'),
        ([*BAG, '--delay', 'nan'], '--delay and --seed must not be negative'),
        ([*BAG, '--seed', '-1'], '--delay and --seed must not be negative'),
        (['demo', '--delay', 'nan'], '--delay and --seed must not be negative'),
        (['demo', '--seed', '-1'], '--delay and --seed must not be negative'),
        (['rollback', 'demo', '--by', 'Eva', '--url', 'http://[::1'], '--url http://[::1 is no'),
        (['doctor', 'demo', '--bag', 'no.bag'], 'There is no bag at no.bag; check the path.'),
    ],
)
def test_a_number_or_address_that_is_none_is_refused_before_anything_is_done(
    args, said, capsys, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    assert main(args) == 1
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize('file', ['file/under', '/dev/full'])
def test_what_cannot_be_written_is_a_sentence(file, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    Path('file').write_text('x')
    for name in ('diagnose', '_motion', 'examine'):
        monkeypatch.setattr(f'cobot_ai.cli.doctor.{name}', lambda *args: [])
    survey = type('Survey', (), {'source': 'a bag', 'seconds': 1.0})
    monkeypatch.setattr('cobot_ai.cli.doctor._survey', lambda *args: survey)
    assert main(['doctor', 'demo', '--json', file]) == 1
    told = capsys.readouterr().err
    assert told.startswith('cobot_ai: ') and 'Make room or choose another place' in told


def test_a_printer_without_paper_is_a_sentence_too():
    env = {**os.environ, 'PYTHONPATH': str(Path(__file__).parents[2])}
    with Path('/dev/full').open('w') as full:
        run = subprocess.run(
            [sys.executable, '-m', 'cobot_ai.cli.main', 'check', 'demo'],
            stdout=full, stderr=subprocess.PIPE, text=True, env=env, check=False,
        )  # fmt: skip
    assert run.returncode == 1
    assert run.stderr.startswith('cobot_ai: No space left') and len(run.stderr.splitlines()) == 1


def test_a_model_file_that_is_not_there_is_named(capsys):
    assert main(['gates', 'no.onnx']) == 2
    assert capsys.readouterr().out == (
        'cobot_ai: no.onnx: No such file or directory; check the path.\n'
    )


def test_a_cell_without_versions_says_so(capsys, tmp_path):
    assert main(['models', 'demo', '--data-dir', str(tmp_path)]) == 0
    assert 'no model version in' in capsys.readouterr().out
