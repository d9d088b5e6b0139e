"""Certificates of one context and of wider levels, and which of them is in force.

A wider level (`operation`, `cell`) is never borrowed: it has its own certificate, computed over
all labels of that level, and it is used only where the cell file declares it in `risk.fallback`
and the context has no threshold of its own. Its promise is about the mix of that level.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from cobot_ai.core.mix import changes
from cobot_ai.core.risk import Certificate, certify, floor, unrefuted, weight
from cobot_ai.core.spec import CellSpec, RiskSpec
from cobot_ai.core.steps import declared_group
from cobot_ai.core.types import Bools, Doubles, LabelledCase
from cobot_ai.core.walk import Ints

CONTEXT, OPERATION, CELL = 'context', 'operation', 'cell'
WHOLE_CELL = '*'
_OPERATION = re.compile(r'(?:^|/)(operation=.*?)(?=/[A-Za-z_]\w*=|$)')


def level_key(context: str, level: str) -> str | None:
    """Key of the level a context belongs to; None where it declares no operation."""
    if level == CELL:
        return WHOLE_CELL
    if level == CONTEXT:
        return context
    found = _OPERATION.search(context)
    return found[1] if found else None


def certify_levels(  # noqa: PLR0913, PLR0917 - columns of the same cases
    confidence: Doubles,
    wrong: Bools,
    contexts: Sequence[str],
    spec: RiskSpec,
    now_ns: int,
    labels: Sequence[str] | None = None,
    costs: Mapping[str, float] | None = None,
    answers: Sequence[int] | None = None,
    groups: Sequence[str] | None = None,
) -> tuple[Certificate, ...]:
    """One certificate for each context, and for each key of the declared wider levels.

    Where the mix of classes changed (`core.mix`), the labels since then must agree. Windows that
    share one answer are one trial (`_trials`), and trials of one group one witness (`core.walk`).

    Args:
        confidence, wrong: Honest scores [case], oldest case first, as for `certify`.
        contexts: Context of each case. spec: Risk declared by the plant.
        now_ns: Time of making, nanoseconds.
        labels: Label of each case. costs: Cost of missing a class; 1 where it is not declared.
        answers: What stands for the answer behind each case; None: each case has its own.
        groups: Declared group of each case, '' where it has none; None: no case has one.
    """
    labels, costs = labels or [''] * len(wrong), costs or {}
    given = np.arange(len(wrong)) if answers is None else np.asarray(answers)
    together = _numbered(groups or [''] * len(wrong))
    made, own = list[Certificate](), dict[str, tuple[Doubles, Bools, Doubles]]()
    for level in (CONTEXT, *spec.fallback):
        keys = np.array([level_key(c, level) or '' for c in contexts])
        for key in np.unique(keys[keys != ''] if level == OPERATION else keys):
            of = np.flatnonzero(keys == key)
            cost = weight(class_costs([labels[i] for i in of.tolist()], costs))
            trials, cost = _trials(confidence[of], wrong[of], cost, given[of], floor(spec.epsilon))
            of = of[trials]
            since = changes([labels[i] for i in of.tolist()])
            one = certify(
                confidence[of], wrong[of], str(key), spec, now_ns, cost, since, together[of]
            )
            made.append(replace(one, level=level, costs=dict(costs)))
            if level == CONTEXT:
                own[str(key)] = confidence[of], wrong[of], cost
    return tuple(_with_wider(c, made, own.get(c.context), spec) for c in made)


def _with_wider(
    one: Certificate,
    made: Sequence[Certificate],
    own: tuple[Doubles, Bools, Doubles] | None,
    spec: RiskSpec,
) -> Certificate:
    """A certificate with what the labels of its context leave of the thresholds of wider levels.

    Only contexts without a threshold of their own use those, and they may be the worse ones.
    """
    if one.level != CONTEXT or one.threshold is not None or own is None:
        return one
    found = [(level, _find(made, one.context, level)) for level in spec.fallback]
    wider = {
        level: unrefuted(*own, c.threshold, spec.epsilon)
        for level, c in found
        if c is not None and c.threshold is not None
    }
    return replace(one, wider=wider)


def certify_cases(
    cases: Sequence[LabelledCase],
    confidence: Doubles,
    wrong: Bools,
    spec: CellSpec | None,
    now_ns: int,
) -> tuple[Certificate, ...]:
    """Certificates from the honest scores of labelled cases, as the cell file declares them.

    Args:
        cases: Oldest first. confidence, wrong: Their honest scores [case], as for `certify`.
        spec: The cell; None: what a cell file says that says nothing.
        now_ns: Time of making, nanoseconds.
    """
    keys = spec.step.group if spec else ()
    return certify_levels(
        confidence,
        wrong,
        [c.context for c in cases],
        spec.risk if spec else RiskSpec(),
        now_ns,
        [c.label for c in cases],
        spec.question.costs if spec else {},
        [c.answered for c in cases],
        [declared_group(c.group, keys) for c in cases],
    )


def _numbered(groups: Sequence[str]) -> Ints:
    """A number for each group [case]; a case without one is alone."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(g or f'\0{i}', i) for i, g in enumerate(groups)], np.int64)


