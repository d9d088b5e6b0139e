"""Who may say what about which case: the honest opinions a candidate is judged by.

Of our own trainer's candidate these are its cross-fitted scores. A model from outside may claim
anything, so nothing it says about itself counts: it is judged by cases that came after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cobot_ai.app.model_ports import Scorer
from cobot_ai.core.errors import ModelError
from cobot_ai.core.gates import Check
from cobot_ai.core.honest import Honest, class_shares, from_json, judge
from cobot_ai.core.leakage import Split
from cobot_ai.core.levels import certify_cases
from cobot_ai.core.manifest import Manifest
from cobot_ai.core.risk import Certificate
from cobot_ai.core.spec import CellSpec
from cobot_ai.core.types import LabelledCase, oldest_first

REMEMBERED = 0.9999
"""Similarity to a stored case from which on a model must have seen this very case."""


@dataclass(frozen=True, slots=True)
class Opinions:
    """What candidate and live version honestly think.

    Attributes:
        new: The candidate's opinion per case. old: The other side's.
        against: Name of the other side, for sentences.
        split: How the candidate's opinion came about.
        unseen: Check `unseen_cases`, for a model from outside only.
        leak: Check `leakage` where it is not about folds, else None.
    """

    new: Mapping[int, Honest]
    old: Mapping[int, Honest]
    against: str
    split: Split
    unseen: Check | None = None
    leak: Check | None = None


def opinions(
    draft: Manifest,
    scorer: Scorer,
    cases: Mapping[int, LabelledCase],
    current: Scorer | None,
    unseen_needed: int | None,
) -> Opinions:
    """Gather the opinions a candidate is judged by.

    Args:
        draft: Its manifest. scorer: The loaded candidate. cases: Labelled cases.
        current: The live version.
        unseen_needed: Least unseen cases for a model from outside; None for our own trainer's.
    """
    unseen = leak = None
    fold: dict[int, int] = {}
    if unseen_needed is not None:
        new, unseen, leak = _foreign(draft, scorer, cases, unseen_needed)
    else:
        told = from_json(draft.facts.get('honest', {}))
        folds = draft.facts.get('fold', ())
        fold = dict(zip(told, folds, strict=True)) if len(folds) == len(told) else {}
        # By hand a version may be older than the labels: what was withdrawn or corrected since
        # judges nobody.
        new = {i: h for i, h in told.items() if i in cases and cases[i].label == h.label}
    if current is None:
        old, against = class_shares({i: h.label for i, h in new.items()}), 'the class shares'
    else:
        old, against = judged_by(current, cases), f'version {current.manifest.digest[:12]}'
    split = Split(fold, {i: h.right for i, h in new.items()})
    return Opinions(new, old, against, split, unseen, leak)


def certified(
    found: Opinions, cases: Mapping[int, LabelledCase], spec: CellSpec | None
) -> tuple[Certificate, ...]:
    """What a model from outside would be allowed here, by the cases it had not seen.

    Made just as for our own trainer's candidates: costs, changes of the mix, declared levels.

    Args:
        found: The opinions. cases: Labelled cases. spec: The cell file; None: its defaults.
    """
    judged = [(c, found.new[c.id]) for c in oldest_first([cases[i] for i in found.new])]
    wrong = np.array([not h.right for _, h in judged], bool)
    top = np.array([h.top for _, h in judged])
    return certify_cases([c for c, _ in judged], top, wrong, spec, 0)


def judged_by(current: Scorer, cases: Mapping[int, LabelledCase]) -> dict[int, Honest]:
    """What the live version honestly thinks of the cases.

    Its own cross-fitted score of a case it was trained on, if the label is still the same, else a
    fresh score, if the case came later and belongs to no group it was trained on.
    """
    known = from_json(current.manifest.facts.get('honest', {}))
    seen = {cases[i].group for i in known if i in cases} - {''}
    late = [c for c in cases.values() if c.id not in known and c.group not in seen]
    return known | {c.id: h for c in late if (h := _score(current, c)) is not None}


def _foreign(
    draft: Manifest, scorer: Scorer, cases: Mapping[int, LabelledCase], enough: int
) -> tuple[dict[int, Honest], Check, Check]:
    """Scores of the cases recorded after the model was made, none of whose group is older."""
    old_groups = {c.group for c in cases.values() if _before(draft, c)} - {''}
    late = [c for c in cases.values() if not _before(draft, c) and c.group not in old_groups]
    known = tuple(c.id for c in late if _remembers(scorer, c))
    new = {c.id: h for c in late if c.id not in known and (h := _score(scorer, c)) is not None}
    why = (
        f'{len(new)} of {len(cases)} labelled cases were recorded after this model was made '
        f'(at least {enough}); only they can judge a model that was not trained here.'
    )
    unseen = Check('unseen_cases', len(new) >= enough, why, {'cases': len(new), 'limit': enough})
    why = (
        f'The model remembers {len(known)} of {len(late)} cases that came after the date it '
        'declares.'
    )
    return new, unseen, Check('leakage', not known, why, {'remembered': len(known)}, known[:100])


def _before(draft: Manifest, case: LabelledCase) -> bool:
    return case.window.end_ns <= draft.created_ns


def _remembers(scorer: Scorer, case: LabelledCase) -> bool:
    """Whether this very case is among those stored in the model."""
    try:
        nearest = scorer.score(case.window).nearest
    except ModelError:
        return False
    return any(n.similarity >= REMEMBERED for n in nearest)


def _score(scorer: Scorer, case: LabelledCase) -> Honest | None:
    try:
        score = scorer.score(case.window)
    except ModelError:
        return None  # made for other channels: nothing to compare
    return judge(case.label, score.classes, np.array(score.probs))
