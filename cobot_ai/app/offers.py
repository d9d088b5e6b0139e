"""Which waiting case is offered next in a quiet minute.

Failed audits and conflicts come first: something may be wrong. The others were suppressed, their
outcome is settled, and an answer only teaches; so they are chosen for what they teach: in turns the
one the live model can tell least, and one at random. Doubt alone keeps asking where people cannot
tell either, and never meets what the model is wrongly sure of (docs/benchmarks.md has the curves).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cobot_ai.app.model_ports import Scorer
from cobot_ai.core.types import Case

LOOKED_AT = 50
"""Newest waiting cases to choose from; each is judged by the live model once."""


@dataclass(slots=True)
class Offers:
    """Chooses among cases that nobody was asked about.

    Args:
        seed: Seed of the draws.
    """

    seed: int = 0
    _chosen: int = 0
    _judged: dict[int, tuple[str, float]] = field(default_factory=dict)

    def choose(
        self, waiting: Iterable[int], cases: Mapping[int, Case], scorer: Scorer | None
    ) -> int | None:
        """The case to offer; None when none of them is in memory.

        Args:
            waiting: Cases to choose from, oldest first. cases: Cases in memory.
            scorer: The live model.
        """
        newest = [case for case in waiting if case in cases][-LOOKED_AT:]
        if not newest:
            return None
        self._chosen += 1
        if scorer is None or self._chosen % 2 == 0:
            return min(newest, key=self._draw)
        self._judged = {case: self._margin(cases[case], scorer) for case in newest}
        return min(newest, key=lambda case: self._judged[case][1])

    def _draw(self, case: int) -> bytes:
        return hashlib.sha256(f'offer {self.seed}/{case}'.encode()).digest()

    def _margin(self, case: Case, scorer: Scorer) -> tuple[str, float]:
        """By how much a model prefers its first class to its second, and which model."""
        model = scorer.manifest.digest
        known = self._judged.get(case.id)
        if known is not None and known[0] == model:
            return known
        try:
            first, second = sorted((*scorer.score(case.window).probs, 0.0), reverse=True)[:2]
        except Exception:  # a model that fails prefers nothing; the case is offered all the same
            return model, 0.0
        return model, first - second
