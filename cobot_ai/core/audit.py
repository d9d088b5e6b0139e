"""Audits: some confident decisions are asked anyway, to learn about silent errors.

Only audits tell how often the model is wrong when it is sure: the cases it asks about are the hard
ones. Their share is highest after every change and falls with clean audits; a failed one brings it
back and closes the confidence up to that of the failed case until ten more labels are in, or until
a second look says that the first person was mistaken.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from dataclasses import dataclass, field, replace

from cobot_ai.core import anytime
from cobot_ai.core.binomial import clean_trials
from cobot_ai.core.spec import RiskSpec

EASE = 0.2
"""The share has fallen to half after this part of the clean audits that confirm epsilon."""
CLOSED_FOR = 10
"""Labels of a context that a failed audit keeps its confidence closed for."""
DIGITS = 4
"""Digits of a share, as it is drawn and recorded."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One audit: where, drawn with which share, how sure the model was, and who was right.

    Attributes:
        context: Context key. share: Audit share in force when it was drawn, 0 to 1.
        confidence: The model's confidence. right: Whether the person agreed.
        open_at: Labels of the context at which a failed audit no longer closes anything.
        counted: Its decision is among those that `acted` and `drawn` were told of; the figures
            are about these alone.
        group: Declared group of the case, '' where it has none.
    """

    context: str
    share: float
    confidence: float
    right: bool
    open_at: int = 0
    counted: bool = True
    group: str = ''


@dataclass(frozen=True, slots=True)
class AuditFigures:
    """What audits say about decisions acted alone; shown, and written to the ledger.

    Attributes:
        share: Share of confident decisions audited now (the highest of the contexts).
        drawn: Audits put to people. total: Of those answered. failed: Where the model was wrong.
        acted: Decisions acted alone. errors: Unbiased estimate of the wrong ones among them.
        bound: Upper bound of their share, whatever changed meanwhile; None without any audit.
        steady: Upper bound of an error share that did not change; None without any audit.
        needed: Further clean audits, each of another group or of none, until `steady` is at most
            epsilon.
    """

    share: float
    drawn: int
    total: int
    failed: int
    acted: int
    errors: float
    bound: float | None
    steady: float | None
    needed: int


@dataclass(slots=True)
class _Context:
    """Running counts of a context or the cell, and when its audits came (`Audits._now`).

    Attributes:
        clean: When each clean audit was first answered, rising. changed: When something changed.
        failures: Case number of each failed audit -> when that was found.
        wrong: Share -> failed audits drawn with it.
        groups: Declared group -> its audits, and the failed ones among them.
    """

    drawn: int = 0
    total: int = 0
    acted: Counter[float] = field(default_factory=Counter)
    wrong: Counter[float] = field(default_factory=Counter)
    clean: list[int] = field(default_factory=list)
    failures: dict[int, int] = field(default_factory=dict)
    groups: dict[str, tuple[int, int]] = field(default_factory=dict)
    changed: int = 0
    figures: tuple[RiskSpec, AuditFigures] | None = None

    def clean_since(self) -> int:
        """Clean audits since the last change and the last failure that still stands."""
        since = max(self.changed, max(self.failures.values(), default=0))
        return len(self.clean) - bisect_right(self.clean, since)

    def witnesses(self) -> tuple[int, float]:
        """Independent audits, and how many of them failed.

        A declared group is one, as in a certificate (`walk.witnesses`): it failed by the share of
        its audits that did, and all of them together by no less than the share of all audits.
        """
        cases, failed = (sum(g[i] for g in self.groups.values()) for i in (0, 1))
        whole, wrong = self.total - cases + len(self.groups), self.wrong.total()
        shares = wrong - failed + sum(g[1] / g[0] for g in self.groups.values())
        return whole, round(max(shares, whole * wrong / max(self.total, 1)), 9)

    def count(self, outcome: Outcome, by: int) -> None:
        """One audit more or less in the figures."""
        failed = 0 if outcome.right else by
        self.total += by
        self.wrong[outcome.share] += failed
        if outcome.group:
            before = self.groups.pop(outcome.group, (0, 0))
            after = before[0] + by, before[1] + failed
            if after[0]:
                self.groups[outcome.group] = after


@dataclass(slots=True)
class Audits:
    """The audits of a cell, per context.

    Args:
        risk: First and last share of confident decisions to audit. seed: Seed of the draw.
    """

    risk: RiskSpec
    seed: int = 0
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    _contexts: dict[str, _Context] = field(default_factory=dict)
    _answered: dict[int, int] = field(default_factory=dict)
    _cell: _Context = field(default_factory=_Context)
    _now: int = 0

    # ------------------------------------------------------------ drawing

    def share(self, context: str) -> float:
        """Share of confident decisions to audit in a context now, 0 to 1.

        It falls so slowly that the last share is reached only after as many clean audits as
        confirm epsilon: the stricter epsilon, the longer it stays high.
        """
        clean = self._contexts[context].clean_since() if context in self._contexts else 0
        half = max(1.0, EASE * clean_trials(self.risk.epsilon, self.risk.delta))
        eased = self.risk.audit_first * half / (half + clean)
        return round(max(self.risk.audit_last, eased), DIGITS)

    def due(self, case: int, share: float) -> bool:
        """Whether a confident decision of this case is audited; the same for the same case."""
        draw = hashlib.sha256(f'{self.seed}/{case}'.encode()).digest()
        return int.from_bytes(draw[:8], 'big') / 2**64 < share

    def changed(self, context: str | None = None) -> None:
        """Something changed (a version, a sensor, a break): the share is back where it began."""
        self._now += 1
        self._cell.figures = None
        for name, one in self._contexts.items():
            if context in (None, name):
                one.changed, one.figures = self._now, None

    # ------------------------------------------------------------ what came of it

    def acted(self, context: str, share: float) -> None:
        """A confident decision was acted upon alone, while this share was in force."""
        for one in self._of(context):
            one.acted[share] += 1

    def drawn(self, context: str) -> None:
        """A confident decision was put to a person instead."""
        for one in self._of(context):
            one.drawn += 1

    def found(self, case: int, outcome: Outcome, labels: int) -> None:
        """Take in what a person said about an audited case; a second word replaces the first.

        Args:
            case: Case number. outcome: What was found. labels: Labels of the context so far.
        """
        self.withdraw(case)
        self._now += 1
        one, cell = self._of(outcome.context)
        # A second word on a clean audit says nothing about what changed since the first.
        at = self._answered.setdefault(case, self._now)
        if outcome.right:
            insort(one.clean, at)
        else:
            outcome = replace(outcome, open_at=labels + CLOSED_FOR)
            one.failures[case] = self._now
        for counts in (one, cell) if outcome.counted else ():
            counts.count(outcome, 1)
        self.outcomes[case] = outcome

    def withdraw(self, case: int) -> None:
        """People disagree about an audited case, or a second look overrules the first.

        What a failure ended comes back, as far as nothing else ended it.
        """
        outcome = self.outcomes.pop(case, None)
        if outcome is None:
            return
        one, cell = self._of(outcome.context)
        for counts in (one, cell) if outcome.counted else ():
            counts.count(outcome, -1)
        if outcome.right:
            del one.clean[bisect_left(one.clean, self._answered[case])]
        else:
            del one.failures[case]

    def floor(self, context: str, labels: int) -> float:
        """Confidence a decision needs because of failed audits; 0 when there is none in force."""
        failures = self._contexts[context].failures if context in self._contexts else {}
        found = (self.outcomes[case] for case in failures)
        return max((o.confidence for o in found if labels < o.open_at), default=0.0)

    # ------------------------------------------------------------ figures

    def figures(self, context: str | None = None) -> AuditFigures:
        """What the audits of a context, or of the whole cell (None), say so far."""
        one = self._cell if context is None else self._contexts.get(context, _Context())
        if one.figures is None or one.figures[0] is not self.risk:
            names = list(self._contexts) if context is None else [context]
            share = max(map(self.share, names), default=self.share(''))
            one.figures = self.risk, self._figures(one, share)
        return one.figures[1]

    def _figures(self, one: _Context, share: float) -> AuditFigures:
        acted, failed = one.acted, +one.wrong
        drawn, total, delta = one.drawn, one.total, self.risk.delta
        whole, wrong = one.witnesses()
        return AuditFigures(
            share=share,
            drawn=max(drawn, total),
            total=total,
            failed=failed.total(),
            acted=acted.total(),
            errors=round(anytime.estimate(failed) * max(drawn, total) / max(total, 1), 3),
            bound=self._bound(acted, failed, max(drawn, total), total),
            steady=round(anytime.steady_bound(wrong, whole, delta), 6) if total else None,
            needed=anytime.audits_needed(wrong, whole, self.risk.epsilon, delta),
        )

    def _bound(
        self, acted: Counter[float], failed: Counter[float], drawn: int, total: int
    ) -> float | None:
        if not total or not acted.total():
            return None
        # Audits nobody answered are taken to be like those that were.
        errors = anytime.silent_errors(acted, failed, self.risk.delta) * drawn / total
        return round(min(1.0, errors / acted.total()), 6)

    @property
    def contexts(self) -> list[str]:
        """Contexts with confident decisions so far."""
        return list(self._contexts)

    def _of(self, context: str) -> tuple[_Context, _Context]:
        """The counts of a context and of the cell, to be changed."""
        both = self._contexts.setdefault(context, _Context()), self._cell
        for one in both:
            one.figures = None
        return both
