"""Named checks a candidate model must pass, and their report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Check:
    """One named check with its figures.

    Attributes:
        name: Stable name, e.g. `enough_labels`; the page has the sentence for it.
        passed: Whether the candidate passed.
        why: One plain sentence with the figures, for reports and logs.
        figures: The numbers behind it.
        cases: Cases that speak against the candidate, for the page to open.
    """

    name: str
    passed: bool
    why: str
    figures: Mapping[str, Any] = field(default_factory=dict)
    cases: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class GateReport:
    """All checks of one candidate, in the order they ran."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """True when every check passed (and there was at least one)."""
        return bool(self.checks) and all(c.passed for c in self.checks)

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the checks that failed."""
        return tuple(c.name for c in self.checks if not c.passed)
