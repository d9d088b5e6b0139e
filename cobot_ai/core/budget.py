"""The ask budget: so many questions per hour and operator, the riskiest first."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from cobot_ai.core.spec import BudgetSpec

HOUR_NS = 3600 * 10**9
COMPARED = 50
"""Newest questions whose risk a new one is held against."""
AUDITS_FIRST = 1 / 3
"""Part of the wanted questions that audits may always have."""


@dataclass(slots=True)
class Budget:
    """Counts the questions of the last hour and who was there to answer them.

    Args:
        spec: Budget of the cell file.
    """

    spec: BudgetSpec
    _asked: deque[tuple[int, bool]] = field(default_factory=deque)
    _risks: deque[float] = field(default_factory=lambda: deque(maxlen=COMPARED))
    _seen: dict[str, int] = field(default_factory=dict)

    def asked(self, t_ns: int, risk: float = 0.0, audit: bool = False) -> None:
        """A question was put to people.

        Args:
            t_ns: Cell clock, nanoseconds. risk: What was at stake. audit: The model was sure.
        """
        self._asked.append((t_ns, audit))
        if not audit:
            self._risks.append(risk)

    def seen(self, person: str, t_ns: int) -> None:
        """Somebody answered or looked at a question."""
        if person:
            self._seen[person] = max(t_ns, self._seen.get(person, t_ns))

    def operators(self, now_ns: int) -> int:
        """People who answered or looked at a question in the last hour; at least one."""
        self._seen = {p: t for p, t in self._seen.items() if t > now_ns - HOUR_NS}
        return max(1, len(self._seen))

    def last_hour(self, now_ns: int) -> int:
        """Questions of the last hour."""
        while self._asked and self._asked[0][0] <= now_ns - HOUR_NS:
            self._asked.popleft()
        return len(self._asked)

    def limits(self, now_ns: int) -> tuple[float, float]:
        """Questions per hour that are wanted at most, and that are never exceeded (0: no limit)."""
        people = self.operators(now_ns)
        return self.spec.warn * people, self.spec.hard * people

    def wanting(self, now_ns: int, risk: float) -> float | None:
        """Risk a case needs to be asked now; None when this one has enough.

        Up to `warn` every question is put. From there to `hard` the bar rises from the lowest to
        the highest risk of the last questions, so that what is left goes to the riskiest cases.
        """
        warn, hard = self.limits(now_ns)
        count = self.last_hour(now_ns)
        if hard <= 0 or count < min(warn, hard):
            return None
        if count >= hard:
            return float('inf')
        used = (count - warn) / (hard - warn)
        bar = float(np.quantile(self._risks, used)) if self._risks else 0.0
        return None if risk >= bar - 1e-12 else bar

    def may_audit(self, now_ns: int) -> bool:
        """Whether there is room for an audit: up to `warn`, and always for a few of them."""
        warn, hard = self.limits(now_ns)
        count = self.last_hour(now_ns)
        if hard <= 0 or count < min(warn, hard):
            return True
        audits = sum(audit for _, audit in self._asked)
        return count < hard and audits < AUDITS_FIRST * warn

    def quiet(self, now_ns: int) -> bool:
        """Whether a question without any hurry may be put: nothing lately, and below `warn`."""
        warn, hard = self.limits(now_ns)
        count = self.last_hour(now_ns)
        lately = bool(self._asked) and now_ns - self._asked[-1][0] < self.spec.quiet_s * 1e9
        return not lately and (hard <= 0 or count < warn)
