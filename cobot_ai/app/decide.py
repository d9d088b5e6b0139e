"""Judge one step: score it, apply the policy, and write down everything that led there."""

from __future__ import annotations

import math
from dataclasses import replace

from cobot_ai.app.model_ports import Scorer
from cobot_ai.app.observe import Cut
from cobot_ai.core.policy import DIGITS, Standing, decide
from cobot_ai.core.spec import CellSpec, Trigger
from cobot_ai.core.steps import context_key, group_key
from cobot_ai.core.types import Case, Decision, Json, Score, Verdict, Why, to_probs


def case_of(number: int, cut: Cut, spec: CellSpec) -> Case:
    """Number a step and place it in its context and split group."""
    facts = cut.span.facts
    context = context_key(facts, spec.step.context)
    group = group_key(facts, spec.step.group, f'case={number}')
    if spec.step.trigger is Trigger.SLIDING:
        # Windows that follow one another are near copies; they must not stand on both sides.
        group = group_key(facts, spec.step.group, f'time={cut.span.start_ns // _block_ns(spec)}')
    return Case(number, context, group, facts, cut.window)


def _block_ns(spec: CellSpec) -> int:
    """Length of the stretches of time whose sliding windows make one split group."""
    return round(10e9 * (spec.step.length_s or spec.step.hop_s))


def judge(
    case: Case, scorer: Scorer | None, standing: Standing, spec: CellSpec
) -> tuple[Decision, str | None]:
    """Score and decide; a model that fails never decides.

    Returns:
        The decision, and what was wrong with the model (None when nothing).
    """
    score: Score | None = None
    try:
        score = scorer.score(case.window) if scorer is not None else None
    except Exception as e:  # whatever a model does wrong, a person decides
        return Decision(case.id, Verdict.ASK, Why.MODEL_FAILED, {'error': str(e)}), str(e)
    return _told(decide(case, score, standing, spec.question, spec.risk), score), None


def _told(decision: Decision, score: Score | None) -> Decision:
    """A decision that rests on a model of one class says so."""
    if score is None or len(score.classes) != 1:
        return decision
    return replace(decision, params={**decision.params, 'one_class': score.label})


def decision_body(
    case: Case, decision: Decision, latency_ms: float, ingest: Json | None = None
) -> Json:
    """The ledger's record of a decision (docs/ledger.md)."""
    score = decision.score
    return {
        'verdict': decision.verdict.value,
        'why': decision.why.value,
        'params': dict(decision.params),
        'label': decision.label,
        'action': decision.action,
        'context': case.context,
        'group': case.group,
        'facts': dict(case.facts),
        'classes': list(score.classes) if score else [],
        'probs': to_probs(score.classes, score.probs) if score else {},
        'confidence': round(score.confidence, DIGITS) if score else None,
        'evidence': _finite(score.evidence) if score else None,
        'novelty': _finite(score.novelty) if score else None,
        'threshold': decision.threshold,
        'model': score.model if score else None,
        'nearest': [{'case': n.case, 'similarity': round(n.similarity, 6)} for n in score.nearest]
        if score
        else [],
        'notes': [
            {
                'channel': n.channel,
                'problem': n.problem.value,
                'action': n.action.value,
                'share': n.share,
                **({'hint': n.hint} if n.hint else {}),
            }
            for n in case.window.notes
        ],
        'ingest': dict(ingest or {}),
        'start_ns': case.window.start_ns,
        'end_ns': case.window.end_ns,
        'latency_ms': round(latency_ms, 3),
    }


def _finite(value: float) -> float | None:
    return round(value, 6) if math.isfinite(value) else None
