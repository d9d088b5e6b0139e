"""Scheduling options: a missing right is one clear sentence, and nothing changes unasked."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cobot_ai.core.errors import ConfigError
from cobot_ai.ros import priority

ROOT = Path(__file__).resolve().parents[2]


def test_without_the_right_the_message_says_how_to_get_it(monkeypatch):
    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(os, 'sched_setscheduler', refuse)
    with pytest.raises(ConfigError, match='rtprio 10') as error:
        priority.real_time(10)
    assert 'fifo_priority to 0' in str(error.value)
    priority.real_time(0)


def test_every_thread_is_asked_for_and_later_ones_are_not(monkeypatch):
    asked = {}
    monkeypatch.setattr(os, 'sched_setscheduler', lambda tid, *how: asked.setdefault(tid, how))
    priority.real_time(7)
    assert set(asked) == {int(t.name) for t in Path('/proc/self/task').iterdir()}
    assert all(p & os.SCHED_RESET_ON_FORK and q.sched_priority == 7 for p, q in asked.values())


def test_idle_training_runs_under_sched_idle():
    code = (
        'import os; from cobot_ai.ros.priority import idle; idle(); print(os.sched_getscheduler(0))'
    )
    out = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert int(out.stdout) == os.SCHED_IDLE


AUTOGROUP = Path('/proc/self/autogroup')


@pytest.mark.skipif(not AUTOGROUP.exists(), reason='this kernel has no autogroup')
@pytest.mark.parametrize('leads', [False, True])
def test_idle_training_leaves_the_share_of_its_starter(leads):
    code = (
        'import os; from pathlib import Path; from cobot_ai.ros.priority import idle; idle();'
        f'print(os.getsid(0) == os.getpid(), Path("{AUTOGROUP}").read_text())'
    )
    before = AUTOGROUP.read_text()
    command = [sys.executable, '-c', code]
    out = subprocess.run(
        command, capture_output=True, text=True, check=True, start_new_session=leads
    ).stdout
    assert out.startswith('True')
    assert out.split()[-1] == '19'
    assert AUTOGROUP.read_text() == before


def test_a_job_of_a_shell_keeps_the_share_of_its_session():
    code = 'from cobot_ai.ros.priority import idle; idle()'
    before = AUTOGROUP.read_text() if AUTOGROUP.exists() else ''
    subprocess.run([sys.executable, '-c', code], check=True, process_group=0)
    assert not before or AUTOGROUP.read_text() == before


def test_the_shipped_profile_holds_a_full_image():
    text = (ROOT / 'config/dds/fastdds_large_data.xml').read_text()
    size = int(re.search(r'<segment_size>(\d+)<', text)[1])
    assert size >= 8 * 1920 * 1080 * 3
