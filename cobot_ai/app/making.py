"""A candidate: fitted, calibrated and checked, with the manifest that says so."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cobot_ai.app.gate import GateOptions, demands, run_gate
from cobot_ai.app.model_ports import Fitted, Fitter, Registry, Scorer, ScorerLoader
from cobot_ai.core import honest
from cobot_ai.core.errors import ModelError
from cobot_ai.core.form import form
from cobot_ai.core.levels import certify_cases
from cobot_ai.core.manifest import Manifest
from cobot_ai.core.one_class import may_stand_alone
from cobot_ai.core.risk import Certificate
from cobot_ai.core.spec import CellSpec
from cobot_ai.core.types import Json, LabelledCase, oldest_first


def make_candidate(  # noqa: PLR0913, PLR0917 - ports and facts of the composition root
    cases: Sequence[LabelledCase],
    fitter: Fitter,
    spec: CellSpec,
    loader: ScorerLoader,
    registry: Registry,
    parent: str | None,
    now_ns: int,
    code: str,
    options: GateOptions | None = None,
    fitted: Fitted | None = None,
) -> tuple[bytes, Manifest] | None:
    """Fit, calibrate and check a candidate (a refused one too, with the reasons).

    Args:
        cases: All labelled cases that count. fitter: Trains. loader: Loads for the checks.
        spec: The cell file. registry: Where the live version is.
        parent: Digest of the live version, None or empty if there is none.
        now_ns: Stamp clock, nanoseconds. code: Version of cobot_ai.
        options: Golden cases, timer and limits; label counts come from the cell file.
        fitted: What was fitted on these cases already; None: fitted here.

    Returns:
        Model and manifest with gate report and certificates; None while there are too few
        labels to fit at all. Only one with `manifest.gates.passed` may be promoted.
    """
    fitted = fitted or fitter.fit(cases, spec.model)
    if fitted is None:
        return None
    if len(fitted.classes) == 1 and not may_stand_alone(fitted.classes[0], spec.question):
        return None
    options = demands(spec, options or GateOptions())
    suite = {'name': options.suite.name, 'digest': options.suite.digest}
    draft = _draft(fitted, cases, spec, parent or '', now_ns, code, suite)
    # Without a lost channel it need not be as good as the whole version, which cannot serve now.
    current = None if fitted.facts.get('dropped') else _current(registry, loader, parent)
    report = run_gate(fitted, draft, cases, fitter, loader, current, options)
    manifest = replace(draft, gates=report)
    return fitted.blob, manifest


def certify_contexts(
    fitted: Fitted, cases: Sequence[LabelledCase], spec: CellSpec, now_ns: int
) -> tuple[Certificate, ...]:
    """One certificate per context and declared wider level, from the honest scores.

    A case of a class that was not learnt counts as wrong: the model can only err on it. So does
    one that nothing could judge, all classes alike: it vouches for nothing. Which cases are the
    newest goes by when they happened.
    """
    row = {case: i for i, case in enumerate(fitted.cases)}
    judged = oldest_first([case for case in cases if case.id in row])
    scores = fitted.scores[[row[case.id] for case in judged]]
    labels = [case.label for case in judged]
    answers = [fitted.classes[i] if i >= 0 else None for i in honest.guesses(scores)]
    wrong = np.array([label != a for label, a in zip(labels, answers, strict=True)], bool)
    made = certify_cases(judged, scores.max(axis=1), wrong, spec, now_ns)
    model = hashlib.sha256(fitted.blob).hexdigest()
    return tuple(replace(one, model=model) for one in made)


def data_hash(cases: Sequence[LabelledCase]) -> str:
    """SHA-256 of the sorted (case, label) list: what a version was fitted on."""
    rows = sorted([case.id, case.label] for case in cases)
    return hashlib.sha256(json.dumps(rows, separators=(',', ':')).encode()).hexdigest()


def _draft(
    fitted: Fitted,
    cases: Sequence[LabelledCase],
    spec: CellSpec,
    parent: str,
    now_ns: int,
    code: str,
    suite: Json,
) -> Manifest:
    labels = {case.id: case.label for case in cases}
    scores = honest.collect(
        fitted.cases, [labels[i] for i in fitted.cases], fitted.classes, fitted.scores
    )
    window = cases[0].window
    contexts = {case.answered: case.context for case in cases}  # answers, not windows
    return Manifest(
        blob=hashlib.sha256(fitted.blob).hexdigest(),
        parent=parent,
        classes=fitted.classes,
        channels=window.channels,
        samples=window.values.shape[1],
        certificates=certify_contexts(fitted, cases, spec, now_ns),
        labels=dict(sorted(Counter(case.label for case in cases).items())),
        contexts=dict(sorted(Counter(contexts.values()).items())),
        data=data_hash(cases),
        cell=spec.digest,
        code=code,
        seed=spec.model.seed,
        created_ns=now_ns,
        head=spec.model.head,
        facts={
            **fitted.facts,
            'honest': honest.to_json(scores),
            'suite': suite,
            'form': form(spec),
        },
    )


def _current(registry: Registry, loader: ScorerLoader, parent: str | None) -> Scorer | None:
    """The live version, or None when it is damaged: a retrain must be able to replace it."""
    if not parent:
        return None
    try:
        return loader(*registry.get(parent))
    except ModelError:
        return None
