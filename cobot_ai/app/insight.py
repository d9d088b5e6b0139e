"""What the record says: figures for the wall, and confusion."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from itertools import pairwise

from cobot_ai.app.downtime import Downtime
from cobot_ai.app.follow import Follower
from cobot_ai.app.ports import Entry, LedgerReader
from cobot_ai.core.calendar import local, shift_of
from cobot_ai.core.kpi import NONE, Figure, middle, rate, share
from cobot_ai.core.spec import Action, CellSpec
from cobot_ai.core.types import Json, Why

NEWEST = 5000
"""Decisions that are looked at."""
SHIFTS = 8
"""Shifts in the trend."""
NO_SHIFTS = ('00:00', '08:00', '16:00')
"""Thirds of a day, where the cell file declares no shifts."""
SHOWN = 50
"""Cases listed per cell of the confusion matrix."""


@dataclass(frozen=True, slots=True)
class Row:
    """One case of the record.

    Attributes:
        case: Case number. t_ns: When it was decided. verdict: act, ask or hold. why: Reason.
        context: Context key. guess: Most probable class, '' without a score.
        confidence: Its probability. label: The label that counts, '' without one.
        audit: It was asked although the model was sure. outcome: Of its ask, '' without one.
        acted: Class acted upon alone, '' otherwise.
        answer_s: From the question to the answer that counted, seconds; None without one.
        asked_ns: When it was asked; None: it was not.
        event: Case whose event it was merged into; 0: none.
        group: Split group.
        refuted: People disagree what it is, but none of them says what the model guessed.
    """

    case: int
    t_ns: int
    verdict: str
    why: str
    context: str
    guess: str = ''
    confidence: float = 0.0
    label: str = ''
    audit: bool = False
    outcome: str = ''
    acted: str = ''
    answer_s: float | None = None
    asked_ns: int | None = None
    event: int = 0
    group: str = ''
    refuted: bool = False

    @property
    def final(self) -> str:
        """The class that counts: a person's, else the one acted upon."""
        return self.label or self.acted


class Record:
    """The newest cases, kept up to date by what the ledger gained since the last look.

    Args:
        reader: The ledger. newest: Most cases that are kept.
    """

    def __init__(self, reader: LedgerReader, newest: int = NEWEST) -> None:
        self._newest = newest
        self._rows: dict[int, Row] = {}
        self._follower = Follower(reader, FOLDED, newest, self._take)

    @property
    def head(self) -> int:
        """Sequence number of the newest entry that is in."""
        return self._follower.head

    def rows(self) -> list[Row]:
        """The newest cases, oldest first."""
        self._follower.catch_up()
        for case in list(self._rows)[: max(0, len(self._rows) - self._newest)]:
            del self._rows[case]
        return list(self._rows.values())

    def _take(self, entry: Entry) -> None:
        if entry.kind == 'decision':
            self._rows[entry.case] = _decided(entry)
        elif (row := self._rows.get(entry.case)) is not None:
            self._rows[entry.case] = _with(row, entry)


FOLDED = ('decision', 'ask', 'answer', 'resolution', 'label')
"""Kinds behind a row."""


def _decided(entry: Entry) -> Row:
    body = entry.body
    probs: Mapping[str, float] = body.get('probs') or {}
    guess = max(probs, key=lambda name: probs[name], default='')
    return Row(
        entry.case,
        entry.t_ns,
        str(body['verdict']),
        str(body['why']),
        str(body.get('context', '')),
        guess,
        float(probs[guess]) if guess else 0.0,
        audit=body['why'] == 'audit',
        acted=str(body.get('label') or '') if body['verdict'] == 'act' else '',
        event=int(body['params']['case']) if body['why'] == Why.MERGED.value else 0,
        group=str(body.get('group', '')),
    )


def _with(row: Row, entry: Entry) -> Row:
    """The row after one more entry of its case; the first answer that counts is the one timed."""
    body = entry.body
    if entry.kind == 'ask' and row.asked_ns is None:
        return replace(row, asked_ns=entry.t_ns)
    if entry.kind == 'answer' and body.get('status') == 'accepted' and row.answer_s is None:
        waited = entry.t_ns - row.asked_ns if row.asked_ns is not None else -1
        return replace(row, answer_s=waited / 1e9) if waited >= 0 else row
    if entry.kind == 'resolution':
        return replace(row, outcome=str(body['outcome']))
    if entry.kind == 'label':
        label, refuted = str(body.get('label') or ''), bool(body.get('wrong'))
        return replace(row, label=label, refuted=refuted)
    return row


def single(rows: Iterable[Row]) -> list[Row]:
    """Without the windows that were merged into an event: they put no question of their own."""
    return [r for r in rows if not r.event]


def _asked(rows: Iterable[Row]) -> int:
    return sum(r.verdict == 'ask' for r in single(rows))


# ---------------------------------------------------------------- the wall

Measure = Callable[[Sequence[Row]], Figure]


SCRAP = (Action.REJECT, Action.STOP)
"""A class that makes the robot do this is no part to be sold, nor one to be worked on again."""
ANSWER_S = 6.0
"""Wanted median from the question to its answer, seconds: what a worker needs who stands there."""


