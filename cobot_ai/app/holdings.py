"""What the model was and will be taught from: labelled cases by slice, what is missing, imports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo

from cobot_ai.app.follow import Follower
from cobot_ai.app.insight import NO_SHIFTS
from cobot_ai.app.intake import IMPORT
from cobot_ai.app.ports import Entry, LedgerReader
from cobot_ai.app.teach import lost_channels
from cobot_ai.core.calendar import local, shift_of
from cobot_ai.core.honest import from_json
from cobot_ai.core.levels import in_force
from cobot_ai.core.manifest import Manifest, vouching
from cobot_ai.core.newest import put_newest
from cobot_ai.core.spec import CellSpec
from cobot_ai.core.types import Json

KINDS = ('decision', IMPORT, 'label')
NEWEST = 20_000
"""Decisions and imports that are looked at; labels all are."""
SHOWN = 50
"""Cases listed behind a figure, the newest."""
LISTED = 100
"""Imported recordings listed, the newest."""
SOURCES = {'answer': 'operator', 'late': 'operator', IMPORT: IMPORT, 'review': 'review'}
"""Source of a label -> where it comes from; what is not here was corrected."""
COMPLETE, NOT_KNOWN = 'complete', ''


@dataclass(frozen=True, slots=True)
class Taught:
    """One labelled case.

    Attributes:
        case: Its number. label: Its class. context: What it belongs to.
        source: operator, audit, correction, review or import. by: Who labelled it.
        labelled_ns: When. step_ns: When the step was, None where that is too long ago to know.
        lost: Channels of which it measured nothing, None where that is not known.
    """

    case: int
    label: str
    context: str
    source: str
    by: str
    labelled_ns: int
    step_ns: int | None = None
    lost: tuple[str, ...] | None = None


@dataclass(slots=True)
class Recording:
    """A recording somebody put down: taken in with so many cases, or refused.

    Attributes:
        name: Of the file. t_ns: When it was last written of. ok: It was taken in.
        code: Message key of why not. params: Its values. cases: Its cases.
    """

    name: str
    t_ns: int
    ok: bool
    code: str = ''
    params: Json = field(default_factory=dict)
    cases: list[int] = field(default_factory=list)


class Holdings:
    """Follows the ledger and keeps what there is to learn from.

    Args:
        reader: The ledger.

    Attributes:
        taught: Case -> labelled case. cases: Context -> decisions seen.
        withdrawn: Cases whose label was withdrawn. recordings: What was imported or refused.
    """

    def __init__(self, reader: LedgerReader) -> None:
        self.taught: dict[int, Taught] = {}
        self.cases: dict[str, int] = defaultdict(int)
        self.withdrawn: set[int] = set()
        self.recordings: dict[tuple[str, str, str], Recording] = {}
        self._steps: dict[int, tuple[int, tuple[str, ...]]] = {}
        self._follower = Follower(reader, KINDS, NEWEST, self._take)

    def refresh(self) -> int:
        """Take in what is new; returns the sequence number of the newest entry."""
        return self._follower.catch_up()

    def _take(self, entry: Entry) -> None:
        body = entry.body
        if entry.kind == 'decision':
            self.cases[body['context']] += 1
            self._step(entry.case, entry.t_ns, lost_channels(body['notes']))
        elif entry.kind == IMPORT:
            self._import(entry)
        elif entry.kind == 'label' and body['label'] is None:
            self.taught.pop(entry.case, None)
            self.withdrawn.add(entry.case)
        elif entry.kind == 'label':
            self.withdrawn.discard(entry.case)
            step_ns, lost = self._steps.get(entry.case, (None, None))
            self.taught[entry.case] = _taught(entry, step_ns, lost)

    def _step(self, case: int, t_ns: int, lost: tuple[str, ...]) -> None:
        put_newest(self._steps, case, (t_ns, lost), NEWEST)
        if case in self.taught:
            self.taught[case] = replace(self.taught[case], step_ns=t_ns, lost=lost)

    def _import(self, entry: Entry) -> None:
        body = entry.body
        key = (body['name'], body['recording'], '' if body['ok'] else str(entry.seq))
        facts = (body['name'], entry.t_ns, bool(body['ok']))
        found = self.recordings.setdefault(key, Recording(*facts))
        found.t_ns = entry.t_ns
        found.code, found.params = body.get('code', ''), body.get('params', {})
        if body['ok']:
            found.cases.append(entry.case)
            self.cases[body['context']] += 1
            put_newest(self._steps, entry.case, (body['start_ns'], ()), NEWEST)


def _taught(entry: Entry, step_ns: int | None, lost: tuple[str, ...] | None) -> Taught:
    body = entry.body
    source = SOURCES.get(str(body['source']), 'correction')
    if source == 'operator' and body.get('audit'):
        source = 'audit'
    names = str(body['label']), str(body['context']), source, str(body['by'])
    return Taught(entry.case, *names, entry.t_ns, step_ns, lost)


# ---------------------------------------------------------------- figures

Key = Callable[[Taught], str]


def document(
    holdings: Holdings,
    spec: CellSpec,
    zone: tzinfo,
    live: Manifest | None,
    role_of: Callable[[str], str],
) -> Json:
    """Everything the page shows of it, as plain JSON.

    Args:
        holdings: What there is. spec: The cell. zone: Its time zone. live: The live version.
        role_of: Name of a person -> their role, '' where that is not known.
    """
    rows = sorted(holdings.taught.values(), key=lambda r: r.case)
    known = from_json(live.facts.get('honest', {})) if live else {}
    classes = [c.name for c in spec.question.classes]
    return {
        'classes': [*classes, *sorted({r.label for r in rows} - set(classes))],
        'labels': len(rows),
        'decided': sum(holdings.cases.values()),
        'withdrawn': sorted(holdings.withdrawn)[-SHOWN:],
        'live': {'model': live.digest, 'cases': sum(live.labels.values())} if live else None,
        'slices': [
            {'of': of, 'rows': _slice(rows, key, known)}
            for of, key in _keys(spec, zone, role_of).items()
        ],
        'contexts': _contexts(holdings, rows, spec, live),
        'recordings': _recordings(holdings),
    }


def _keys(spec: CellSpec, zone: tzinfo, role_of: Callable[[str], str]) -> dict[str, Key]:
    """What the cases are counted by; people only as the group their role makes."""

    def shift(row: Taught) -> str:
        if row.step_ns is None:
            return NOT_KNOWN
        return shift_of(row.step_ns, spec.shifts or NO_SHIFTS, zone) or NOT_KNOWN

    def week(row: Taught) -> str:
        year, number, _ = local(row.labelled_ns, zone).isocalendar()
        return f'{year}-{number:02d}'

    return {
        'context': lambda row: row.context,
        'shift': shift,
        'sensors': _sensors,
        'source': lambda row: row.source,
        'role': lambda row: IMPORT if row.source == IMPORT else role_of(row.by),
        'week': week,
    }


def _sensors(row: Taught) -> str:
    if row.lost is None:
        return NOT_KNOWN
    return ', '.join(row.lost) or COMPLETE


def _slice(rows: Sequence[Taught], key: Key, known: Collection[int]) -> list[Json]:
    """One row per value of a key: labels, how many the live version knew, cases per class."""
    parts: dict[str, list[Taught]] = defaultdict(list)
    for row in rows:
        parts[key(row)].append(row)
    return [
        {
            'name': name,
            'n': len(part),
            'taught': sum(r.case in known for r in part),
            'classes': _by_class(part),
        }
        for name, part in sorted(parts.items())
    ]


def _by_class(rows: Sequence[Taught]) -> list[Json]:
    cases: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        cases[row.label].append(row.case)
    return [
        {'label': label, 'n': len(found), 'cases': found[-SHOWN:]}
        for label, found in sorted(cases.items())
    ]


def _contexts(
    holdings: Holdings, rows: Sequence[Taught], spec: CellSpec, live: Manifest | None
) -> list[Json]:
    """What each context still lacks before the model may act alone in it."""
    labels: dict[str, int] = defaultdict(int)
    for row in rows:
        labels[row.context] += 1
    valid = vouching(live, spec)
    found = []
    for context in sorted({*holdings.cases, *labels}):
        force = in_force(valid, context, spec.risk.fallback)
        found.append(
            {
                'context': context,
                'cases': holdings.cases.get(context, 0),
                'labels': labels[context],
                'taught': live.contexts.get(context, 0) if live else None,
                'needed': spec.risk.min_answers,
                'threshold': force.threshold if force else None,
                'missing': force.missing if force else None,
            }
        )
    return found


def _recordings(holdings: Holdings) -> list[Json]:
    newest = sorted(holdings.recordings.values(), key=lambda r: -r.t_ns)[:LISTED]
    return [
        {
            **{n: getattr(r, n) for n in ('name', 't_ns', 'ok', 'code', 'params')},
            'n': len(r.cases),
            'cases': r.cases[-SHOWN:],
        }
        for r in newest
    ]
