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
from cobot_ai.app.model_ports import FeatureStore, Fitted, Fitter, Registry, Scorer, ScorerLoader
from cobot_ai.app.teach import is_due
from cobot_ai.core import honest
from cobot_ai.core.errors import ModelError
from cobot_ai.core.levels import certify_cases
from cobot_ai.core.manifest import Manifest
from cobot_ai.core.one_class import may_stand_alone
from cobot_ai.core.risk import Certificate
from cobot_ai.core.spec import CellSpec
from cobot_ai.core.types import Json, LabelledCase, oldest_first

AGAIN_NS = 30 * 10**9
"""Time after a turn that failed until the next is tried."""


class LabelSource(Protocol):
    """Where the labelled cases come from (`teach.Dataset`)."""

    def refresh(self) -> int:
        """Read what is new; returns how many labelled cases it is about."""

    def cases(self) -> list[LabelledCase]:
        """All usable labelled cases, in the order of their numbers."""

    @property
    def golden(self) -> frozenset[int]:
        """Cases that must never be decided wrongly alone."""

    @property
    def lost(self) -> tuple[str, ...]:
        """Channels of which the newest case measured nothing."""

    def take_request(self) -> bool:
        """Whether a full refit is wanted since the last call."""

    def take_break(self) -> bool:
        """Whether a maintenance break began since the last call."""


