"""Act, ask or hold: the rule that turns a score into a decision, always with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cobot_ai.core.risk import Certificate
from cobot_ai.core.spec import QuestionSpec, RiskSpec
from cobot_ai.core.types import Case, Decision, Missing, Score, Verdict, Why


@dataclass(frozen=True, slots=True)
class Standing:
    """What the cell has learnt so far about the context of a case.

    Attributes:
        answers: Labels given in this context.
        burn_in: Cases still to be asked because a class was seen for the first time.
        certificate: The context's certificate of the live model, None when it has none.
        evidence_floor: Evidence below this is unlike anything the model got right.
        audit: This case is asked even if the model is sure.
        audit_floor: Confidence that is needed because of a failed audit.
    """

    answers: int = 0
    burn_in: int = 0
    certificate: Certificate | None = None
    evidence_floor: float = float('-inf')
    audit: bool = False
    audit_floor: float = 0.0


def decide(
    case: Case, score: Score | None, standing: Standing, question: QuestionSpec, risk: RiskSpec
) -> Decision:
    """Decide one case.

    The model may act alone only when no rule speaks against it; a doubt never turns into an act.

    Args:
        case: The case with its window and notes.
        score: The live model's judgement, None without a model.
        standing: What is known about the case's context.
        question: The judgement wanted. risk: The plant's risk settings.
    """
    certificate = standing.certificate
    threshold = certificate.threshold if certificate else None
    stopped = [n.channel for n in case.window.notes if n.action is Missing.STOP]
    if stopped:
        why = Why.SENSOR_STOP
        return Decision(case.id, Verdict.HOLD, why, {'channels': stopped}, score=score)
    doubt = next(_doubts(case, score, standing, question, risk), None)
    if doubt is not None or score is None:
        why, params = doubt or (Why.NO_MODEL, {})
        return Decision(case.id, Verdict.ASK, why, params, score=score, threshold=threshold)
    return Decision(
        case.id,
        Verdict.ACT,
        Why.SURE,
        {'confidence': score.confidence, 'threshold': threshold},
        label=score.label,
        action=question.action_of(score.label).value,
        score=score,
        threshold=threshold,
    )


def _doubts(
    case: Case, score: Score | None, standing: Standing, question: QuestionSpec, risk: RiskSpec
) -> Iterator[tuple[Why, dict[str, Any]]]:
    """Every reason to ask, the most telling first."""
    doubtful = [n.channel for n in case.window.notes if n.action is Missing.ASK]
    if doubtful or not case.window.mask.any():
        yield Why.SENSOR, {'channels': doubtful or list(case.window.channels)}
    if score is None:
        yield Why.NO_MODEL, {}
        return
    if standing.answers < risk.min_answers:
        yield Why.NEW_CONTEXT, {'answers': standing.answers, 'needed': risk.min_answers}
    if standing.burn_in > 0:
        yield Why.NEW_CLASS, {'left': standing.burn_in}
    certificate = standing.certificate
    if certificate is None or certificate.threshold is None:
        yield Why.NO_CERTIFICATE, {'missing': certificate.missing if certificate else None}
    elif not score.confidence >= certificate.threshold:  # NaN is a doubt
        figures = {'confidence': score.confidence, 'threshold': certificate.threshold}
        yield Why.BELOW_THRESHOLD, figures
    if score.confidence <= standing.audit_floor:
        figures = {'confidence': score.confidence, 'threshold': standing.audit_floor}
        yield Why.BELOW_THRESHOLD, figures
    cost = expected_cost(score, question)
    if cost > 1.0:
        yield Why.COST, {'cost': cost}
    if score.evidence < standing.evidence_floor:
        yield Why.UNUSUAL, {'evidence': score.evidence, 'floor': standing.evidence_floor}
    if standing.audit:
        yield Why.AUDIT, {}


def expected_cost(score: Score, question: QuestionSpec) -> float:
    """Expected cost of acting on the most probable class, in needless questions (>= 0)."""
    costs = {c.name: c.cost for c in question.classes}
    pairs = zip(score.classes, score.probs, strict=True)
    return sum(p * costs.get(name, 1.0) for name, p in pairs if name != score.label)