def kpis(
    rows: Sequence[Row], spec: CellSpec, zone: tzinfo, downtime: Downtime | None = None
) -> Json:
    """Every figure over all rows and per shift, the newest shifts last, with what is wanted.

    Args:
        rows: Cases, oldest first. spec: The cell. zone: Its time zone.
        downtime: When it was held; None: nobody knows.
    """
    shifts = by_shift(rows, spec, zone)
    measures = _measures(spec, downtime)
    return {
        name: {
            'all': measure(rows).to_json(),
            'shifts': [{'shift': s, **measure(part).to_json()} for s, part in shifts],
            'most': _most(spec).get(name),
            'parts': _scrapped(rows, spec) if name == 'scrap' else [],
        }
        for name, measure in measures.items()
    }


def _most(spec: CellSpec) -> dict[str, float]:
    """What the cell file wants a figure to stay below; most figures have nothing declared."""
    found = {'wrong_alone': spec.risk.epsilon, 'answer_s': ANSWER_S, 'expired': 0.0}
    return found | ({'asks_per_hour': spec.budget.warn} if spec.budget.warn else {})


def _scrapped(rows: Sequence[Row], spec: CellSpec) -> list[Json]:
    """The share of each class that is scrap, the most frequent first."""
    known = [r.final for r in rows if r.final]
    found = Counter(name for name in known if spec.question.action_of(name) in SCRAP)
    return [{'label': n, **share(k, len(known)).to_json()} for n, k in found.most_common()]


def _available(rows: Sequence[Row], downtime: Downtime | None) -> Figure:
    """Share of the working time between the first and the last case that was not held."""
    if downtime is None or downtime.shadow or len(rows) < 2:
        return NONE
    planned, worked = downtime.worked(rows[0].t_ns, rows[-1].t_ns)
    return Figure(worked / planned, None, None, len(rows)) if planned > 0 else NONE


def _measures(spec: CellSpec, downtime: Downtime | None) -> dict[str, Measure]:
    def scrap(rows: Sequence[Row]) -> Figure:
        known = [r for r in rows if r.final]
        bad = sum(spec.question.action_of(r.final) in SCRAP for r in known)
        return share(bad, len(known))

    def oee(rows: Sequence[Row]) -> Figure:
        """Without performance: the ledger knows no ideal time of a step."""
        time, good = _available(rows, downtime), first_pass(rows)
        if time.value is None or good.value is None:
            return NONE
        return Figure(time.value * good.value, None, None, good.n)

    def first_pass(rows: Sequence[Row]) -> Figure:
        known = [r for r in rows if r.final]
        good = sum(spec.question.is_nominal(r.final) for r in known)
        return share(good, len(known))

    return {
        'asks_per_hour': lambda rows: rate(_asked(rows), _hours(rows)),
        'answer_s': lambda rows: middle([r.answer_s for r in rows if r.answer_s is not None]),
        'acted_share': lambda rows: share(sum(r.verdict == 'act' for r in rows), len(single(rows))),
        'first_pass': first_pass,
        'scrap': scrap,
        'available': lambda rows: _available(rows, downtime),
        'oee': oee,
        'expired': lambda rows: share(sum(r.outcome == 'expired' for r in rows), _asked(rows)),
        'between_interventions_s': _between,
        'wrong_alone': _wrong_alone,
    }


def _hours(rows: Sequence[Row]) -> float:
    return (rows[-1].t_ns - rows[0].t_ns) / 3.6e12 if len(rows) > 1 else 0.0


def _between(rows: Sequence[Row]) -> Figure:
    """Seconds from one intervention of a person to the next."""
    times = [r.t_ns for r in single(rows) if r.verdict != 'act']
    return middle([(b - a) / 1e9 for a, b in pairwise(times)])


def _wrong_alone(rows: Sequence[Row]) -> Figure:
    """Share of audits that found the model wrong: the only sample the asking itself cannot bend."""
    audits = [r for r in rows if r.audit and (r.label or r.refuted)]
    return share(sum(r.guess != r.label for r in audits), len(audits)) if audits else NONE


def by_shift(
    rows: Sequence[Row], spec: CellSpec, zone: tzinfo
) -> Sequence[tuple[str, Sequence[Row]]]:
    """The newest shifts with their rows, oldest first."""
    parts: dict[str, list[Row]] = defaultdict(list)
    starts = spec.shifts or NO_SHIFTS
    for row in rows:
        start = shift_of(row.t_ns, starts, zone) or starts[0]
        now = local(row.t_ns, zone)
        day = now.date()
        if now.strftime('%H:%M') < start:  # the last shift goes on past midnight
            day = local(row.t_ns - 86_400 * 10**9, zone).date()
        parts[f'{day.isoformat()} {start}'].append(row)
    return list(parts.items())[-SHIFTS:]


# ---------------------------------------------------------------- confusion


def confusion(rows: Iterable[Row]) -> Json:
    """What the model took a case for against what a person said, with the cases behind each."""
    cells: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in rows:
        if row.guess and row.label:
            cells[row.label, row.guess].append(row.case)
    names = sorted({name for pair in cells for name in pair})
    found = [
        {'label': label, 'guess': guess, 'n': len(cases), 'cases': cases[-SHOWN:]}
        for (label, guess), cases in sorted(cells.items())
    ]
    return {'classes': names, 'cells': found}