class Trainer:
    """Learns when enough labels are new or changed since the last fit.

    Between full refits answers are learnt and forgotten one by one, exactly, with the same
    hyper-parameters. A full refit comes when the fitter wants one (another class, a fourth more
    cases), when somebody asks, after a failed audit, after labels were forgotten, and in the
    maintenance break. While channels are lost, it offers the live version without them.

    Args:
        source: Labelled cases. fitter: Trains. spec: The cell file. loader: For the checks.
        registry: Stored versions. code: Version of cobot_ai. options: Passed to the gate.
        features: Stored features, cleaned of forgotten cases.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - ports and facts of the composition root
        self,
        source: LabelSource,
        fitter: Fitter,
        spec: CellSpec,
        loader: ScorerLoader,
        registry: Registry,
        code: str,
        options: GateOptions | None = None,
        features: FeatureStore | None = None,
    ) -> None:
        self._source, self._fitter, self._spec = source, fitter, spec
        self._loader, self._registry, self._code = loader, registry, code
        self._options, self._features = options or GateOptions(), features
        self._rows: set[tuple[int, str]] = set()
        self._fitted: Fitted | None = None
        self._derived: tuple[str | None, tuple[str, ...]] = (None, ())
        self._seen = self._wanted = self._broke = False
        self._failed_ns: int | None = None
        self._unstored: tuple[bytes, Manifest] | None = None

    def retune(self, spec: CellSpec) -> None:
        """The cell as it is now; another risk is certified by a candidate of its own."""
        if spec.risk != self._spec.risk:
            self._rows, self._seen = set(), False
        self._spec = spec

    def turn(self, now_ns: int, force: bool = False) -> str | None:
        """Learn if it is due (or `force`); returns the digest of a new candidate, else None.

        One that the disk refused is stored first, as it was made. After a turn that failed the next
        one is made when `AGAIN_NS` have passed, and learns what that one did not.
        """
        if self._unstored is not None and not force:
            return self._store()
        failed, self._failed_ns = self._failed_ns, None
        if failed is not None and not force and abs(now_ns - failed) < AGAIN_NS:
            self._failed_ns = failed
            return None
        before = self._rows
        try:
            return self._learnt(now_ns, force)
        except Exception:
            if self._unstored is None:  # nothing was learnt; what was wanted is wanted still
                self._rows, self._seen, self._derived = before, False, (None, ())
                self._failed_ns = now_ns
            else:
                self._wanted = self._broke = False
            raise

    def _learnt(self, now_ns: int, force: bool) -> str | None:
        self._seen = not self._source.refresh() and self._seen
        self._wanted = self._source.take_request() or force or self._wanted
        self._broke = self._source.take_break() or self._broke
        found = self._due_now(now_ns, self._wanted, self._broke and self._updated)
        self._wanted = self._broke = False
        return found

    def _due_now(self, now_ns: int, wanted: bool, broke: bool) -> str | None:
        full = wanted or broke
        if self._seen and not full:
            return self._without_lost(now_ns)
        cases = self._source.cases()
        self._seen = True
        if self._features is not None and wanted:
            self._features.keep(case.id for case in cases)
        rows = {(case.id, case.label) for case in cases}
        if not self._rows and not full and self._is_live(cases):
            self._rows = rows  # after a restart there is nothing new to learn
        if not full and not self._due(rows):
            return self._without_lost(now_ns)
        self._rows = rows
        fitted = self._fit(cases, full)
        return self._candidate(cases, now_ns, fitted) if fitted is not None else None

    def _due(self, rows: set[tuple[int, str]]) -> bool:
        changed = len({case for case, _ in rows ^ self._rows})
        # A class that is new to the model is worth a fit at once: it knew nothing of it.
        news = {label for _, label in rows} - {label for _, label in self._rows}
        return bool(news) or is_due(len(rows), len(rows) - changed)

    def _is_live(self, cases: Sequence[LabelledCase]) -> bool:
        """Whether the live version was fitted on just these labels, and certified for this risk."""
        try:
            live = self._registry.current()
            manifest = self._registry.get(live)[1] if live else None
        except ModelError:
            return False
        made = (data_hash(cases), self._spec.digest, self._code)
        if manifest is None or (manifest.data, manifest.cell, manifest.code) != made:
            return False
        return all(c.epsilon == self._spec.risk.epsilon for c in manifest.certificates)

    @property
    def _updated(self) -> bool:
        """Whether answers were learnt since the last full refit."""
        fit = self._fitted.facts.get('fit', {}) if self._fitted else {}
        return bool(fit.get('cases') != fit.get('full_refit_at'))

    def _fit(self, cases: Sequence[LabelledCase], full: bool) -> Fitted | None:
        found = None
        if self._fitted is not None and not full:
            found = self._fitter.update(self._fitted, cases, self._spec.model)
        self._fitted = found or self._fitter.fit(cases, self._spec.model)
        return self._fitted

    def _without_lost(self, now_ns: int) -> str | None:
        """The live version without the channels that are lost, once for each loss."""
        lost = self._source.lost
        live = self._registry.current() if lost else None
        if live is None or self._derived == (live, lost):
            return None
        self._derived, cases = (live, lost), self._source.cases()
        fitted = self._fitted or self._fit(cases, full=True)  # none is left after a restart
        derived = self._fitter.without(fitted, lost) if fitted is not None else None
        return self._candidate(cases, now_ns, derived) if derived is not None else None

    def _candidate(self, cases: Sequence[LabelledCase], now_ns: int, fitted: Fitted) -> str | None:
        self._unstored = make_candidate(
            cases,
            self._fitter,
            self._spec,
            self._loader,
            self._registry,
            self._registry.current(),
            now_ns,
            self._code,
            replace(self._options, golden=self._source.golden),
            fitted,
        )
        return self._store()

    def _store(self) -> str | None:
        if self._unstored is None:
            return None
        digest = self._registry.put(*self._unstored)
        self._unstored = None
        return digest


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

    A case of a class that was not learnt counts as wrong: the model can only err on it. Which
    cases are the newest goes by when they happened.
    """
    row = {case: i for i, case in enumerate(fitted.cases)}
    judged = oldest_first([case for case in cases if case.id in row])
    scores = fitted.scores[[row[case.id] for case in judged]]
    labels = [case.label for case in judged]
    answers = [fitted.classes[i] for i in scores.argmax(axis=1)]
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
