"""Writing files so that a kill or a power cut leaves the old or the new one, never half of one."""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cobot_ai.core.errors import StoreError

_STRAY = '.tmp.'


def write_durably(path: Path, data: bytes, sync: bool = True) -> None:
    """Write, fsync, rename, fsync of the folder; only the owner may read the file.

    Args:
        path: Where the file goes; an old one is replaced in one step. data: Its content.
        sync: Wait until it would outlive a power cut.

    Raises:
        StoreError: The disk refused; the old file is as it was.
    """
    draft = path.with_name(f'{path.name}{_STRAY}{secrets.token_hex(8)}')
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(draft, path, data, sync)
        if sync:
            sync_folder(path.parent)
    except OSError as e:
        with suppress(OSError):
            draft.unlink()
        raise StoreError(
            f'{path} cannot be written ({e.strerror}); nothing was changed. '
            'Check free space and permissions.'
        ) from e


def _write(draft: Path, path: Path, data: bytes, sync: bool) -> None:
    """The lock, held until the rename, tells a sweep that this draft has a living writer."""
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, 'wb') as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(data)
        file.flush()
        if sync:
            os.fsync(file.fileno())
        draft.replace(path)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process at a time; `path` is a lock file beside what is changed."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def sha256_of(files: Iterable[Path]) -> str:
    """SHA-256 over the content of some files."""
    digest = hashlib.sha256()
    for path in files:
        with path.open('rb') as file:
            while block := file.read(2**20):
                digest.update(block)
    return digest.hexdigest()


def sync_folder(folder: Path) -> None:
    """Make renames and deletions in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sweep_strays(folder: Path) -> int:
    """Delete drafts whose writer was killed; returns how many."""
    swept = 0
    for draft in folder.glob(f'*{_STRAY}*'):
        with suppress(OSError), draft.open('rb') as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            draft.unlink()
            swept += 1
    return swept
