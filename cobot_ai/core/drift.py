"""Change detectors: something is no longer as it was, although no threshold says so.

Each context has four figures watched: evidence, novelty and confidence of every judged case, and
the outcome of audits. Every detector is an e-detector (Shin, Ramdas and Rinaldo 2023) of CUSUM
form: M <- max(1, M) e, alarm at M >= limit, with e of mean at most 1 while nothing changes; a mean
of several such M is one as well. Then the average number of cases until a false alarm is at least
the limit, whatever the distribution.
For the scores e is a bet on the rank of the new value among those before it (a conformal p-value,
Vovk et al. 2022), so no distribution is assumed; for audits it is the likelihood ratio of a broken
error share to the promised one. Evidence and novelty have another scale in every version and are
ranked within one; a confidence means the same in all versions and is ranked across them, so that
a cell that learns from every answer notices a change too.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from collections import deque
from dataclasses import dataclass, field

from cobot_ai.core.spec import RiskSpec

REMEMBERED = 2000
"""Values of one version a new one is ranked among."""
BROKEN = 12.0
"""How many times epsilon the error share of a broken model is taken to be (at most 0.9)."""
AUDIT_RUN = 50.0
"""Audits between two false alarms, on average at least, at an error share of exactly epsilon."""
FIGURES = ('evidence', 'novelty', 'confidence')
ACROSS = 'confidence'
"""The figure that is comparable between versions."""
BETS = (0.2, 0.35, 0.5, 0.65, 0.8)
"""Power bets k p^(k - 1) on a p-value p; small k for rare odd values, large for many slightly odd.

Vovk and Wang 2021, E-values: calibration, combination and applications.
"""


@dataclass(slots=True)
class Ranks:
    """E-detector on a stream of numbers; `sign` -1 watches for small ones, +1 for large ones."""

    sign: float
    _capital: list[float] = field(default_factory=lambda: [0.0] * len(BETS))
    _sorted: list[float] = field(default_factory=list)
    _order: deque[float] = field(default_factory=deque)

    def see(self, value: float) -> float:
        """Take in the next value; returns the mean capital of the bets."""
        x = self.sign * value
        insort(self._sorted, x)
        self._order.append(x)
        at_least = len(self._sorted) - bisect_left(self._sorted, x)
        p = at_least / len(self._sorted)
        held = zip(BETS, self._capital, strict=True)
        self._capital = [max(1.0, m) * k * p ** (k - 1.0) for k, m in held]
        if len(self._order) > REMEMBERED:
            self._sorted.pop(bisect_right(self._sorted, self._order.popleft()) - 1)
        return sum(self._capital) / len(BETS)

    def renew(self) -> None:
        """From here on values have another scale: rank among those only."""
        self._sorted.clear()
        self._order.clear()


@dataclass(slots=True)
class Coin:
    """E-detector on audits: does the model err far more often than epsilon?"""

    epsilon: float
    capital: float = 0.0

    def see(self, wrong: bool) -> float:
        """Take in the next audit; returns the capital."""
        broken = min(0.9, BROKEN * self.epsilon)
        ratio = broken / self.epsilon if wrong else (1 - broken) / (1 - self.epsilon)
        self.capital = max(1.0, self.capital) * (ratio if broken > self.epsilon else 1.0)
        return self.capital


@dataclass(frozen=True, slots=True)
class Alarm:
    """A change was noticed.

    Attributes:
        figure: `evidence`, `novelty`, `confidence` or `audits`.
        capital: What the detector reached. limit: What it takes.
    """

    figure: str
    capital: float
    limit: float


@dataclass(slots=True)
class _Watch:
    ranks: dict[str, Ranks]
    coin: Coin
    version: str = ''
    scale: str = ''
    alarm: Alarm | None = None
    confirmed: int = 0


@dataclass(slots=True)
class Drift:
    """The detectors of a cell, per context. An alarm stands until it is ended.

    Args:
        risk: `run_length`, `epsilon` and `confirm` of the cell file.
    """

    risk: RiskSpec
    _watches: dict[str, _Watch] = field(default_factory=dict)

    def judged(
        self, context: str, version: str, figures: dict[str, float | None], scale: str = ''
    ) -> Alarm | None:
        """Take in the scores of a judged case; returns a new alarm.

        Args:
            context: Context key. version: Model that scored it.
            figures: `evidence`, `novelty`, `confidence`; None or NaN where there is none.
            scale: What confidence means; versions of one scale are compared.
        """
        watch = self._of(context)
        for name, ranks in watch.ranks.items():
            if scale != watch.scale or (version != watch.version and name != ACROSS):
                ranks.renew()
        watch.version, watch.scale = version, scale
        limit = float(self.risk.run_length)
        found = None
        for name in FIGURES:
            value = figures.get(name)
            if value is not None and math.isfinite(value):
                capital = watch.ranks[name].see(value)
                if capital >= limit and found is None:
                    found = Alarm(name, round(capital, 1), limit)
        return self._raise(watch, found)

    def audited(self, context: str, right: bool) -> Alarm | None:
        """Take in an audit, or an answer given while an alarm stands; returns a new alarm."""
        watch = self._of(context)
        if watch.alarm is not None:
            watch.confirmed = watch.confirmed + 1 if right else 0
            return None
        watch.coin.epsilon = self.risk.epsilon  # it may have changed while the cell runs
        capital = watch.coin.see(not right)
        found = Alarm('audits', round(capital, 1), AUDIT_RUN) if capital >= AUDIT_RUN else None
        return self._raise(watch, found)

    def alarm(self, context: str) -> Alarm | None:
        """The alarm that stands in a context."""
        watch = self._watches.get(context)
        return watch.alarm if watch else None

    def left(self, context: str) -> int:
        """Right answers in a row that still have to come before the alarm ends."""
        watch = self._watches.get(context)
        if watch is None or watch.alarm is None:
            return 0
        return max(0, self.risk.confirm - watch.confirmed)

    def raised(self, context: str, alarm: Alarm) -> None:
        """An alarm of an earlier run stands still."""
        watch = self._of(context)
        watch.alarm, watch.confirmed = alarm, 0

    def end(self, context: str) -> None:
        """The alarm is over: answers confirmed the model, or a person says so."""
        self._watches.pop(context, None)

    @property
    def alarms(self) -> dict[str, Alarm]:
        """All alarms that stand, per context."""
        return {c: w.alarm for c, w in self._watches.items() if w.alarm is not None}

    def _raise(self, watch: _Watch, found: Alarm | None) -> Alarm | None:
        if found is None or watch.alarm is not None:
            return None
        watch.alarm, watch.confirmed = found, 0
        return found

    def _of(self, context: str) -> _Watch:
        return self._watches.setdefault(
            context,
            _Watch(
                {'evidence': Ranks(-1.0), 'novelty': Ranks(1.0), 'confidence': Ranks(-1.0)},
                Coin(self.risk.epsilon),
            ),
        )
