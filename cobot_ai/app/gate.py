"""The validation gate: every check of a candidate, in order, with its reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cobot_ai.app.ports import Fitted, Fitter, Scorer, ScorerLoader
from cobot_ai.core import gates
from cobot_ai.core.errors import ModelError
from cobot_ai.core.gates import Check, GateReport, Pair
from cobot_ai.core.honest import Honest, from_json, majority
from cobot_ai.core.manifest import Manifest
from cobot_ai.core.types import LabelledCase, Window

PARITY_WINDOWS = 16
LATENCY_RUNS = 100


@dataclass(frozen=True, slots=True)
class GateOptions:
    """What the gate demands.

    Attributes:
        min_labels: Labels each class needs. min_total: Labels needed in all.
        golden: Cases that must never be decided wrongly alone.
        timer: Monotonic clock for the latency check, nanoseconds; None: not measured (a replay,
            whose result must not depend on the machine's load).
        limit_ms: Longest allowed 99th percentile of one scoring, milliseconds.
    """

    min_labels: int = 3
    min_total: int = 6
    golden: frozenset[int] = frozenset()
    timer: Callable[[], int] | None = None
    limit_ms: float = 50.0


def run_gate(
    fitted: Fitted,
    draft: Manifest,
    cases: Sequence[LabelledCase],
    fitter: Fitter,
    loader: ScorerLoader,
    current: Scorer | None,
    options: GateOptions,
) -> GateReport:
    """Check a candidate; stops early only when the file itself must not be loaded.

    Args:
        fitted: What the fitter made. draft: Its manifest, certificates included.
        cases: All labelled cases it was fitted on.
        current: The live version, None if there is none.
        options: What is demanded.
    """
    first = gates.enough_labels(draft.labels, draft.classes, options.min_labels, options.min_total)
    try:
        scorer = loader(fitted.blob, draft)
    except ModelError as e:
        name = e.key if e.key in ('finite', 'shapes') else 'import_safety'
        return GateReport((first, Check(name, False, str(e), {'check': e.key})))
    safe = Check('import_safety', True, 'Only allowed operators, no other file, finite weights.')
    by_id = {case.id: case for case in cases}
    windows = _spread([case.window for case in cases])
    served = np.array([scorer.score(w).probs for w in windows])
    return GateReport(
        (
            first,
            safe,
            gates.shapes(served, draft.classes, len(windows)),
            gates.finite(np.concatenate([served, fitted.scores])),
            gates.parity(fitter.predict(fitted, windows), served),
            compare(draft, by_id, current),
            gates.golden(_golden(scorer, by_id, options.golden)),
            gates.latency(_times(scorer, windows, options.timer), options.limit_ms),
        )
    )


def compare(draft: Manifest, cases: Mapping[int, LabelledCase], current: Scorer | None) -> Check:
    """Check `not_worse`.

    The live version's opinion counts only where it is honest: its own cross-fitted score for a
    case it was trained on (kept in its manifest, if the label is still the same), or a fresh
    score for a case that came later and belongs to no group it was trained on.
    """
    new = from_json(draft.facts['honest'])
    if current is None:
        old, against = majority({i: h.label for i, h in new.items()}), 'the most frequent class'
    else:
        old, against = _opinion(current, cases), 'the live version'
    pairs = [
        Pair(i, cases[i].context, old[i], new[i])
        for i in new
        if i in old and old[i].label == new[i].label
    ]
    return gates.not_worse(pairs, against)


def _opinion(current: Scorer, cases: Mapping[int, LabelledCase]) -> dict[int, Honest]:
    """What the live version honestly thinks of the cases."""
    known = from_json(current.manifest.facts.get('honest', {}))
    seen = {cases[i].group for i in known if i in cases} - {''}
    late = [c for c in cases.values() if c.id not in known and c.group not in seen]
    return known | {c.id: h for c in late if (h := _judge(current, c)) is not None}


def _judge(scorer: Scorer, case: LabelledCase) -> Honest | None:
    try:
        score = scorer.score(case.window)
    except ModelError:
        return None  # made for other channels: nothing to compare
    p = dict(zip(score.classes, score.probs, strict=True)).get(case.label, 0.0)
    return Honest(case.label, p, score.label == case.label)


def _golden(
    scorer: Scorer, cases: Mapping[int, LabelledCase], golden: frozenset[int]
) -> list[tuple[int, str, str, float, float | None]]:
    found = []
    for case in (cases[i] for i in sorted(golden) if i in cases):
        score = scorer.score(case.window)
        certificate = scorer.manifest.certificate(case.context)
        limit = certificate.threshold if certificate else None
        found.append((case.id, case.label, score.label, score.confidence, limit))
    return found


def _times(
    scorer: Scorer, windows: Sequence[Window], timer: Callable[[], int] | None
) -> list[float]:
    if timer is None:
        return []
    times = []
    for i in range(LATENCY_RUNS):
        begin = timer()
        scorer.score(windows[i % len(windows)])
        times.append((timer() - begin) / 1e6)
    return times


def _spread(windows: Sequence[Window]) -> list[Window]:
    """A few windows, evenly spread over all."""
    picks = np.unique(np.linspace(0, len(windows) - 1, PARITY_WINDOWS).astype(int))
    return [windows[i] for i in picks]
