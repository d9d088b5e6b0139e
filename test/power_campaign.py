"""Power cuts: a filesystem that forgets everything it was not forced to write.

Runs as root in a process of its own (`python power_campaign.py JOB CUTS FOLDER`): a small ext4
image is mounted, a writer works on it, and at a random moment the filesystem is shut down without
flushing its journal (the ioctl that xfstests uses), unmounted, mounted again, and looked at. It
drops what was not fsynced; it is no model of a disk that lies about flushing.
"""

from __future__ import annotations

import fcntl
import json
import os
import random
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from kill_campaign import Ack, promote_turns
from model_versions import version

from cobot_ai.app.ports import Draft
from cobot_ai.core.errors import StoreError
from cobot_ai.store import files
from cobot_ai.store.head import HeadFile
from cobot_ai.store.ledger import LedgerFile, open_ledger
from cobot_ai.store.registry import ModelFolder
from cobot_ai.store.sqlite import writer_engine

_SHUTDOWN = (2 << 30) | (4 << 16) | (ord('X') << 8) | 125
_NO_LOG_FLUSH = 2


def run(*command: str | Path) -> str:
    words = [str(c) for c in command]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


def cut(write: Callable[[Ack], None], disk: Path, rng: random.Random) -> list[str]:
    """Run a writer in a child until the power goes; returns what it acknowledged before."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            write(lambda text: os.write(writing, f'{text}\n'.encode()) and None)
        finally:
            os._exit(1)
    os.close(writing)
    text = os.read(reading, 65536)
    time.sleep(rng.random() * 0.25)
    os.set_blocking(reading, False)
    with suppress(BlockingIOError):
        text += os.read(reading, 65536)
    # Only what was acknowledged up to here counts: a dying filesystem may still tell a writer
    # that its data are safe, which a machine without power cannot.
    handle = os.open(disk, os.O_RDONLY)
    fcntl.ioctl(handle, _SHUTDOWN, struct.pack('I', _NO_LOG_FLUSH))
    os.close(handle)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(reading)
    return text.decode().split('\n')[:-1]


def write_entries(path: Path, ack: Ack, synchronous: str) -> None:
    """Case after case; with `synchronous` other than FULL a promise that is not kept."""
    ledger = open_ledger(path)
    if synchronous != 'FULL':
        ledger.close()
        ledger = LedgerFile(path, HeadFile(path), writer_engine(path, synchronous))
    while True:
        case = ledger.next_case()
        ledger.commit([Draft('answer', {'x': 'y' * 300}, case, key=f'tap-{case}')], case)
        ack(f'tap-{case}')


def ledger_cuts(cuts: int, disk: Path, device: Path, synchronous: str = 'FULL') -> dict[str, int]:
    """Acknowledged answers that are gone, and starts that were refused."""
    rng = random.Random(5)
    found = {'acked': 0, 'lost': 0, 'refused': 0, 'broken': 0}
    for n in range(cuts):
        path = disk / f'{n}.db'
        open_ledger(path).close()
        os.sync()
        acked = cut(lambda ack, p=path: write_entries(p, ack, synchronous), disk, rng)
        run('umount', disk)
        run('mount', device, disk)
        found['acked'] += len(acked)
        try:
            view = open_ledger(path)
        except StoreError:
            found['refused'] += 1
            found['lost'] += len(acked)
            continue
        stored = {f'tap-{e.case}' for e in view.last('answer', 10**6)}
        found['lost'] += len(set(acked) - stored)
        found['broken'] += not view.verify().ok
        view.close()
        path.unlink()
    return found


def promote_cuts(cuts: int, disk: Path, device: Path, forced: bool = True) -> dict[str, int]:
    """Starts without a whole model or with an older one than acknowledged."""
    rng = random.Random(6)
    found = {'starts': 0, 'damaged': 0, 'forgotten': 0}
    for n in range(cuts):
        folder = disk / f'models_{n}'
        folder.mkdir()
        os.sync()
        acked = cut(lambda ack, f=folder: promote(f, ack, forced), disk, rng)
        run('umount', disk)
        run('mount', device, disk)
        found['starts'] += 1
        try:
            registry = ModelFolder(folder)
            live = registry.current()
            registry.get(live or '')
            # Some promotions after the last counted one may have reached the disk too.
            allowed = {version((len(acked) + k) % 7)[1].digest for k in range(5)}
            found['forgotten'] += live not in allowed
        except Exception:
            found['damaged'] += 1
    return found


def promote(folder: Path, ack: Ack, forced: bool) -> None:
    if not forced:
        files.os.fsync = lambda handle: None
    promote_turns(folder, ack)


JOBS: dict[str, Callable[[int, Path, Path], dict[str, int]]] = {
    'ledger': ledger_cuts,
    'ledger_normal': lambda n, disk, device: ledger_cuts(n, disk, device, 'NORMAL'),
    'promote': promote_cuts,
    'promote_unforced': lambda n, disk, device: promote_cuts(n, disk, device, forced=False),
}


def main(args: Iterator[str]) -> None:
    """Make the disk, run one campaign on it, print its figures."""
    job, cuts, folder = next(args), int(next(args)), Path(next(args))
    image, disk = folder / 'disk.img', folder / 'disk'
    disk.mkdir()
    with image.open('wb') as file:
        file.truncate(64 * 2**20)
    run('mkfs.ext4', '-q', '-F', image)
    # One loop device for all mounts: one of `mount -o loop` may outlive its umount for a while, and
    # a second one on the image would then not see what the first has yet to write.
    device = Path(run('losetup', '--find', '--show', image))
    try:
        run('mount', device, disk)
        try:
            found = JOBS[job](cuts, disk, device)
        finally:
            run('umount', disk)
    finally:
        run('losetup', '--detach', device)
    sys.stdout.write(json.dumps(found) + '\n')


if __name__ == '__main__':
    main(iter(sys.argv[1:]))
