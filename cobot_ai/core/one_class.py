"""The start of a cell, when only good cases are labelled: what is different then.

A model of one class knows what is usual. It has no probability for what it has never seen; what
is promised rests on the certificate alone, that is, on the coming cases being like the labelled
ones.
"""

from __future__ import annotations

from collections.abc import Mapping

from cobot_ai.core.gates import Check
from cobot_ai.core.risk import Certificate
from cobot_ai.core.spec import QuestionSpec
from cobot_ai.core.types import Score


def may_stand_alone(name: str, question: QuestionSpec) -> bool:
    """Whether a model may know this class only: it must be one of a good step.

    A model that knows one fault and nothing else would call everything usual that fault.
    """
    return question.is_nominal(name)


def one_class_check(classes: tuple[str, ...], labels: Mapping[str, int]) -> Check:
    """Says in the gate's report that this model knows one class, and what follows from it."""
    (name,) = classes
    others = {c: n for c, n in labels.items() if c != name}
    why = (
        f'One class: only "{name}" has enough labels ({labels.get(name, 0)}). The model knows '
        'what is usual and asks about the rest; it cannot name a fault'
    )
    if others:
        why += '; counted as wrong: ' + ', '.join(f'{c} ({n})' for c, n in sorted(others.items()))
    return Check('one_class', True, f'{why}.', {'class': name, 'others': others})


def expected_cost(certificate: Certificate | None, question: QuestionSpec, score: Score) -> float:
    """Expected cost of acting on the one class, in needless questions (>= 0).

    The chance of being wrong is the certificate's bound, or what the confidence leaves if that is
    more; the cost is that of the dearest other class.
    """
    dearest = max((c.cost for c in question.classes if c.name != score.label), default=1.0)
    bound = certificate.bound if certificate is not None else None
    return dearest * max(1.0 if bound is None else bound, 1.0 - score.confidence)
