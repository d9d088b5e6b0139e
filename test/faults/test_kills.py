"""kill -9 at random moments: nothing acknowledged is lost, nothing is half written.

Each figure stands beside a negative control that must fail in the same harness.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

CAMPAIGN = Path(__file__).resolve().parents[1] / 'kill_campaign.py'


def campaign(job, kills, folder):
    done = subprocess.run(
        [sys.executable, CAMPAIGN, job, str(kills), folder],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize('kills', [10, pytest.param(200, marks=pytest.mark.long)])
def test_no_acknowledged_answer_is_lost(tmp_path, kills):
    found = campaign('ledger', kills, tmp_path)
    assert found['acked'] >= kills
    assert (found['lost'], found['half'], found['broken']) == (0, 0, 0), found


def test_control_acknowledging_before_the_commit_loses_answers(tmp_path):
    assert campaign('ledger_early', 10, tmp_path)['lost'] > 0


@pytest.mark.parametrize('kills', [20, pytest.param(200, marks=pytest.mark.long)])
def test_there_is_always_a_whole_model_and_no_promotion_is_forgotten(tmp_path, kills):
    found = campaign('promote', kills, tmp_path)
    assert found == {'starts': kills, 'damaged': 0, 'forgotten': 0, 'strays': 0}


def test_control_copying_over_the_old_model_tears_it(tmp_path):
    assert campaign('copy', 20, tmp_path)['torn'] > 0


@pytest.mark.parametrize('kills', [10, pytest.param(40, marks=pytest.mark.long)])
def test_a_migration_is_done_or_not_begun_and_can_be_repeated(tmp_path, kills):
    found = campaign('migrate', kills, tmp_path)
    assert found['killed_before_end'] > 0, found
    assert (found['mixed'], found['stuck']) == (0, 0), found


def test_control_a_migration_by_single_steps_gets_stuck(tmp_path):
    assert campaign('migrate_by_steps', 10, tmp_path)['stuck'] > 0
