"""A scripted operator: knows the truth of a recording and answers only when asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from cobot_ai.app.ports import Entry
from cobot_ai.core.asks import NOT_SURE
from cobot_ai.core.errors import DataError
from cobot_ai.core.spec import CellSpec
from cobot_ai.core.types import Facts, Json

UNKNOWN = 'unknown'
FAR_NS = 2**62
"""Times lie within this, nanoseconds: what is counted from them must fit as well."""


@dataclass(frozen=True, slots=True)
class Interval:
    """One truth interval, half open: start_ns <= t < end_ns. `more`: further columns, as facts."""

    kind: str
    label: str
    start_ns: int
    end_ns: int
    more: Facts = field(default_factory=dict)


COLUMNS = ('piece', 'kind', 'label', 'start_ns', 'end_ns')
TABLE = ','.join(COLUMNS)


def read_truth(rows: Iterable[dict[str, str]]) -> list[Interval]:
    """Truth intervals of CSV rows piece,kind,label,start_ns,end_ns.

    Raises:
        DataError: A column is missing, a time is not a whole number, or an end lies before its
            start.
    """
    intervals = []
    for number, given in enumerate(rows, start=2):
        row = {k.strip(): v.strip() for k, v in given.items() if k and isinstance(v, str)}
        try:
            times = _times(_ns(row['start_ns']), _ns(row['end_ns']))
            interval = Interval(row['kind'], row['label'], *times, _more(row))
        except (KeyError, ValueError) as e:
            why = 'it is too short' if isinstance(e, KeyError) else str(e)
            raise DataError(
                f'Line {number} of the answers file is not {TABLE}: {why}.', key='bad_truth'
            ) from e
        intervals.append(interval)
    return sorted(intervals, key=lambda i: i.start_ns)


def _ns(text: str) -> int:
    try:
        return int(text)
    except ValueError as e:
        raise ValueError(f'`{text}` is no whole number of nanoseconds') from e


def _times(start_ns: int, end_ns: int) -> tuple[int, int]:
    if not -FAR_NS <= start_ns <= end_ns < FAR_NS:
        raise ValueError(f'its times {start_ns} to {end_ns} are none')
    return start_ns, end_ns


def _more(row: dict[str, str]) -> Facts:
    return {name: text for name, text in row.items() if name not in COLUMNS and name and text}


def misfits(intervals: Sequence[Interval], spec: CellSpec) -> list[str]:
    """Labels of `class` rows that nobody can answer with, because the cell has no such class."""
    if spec.question.open_classes:
        return []
    known = {UNKNOWN, *(c.name for c in spec.question.classes)}
    return sorted({i.label for i in intervals if i.kind == 'class'} - known)


def unread(intervals: Sequence[Interval], spec: CellSpec) -> dict[str, int]:
    """Kinds that count for nothing, neither `class` nor a class of the cell: how many rows."""
    known = {'class', *(c.name for c in spec.question.classes)}
    return dict(Counter(i.kind for i in intervals if i.kind not in known))


def outside(intervals: Sequence[Interval], first_ns: int, last_ns: int) -> DataError | None:
    """An error where no answer is about a recording: it would all be taken for harmless."""
    begin, end = min(i.start_ns for i in intervals), max(i.end_ns for i in intervals)
    if begin <= last_ns and end > first_ns:
        return None
    return DataError(
        f'The answers are from {begin} to {end}, the bag from {first_ns} to {last_ns}: they share '
        'no moment. Times are nanoseconds of the bag; a file with nothing but its first line says '
        'that nothing happened.'
    )


class Truth:
    """What really happened in a span of time.

    An interval of kind `class` names the class itself. An interval of any other kind counts when
    its kind is a class of the cell file (an event such as `grip_lost`); where none overlaps, the
    first nominal class was true. Label `unknown` means that nobody can tell.

    Attributes:
        nominal: What was true where no interval says otherwise. per_case: Whether intervals name
            classes, as those do that stand for one case each.
    """

    def __init__(self, intervals: Sequence[Interval], spec: CellSpec) -> None:
        names = {c.name for c in spec.question.classes}
        self._intervals = [i for i in intervals if i.kind == 'class' or i.kind in names]
        self._starts = np.array([i.start_ns for i in self._intervals], np.int64)
        self._longest = max((i.end_ns - i.start_ns for i in self._intervals), default=0)
        self.nominal = next((c.name for c in spec.question.classes if c.nominal), UNKNOWN)
        self.per_case = any(i.kind == 'class' for i in self._intervals)

    def of(self, start_ns: int, end_ns: int) -> str | None:
        """The true class of [start_ns, end_ns), None where the recording does not tell."""
        overlap = self._overlap(start_ns, end_ns)
        best = max(overlap, key=lambda n: overlap[n]) if overlap else self.nominal
        return None if best == UNKNOWN else best

    def lists(self, start_ns: int, end_ns: int) -> bool:
        """Whether any interval is about [start_ns, end_ns)."""
        return bool(self._overlap(start_ns, end_ns))

    def _overlap(self, start_ns: int, end_ns: int) -> dict[str, int]:
        """How much of [start_ns, end_ns) each class covers, nanoseconds."""
        first = int(np.searchsorted(self._starts, start_ns - self._longest))
        last = int(np.searchsorted(self._starts, end_ns))
        overlap: dict[str, int] = {}
        for i in self._intervals[first:last]:
            shared = min(i.end_ns, end_ns) - max(i.start_ns, start_ns)
            if shared > 0:
                name = self._name(i)
                overlap[name] = overlap.get(name, 0) + shared
        return overlap

    @staticmethod
    def _name(interval: Interval) -> str:
        if interval.label == UNKNOWN:
            return UNKNOWN
        return interval.label if interval.kind == 'class' else interval.kind


@dataclass(frozen=True, slots=True)
class Habits:
    """How the scripted operator works.

    Attributes:
        delay_s: Time from question to tap, seconds.
        error_rate: Share of answers that name a wrong class, 0 to 1.
        absent: Spans [start_s, end_s) since the begin of the recording without any answer.
        seed: Seed of the errors.
    """

    delay_s: float = 0.0
    error_rate: float = 0.0
    absent: tuple[tuple[float, float], ...] = ()
    seed: int = 0


@dataclass(slots=True)
class ScriptedOperator:
    """Answers asks from the truth, `delay_s` after they were put. Times in nanoseconds."""

    truth: Truth
    habits: Habits
    begin_ns: int
    _due: list[tuple[int, Json]] = field(default_factory=list)
    _spans: dict[int, tuple[int, int]] = field(default_factory=dict)
    _seen: list[str] = field(default_factory=list)
    _rng: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self._rng = np.random.default_rng(self.habits.seed)

    def notice(self, entry: Entry, now_ns: int) -> None:
        """See a ledger entry; a question is put on the list of things to answer."""
        if entry.kind == 'decision':
            self._spans[entry.case] = (entry.body['start_ns'], entry.body['end_ns'])
        elif entry.kind == 'ask' and not self._absent(now_ns):
            at = now_ns + round(self.habits.delay_s * 1e9)
            self._due.append((at, self._tap(entry)))
        elif entry.kind == 'review' and not self._absent(now_ns):
            at = now_ns + round(self.habits.delay_s * 1e9)
            self._due.append((at, self._look(entry)))

    def next_ns(self) -> int | None:
        """When the next tap comes."""
        return min((t for t, _ in self._due), default=None)

    def taps(self, now_ns: int) -> list[Json]:
        """Commands whose time has come."""
        due = [c for t, c in self._due if t <= now_ns]
        self._due = [(t, c) for t, c in self._due if t > now_ns]
        return due

    def _tap(self, entry: Entry) -> Json:
        label = self.truth.of(*self._spans[entry.case])
        return {
            'key': f'scripted-{entry.case}',
            'kind': 'answer',
            'by': 'scripted_operator',
            'tablet': 'replay',
            'case': entry.case,
            'label': NOT_SURE if label is None else self._maybe_wrong(label),
            'epoch': 0,
            'react_ms': round(self.habits.delay_s * 1e3),
        }

    def _look(self, entry: Entry) -> Json:
        """The answer to a case that is offered in a quiet minute."""
        # Somebody else: nobody looks at their own answer a second time.
        tap = {**self._tap(entry), 'kind': 'review', 'by': 'scripted_second'}
        tap['key'] = f'scripted-look-{entry.seq}'
        return {k: v for k, v in tap.items() if k not in ('epoch', 'react_ms')}

    def _maybe_wrong(self, label: str) -> str:
        if label not in self._seen:
            self._seen.append(label)
        others = [c for c in self._seen if c != label]
        if others and self._rng.random() < self.habits.error_rate:
            return others[int(self._rng.integers(len(others)))]
        return label

    def _absent(self, now_ns: int) -> bool:
        since = (now_ns - self.begin_ns) / 1e9
        return any(start <= since < end for start, end in self.habits.absent)