def _trials(
    confidence: Doubles, wrong: Bools, cost: Doubles, answers: Ints, lowest: float
) -> tuple[Ints, Doubles]:
    """One case for each answer, and what an error of it costs [answer], oldest answer first.

    Windows of one event stand and fall together, so an event is one trial of the test: at its most
    confident wrong window if it has one, else at its most confident one. In service it errs once
    in every window, so a wrong one costs as often as windows of it that could act (at or above
    the confidence `lowest`) are wrong. Both only ever make the test stricter than all windows
    would: no event adds more than one right case, and no error is left out or comes later.
    """
    _, first, number = np.unique(answers, return_index=True, return_inverse=True)
    order = np.lexsort((confidence, wrong, number))
    tops = order[np.append(np.diff(number[order]) != 0, True)]
    errors = np.bincount(number, wrong & (confidence >= lowest))
    oldest = np.argsort(first)
    return tops[oldest], (cost[tops] * np.maximum(1, errors))[oldest]


def in_force(
    certificates: Sequence[Certificate], context: str, fallback: Sequence[str]
) -> Certificate | None:
    """The certificate that counts for a context: its own, else the first declared wider one.

    Where none of them has a threshold it is the context's own, which says what is missing. A wider
    one counts as far as the labels of the context do not speak against it (`Certificate.wider`).
    """
    own = _find(certificates, context, CONTEXT)
    if own is not None and own.threshold is not None:
        return own
    limits = own.wider if own is not None else {}
    for level in fallback:
        wider = _find(certificates, context, level)
        if wider is None or wider.threshold is None:
            continue
        if (limit := limits.get(level, wider.threshold)) <= 1:  # else nothing can reach it
            return replace(wider, threshold=limit)
    return own


def covering(
    certificates: Sequence[Certificate], spec: RiskSpec, costs: Mapping[str, float] | None = None
) -> list[Certificate]:
    """Those that promise at least what the plant declares now.

    A model outlives a change of the cell file: a certificate made for a larger risk, or with a
    class that was cheaper to miss, says nothing about the stricter one, and the model asks until
    it is calibrated again.

    Args:
        certificates: Of the model. spec: Risk declared now.
        costs: Cost of missing a class, declared now; 1 where it is not named.
    """
    return [
        c
        for c in certificates
        if c.epsilon <= spec.epsilon and _as_sure(c, spec) and not _dearer(c, costs or {})
    ]


def _dearer(certificate: Certificate, costs: Mapping[str, float]) -> bool:
    """Whether a wrong case of some class counts more often now than it was counted."""
    names = sorted({*costs, *certificate.costs})
    now, then = (weight(class_costs(names, c)) for c in (costs, certificate.costs))
    return bool((now > then).any())


def _as_sure(certificate: Certificate, spec: RiskSpec) -> bool:
    certified = certificate.rule == 'certified' and certificate.delta <= spec.delta
    return certified or spec.rule != 'certified'


def class_costs(labels: Sequence[str], costs: Mapping[str, float]) -> Doubles:
    """Cost of missing each case's true class [case]; 1 for a class that is not declared."""
    return np.array([costs.get(label, 1.0) for label in labels], dtype=np.float64)


def _find(certificates: Sequence[Certificate], context: str, level: str) -> Certificate | None:
    key = level_key(context, level)
    return next((c for c in certificates if c.level == level and c.context == key), None)
