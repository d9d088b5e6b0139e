"""The head file beside the ledger: a lock for the one writer, and a note of the newest row.

The note is written after each commit and not forced to the disk, so it costs no time. It is never
ahead of what was committed; so when it names a row that the database does not have, the tail of
the record is gone (a damaged write-ahead log is dropped by SQLite without a word, an old copy may
have been put back). After a power cut it may be older than the database; that is no fault.
"""

from __future__ import annotations

import fcntl
import os
import re
from contextlib import suppress
from pathlib import Path

from cobot_ai.core.errors import StoreError
from cobot_ai.store.chain import Tip

_LINE = re.compile(r'(\d{20}) ([0-9a-f]{64})\n')


def head_file(ledger: Path) -> Path:
    """The head file of a ledger."""
    return ledger.with_name(ledger.name + '.head')


def read_head(ledger: Path) -> Tip | None:
    """The newest row that was known to be committed; None when the note cannot be read."""
    try:
        match = _LINE.fullmatch(head_file(ledger).read_text('ascii'))
    except (OSError, ValueError):
        return None
    return Tip(int(match[1]), match[2]) if match else None


class HeadFile:
    """The head file, held by the one writer.

    Raises:
        StoreError: Another process writes this ledger, or the folder cannot be written.
    """

    def __init__(self, ledger: Path) -> None:
        self._ledger = ledger
        try:
            self._fd = os.open(head_file(ledger), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as e:
            raise StoreError(
                f'The folder of the ledger {ledger} cannot be written ({e.strerror}).'
            ) from e
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as e:
            os.close(self._fd)
            raise StoreError(
                f'The ledger {ledger} is in use by another process; stop the cell that runs '
                'already, or give this one its own data folder.'
            ) from e

    @property
    def exists(self) -> bool:
        """True when a ledger was created here before."""
        return os.fstat(self._fd).st_size > 0

    def note(self, tip: Tip) -> None:
        """Write down the newest row. A full disk leaves an older note, which is still true."""
        with suppress(OSError):
            os.pwrite(self._fd, f'{tip.seq:020d} {tip.hash}\n'.encode('ascii'), 0)

    def close(self) -> None:
        """Release the lock."""
        os.close(self._fd)
