"""Put a stored or foreign model version through the gate, outside the trainer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cobot_ai.app.gate import GateOptions, run_gate
from cobot_ai.app.model_ports import Fitted, Fitter, Scorer, ScorerLoader
from cobot_ai.core.gates import GateReport
from cobot_ai.core.manifest import Manifest
from cobot_ai.core.types import Json, LabelledCase


def examine(
    blob: bytes,
    manifest: Manifest,
    cases: Sequence[LabelledCase],
    fitter: Fitter,
    loader: ScorerLoader,
    current: Scorer | None,
    options: GateOptions,
) -> GateReport:
    """Check a version that exists already.

    Args:
        blob: ONNX file. manifest: Its manifest. cases: Labelled cases of the cell.
        fitter: Computes the reference. loader: Opens the file where `options.files` does not.
        current: The version it would replace. options: Suite; `foreign` for a model from
            outside: its labels and certificates are not believed either.
    """
    fitted = Fitted(blob, manifest.classes, (), np.zeros((0, len(manifest.classes))), {})
    if options.foreign:
        manifest = replace(
            manifest,
            labels=dict(Counter(c.label for c in cases)),
            contexts=dict(Counter(c.context for c in cases)),
            certificates=(),
        )
    return run_gate(fitted, manifest, cases, fitter, loader, current, options)


def report_json(model: str, report: GateReport, options: GateOptions) -> Json:
    """The report as plain JSON (docs/gates.md)."""
    suite = options.suite
    return {
        'schema': 1,
        'model': model,
        'suite': {'name': suite.name, 'digest': suite.digest},
        'foreign': options.foreign,
        'passed': report.passed,
        'failed': list(report.failed),
        'checks': [
            {
                'name': c.name,
                'passed': c.passed,
                'why': c.why,
                'figures': dict(c.figures),
                'cases': list(c.cases),
            }
            for c in report.checks
        ],
    }
