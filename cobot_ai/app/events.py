"""Which sliding windows belong to an event that was asked already: one event, one ask."""

from __future__ import annotations

from dataclasses import replace

from cobot_ai.app.judgement import Resolved
from cobot_ai.core.merging import Merger, event_key
from cobot_ai.core.spec import QuestionSpec, StepSpec, Trigger
from cobot_ai.core.types import Case, Decision, Verdict, Why

TURN_S = 0.2
"""Most time between a window that could be judged and the turn in which it is."""


class Events:
    """The events of a cell.

    Args:
        step: Trigger of the cell, and whether and how windows are merged.
        question: Which classes are harmless.
    """

    def __init__(self, step: StepSpec, question: QuestionSpec) -> None:
        self._question = question
        self._on = step.trigger is Trigger.SLIDING and step.merge
        gap_s, settle_s = step.merge_gap_s, step.settle_s + TURN_S
        self._merger = Merger(round(gap_s * 1e9), round(settle_s * 1e9))

    def merged(self, case: Case, decision: Decision, at_ns: int) -> Decision:
        """The decision itself, or that it belongs to an event or may be the end of a fault.

        Args:
            case: A window that was judged. decision: What the model thinks. at_ns: Monotonic clock.
        """
        if not self._on or decision.verdict is Verdict.HOLD:
            return decision
        window, key = case.window, event_key(case.context, decision.why)
        sure = _is_sure(decision)
        first = self._merger.joins(key, window.start_ns, window.end_ns, at_ns, sure)
        if first is None:
            return self._over(decision, self._merger.fault_before(key, window.start_ns))
        params = {'case': first, 'why': decision.why.value}
        asked = replace(decision, verdict=Verdict.ASK, why=Why.MERGED, params=params)
        return replace(asked, label=None, action=None)

    def _over(self, decision: Decision, fault: int | None) -> Decision:
        """A sure judgement that a fault is over is put to people: none of them has said so."""
        # An audit that was drawn here says nothing either: its like are asked, never acted upon.
        label = decision.label or (decision.score.label if decision.score is not None else '')
        if fault is None or not _is_sure(decision) or not self._question.is_nominal(label):
            return decision
        params = {**decision.params, 'case': fault}
        params.pop('share', None)  # no draw: it says nothing about the other sure decisions
        asked = replace(decision, verdict=Verdict.ASK, why=Why.NOT_OVER, params=params)
        return replace(asked, label=None, action=None)

    def asked(self, case: Case, decision: Decision) -> None:
        """A case was put to people, or held: an event begins, unless only the draw wanted it."""
        if not _is_sure(decision):
            key = event_key(case.context, decision.why)
            self._merger.opened(key, case.id, case.window.end_ns)

    def settled(self, resolved: Resolved, now_ns: int, at_ns: int) -> None:
        """A case has its outcome. Stamp and monotonic clock, nanoseconds."""
        label = resolved.label if resolved.outcome == 'answered' else ''
        fault = bool(label) and not self._question.is_nominal(label)
        self._merger.resolved(resolved.case, now_ns, at_ns, resolved.go, fault)

    def clear(self) -> None:
        """The clock jumped: windows from now on belong to no event of before."""
        self._merger.clear()


def _is_sure(decision: Decision) -> bool:
    """Whether nothing but the draw of audits could ask for it: it is no trouble of its own."""
    return decision.verdict is Verdict.ACT or decision.why is Why.AUDIT
