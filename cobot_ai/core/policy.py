"""Act, ask or hold: the rule that turns a score into a decision, always with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cobot_ai.core import one_class
from cobot_ai.core.risk import Certificate
from cobot_ai.core.spec import QuestionSpec, RiskSpec
from cobot_ai.core.types import Case, Decision, Missing, Score, Verdict, Why

DIGITS = 6
"""Digits of a confidence in the record of a decision."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the cell has learnt so far about the context of a case.

    Attributes:
        answers: Labels given in this context. taught: Those of them the live model knows.
        burn_in: Cases still to be asked because a class was seen for the first time.
        certificate: The live model's certificate in force here (`core.levels`), None: none.
        evidence_floor: Evidence below this is unlike anything the model got right.
        audit: This case is asked even if the model is sure.
        audit_share: Share of sure decisions the draw of `audit` was made with, 0 to 1.
        drift: Right answers in a row still needed to end a drift alarm, 0: there is none.
        audit_floor: Confidence that is needed because of a failed audit.
        untried: Channels lost together that the certificate says nothing about.
    """

    answers: int = 0
    taught: int = 0
    burn_in: int = 0
    certificate: Certificate | None = None
    evidence_floor: float = float('-inf')
    audit: bool = False
    audit_share: float = 0.0
    drift: int = 0
    audit_floor: float = 0.0
    untried: tuple[str, ...] = ()


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
        Why.SURE if len(score.classes) > 1 else Why.USUAL,
        {**_figures(score, standing), 'share': standing.audit_share},
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
    if standing.untried:
        yield Why.SENSOR, {'channels': list(standing.untried)}
    if score is None:
        yield Why.NO_MODEL, {}
        return
    if min(standing.answers, standing.taught) < risk.min_answers:
        known = {'answers': standing.answers, 'taught': standing.taught}
        yield Why.NEW_CONTEXT, {**known, 'needed': risk.min_answers}
    if standing.burn_in > 0:
        yield Why.NEW_CLASS, {'left': standing.burn_in}
    certificate = standing.certificate
    if certificate is None or certificate.threshold is None:
        yield Why.NO_CERTIFICATE, {'missing': certificate.missing if certificate else None}
    elif not score.confidence >= certificate.threshold:  # NaN is a doubt
        yield Why.BELOW_THRESHOLD, _figures(score, standing)
    # The record has so many digits of a confidence: the very like of a failed case is closed too.
    if round(score.confidence, DIGITS) <= standing.audit_floor:
        figures = {'confidence': score.confidence, 'threshold': standing.audit_floor}
        yield Why.BELOW_THRESHOLD, figures
    cost = _cost(score, certificate, question)
    if not cost <= 1.0:
        yield Why.COST, {'cost': cost}
    if score.evidence < standing.evidence_floor:
        yield Why.UNUSUAL, {'evidence': score.evidence, 'floor': standing.evidence_floor}
    # From here on the model is sure: an alarm audits every case, else the draw decides.
    if standing.drift > 0:
        yield Why.DRIFT, {**_figures(score, standing), 'share': 1.0, 'left': standing.drift}
    if standing.audit:
        yield Why.AUDIT, {**_figures(score, standing), 'share': standing.audit_share}


def _figures(score: Score, standing: Standing) -> dict[str, Any]:
    """Confidence and threshold, and whose certificate it is: a wider level is never silent."""
    certificate = standing.certificate
    found: dict[str, Any] = {'confidence': score.confidence}
    if certificate is not None:
        found |= {'threshold': certificate.threshold, 'level': certificate.level}
        found['certificate'] = certificate.context
    return found


def _cost(score: Score, certificate: Certificate | None, question: QuestionSpec) -> float:
    if len(score.classes) == 1:
        return one_class.expected_cost(certificate, question, score)
    return expected_cost(score, question)


def expected_cost(score: Score, question: QuestionSpec) -> float:
    """Expected cost of acting on the most probable class, in needless questions (>= 0)."""
    costs = question.costs
    pairs = zip(score.classes, score.probs, strict=True)
    return sum(p * costs.get(name, 1.0) for name, p in pairs if name != score.label)


TRUSTED = (Why.NO_CERTIFICATE, Why.BELOW_THRESHOLD, Why.COST, Why.AUDIT)
"""Reasons under which the model's probabilities still mean something."""


def risk_of(why: Why, score: Score | None, question: QuestionSpec) -> float:
    """What is at stake in a case nobody would be asked about, in needless questions (>= 0).

    The expected cost where the model can judge it; else the cost of the dearest class.
    """
    if why in TRUSTED and score is not None and len(score.classes) > 1:
        return expected_cost(score, question)
    return max((c.cost for c in question.classes), default=1.0)
