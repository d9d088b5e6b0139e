"""Windows of labelled cases on disk, so that what was learnt outlives the clip it was cut from.

One file per case, `<case>.npz`. While the clip is there the window is made from that.
"""

from __future__ import annotations

import io
import json
import zipfile
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import numpy as np

from cobot_ai.core.errors import StoreError
from cobot_ai.core.types import ChannelNote, Json, Missing, Problem, Still, Window
from cobot_ai.store.files import write_durably

_DAMAGED = (OSError, ValueError, KeyError, TypeError, EOFError, RuntimeError, zipfile.BadZipFile)
"""RuntimeError: a damaged byte may say that the file is encrypted, or of a kind nobody knows."""


class WindowFolder:
    """Windows by case (port `WindowStore`).

    Args:
        root: Its folder; made when something is stored. write: False for a look only.
    """

    def __init__(self, root: Path, write: bool = True) -> None:
        self._root, self._write = root, write

    def save(self, case: int, form: str, window: Window) -> None:
        """Keep a window; a disk that refuses costs nothing while the clip is there."""
        if not self._write or self._form(case) == form:
            return
        facts = {
            'form': form,
            'channels': window.channels,
            'span': [window.start_ns, window.end_ns],
            'notes': [asdict(n) for n in window.notes],
            'still': window.still.by if window.still else None,
        }
        still = window.still.values if window.still else np.zeros(0, np.float32)
        made = io.BytesIO()
        np.savez(
            made,
            facts=np.frombuffer(json.dumps(facts).encode(), np.uint8),
            values=window.values,
            mask=window.mask,
            still=still,
        )
        with suppress(StoreError):
            write_durably(self._path(case), made.getvalue(), sync=False)

    def load(self, case: int, form: str) -> Window | None:
        """The kept window; None where there is none, it is damaged, or of another form."""
        try:
            with np.load(self._path(case), allow_pickle=False) as file:
                facts = json.loads(file['facts'].tobytes())
                if facts['form'] != form:
                    return None
                start_ns, end_ns = facts['span']
                return Window(
                    tuple(facts['channels']),
                    file['values'],
                    file['mask'],
                    start_ns,
                    end_ns,
                    tuple(_note(n) for n in facts['notes']),
                    Still(file['still'], facts['still']) if facts['still'] is not None else None,
                )
        except _DAMAGED:
            return None

    def forget(self, case: int) -> None:
        """Delete what is kept of a case (its label was forgotten).

        Raises:
            StoreError: The disk refused.
        """
        if not self._write:
            return
        try:
            self._path(case).unlink(missing_ok=True)
        except OSError as e:
            raise StoreError(
                f'The window of case {case} cannot be deleted ({e.strerror}); '
                'check the permissions of its folder.'
            ) from e

    def _form(self, case: int) -> str:
        try:
            with np.load(self._path(case), allow_pickle=False) as file:
                return str(json.loads(file['facts'].tobytes())['form'])
        except _DAMAGED:
            return ''

    def _path(self, case: int) -> Path:
        return self._root / f'{case:08d}.npz'


def _note(row: Json) -> ChannelNote:
    made = {**row, 'problem': Problem(row['problem']), 'action': Missing(row['action'])}
    return ChannelNote(**made)
