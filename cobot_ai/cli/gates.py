"""`cobot_ai gates`: put a model through a gate suite."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cobot_ai.app.examine import examine, report_json
from cobot_ai.app.gate import GateOptions, demands
from cobot_ai.app.model_ports import Scorer
from cobot_ai.app.teach import Dataset
from cobot_ai.cli.replay import full_name
from cobot_ai.core.errors import CobotAiError, ConfigError, ModelError
from cobot_ai.core.gates import GateReport
from cobot_ai.core.manifest import Manifest, from_json
from cobot_ai.core.spec import CellSpec
from cobot_ai.core.types import LabelledCase
from cobot_ai.model.backbone import eye_of
from cobot_ai.model.fitter import OnnxFitter
from cobot_ai.model.scorer import GateFiles, load
from cobot_ai.store.cellfile import find_cell, load_cell
from cobot_ai.store.clips import Clips
from cobot_ai.store.files import write_durably
from cobot_ai.store.folder import CellFolder, cell_folder
from cobot_ai.store.ledger import LedgerFile
from cobot_ai.store.messages import RosbagsDecoder
from cobot_ai.store.registry import ModelFolder
from cobot_ai.store.suitefile import load_suite
from cobot_ai.store.windows import WindowFolder

REFUSED, BAD_INPUT = 1, 2
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Model:
    """A version to examine: where it came from decides what is believed."""

    name: str
    blob: bytes
    manifest: Manifest
    foreign: bool


@dataclass(frozen=True, slots=True)
class _Data:
    """What a cell knows: labelled cases, golden ones, and its model versions."""

    spec: CellSpec
    cases: Sequence[LabelledCase]
    golden: frozenset[int]
    registry: ModelFolder


def gates_arguments(p: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    p.add_argument('model', help='.onnx file with its manifest beside it, or a version of the cell')
    p.add_argument('--suite', help='suite file or shipped suite; default: that of the cell file')
    p.add_argument('--cell', help='cell file, or the name of a shipped one')
    p.add_argument('--data', default='', help="the cell's folder, or the ledger in it")
    p.add_argument('--namespace', default='', help='namespace of the recorded topics')
    p.add_argument('--json', type=Path, help='file for the report')


def run_gates(args: argparse.Namespace, say: Say) -> int:
    """Examine a model: 0 it passed, 1 it was refused, 2 the input cannot be used."""
    try:
        data = _data(args) if args.cell else None
        model = _model(args.model, data)
        options = _options(args, data, model.foreign)
        report = _examine(model, data, options, _beside(args))
        if args.json is not None:
            text = json.dumps(report_json(model.name, report, options), indent=1, allow_nan=False)
            args.json.write_text(text + '\n', encoding='utf-8')
    except CobotAiError as e:
        say(f'cobot_ai: {e}')
        return BAD_INPUT
    except OSError as e:
        say(f'cobot_ai: {e.filename}: {e.strerror}; check the path.')
        return BAD_INPUT
    for line in lines(model.name, report, options):
        say(line)
    return 0 if report.passed else REFUSED


def lines(name: str, report: GateReport, options: GateOptions) -> list[str]:
    """The report for people: one line per check, and the cases that speak against the model."""
    origin = 'from outside: what it says about itself is not believed'
    head = f'model {name[:64]}, suite {options.suite.name} ({options.suite.digest[:12]})'
    found = [f'{head}, {origin}' if options.foreign else head]
    for check in report.checks:
        verdict = 'off' if check.figures.get('off') else 'ok' if check.passed else 'FAILED'
        found.append(f'{verdict:7}{check.name:15}{check.why}')
        if not check.passed and check.cases:
            found.append(f'{"":22}cases: {", ".join(map(str, check.cases[:30]))}')
    failed = ', '.join(report.failed)
    return [*found, 'passed' if report.passed else f'refused by: {failed}']


def _data(args: argparse.Namespace) -> _Data:
    spec = load_cell(args.cell)
    given = Path(args.data) if args.data else None
    root = given.parent if given is not None and given.is_file() else given
    folder = cell_folder(str(root or ''), spec.name, Path.home())
    registry = ModelFolder(folder.registry)
    if not folder.ledger.exists():
        if args.data:
            raise ConfigError(f'There is no ledger in {folder.root}; give the folder of a cell.')
        return _Data(spec, (), frozenset(), registry)
    dataset = _dataset(folder, spec, args.namespace)
    dataset.refresh()
    return _Data(spec, dataset.cases(), dataset.golden, registry)


def _dataset(folder: CellFolder, spec: CellSpec, namespace: str) -> Dataset:
    reader = LedgerFile.reader(folder.ledger)
    clips = Clips(folder.clips, spec.storage.clips_mb)
    decoder = RosbagsDecoder(eye_of(spec, folder.backbone, write_durably))
    windows = WindowFolder(folder.windows, write=False)
    return Dataset(reader, clips, spec, decoder, lambda name: full_name(name, namespace), windows)


def _model(name: str, data: _Data | None) -> _Model:
    if name.endswith('.onnx'):
        file = Path(name)
        return _Model(name, file.read_bytes(), _manifest(file.with_suffix('.json')), True)
    if data is None:
        raise ConfigError(f'{name} is no .onnx file; give --cell to name a version of a cell.')
    digest = data.registry.find(name)
    return _Model(digest, *data.registry.get(digest), False)


def _manifest(file: Path) -> Manifest:
    try:
        return from_json(json.loads(file.read_text(encoding='utf-8')))
    except ValueError as e:
        raise ModelError(f'{file} is no manifest ({e}); export the model again.') from e


def _options(args: argparse.Namespace, data: _Data | None, foreign: bool) -> GateOptions:
    named = data.spec.model.suite if data else 'default'
    suite = load_suite(args.suite or named, None if args.suite else _beside(args))
    options = GateOptions(
        suite, timer=time.thread_time_ns, files=GateFiles(), foreign=foreign, thorough=True
    )
    if data is None:
        return options
    return demands(data.spec, replace(options, golden=data.golden))


def _beside(args: argparse.Namespace) -> Path | None:
    """Folder of the cell file."""
    return find_cell(args.cell).parent if args.cell else None


def _examine(
    model: _Model, data: _Data | None, options: GateOptions, beside: Path | None
) -> GateReport:
    current = _current(model, data.registry) if data else None
    cases, fitter = data.cases if data else (), OnnxFitter(beside)
    return examine(model.blob, model.manifest, cases, fitter, load, current, options)


def _current(model: _Model, registry: ModelFolder) -> Scorer | None:
    """The version it would replace; what is live already is compared with the one before."""
    live = registry.current()
    digest = model.manifest.parent if live == model.name else live
    try:
        return load(*registry.get(digest)) if digest else None
    except ModelError:
        return None
