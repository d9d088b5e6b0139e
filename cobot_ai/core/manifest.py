"""The manifest of a model version: what it is, where it comes from, what it may do."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from cobot_ai.core.errors import ModelError
from cobot_ai.core.form import form
from cobot_ai.core.gates import Check, GateReport
from cobot_ai.core.levels import covering, in_force
from cobot_ai.core.risk import Certificate
from cobot_ai.core.spec import CellSpec
from cobot_ai.core.types import Json, to_plain

SCHEMA = 1
TEXTS = ('blob', 'parent', 'data', 'cell', 'code', 'head')
NUMBERS = ('samples', 'seed', 'created_ns')
NAMES = ('classes', 'channels')
TABLES = ('labels', 'contexts', 'facts')
READ = {'stored': Sequence, 'fold': Sequence, 'honest': Mapping}
"""Facts that are read again, and their kind; all others are only shown."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything that must be known to use, judge and trace one model version.

    Its identity (`digest`) is the SHA-256 of its canonical JSON; a decision names that hash.

    Attributes:
        blob: SHA-256 of the ONNX file, hex. parent: Digest of the version before, '' if none.
        classes: Class names in the order of the model's output.
        channels: Channel names in the order of the model's input.
        samples: Grid points of the input window.
        certificates: Calibrated thresholds, one per context.
        labels: Labels per class behind it. contexts: Labels per context behind it.
        data: SHA-256 of the sorted (case, label) list it was fitted on.
        cell: Digest of the cell file. code: Version of cobot_ai. seed: Seed of the fit.
        created_ns: When it was fitted, cell clock, nanoseconds.
        head: Head name. facts: Hyper-parameters, library versions, honest accuracy and so on.
        gates: Report of the validation gate; empty before it ran.
    """

    blob: str
    parent: str
    classes: tuple[str, ...]
    channels: tuple[str, ...]
    samples: int
    certificates: tuple[Certificate, ...]
    labels: Mapping[str, int]
    contexts: Mapping[str, int]
    data: str
    cell: str
    code: str
    seed: int
    created_ns: int
    head: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    gates: GateReport = field(default_factory=lambda: GateReport(()))

    def to_json(self) -> Json:
        """Plain JSON form (lists of thousands of honest scores are not copied)."""
        doc: Json = {f.name: getattr(self, f.name) for f in fields(self)}
        doc['certificates'] = [to_plain(c) for c in self.certificates]
        doc['gates'] = {'checks': [to_plain(c) for c in self.gates.checks]}
        return {'schema': SCHEMA, **doc}

    def canonical(self) -> bytes:
        """Canonical bytes: the file that is stored and hashed."""
        return json.dumps(
            self.to_json(), sort_keys=True, separators=(',', ':'), allow_nan=False
        ).encode()

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical bytes, hex: the model version's name."""
        return hashlib.sha256(self.canonical()).hexdigest()

    def certificate(self, context: str) -> Certificate | None:
        """The certificate of exactly this context, or None (never borrowed silently)."""
        return in_force(self.certificates, context, ())


def vouching(live: Manifest | None, spec: CellSpec) -> list[Certificate]:
    """The certificates of a version that count in a cell as its file is now; none without one.

    They promise at least what is declared (`core.levels.covering`), and are about windows like
    those that are judged: a sensor or a cut that changed under the same names makes others.
    """
    if live is None or live.facts.get('form') not in (None, form(spec)):
        return []
    return covering(live.certificates, spec.risk, spec.question.costs)


def from_json(doc: Json) -> Manifest:
    """Read a manifest back.

    Raises:
        ModelError: The document is not a manifest of this schema.
    """
    try:
        doc = dict(doc)
        if doc.pop('schema') != SCHEMA:
            raise ModelError(
                'This model was written by another version of cobot_ai; '
                'retrain it here or install the version that wrote it.'
            )
        _check_kinds(doc)
        checks = tuple(
            Check(**{**c, 'cases': tuple(c['cases'])}) for c in doc.pop('gates')['checks']
        )
        certificates = tuple(Certificate(**c) for c in doc.pop('certificates'))
        return Manifest(
            **{
                **doc,
                'classes': tuple(doc['classes']),
                'channels': tuple(doc['channels']),
                'certificates': certificates,
                'gates': GateReport(checks),
            }
        )
    except (KeyError, TypeError, AttributeError) as e:
        raise ModelError(f'The model manifest is damaged ({e}); restore it from a backup.') from e


def _check_kinds(doc: Json) -> None:
    """A file from outside may hold anything under the right names."""
    kinds = {str: TEXTS, int: NUMBERS, Sequence: NAMES, Mapping: TABLES}
    bad = [n for kind, names in kinds.items() for n in names if not isinstance(doc[n], kind)]
    bad += [n for n in NAMES if isinstance(doc[n], str) or {*map(type, doc[n])} - {str}]
    if not bad:
        facts = doc['facts']
        bad = [f'facts.{n}' for n, k in READ.items() if n in facts and not isinstance(facts[n], k)]
    if bad:
        raise TypeError(f'{", ".join(bad)}: not of the kind it should be')
