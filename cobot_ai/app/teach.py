"""The training set: every case with a label that counts, its window made again from its clip."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cobot_ai.app.ports import ClipReader, Decoder, Entry, LedgerReader
from cobot_ai.app.recut import recut
from cobot_ai.core.errors import DataError
from cobot_ai.core.spec import CellSpec
from cobot_ai.core.types import LabelledCase, Why, Window


@dataclass(frozen=True, slots=True)
class _Where:
    context: str
    group: str
    start_ns: int
    end_ns: int


class Dataset:
    """Follows the ledger and keeps the labelled cases ready for a fit.

    A sliding window that was merged into the event of another case counts with the label of that
    event, unless the event was harmless: only its beginning was looked at, and a window that is
    wrongly taken for harmless would teach the model to be sure of what it should ask for. Without
    them an event would count once in training, and its errors once in certificates, but many times
    in service. It is one answer all the same (`LabelledCase.answered`).

    A case whose label was withdrawn (disputed) is left out until somebody decides; a case whose
    clip cannot be read is left out and named in `unreadable`.

    Args:
        reader: The ledger. clips: Evidence. spec: The cell. decoder: Turns bytes into numbers.
        resolve: Full topic name of a name in the cell file.

    Attributes:
        unreadable: Cases whose clip cannot be read. clips_ready: Cases whose clip is on disk.
        lost: Channels of which the newest case measured nothing (policy `mask`).
    """

    def __init__(
        self,
        reader: LedgerReader,
        clips: ClipReader,
        spec: CellSpec,
        decoder: Decoder,
        resolve: Callable[[str], str],
    ) -> None:
        self._reader, self._clips, self._spec = reader, clips, spec
        self._decoder, self._resolve = decoder, resolve
        self._seq = 0
        self._where: dict[int, _Where] = {}
        self._labels: dict[int, Entry] = {}
        self._corrected: dict[int, str] = {}
        self._events: dict[int, int] = {}
        self._windows: dict[int, Window] = {}
        self.unreadable: set[int] = set()
        self.clips_ready: set[int] = set()
        self.lost: tuple[str, ...] = ()
        self._wanted = self._anew = False

    def refresh(self) -> int:
        """Read what is new in the ledger; returns how many labels were added or changed."""
        changed = 0
        while entries := self._reader.since(self._seq):
            for entry in entries:
                self._seq = entry.seq
                changed += self._take(entry)
        return changed

    def _take(self, entry: Entry) -> bool:
        body = entry.body
        if entry.kind == 'decision' or (entry.kind == 'import' and body['ok']):
            place = _Where(body['context'], body['group'], body['start_ns'], body['end_ns'])
            self._where[entry.case] = place
        if entry.kind == 'decision':
            self.lost = lost_channels(body['notes'])
            if body['why'] == Why.MERGED.value:
                self._events[entry.case] = body['params']['case']
        elif entry.kind == 'clip':
            self.clips_ready.add(entry.case)
        elif _wants_refit(entry):
            self._wanted = True
        elif entry.kind == 'maintenance' and body['on']:
            self._anew = True
        elif entry.kind == 'label':
            self._labels[entry.case] = entry
            if body['source'] == 'correction':
                self._corrected[entry.case] = body['label']
            return True
        return False

    @property
    def golden(self) -> frozenset[int]:
        """Cases a person corrected on purpose: no later model may be sure of anything else.

        As long as the label is the corrected one, also where a second person confirmed it.
        """
        found = self._corrected.items()
        return frozenset(c for c, label in found if self._labels[c].body['label'] == label)

    def case_at(self, start_ns: int, end_ns: int) -> int | None:
        """The case that has just this window, None if there is none."""
        places = self._where.items()
        return next((c for c, p in places if (p.start_ns, p.end_ns) == (start_ns, end_ns)), None)

    def take_request(self) -> bool:
        """Whether a full refit is wanted since the last call.

        A person asked for it, an audit failed, or labels were forgotten.
        """
        wanted, self._wanted = self._wanted, False
        return wanted

    def take_break(self) -> bool:
        """Whether a maintenance break began since the last call."""
        began, self._anew = self._anew, False
        return began

    @property
    def labels(self) -> int:
        """How many cases have a label that counts."""
        return sum(e.body['label'] is not None for e in self._labels.values())

    def cases(self, newest: int | None = None) -> list[LabelledCase]:
        """All usable labelled cases (or the newest few), in the order of their case numbers."""
        counting = self._labels | self._of_events()
        found = []
        for case in sorted(counting)[-newest if newest else None :]:
            entry = counting[case]
            window = self._window(case) if entry.body['label'] is not None else None
            if window is not None:
                found.append(self._labelled(case, entry, window))
        return found

    def _of_events(self) -> dict[int, Entry]:
        """Merged windows and the label of their event, where that was no harmless one."""
        firsts = {c: self._labels.get(first) for c, first in self._events.items()}
        harmless = self._spec.question.is_nominal
        return {c: e for c, e in firsts.items() if e and not harmless(e.body['label'])}

    def _labelled(self, case: int, entry: Entry, window: Window) -> LabelledCase:
        place = self._where[case]
        return LabelledCase(
            case,
            place.context,
            self._where[entry.case].group,  # an event never stands on both sides of a test
            window,
            entry.body['label'],
            entry.body['by'],
            entry.t_ns,
            entry.case if entry.case != case else 0,
        )

    def _window(self, case: int) -> Window | None:
        if case in self._windows:
            return self._windows[case]
        place = self._where.get(case)
        if place is None or case not in self.clips_ready:
            return None
        try:
            messages = self._clips.read(case)
        except DataError:
            self.unreadable.add(case)
            return None
        window = recut(
            self._spec, self._decoder, self._resolve, messages, place.start_ns, place.end_ns
        )
        self._windows[case] = window
        return window


def lost_channels(notes: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Channels of which a case measured nothing, by the notes of its decision."""
    return tuple(sorted(n['channel'] for n in notes if n['share'] >= 1 and n['action'] == 'mask'))


def _wants_refit(entry: Entry) -> bool:
    if entry.kind == 'audit':
        return not entry.body['right']
    return entry.kind == 'command' and entry.body['kind'] in ('retrain', 'forget')


def is_due(labels: int, fitted: int) -> bool:
    """Whether a refit is worth it: at every label first, then at every 2.5 % more."""
    return labels - fitted >= max(1, labels // 40)
