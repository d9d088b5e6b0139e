"""What a candidate does when a channel is lost, tried with each in turn."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from cobot_ai.app.gate_parts import spread
from cobot_ai.app.model_ports import Fitter, Scorer, ScorerLoader
from cobot_ai.core.gates import Masked
from cobot_ai.core.manifest import Manifest
from cobot_ai.core.spec import CellSpec
from cobot_ai.core.types import LabelledCase, Missing, Window

SIBLING = 200
"""Most cases a sibling of the candidate is fitted on, to try it without channels."""
DEAD_RUNS = 240
"""Scorings with a dead channel, all channels together."""

Threshold = Callable[[LabelledCase], float | None]


def without_each(
    draft: Manifest,
    scorer: Scorer,
    cases: Sequence[LabelledCase],
    spec: CellSpec | None,
    threshold: Threshold,
) -> list[Masked]:
    """Every channel taken away in turn.

    Args:
        draft: Manifest of the candidate. scorer: Who judges. cases: What is judged.
        spec: The cell file: what it may judge without; None: nothing.
        threshold: Confidence the candidate would act alone from, of a case.
    """
    most = max(8, DEAD_RUNS // len(draft.channels))
    may, tried = judged(spec, draft.channels), spread(cases, most)
    found = []
    for channel, name in enumerate(draft.channels):
        right, wrong_alone = 0, []
        probs = scorer.probabilities([dead(case.window, channel) for case in tried])
        for case, row in zip(tried, probs, strict=True):
            if draft.classes[int(row.argmax())] == case.label:
                right += 1
            elif (limit := threshold(case)) is not None and row.max() >= limit:
                wrong_alone.append(case.id)
        found.append(Masked(name, may[channel], len(tried), right, tuple(wrong_alone)))
    return found


def sibling(
    draft: Manifest,
    cases: Sequence[LabelledCase],
    fitter: Fitter,
    load: ScorerLoader,
    spec: CellSpec,
) -> tuple[Scorer, list[LabelledCase]] | None:
    """A model like the candidate from four fifths of the groups, and the cases of the fifth.

    The candidate itself remembers every labelled case; without a channel it would still know
    most of them again, and the figure would say nothing. None where there are too few labels.

    Args:
        draft: Manifest of the candidate. cases: What it was fitted on. fitter: Fits.
        load: Opens what was fitted. spec: The cell file.
    """
    groups = [c.group or f'case {c.id}' for c in cases]
    held = set(sorted(set(groups))[::5])
    learn, test = (
        [c for c, group in zip(cases, groups, strict=True) if (group in held) is there]
        for there in (False, True)
    )
    fitted = fitter.fit(spread(learn, SIBLING), spec.model)
    if fitted is None or fitted.classes != draft.classes or not test:
        return None
    blob = hashlib.sha256(fitted.blob).hexdigest()
    return load(fitted.blob, replace(draft, blob=blob, facts={**fitted.facts})), test


def judged(spec: CellSpec | None, channels: Sequence[str]) -> list[bool]:
    """Whether the cell file lets the model judge without each channel."""
    if spec is None:
        return [False] * len(channels)
    policy = {f'{s.name}.{c.name}': c.missing for s in spec.streams for c in s.channels}
    return [policy.get(c) in (Missing.MASK, Missing.HOLD_LAST) for c in channels]


def dead(window: Window, channel: int) -> Window:
    """The window with one channel not measured at all."""
    values, mask = window.values.copy(), window.mask.copy()
    values[channel], mask[channel] = 0, False
    return replace(window, values=values, mask=mask)
