"""What another risk would have cost, by what the record says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import tzinfo

import numpy as np

from cobot_ai.app.insight import Row, by_shift, single
from cobot_ai.core.kpi import share
from cobot_ai.core.levels import certify_levels, in_force
from cobot_ai.core.spec import CellSpec, RiskSpec
from cobot_ai.core.steps import declared_group
from cobot_ai.core.types import Json

EPSILONS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.1, 0.15, 0.2)


def what_if(rows: Sequence[Row], spec: CellSpec, zone: tzinfo) -> Json:
    """What other values of epsilon would have meant for the recorded cases.

    For each value the thresholds are made as the model's are (costs, a change of the mix, declared
    wider levels), from the confidences the model had when it decided and the labels people gave.
    Silent errors are counted among labelled cases only; those are the hard ones, so the figure is
    rather too high than too low. Windows that were merged into an event put no question: they
    make the thresholds, as in training, and count in no other figure.
    """
    shifts = max(1, len(by_shift(rows, spec, zone)))
    options = [_option(rows, spec, epsilon, shifts) for epsilon in _choices(spec.risk)]
    cases = len(single(rows))
    return {'now': spec.risk.epsilon, 'cases': cases, 'shifts': shifts, 'options': options}


def _choices(risk: RiskSpec) -> list[float]:
    return sorted({*EPSILONS, risk.epsilon})


def _option(rows: Sequence[Row], spec: CellSpec, epsilon: float, shifts: int) -> Json:
    labels = {r.case: r.label for r in rows}
    risk = replace(spec.risk, epsilon=epsilon)
    thresholds = _thresholds(rows, replace(spec, risk=risk), labels)
    cases = single(rows)
    alone = [r for r in cases if r.guess and r.confidence >= thresholds.get(r.context, 2.0)]
    known = [r for r in alone if r.label]
    wrong = [r for r in known if r.guess != r.label]
    costs = spec.question.costs
    asks = len(cases) - len(alone)
    return {
        'epsilon': epsilon,
        'contexts': len(thresholds),
        'asks_per_shift': asks / shifts,
        'asked_share': share(asks, len(cases)).to_json(),
        'wrong_alone': share(len(wrong), len(known)).to_json(),
        'cost_per_shift': (asks + sum(costs.get(r.label, 1.0) for r in wrong)) / shifts,
    }


def _thresholds(rows: Sequence[Row], spec: CellSpec, labels: Mapping[int, str]) -> dict[str, float]:
    """Threshold in force for every context that has one, made just as the trainer makes it."""
    taught = {r.case: _taught(r, spec, labels) for r in rows if r.guess}
    known = [r for r in rows if taught.get(r.case, ('', 0))[0]]
    names = [taught[r.case][0] for r in known]
    made = certify_levels(
        np.array([r.confidence for r in known], np.float64),
        np.array([r.guess != name for r, name in zip(known, names, strict=True)], bool),
        [r.context for r in known],
        spec.risk,
        0,
        names,
        spec.question.costs,
        [taught[r.case][1] for r in known],
        [declared_group(r.group, spec.step.group) for r in known],
    )
    found = {r.context: in_force(made, r.context, spec.risk.fallback) for r in rows}
    return {c: f.threshold for c, f in found.items() if f and f.threshold is not None}


def _taught(row: Row, spec: CellSpec, labels: Mapping[int, str]) -> tuple[str, int]:
    """The label the trainer learns a case with, and the case that was answered for it.

    A window that was merged into an event has the label of that, unless it was harmless.
    """
    shared = labels.get(row.event, '') if row.event else ''
    if shared and not spec.question.is_nominal(shared):
        return shared, row.event
    return row.label, row.case
