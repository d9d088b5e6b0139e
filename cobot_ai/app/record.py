"""What a cell has learnt about its contexts: the policy's memory, kept by ledger entries.

Everything here follows from the ledger, entry by entry, so that a restart and an auditor come to
the same figures.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace

from cobot_ai.app.model_ports import Scorer
from cobot_ai.app.ports import Draft, Entry
from cobot_ai.app.spares import lost_of
from cobot_ai.core.audit import Audits, Outcome
from cobot_ai.core.drift import ACROSS, FIGURES, Alarm, Drift
from cobot_ai.core.levels import in_force
from cobot_ai.core.manifest import Manifest, vouching
from cobot_ai.core.mix import Mix
from cobot_ai.core.policy import Standing
from cobot_ai.core.spec import CellSpec
from cobot_ai.core.steps import declared_group, group_key
from cobot_ai.core.types import Case, Json, Verdict, Why

RECALLED = 20_000
"""Decisions of earlier runs that audits and detectors look back to after a restart."""
LABELS = 1_000_000
"""Labels of earlier runs: all of them, and every revision, or the figures would not be the same."""
KINDS = ('start', 'decision', 'label', 'promote', 'rollback', 'maintenance', 'alarm')
STARTS = 100
"""Starts of earlier runs: each has the whole cell file in it."""
NOTES = ('audit', 'alarm')
"""Kinds of the entries that others call for."""
AUDITED = (Why.AUDIT.value, Why.DRIFT.value)
"""Reasons under which the model was sure and a person is asked anyway."""


@dataclass(slots=True)
class Record:
    """Answers, classes, audits and drift of every context.

    Attributes:
        spec: The cell. answers: Labels per context.
        classes: Classes in the order they were first named.
        burn_left: Labels still wanted since the newest class appeared.
        audits: What audits found. drift: Change detectors and their alarms.
        notes: Entries the last ones call for; whoever owns the ledger writes them.
    """

    spec: CellSpec
    answers: dict[str, int] = field(default_factory=dict)
    classes: list[str] = field(default_factory=list)
    burn_left: int = 0
    audits: Audits = field(init=False)
    drift: Drift = field(init=False)
    notes: list[Draft] = field(default_factory=list)
    _labelled: set[int] = field(default_factory=set)
    _given: dict[str, dict[int, str]] = field(default_factory=dict)
    _mixes: dict[str, Mix] = field(default_factory=dict)
    _guesses: dict[int, Json] = field(default_factory=dict)
    _groups: dict[int, str] = field(default_factory=dict)
    _would: dict[int, str] = field(default_factory=dict)
    _heard: set[int] = field(default_factory=set)
    _lost: dict[str, frozenset[str]] = field(default_factory=dict)
    _cell: str = ''
    _oldest: int = 0

    def __post_init__(self) -> None:
        self.audits = Audits(self.spec.risk, self.spec.model.seed)
        self.drift = Drift(self.spec.risk)

    def retune(self, spec: CellSpec) -> None:
        """The cell's numbers changed; alarms and audits go on, on the new ones."""
        self.spec, self.audits.risk, self.drift.risk = spec, spec.risk, spec.risk

    # ------------------------------------------------------------ from the ledger

    def recall(self, entries: Iterable[Entry]) -> None:
        """Take in the entries of earlier runs, oldest first.

        Nothing is called for by them, but for what the last run did not come to write any more.
        """
        entries = list(entries)
        decided = [e.case for e in entries if e.kind == 'decision']
        # What audits of still older decisions found says nothing about those that are counted.
        self._oldest = min(decided) if len(decided) >= RECALLED else 0
        # Notes are written in their order, and at a start: what was called for later is missing.
        written = max((e.seq for e in entries if e.kind in (*NOTES, 'start')), default=0)
        standing: set[str] = set()
        for entry in sorted(entries, key=lambda e: e.seq):
            self.take(entry)
            if entry.kind == 'alarm':
                (standing.add if entry.body['on'] else standing.discard)(entry.body['context'])
            if entry.seq <= written:
                self.notes.clear()
            if entry.seq == written:
                for context in set(self.drift.alarms) - standing:
                    self.drift.end(context)

    def take(self, entry: Entry) -> None:
        """Take in one entry; others than `KINDS` change nothing."""
        body = entry.body
        if entry.kind == 'decision':
            self._decided(entry.case, body)
        elif entry.kind == 'label':
            self._label(entry.case, body)
        elif entry.kind == 'alarm':
            self._alarm(body)
        elif entry.kind in ('promote', 'rollback') or (
            entry.kind == 'maintenance' and not body['on']
        ):
            self.audits.changed()
        elif entry.kind == 'start':
            if self._cell not in ('', body.get('digest', '')):
                self.audits.changed()
            self._cell = body.get('digest', '')

    def _decided(self, case: int, body: Json) -> None:
        context, why = body['context'], body['why']
        lost = frozenset(_silent(body))
        if lost != self._lost.get(context, lost):
            self.audits.changed(context)
        self._lost[context] = lost
        share = body['params'].get('share', 0.0)
        if body['verdict'] == Verdict.ACT.value:
            self.audits.acted(context, share)
        elif why in AUDITED:
            self.audits.drawn(context)
            keys, own = self.spec.step.group, body.get('group', '')
            self._groups[case] = group_key(body.get('facts', {}), keys, own)
        elif _closed(body):
            self._would[case] = max(body['probs'], key=lambda name: body['probs'][name])
        if body['model'] is not None:
            self._note(case, context, self._scored(context, body))

    def _scored(self, context: str, body: Json) -> Alarm | None:
        """The detectors see a judged case; that a lost channel makes less sure is no news."""
        figures = {k: body[k] for k in FIGURES}
        if _silent(body):
            figures[ACROSS] = None
        scale = 'one class' if len(body['classes']) == 1 else 'classes'
        return self.drift.judged(context, body['model'], figures, scale)

    def _label(self, case: int, body: Json) -> None:
        context, label = body['context'], body['label']
        if body.get('audit') is not None:
            self._guesses.setdefault(case, body['audit'])
        self._give(case, context, label)
        if label is None:
            self._disputed(case, body)
            return
        if case in self._guesses:
            self._audited(case, body, label)
        if case in self._would:
            self._watched(case, context, self._would.pop(case) == label)
        if case not in self._labelled:
            self._labelled.add(case)
            self.burn_left = max(0, self.burn_left - 1)
        if label not in self.classes:
            # The very first class is no surprise: nothing decides before there are two.
            self.burn_left = self.spec.risk.burn_in if self.classes else 0
            self.classes.append(label)

    def _disputed(self, case: int, body: Json) -> None:
        """A label was withdrawn; `wrong`: nobody says that it is what the model thought."""
        known = self.audits.outcomes.get(case)
        if not body.get('wrong'):
            self.audits.withdraw(case)
        elif known is None or known.right:
            self._audited(case, body, '')

    def _give(self, case: int, context: str, label: str | None) -> None:
        """Keep the labels that count in a context; one that is withdrawn is none."""
        given = self._given.setdefault(context, {})
        before = given.get(case)
        if label is None:
            given.pop(case, None)
        else:
            given[case] = label
        if before is None and label is not None and context in self._mixes:
            self._mixes[context].add(label)
        elif before != label:
            self._mixes.pop(context, None)  # made anew when it is wanted
        self.answers[context] = len(given)

    def _audited(self, case: int, place: Json, label: str) -> None:
        guess, context = self._guesses[case], place['context']
        right = guess['guess'] == label
        share, counted = guess.get('share', 1.0), case >= self._oldest
        group = self._groups.get(case) or place.get('group', '')  # as it is declared now
        group = declared_group(group, self.spec.step.group)
        outcome = Outcome(context, share, guess['confidence'], right, 0, counted, group)
        self.audits.found(case, outcome, self.answers.get(context, 0))
        self._watched(case, context, right)
        body = {'context': context, 'right': right, 'guess': guess['guess'], 'label': label}
        self.notes.append(Draft('audit', {**body, **asdict(self.audits.figures(context))}, case))

    def _watched(self, case: int, context: str, right: bool) -> None:
        """Somebody judged a case that the model's certificate would have let it decide alone.

        A case counts once: a second word on it is no second case, neither for nor against.
        """
        if case in self._heard:
            return
        self._heard.add(case)
        self._note(case, context, self.drift.audited(context, right))
        if self.drift.alarm(context) is not None and self.drift.left(context) == 0:
            self.notes.append(self.alarm_over(context, 'cobot_ai', 'confirmed'))

    def _alarm(self, body: Json) -> None:
        context = body['context']
        if not body['on']:
            self.drift.end(context)
            return
        self.audits.changed(context)
        if self.drift.alarm(context) is None:
            self.drift.raised(context, Alarm(body['figure'], body['capital'], body['limit']))

    def _note(self, case: int, context: str, alarm: Alarm | None) -> None:
        if alarm is not None:
            by = {'on': True, 'by': 'cobot_ai', 'reason': 'drift'}
            self.notes.append(Draft('alarm', {'context': context, **asdict(alarm), **by}, case))

    def alarm_over(self, context: str, by: str, reason: str) -> Draft:
        """The entry that ends an alarm."""
        alarm = self.drift.alarm(context) or Alarm('', 0.0, 0.0)
        ended = {'on': False, 'by': by, 'reason': reason}
        return Draft('alarm', {'context': context, **asdict(alarm), **ended})

    def guess(self, case: int) -> Json | None:
        """What the model thought of an audited case; None when it was not audited."""
        return self._guesses.get(case)

    # ------------------------------------------------------------ for the policy

    def standing(self, case: Case, scorer: Scorer | None, may_audit: bool = True) -> Standing:
        """What the policy needs to know about a case's context.

        Args:
            case: The case. scorer: The live model. may_audit: The ask budget has room for audits.
        """
        manifest, context = scorer.manifest if scorer else None, case.context
        answers = self.answers.get(context, 0)
        share = self.audits.share(context) if may_audit else 0.0
        found = Standing(
            answers=answers,
            burn_in=self.burn_left,
            audit=self.audits.due(case.id, share),
            audit_share=share,
            audit_floor=self.audits.floor(context, answers),
            drift=self.drift.left(context),
        )
        if manifest is None:
            return found
        risk = self.spec.risk
        valid = vouching(manifest, self.spec)
        return replace(
            found,
            burn_in=max(found.burn_in, self._unheard_of(context, manifest)),
            untried=_untried(case, manifest),
            taught=manifest.contexts.get(context, 0),
            certificate=in_force(valid, context, risk.fallback),
            evidence_floor=float(manifest.facts.get('evidence_floor', -math.inf)),
        )

    def _unheard_of(self, context: str, manifest: Manifest) -> int:
        """1 while a class with which the mix changed is unknown to the live model, else 0.

        Its certificate is from before: nothing but a version that knows the class helps.
        """
        if context not in self._mixes:
            self._mixes[context] = Mix.of(self._given.get(context, {}).values())
        name = self._mixes[context].newest
        return int(name is not None and name not in manifest.labels)


def _untried(case: Case, manifest: Manifest) -> tuple[str, ...]:
    """Channels a window lacks together and no check took away together: two or more, else none.

    The gate takes channels away one at a time; a version without the lost ones is another model.
    """
    gone = set(lost_of(case.window)) - set(manifest.facts.get('dropped', ()))
    return tuple(sorted(gone)) if len(gone) > 1 else ()


def _silent(body: Json) -> list[str]:
    """Channels of which a decision had nothing; jitter that costs a few samples loses no sensor."""
    return [n['channel'] for n in body['notes'] if n['share'] >= 1]


def _closed(body: Json) -> bool:
    """Whether only a failed audit kept the model from acting: its certificate would have let it."""
    sure = body['threshold'] is not None and (body['confidence'] or 0.0) >= body['threshold']
    return bool(sure and body['why'] == Why.BELOW_THRESHOLD.value)
