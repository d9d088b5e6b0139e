"""The validation gate: every check of a candidate, in order, with its reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from cobot_ai.app.gate_parts import (
    FILE_CHECKS,
    LoaderFiles,
    empty,
    safe,
    slices_of,
    spread,
)
from cobot_ai.app.lost_channels import sibling, without_each
from cobot_ai.app.model_ports import Fitted, Fitter, ModelFiles, Scorer, ScorerLoader
from cobot_ai.app.opinions import Opinions, certified, opinions
from cobot_ai.core import gates
from cobot_ai.core.compare import Pair, calibration, not_worse, skill
from cobot_ai.core.errors import GateError, ModelError
from cobot_ai.core.gates import Check, GateReport, Masked
from cobot_ai.core.leakage import leakage
from cobot_ai.core.levels import in_force
from cobot_ai.core.manifest import Manifest
from cobot_ai.core.one_class import one_class_check
from cobot_ai.core.spec import CellSpec
from cobot_ai.core.suite import Suite
from cobot_ai.core.types import Doubles, Json, LabelledCase, Window

PROBED = 64
"""Labelled cases that are scored for checks of the file itself, evenly spread."""
PARITY_WINDOWS = 16
LATENCY_RUNS = 100
STOPS = ('inputs', *FILE_CHECKS, 'memory')
"""A model that fails one of these is not run any further."""


@dataclass(frozen=True, slots=True)
class GateOptions:
    """What the gate demands and what it may measure.

    Attributes:
        suite: Checks and limits. min_labels: Labels each class needs (cell file).
        min_total: Labels needed in all (cell file).
        golden: Cases that must never be decided wrongly alone.
        timer: Clock of this thread's processor time for the latency check, nanoseconds; None:
            not measured (a replay, whose result must not depend on the machine).
        files: Opens model files; None: the loader alone, with its own checks.
        spec: The cell file: shifts and what may be missing; None: neither is known.
        foreign: True for a model from outside: what its manifest claims is not believed.
        thorough: True to fit a sibling of the candidate for what the candidate itself cannot
            tell; takes the time of another fit.
    """

    suite: Suite = field(default_factory=Suite)
    min_labels: int = 1
    min_total: int = 0
    golden: frozenset[int] = frozenset()
    timer: Callable[[], int] | None = None
    files: ModelFiles | None = None
    spec: CellSpec | None = None
    foreign: bool = False
    thorough: bool = False


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
        cases: All labelled cases it was fitted on (or, from outside, is judged by).
        fitter: Computes the reference. loader: Opens the file where `options.files` does not.
        current: The live version, None if there is none.
        options: What is demanded.
    """
    gate = _Gate(fitted, draft, cases, fitter, current, options)
    checks = [*gate.labels(), *gate.file(options.files or LoaderFiles(loader))]
    on = options.suite.on
    if all(c.passed or not on(c.name) for c in checks if c.name in STOPS):
        checks += [*gate.behaviour(), *gate.quality(), *gate.machine()]
    return GateReport(tuple(c if on(c.name) else gates.off(c.name) for c in checks))


def demands(spec: CellSpec, options: GateOptions) -> GateOptions:
    """The options with what the cell file demands."""
    return replace(
        options,
        min_labels=spec.model.min_labels,
        min_total=max(spec.risk.min_answers, 2 * spec.model.min_labels),
        spec=spec,
    )


