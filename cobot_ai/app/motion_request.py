"""A hold or resume that is under way."""

from __future__ import annotations

from dataclasses import dataclass, field

from cobot_ai.core.motion import Outcome, Phase, Told
from cobot_ai.core.types import Json


@dataclass(slots=True, eq=False)
class Request:
    """A hold or resume that is wanted, and everybody who waits for its outcome.

    `holds`: how many holds were asked for when it began.
    """

    kind: str
    begun_ns: int
    holds: int
    told: list[Told] = field(default_factory=list)
    phase: Phase = Phase.REQUESTED
    reason: str = ''
    evidence: Json = field(default_factory=dict)
    since_ns: int | None = None
    refused: str = ''
    retries: int = 0
    contrary_ns: int | None = None

    def tell(self, phase: Phase, reason: str = '', evidence: Json | None = None) -> None:
        """Take a new phase, and tell everybody."""
        self.phase, self.reason, self.evidence = phase, reason, evidence or {}
        for told in list(self.told):
            told(Outcome(phase, reason, self.evidence))
