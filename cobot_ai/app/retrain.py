"""From labelled cases to a gated candidate in the registry."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from cobot_ai.app.gate import GateOptions, demands, run_gate
from cobot_ai.app.ports import Fitted, Fitter, Registry, Scorer, ScorerLoader
from cobot_ai.app.teach import is_due
from cobot_ai.core import honest
from cobot_ai.core.errors import ModelError
from cobot_ai.core.levels import certify_levels, class_costs
from cobot_ai.core.manifest import Manifest
from cobot_ai.core.one_class import may_stand_alone
from cobot_ai.core.risk import Certificate
from cobot_ai.core.spec import CellSpec
from cobot_ai.core.types import Json, LabelledCase


class LabelSource(Protocol):
    """Where the labelled cases come from (`teach.Dataset`)."""

    def refresh(self) -> int:
        """Read what is new; returns how many labels were added or changed."""

    def cases(self) -> list[LabelledCase]:
        """All usable labelled cases, in the order of their numbers."""

    @property
    def golden(self) -> frozenset[int]:
        """Cases that must never be decided wrongly alone."""

    def take_request(self) -> bool:
        """Whether a person asked for a retrain since the last call."""


class Trainer:
    """Refits when enough labels are new or changed since the last fit.

    Args:
        source: Labelled cases. fitter: Trains. spec: The cell file. loader: For the checks.
        registry: Stored versions. code: Version of cobot_ai. options: Passed to the gate.
    """

    def __init__(
        self,
        source: LabelSource,
        fitter: Fitter,
        spec: CellSpec,
        loader: ScorerLoader,
        registry: Registry,
        code: str,
        options: GateOptions | None = None,
    ) -> None:
        self._source, self._fitter, self._spec = source, fitter, spec
        self._loader, self._registry, self._code = loader, registry, code
        self._options = options or GateOptions()
        self._fitted: set[tuple[int, str]] = set()

    def turn(self, now_ns: int, force: bool = False) -> str | None:
        """Refit if it is due (or `force`); returns the digest of a new candidate, else None."""
        self._source.refresh()
        force = self._source.take_request() or force
        cases = self._source.cases()
        rows = {(case.id, case.label) for case in cases}
        changed = len({case for case, _ in rows ^ self._fitted})
        # A class that is new to the model is worth a fit at once: it knew nothing of it.
        force = force or bool({label for _, label in rows} - {label for _, label in self._fitted})
        if not force and not is_due(len(rows), len(rows) - changed):
            return None
        self._fitted = rows
        found = build_candidate(
            cases,
            self._fitter,
            self._spec,
            self._loader,
            self._registry,
            self._registry.current(),
            now_ns,
            self._code,
            replace(self._options, golden=self._source.golden),
        )
        return found[0] if found else None


def build_candidate(  # noqa: PLR0913, PLR0917 - ports and facts of the composition root
    cases: Sequence[LabelledCase],
    fitter: Fitter,
    spec: CellSpec,
    loader: ScorerLoader,
    registry: Registry,
    parent: str | None,
    now_ns: int,
    code: str,
    options: GateOptions | None = None,
) -> tuple[str, Manifest] | None:
    """Fit, calibrate, check and store a candidate (a refused one too, with the reasons).

    Args:
        cases: All labelled cases that count. fitter: Trains. loader: Loads for the checks.
        spec: The cell file. registry: Where it is stored (not made live).
        parent: Digest of the live version, None or empty if there is none.
        now_ns: Stamp clock, nanoseconds. code: Version of cobot_ai.
        options: Golden cases, timer and limits; label counts come from the cell file.

    Returns:
        Digest and manifest with gate report and certificates; None while there are too few
        labels to fit at all. Only one with `manifest.gates.passed` may be promoted.
    """
    fitted = fitter.fit(cases, spec.model)
    if fitted is None:
        return None
    if len(fitted.classes) == 1 and not may_stand_alone(fitted.classes[0], spec.question):
        return None
    options = demands(spec, options or GateOptions())
    suite = {'name': options.suite.name, 'digest': options.suite.digest}
    draft = _draft(fitted, cases, spec, parent or '', now_ns, code, suite)
    current = _current(registry, loader, parent)
    report = run_gate(fitted, draft, cases, fitter, loader, current, options)
    manifest = replace(draft, gates=report)
    return registry.put(fitted.blob, manifest), manifest


def certify_contexts(
    fitted: Fitted, cases: Sequence[LabelledCase], spec: CellSpec, now_ns: int
) -> tuple[Certificate, ...]:
    """One certificate per context and declared wider level, from the honest scores.

    A case of a class that was not learnt counts as wrong: the model can only err on it. The
    scores of cases stand in the order of their numbers, oldest first.
    """
    by_id = {case.id: case for case in cases}
    answers = [fitted.classes[i] for i in fitted.scores.argmax(axis=1)]
    labels = [by_id[i].label for i in fitted.cases]
    return certify_levels(
        fitted.scores.max(axis=1),
        np.array([label != a for label, a in zip(labels, answers, strict=True)]),
        [by_id[i].context for i in fitted.cases],
        spec.risk,
        now_ns,
        class_costs(labels, {c.name: c.cost for c in spec.question.classes}),
        hashlib.sha256(fitted.blob).hexdigest(),
    )


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
    return Manifest(
        blob=hashlib.sha256(fitted.blob).hexdigest(),
        parent=parent,
        classes=fitted.classes,
        channels=window.channels,
        samples=window.values.shape[1],
        certificates=certify_contexts(fitted, cases, spec, now_ns),
        labels=dict(sorted(Counter(case.label for case in cases).items())),
        contexts=dict(sorted(Counter(case.context for case in cases).items())),
        data=data_hash(cases),
        cell=spec.digest,
        code=code,
        seed=spec.model.seed,
        created_ns=now_ns,
        head=spec.model.head,
        facts={**fitted.facts, 'honest': honest.to_json(scores), 'suite': suite},
    )


def _current(registry: Registry, loader: ScorerLoader, parent: str | None) -> Scorer | None:
    """The live version, or None when it is damaged: a retrain must be able to replace it."""
    if not parent:
        return None
    try:
        return loader(*registry.get(parent))
    except ModelError:
        return None