class _Gate:
    """One run of the gate."""

    def __init__(
        self,
        fitted: Fitted,
        draft: Manifest,
        cases: Sequence[LabelledCase],
        fitter: Fitter,
        current: Scorer | None,
        options: GateOptions,
    ) -> None:
        self._fitted, self._draft, self._fitter = fitted, draft, fitter
        self._current, self._options, self._suite = current, options, options.suite
        self._cases = {case.id: case for case in cases}
        self._probed = spread(cases, PROBED)
        self._trial: Json = {}
        self._scorer: Scorer
        self._probs: Doubles
        self._load: ScorerLoader

    # ------------------------------------------------------------ labels and file

    def labels(self) -> list[Check]:
        """Checks of what the candidate was taught."""
        draft, options, limits = self._draft, self._options, self._suite.enough_labels
        per_class = max(limits.per_class, options.min_labels)
        limits = replace(limits, per_class=per_class, total=max(limits.total, options.min_total))
        acting = {c.context: c.labels for c in draft.certificates if c.threshold is not None}
        before = self._current.manifest.classes if self._current else ()
        found = [
            gates.enough_labels(draft.labels, draft.classes, acting, limits),
            gates.classes_kept(draft.classes, draft.labels, before, per_class),
        ]
        if len(draft.classes) == 1:
            found.append(one_class_check(draft.classes, draft.labels))
        if self._probed:
            window = self._probed[0].window
            found.append(gates.inputs(draft.channels, draft.samples, window))
        return found

    def file(self, files: ModelFiles) -> list[Check]:
        """Checks of the file; afterwards it is loaded, unless one failed."""
        blob, draft, suite = self._fitted.blob, self._draft, self._suite
        measured = self._options.timer is not None and suite.on('trial')
        try:
            files.inspect(blob, draft, suite)
            self._trial = files.trial(blob, draft, suite) if measured else {}
            self._scorer = files.load(blob, draft)
            self._load = files.load
        except ModelError as e:
            name = e.key if isinstance(e, GateError) and e.key in FILE_CHECKS else 'parse'
            before = FILE_CHECKS[: FILE_CHECKS.index(name)]
            return [*(safe(n) for n in before), Check(name, False, str(e), {'key': e.key})]
        checks = [safe(n) for n in FILE_CHECKS[:-1]]
        ran = safe('trial') if self._trial else gates.not_measured('trial')
        peak = self._trial.get('peak_mb')
        return [*checks, ran, gates.memory(peak, suite.memory.limit_mb)]

    # ------------------------------------------------------------ behaviour

    def behaviour(self) -> list[Check]:
        """Checks of what the loaded model computes."""
        windows = [c.window for c in self._probed] or [empty(self._draft)]
        try:
            self._probs = np.array([self._scorer.score(w).probs for w in windows])
        except ModelError as e:
            return [Check('outputs', False, str(e))]
        scores = self._fitted.scores
        proper = np.concatenate([self._probs, scores]) if len(scores) else self._probs
        return [gates.outputs(proper), self._parity(windows)]

    def _parity(self, windows: Sequence[Window]) -> Check:
        if not self._suite.on('parity'):
            return gates.off('parity')
        step = max(1, len(windows) // PARITY_WINDOWS)
        try:
            reference = self._fitter.predict(self._fitted, windows[::step])
        except Exception as e:  # whatever a file from outside makes the reference do
            return Check('parity', False, f'numpy cannot compute this file: {e}.')
        return gates.parity(reference, self._probs[::step], self._suite.parity.limit)

    # ------------------------------------------------------------ quality

    def quality(self) -> list[Check]:
        """Checks of how good it is, on cases neither it nor the live version has seen."""
        suite = self._suite
        unseen = suite.unseen_cases.cases if self._options.foreign else None
        found = opinions(self._draft, self._scorer, self._cases, self._current, unseen)
        checks = [found.unseen] if found.unseen is not None else []
        checks += [
            found.leak or leakage(list(self._cases.values()), found.split, suite.leakage),
            gates.as_claimed(self._claims(found), suite.as_claimed),
        ]
        if self._options.foreign:
            self._draft = replace(
                self._draft, certificates=certified(found, self._cases, self._options.spec)
            )
        pairs = self._pairs(found)
        if self._current is None:
            # There is nothing to guess between while a single class is known.
            checks += [skill(pairs, suite.skill)] if len(self._draft.classes) > 1 else []
        else:
            checks += [
                not_worse(pairs, found.against, suite.not_worse),
                calibration(pairs, found.against, suite.calibration),
            ]
        golden = gates.golden(self._golden())
        return [*checks, golden, gates.dead_channel(self._lost_channels(), suite.dead_channel)]

    def _pairs(self, found: Opinions) -> list[Pair]:
        return [
            Pair(i, slices_of(self._cases[i], self._options.spec), found.old[i], found.new[i])
            for i in found.new
            if i in found.old and found.old[i].label == found.new[i].label
        ]

    def _claims(self, found: Opinions) -> list[tuple[int, bool, bool]]:
        if self._options.foreign:
            return []  # nothing it claims is believed, so there is nothing to compare with
        tops = self._probs.argmax(axis=1)
        return [
            (case.id, found.new[case.id].right, self._draft.classes[top] == case.label)
            for case, top in zip(self._probed, tops.tolist(), strict=False)
            if case.id in found.new
        ]

    def _golden(self) -> list[tuple[int, str, str, float, float | None]]:
        rows = []
        for case in (self._cases[i] for i in sorted(self._options.golden) if i in self._cases):
            score = self._scorer.score(case.window)
            limit = self._threshold(case)
            rows.append((case.id, case.label, score.label, score.confidence, limit))
        return rows

    def _threshold(self, case: LabelledCase) -> float | None:
        """Confidence the candidate would act alone from, at any level."""
        fallback = self._options.spec.risk.fallback if self._options.spec else ()
        certificate = in_force(self._draft.certificates, case.context, fallback)
        return certificate.threshold if certificate else None

    def _lost_channels(self) -> list[Masked]:
        if not self._suite.on('dead_channel') or not self._probed:
            return []
        spec, options = self._options.spec, self._options
        scorer, cases = self._scorer, self._probed
        # From outside the cases are unseen anyway.
        if spec is not None and options.thorough and not options.foreign:
            learnt = sibling(
                self._draft, list(self._cases.values()), self._fitter, self._load, spec
            )
            scorer, cases = learnt or (scorer, cases)
        return without_each(self._draft, scorer, cases, spec, self._threshold)

    # ------------------------------------------------------------ machine

    def machine(self) -> list[Check]:
        """Checks of what it costs on this machine."""
        return [gates.latency(self._times(), self._suite.latency.limit_ms)]

    def _times(self) -> list[float]:
        timer, limit = self._options.timer, self._suite.latency.limit_ms
        if timer is None or not self._suite.on('latency'):
            return []
        windows = [c.window for c in self._probed] or [empty(self._draft)]
        times: list[float] = []
        slow = 0
        while len(times) < LATENCY_RUNS and slow <= LATENCY_RUNS // 20:
            begin = timer()
            self._scorer.score(windows[len(times) % len(windows)])
            times.append((timer() - begin) / 1e6)
            slow += times[-1] > limit  # with 1 in 20 over the limit no further run can save it
        return times
