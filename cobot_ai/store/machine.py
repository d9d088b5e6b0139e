"""What the cell controller itself is like: disk, memory, clock, priorities, libraries."""

from __future__ import annotations

import os
import platform
import resource
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from cobot_ai.app.doctor import Finding, Level
from cobot_ai.core.message_types import STILLS
from cobot_ai.core.spec import CellSpec
from cobot_ai.store.sqlite import SQLITE_VERSION, WAL_SAFE

SYNCHRONIZED = Path('/run/systemd/timesync/synchronized')
"""Exists once systemd-timesyncd has set the clock."""
SPARE_MB = 500.0
"""Room beside the clips for ledger, models and what else is on the disk, megabytes."""
PROFILES = ('FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE')
LIBRARIES = ('numpy', 'onnxruntime', 'flask-socketio', 'rosbags')


@dataclass(frozen=True, slots=True)
class Machine:
    """Facts of this machine.

    Attributes:
        cores: Processor cores. free_mb: Free space of the disk the data lies on, megabytes.
        memory_mb: Memory in megabytes. clock_set: Whether a time service says the clock is set.
        wall_s: The wall clock, seconds since 1970. rt_limit: Highest real-time priority allowed.
        environment: Environment variables.
    """

    cores: int
    free_mb: float
    memory_mb: float
    clock_set: bool
    wall_s: float
    rt_limit: int
    environment: Mapping[str, str]


def this_machine(folder: Path, wall_s: float) -> Machine:
    """Facts of the machine this runs on.

    Args:
        folder: The cell's data folder; it need not exist yet. wall_s: The wall clock, seconds.
    """
    there = next(p for p in (folder, *folder.parents) if p.exists())
    pages = os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE')
    return Machine(
        os.cpu_count() or 1,
        shutil.disk_usage(there).free / 1e6,
        pages / 1e6,
        SYNCHRONIZED.exists(),
        wall_s,
        resource.getrlimit(resource.RLIMIT_RTPRIO)[0],
        dict(os.environ),
    )


def examine(spec: CellSpec, machine: Machine, built_s: float) -> list[Finding]:
    """Findings about the machine.

    Args:
        spec: The cell. machine: Its facts.
        built_s: A time that is certainly past, e.g. when this package was built, seconds.
    """
    return [
        _disk(spec, machine),
        _clock(machine, built_s),
        _sqlite(),
        _priority(machine),
        *_images(spec, machine),
        _domain(machine),
        Finding(Level.OK, 'machine', _summary(machine)),
    ]


def _disk(spec: CellSpec, machine: Machine) -> Finding:
    needed = spec.storage.clips_mb + SPARE_MB
    text = f'{machine.free_mb:.0f} MB free, {spec.storage.clips_mb:.0f} MB of clips wanted'
    if machine.free_mb < needed:
        advice = f'Free {needed - machine.free_mb:.0f} MB, or lower `storage.clips_mb`.'
        return Finding(Level.WARNING, 'disk', text, advice)
    return Finding(Level.OK, 'disk', text)


def _clock(machine: Machine, built_s: float) -> Finding:
    if machine.wall_s < built_s:
        advice = 'Set the clock (RTC battery?); records would carry wrong times.'
        return Finding(Level.ERROR, 'clock', 'the clock is in the past', advice)
    if machine.clock_set:
        return Finding(Level.OK, 'clock', 'set by a time service')
    advice = 'With sensors on other machines, run NTP or PTP in the plant network.'
    return Finding(Level.HINT, 'clock', 'no time service is seen to set it', advice)


def _sqlite() -> Finding:
    if WAL_SAFE:
        return Finding(Level.OK, 'sqlite', SQLITE_VERSION)
    advice = 'One writer that alone checkpoints avoids it. To be sure: pip install -U pysqlite3'
    return Finding(Level.HINT, 'sqlite', f'{SQLITE_VERSION} has the WAL-reset bug', advice)


def _priority(machine: Machine) -> Finding:
    if machine.rt_limit > 0:
        return Finding(Level.OK, 'priority', f'real-time priorities up to {machine.rt_limit}')
    advice = 'Only needed on a busy machine: allow rtprio in limits.conf (docs/operations.md).'
    return Finding(Level.HINT, 'priority', 'real-time priorities are not allowed', advice)


def _images(spec: CellSpec, machine: Machine) -> list[Finding]:
    raw = [s.topic for s in spec.streams if s.type == STILLS[0]]
    if not raw:
        return []
    profile = next((p for p in PROFILES if machine.environment.get(p)), '')
    if profile:
        return [Finding(Level.OK, 'dds profile', f'{profile} is set')]
    advice = (
        'Raw images are slow through the default shared memory: use the compressed topic, or a '
        f'profile with a large segment ({PROFILES[0]}; docs/operations.md).'
    )
    return [Finding(Level.HINT, 'dds profile', f'raw images on {", ".join(raw)}', advice)]


def _domain(machine: Machine) -> Finding:
    env = machine.environment
    facts = [f'ROS_DOMAIN_ID {env.get("ROS_DOMAIN_ID", "0 (default)")}']
    names = ('RMW_IMPLEMENTATION', 'ROS_AUTOMATIC_DISCOVERY_RANGE', 'ROS_STATIC_PEERS')
    facts += [f'{name} {env[name]}' for name in names if env.get(name)]
    return Finding(Level.OK, 'ros', ', '.join(facts))


def _summary(machine: Machine) -> str:
    libraries = ', '.join(f'{name} {_version(name)}' for name in LIBRARIES)
    return (
        f'{machine.cores} cores, {machine.memory_mb:.0f} MB memory, '
        f'Python {platform.python_version()}, {libraries}'
    )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return 'missing'
