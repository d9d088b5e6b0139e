"""Audits: some confident decisions are asked anyway, to learn about silent errors.

Only audits tell how often the model is wrong when it is sure: the cases it asks about are the hard
ones. Their share falls with clean audits and jumps back after a failed one, which also closes the
confidence up to that of the failed case until ten more labels are in.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from cobot_ai.core.risk import upper_bound
from cobot_ai.core.spec import RiskSpec

EASE = 10
"""Clean audits after which the share has fallen to half of the first one."""
CLOSED_FOR = 10
"""Labels of a context that a failed audit keeps its confidence closed for."""


@dataclass(slots=True)
class Audit:
    """What the audits of one context found.

    Attributes:
        clean: Clean audits since the last failed one. total: All of them. failed: Wrong ones.
        floor: Confidence below which nothing is decided alone for now.
        open_at: Number of labels of the context at which the floor is lifted.
    """

    clean: int = 0
    total: int = 0
    failed: int = 0
    floor: float = 0.0
    open_at: int = 0


@dataclass(slots=True)
class Audits:
    """The audits of a cell, per context.

    Args:
        risk: First and last share of confident decisions to audit. seed: Seed of the draw.
    """

    risk: RiskSpec
    seed: int = 0
    contexts: dict[str, Audit] = field(default_factory=dict)

    def share(self, context: str) -> float:
        """Share of confident decisions to audit in a context now, 0 to 1."""
        clean = self.contexts.get(context, Audit()).clean
        eased = self.risk.audit_first * EASE / (EASE + clean)
        return max(self.risk.audit_last, eased)

    def due(self, context: str, case: int) -> bool:
        """Whether a confident decision of this case is audited; the same for the same case."""
        draw = hashlib.sha256(f'{self.seed}/{case}'.encode()).digest()
        return int.from_bytes(draw[:8], 'big') / 2**64 < self.share(context)

    def floor(self, context: str, labels: int) -> float:
        """Confidence a decision needs because of a failed audit; 0 when there is none in force."""
        audit = self.contexts.get(context, Audit())
        return audit.floor if labels < audit.open_at else 0.0

    def found(self, context: str, confidence: float, right: bool, labels: int) -> None:
        """Take in the outcome of an audit.

        Args:
            context: Context key. confidence: The model's confidence in the audited decision.
            right: Whether the person agreed. labels: Labels of the context so far.
        """
        audit = self.contexts.setdefault(context, Audit())
        audit.total += 1
        if right:
            audit.clean += 1
            return
        audit.failed += 1
        audit.clean = 0
        audit.floor = max(confidence, self.floor(context, labels))
        audit.open_at = labels + CLOSED_FOR

    def bound(self, delta: float) -> tuple[int, int, float | None]:
        """Audits, failed ones, and the upper bound of the silent error share they prove.

        Clopper-Pearson at confidence 1 - delta over all audits so far; None without any. It is a
        bound on the mix of cases and models of the audited time, read at one moment.
        """
        total = sum(a.total for a in self.contexts.values())
        failed = sum(a.failed for a in self.contexts.values())
        return total, failed, upper_bound(failed, total, delta) if total else None
