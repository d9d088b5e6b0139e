"""The training set: every case with a label that counts, its window made again from its clip."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cobot_ai.app.places import Spans, Where, places, where
from cobot_ai.app.ports import ClipReader, Decoder, Entry, LedgerReader, WindowStore
from cobot_ai.app.recut import recut
from cobot_ai.app.review import FORGOTTEN
from cobot_ai.core.config import parse_cell
from cobot_ai.core.errors import ConfigError, DataError
from cobot_ai.core.form import alike
from cobot_ai.core.spec import CellSpec
from cobot_ai.core.stream_spec import StreamSpec
from cobot_ai.core.types import Json, LabelledCase, Verdict, Why, Window


class Dataset:
    """Follows the ledger and keeps the labelled cases ready for a fit.

    A sliding window that was merged into the event of another case counts with the label of that
    event, unless the event was harmless: only its beginning was looked at, and a window that is
    wrongly taken for harmless would teach the model to be sure of what it should ask for. Without
    them an event would count once in training, and its errors once in certificates, but many times
    in service. It is one answer all the same (`LabelledCase.answered`).

    A case whose label was withdrawn (disputed) is left out until somebody decides; a case whose
    clip cannot be read is left out and named in `unreadable`, unless its window was kept. So is one
    that was judged when a window was something else (`core.form.alike`), in `outdated`. Only what
    is new is looked at: of 100,000 labelled cases a further label touches one.

    Args:
        reader: The ledger. clips: Evidence. spec: The cell. decoder: Turns bytes into numbers.
        resolve: Full topic name of a name in the cell file.
        windows: Keeps the windows of labelled cases, which outlive their clips; None: nowhere.

    Attributes:
        unreadable: Cases whose clip cannot be read. outdated: Labelled cases of another kind of
            window. clips_ready: Cases whose clip is on disk.
        lost: Channels of which the newest case measured nothing (policy `mask`).
    """

    def __init__(
        self,
        reader: LedgerReader,
        clips: ClipReader,
        spec: CellSpec,
        decoder: Decoder,
        resolve: Callable[[str], str],
        windows: WindowStore | None = None,
    ) -> None:
        self._reader, self._clips, self._spec = reader, clips, spec
        self._decoder, self._resolve, self._kept = decoder, resolve, windows
        self._form = window_form(spec)
        self._seq = 0
        self._eras: list[tuple[int, bool]] = [(0, True)]
        self._spans = Spans()
        self._where: dict[int, Where] = {}
        self._labels: dict[int, Entry] = {}
        self._corrected: dict[int, str] = {}
        self._events: dict[int, int] = {}
        self._merged: dict[int, list[int]] = {}
        self._windows: dict[int, Window] = {}
        self._ready: dict[int, LabelledCase] = {}
        self._all: list[LabelledCase] = []
        self._stale: set[int] = set()
        self._forgotten: set[int] = set()
        self.unreadable: set[int] = set()
        self.outdated: set[int] = set()
        self.clips_ready: set[int] = set()
        self.lost: tuple[str, ...] = ()
        self._wanted = self._anew = self._past = False

    def refresh(self) -> int:
        """Read what is new in the ledger; returns how many labelled cases it is about."""
        changed, self._past = 0, not self._seq
        while entries := self._reader.since(self._seq):
            self._seq = entries[-1].seq
            changed += self.take(entries)
        self._past = False
        self._forget()
        return changed

    def take(self, entries: Iterable[Entry]) -> int:
        """Take in some entries, oldest first; returns how many labelled cases they are about."""
        return sum(self._take(entry) for entry in entries)

    def _take(self, entry: Entry) -> bool:
        body = entry.body
        if places(entry):
            self._spans.add(entry.case, body['start_ns'], body['end_ns'])
            if body.get('verdict') != Verdict.ACT.value:  # few of those are ever labelled
                self._where[entry.case] = self._place(entry)
        if entry.kind == 'start':
            self._eras.append((entry.seq, self._judged_alike(entry.body.get('spec'))))
        elif entry.kind == 'decision':
            self.lost = lost_channels(body['notes'])
            if body['why'] == Why.MERGED.value:
                self._events[entry.case] = first = body['params']['case']
                self._merged.setdefault(first, []).append(entry.case)
                return self._touch(entry.case)
        elif entry.kind == 'clip' and entry.case in self._where:
            self.clips_ready.add(entry.case)
            self.unreadable.discard(entry.case)
            return self._touch(entry.case)
        elif _wants_refit(entry):
            self._wanted = True
        elif self._past and _answers(entry):
            self._wanted = False
        elif entry.kind == 'maintenance' and body['on']:
            self._anew = True
        elif entry.kind == 'label':
            if entry.case not in self._where:
                self._look_up(entry.case)
            self._labels[entry.case] = entry
            followers = self._merged.get(entry.case, ())
            self._stale.update((entry.case, *followers))
            gone = body['source'] == FORGOTTEN
            (self._forgotten.add if gone else self._forgotten.discard)(entry.case)
            if body['source'] == 'correction':
                self._corrected[entry.case] = body['label']
            return True
        return False

    def _look_up(self, case: int) -> None:
        """A case that the model decided alone was labelled after all."""
        for entry in self._reader.of_case(case):
            if places(entry):
                self._where[case] = self._place(entry)
            elif entry.kind == 'clip':
                self.clips_ready.add(case)

    def _place(self, entry: Entry) -> Where:
        era = bisect_left(self._eras, (entry.seq,)) - 1
        return where(entry, self._spec.step.group, self._eras[era][1])

    def _judged_alike(self, doc: Json | None) -> bool:
        """Whether a cell file, as the ledger has it, makes windows of today's kind."""
        try:
            return doc is None or alike(parse_cell(doc), self._spec)
        except ConfigError:  # of another version of the service: that says nothing of sensors
            return True

    def _touch(self, case: int) -> bool:
        """Something came about a case; whether it is a labelled one."""
        labelled = case in self._labels or self._events.get(case) in self._labels
        if labelled:
            self._stale.add(case)
        return labelled

    def _forget(self) -> None:
        """Delete what is kept of cases whose labels were forgotten, and of their events."""
        for first in self._forgotten:
            # What somebody said of a window of the event itself stands.
            silent = (c for c in self._merged.get(first, ()) if c not in self._labels)
            for case in (first, *silent):
                self._windows.pop(case, None)
                if self._kept is not None:
                    self._kept.forget(case)
        self._forgotten.clear()

    @property
    def golden(self) -> frozenset[int]:
        """Cases a person corrected on purpose: no later model may be sure of anything else.

        As long as the label is the corrected one, also where a second person confirmed it.
        """
        found = self._corrected.items()
        return frozenset(c for c, label in found if self._labels[c].body['label'] == label)

    def case_at(self, start_ns: int, end_ns: int) -> int | None:
        """The case that has just this window, None if there is none."""
        return self._spans.case(start_ns, end_ns)

    def take_request(self) -> bool:
        """Whether a full refit is wanted since the last call.

        A person asked for it, an audit failed, or labels were forgotten. After a restart only
        what no version was made for since.
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

    def cases(self) -> list[LabelledCase]:
        """All usable labelled cases, in the order of their case numbers."""
        while self._stale:
            case = self._stale.pop()
            self._ready.pop(case, None)
            self._all.clear()
            entry = self._counting(case)
            if entry is not None and case in self._where and not self._where[case].alike:
                self.outdated.add(case)
                entry = None
            window = self._window(case) if entry is not None else None
            if entry is not None and window is not None:
                self._ready[case] = self._labelled(case, entry, window)
        if len(self._all) != len(self._ready):
            self._all = [self._ready[case] for case in sorted(self._ready)]
        return list(self._all)

    def _counting(self, case: int) -> Entry | None:
        """The label a case counts with: its own, or that of its event if it was no harmless one."""
        entry = self._labels.get(case)
        if entry is None and case in self._events:
            event = self._labels.get(self._events[case])
            harmless = self._spec.question.is_nominal
            entry = event if event is not None and not harmless(event.body['label']) else None
        return entry if entry is not None and entry.body['label'] is not None else None

    def _labelled(self, case: int, entry: Entry, window: Window) -> LabelledCase:
        place = self._where[case]
        return LabelledCase(
            case,
            place.context,
            # An event never stands on both sides of a test.
            self._where.get(self._events.get(case, case), place).group,
            window,
            entry.body['label'],
            entry.body['by'],
            entry.t_ns,
            entry.case if entry.case != case else 0,
            place.imported,
        )

    def _window(self, case: int) -> Window | None:
        place = self._where.get(case)
        if case in self._windows or place is None or case not in self.clips_ready:
            return self._windows.get(case)
        try:
            window = self._recut(case, place)
        except DataError:
            found = self._kept.load(case, self._form) if self._kept else None
            if found is None:
                self.unreadable.add(case)
                return None
            window = found
        else:
            if self._kept is not None:
                self._kept.save(case, self._form, window)
        self._windows[case] = window
        return window

    def _recut(self, case: int, place: Where) -> Window:
        messages, start, end = self._clips.read(case), place.start_ns, place.end_ns
        return recut(self._spec, self._decoder, self._resolve, messages, start, end)


def window_form(spec: CellSpec) -> str:
    """Digest of what a window is cut by; kept windows of another form are of no use."""
    streams = [_plain(s) for s in spec.streams]
    form = repr((streams, spec.step.samples, spec.model.still))
    return hashlib.sha256(form.encode()).hexdigest()


def _plain(stream: StreamSpec) -> StreamSpec:
    """A stream without words, and without what only its health goes by: they change no number."""
    channels = tuple(replace(c, text={}) for c in stream.channels)
    return replace(stream, channels=channels, stall_s=None, only_in_steps=False)


def newest_labelled(reader: LedgerReader, limit: int) -> list[Entry]:
    """All entries of the cases that were labelled last, oldest first."""
    cases = {e.case for e in reader.last('label', limit)}
    return sorted((e for case in cases for e in reader.of_case(case)), key=lambda e: e.seq)


def lost_channels(notes: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Channels of which a case measured nothing, by the notes of its decision."""
    return tuple(sorted(n['channel'] for n in notes if n['share'] >= 1 and n['action'] == 'mask'))


def _answers(entry: Entry) -> bool:
    """Whether a version passed the gate: what was wanted before the restart is in it."""
    return entry.kind == 'candidate' and entry.body['passed'] and not entry.body['dropped']


def _wants_refit(entry: Entry) -> bool:
    if entry.kind == 'audit':
        return not entry.body['right']
    return entry.kind == 'command' and entry.body['kind'] in ('retrain', 'forget')


def is_due(labels: int, fitted: int) -> bool:
    """Whether a refit is worth it: at every label first, then at every 2.5 % more."""
    return labels - fitted >= max(1, labels // 40)
