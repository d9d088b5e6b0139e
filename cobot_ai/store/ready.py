"""Cut cases of dropped recordings on their way from the trainer to the monitor."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from cobot_ai.app.intake import Delivery

READY = '.ready'
"""Folder of the deliveries inside the drop folder."""
DOCUMENT = 'delivery.json'


class ReadyFolder:
    """Cut cases on their way in, for the monitor (port `Inbox`).

    Args:
        folder: The drop folder; it need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self._ready = folder / READY

    def ready(self) -> Iterator[Delivery]:
        """What waits, the oldest first; each is read when it is asked for."""
        if not self._ready.is_dir():
            return
        whole = [p for p in self._ready.iterdir() if not p.name.startswith('.')]
        for folder in sorted(whole, key=lambda p: p.stat().st_mtime_ns):
            with suppress(OSError, ValueError, TypeError):
                yield Delivery(folder.name, **json.loads((folder / DOCUMENT).read_bytes()))

    def clip(self, delivery: Delivery, number: int) -> Path:
        """The clip of one of its cases."""
        return self._ready / delivery.id / clip_name(number)

    def finish(self, delivery: Delivery) -> None:
        """All of it is in the ledger and among the clips."""
        shutil.rmtree(self._ready / delivery.id, ignore_errors=True)


def clip_name(number: int) -> str:
    """File of the clip of a case, by its number in the delivery."""
    return f'{number:06d}.mcap'
