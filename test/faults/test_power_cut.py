"""Power cuts on a real ext4 filesystem; the negative controls show that they bite."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CAMPAIGN = Path(__file__).resolve().parents[1] / 'power_campaign.py'


def _why_not(folder: Path) -> str:
    """Empty where a power cut can be played here."""
    if os.geteuid() != 0 or not shutil.which('mkfs.ext4'):
        return 'a power cut needs root and mkfs.ext4'
    image, disk = folder / 'try.img', folder / 'try'
    disk.mkdir()
    with image.open('wb') as file:
        file.truncate(8 * 2**20)
    for command in (['mkfs.ext4', '-q', '-F', image], ['mount', '-o', 'loop', image, disk]):
        if subprocess.run(command, capture_output=True, check=False).returncode:
            return f'{command[0]} does not work in this environment (no loop devices?)'
    subprocess.run(['umount', disk], check=True)
    return ''


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('power')
    reason = _why_not(folder)
    if reason:
        pytest.skip(reason)
    return folder


def campaign(job, cuts, folder):
    work = folder / f'{job}_{cuts}'
    work.mkdir()
    # Mounts of its own: a network namespace that another test makes meanwhile would keep a copy of
    # them, and a filesystem that is still held there is not mounted anew, it stays shut down.
    done = subprocess.run(
        ['unshare', '--mount', sys.executable, CAMPAIGN, job, str(cuts), work],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize('cuts', [4, pytest.param(60, marks=pytest.mark.long)])
def test_a_power_cut_loses_no_acknowledged_answer(folder, cuts):
    found = campaign('ledger', cuts, folder)
    assert found['acked'] >= cuts
    assert (found['lost'], found['refused'], found['broken']) == (0, 0, 0), found


def test_control_without_full_synchronous_answers_are_lost(folder):
    assert campaign('ledger_normal', 5, folder)['lost'] > 0


@pytest.mark.parametrize('cuts', [4, pytest.param(60, marks=pytest.mark.long)])
def test_a_power_cut_forgets_no_promotion(folder, cuts):
    found = campaign('promote', cuts, folder)
    assert found == {'starts': cuts, 'damaged': 0, 'forgotten': 0}


def test_control_without_fsync_the_model_is_gone(folder):
    found = campaign('promote_unforced', 5, folder)
    assert found['damaged'] + found['forgotten'] > 0
