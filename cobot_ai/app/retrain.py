"""From labelled cases to a gated candidate in the registry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from cobot_ai.app.gate import GateOptions
from cobot_ai.app.making import data_hash, make_candidate
from cobot_ai.app.model_ports import FeatureStore, Fitted, Fitter, Registry, ScorerLoader
from cobot_ai.app.teach import is_due
from cobot_ai.core.errors import ModelError
from cobot_ai.core.manifest import Manifest
from cobot_ai.core.spec import CellSpec
from cobot_ai.core.types import LabelledCase

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
        if self._failed_ns is not None and not force and abs(now_ns - self._failed_ns) < AGAIN_NS:
            return None
        self._seen = not self._source.refresh() and self._seen
        self._wanted = self._source.take_request() or force or self._wanted
        self._broke = self._source.take_break() or self._broke
        before, self._failed_ns = self._rows, now_ns
        try:
            found = self._learn(now_ns)
        except Exception:
            if self._unstored is None:  # nothing was learnt; what was wanted is wanted still
                self._rows, self._seen, self._derived = before, False, (None, ())
            else:
                self._done()
            raise
        self._done()
        return found

    def _done(self) -> None:
        self._wanted = self._broke = False
        self._failed_ns = None

    def _learn(self, now_ns: int) -> str | None:
        full = self._wanted or (self._broke and self._updated)
        if self._seen and not full:
            return self._without_lost(now_ns)
        cases = self._source.cases()
        self._seen = True
        if self._features is not None and self._wanted:
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
        # So is a label that was corrected: the model goes by what somebody called wrong.
        learnt = {case for case, _ in self._rows}
        corrected = any(case in learnt for case, _ in rows - self._rows)
        return bool(news) or corrected or is_due(len(rows), len(rows) - changed)

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
        fitted = self._fitted
        if fitted is None or {(case.id, case.label) for case in cases} != self._rows:
            # None is left after a restart; or a few labels changed since, too few for a version.
            fitted = self._fit(cases, full=fitted is None)
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
