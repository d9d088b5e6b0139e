"""Scheduling of the processes: real-time for ingest, idle for training. Both are options."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from cobot_ai.core.errors import ConfigError


def real_time(priority: int) -> None:
    """Run every thread of this process under SCHED_FIFO; 0 changes nothing.

    Called before anything is opened, so that the threads of the middleware are among them; what
    is started later (clips, ledger) runs as before.

    Raises:
        ConfigError: The right for it is missing; the message says how to give it.
    """
    if priority <= 0:
        return
    policy = os.SCHED_FIFO | os.SCHED_RESET_ON_FORK
    try:
        for thread in Path('/proc/self/task').iterdir():
            os.sched_setscheduler(int(thread.name), policy, os.sched_param(priority))
    except PermissionError as e:
        raise ConfigError(
            f'This user may not run at real-time priority {priority}. Add "@robot - rtprio '
            f'{priority}" to /etc/security/limits.d/cobot_ai.conf for its group (systemd: '
            f'LimitRTPRIO={priority}) and log in again, or set the parameter fifo_priority to 0.'
        ) from e


def idle() -> None:
    """Run this process only when nothing else wants the processor (SCHED_IDLE).

    Where Linux shares the processor among sessions first (`autogroup`), a priority counts only
    within one's session: training would use up the share of the monitor that was started beside
    it, and the threads of the kernel that bring a commit to the disk would wait for it. So this
    process leads a session of its own, which has the smallest share.
    """
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    with suppress(PermissionError):  # it leads a session already, or a job of a shell
        os.setsid()
    if os.getsid(0) == os.getpid():
        with suppress(OSError):  # no autogroup here
            Path('/proc/self/autogroup').write_text('19\n', encoding='ascii')
