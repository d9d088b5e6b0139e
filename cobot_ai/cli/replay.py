"""`cobot_ai replay`: a bag through the whole loop, without ROS."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from cobot_ai import __version__
from cobot_ai.app.authority import Authority
from cobot_ai.app.gate import GateOptions
from cobot_ai.app.observe import Observer
from cobot_ai.app.operator import Habits, ScriptedOperator, Truth
from cobot_ai.app.parts import Parts
from cobot_ai.app.ports import Entry
from cobot_ai.app.promote import Versions
from cobot_ai.app.replay import BagClock, DirectClips, NoGuard, Recent, Replay, Tape
from cobot_ai.app.report import all_entries, read_run, report
from cobot_ai.app.retrain import Trainer
from cobot_ai.app.teach import Dataset
from cobot_ai.cli.replay_checks import (
    answers_fit,
    hints,
    left_over,
    nameless,
    no_step,
    same_time,
    topics_of,
    unlisted,
)
from cobot_ai.cli.report_html import write_html
from cobot_ai.core.calendar import breaks_of
from cobot_ai.core.config import spec_to_json
from cobot_ai.core.errors import DataError
from cobot_ai.core.spec import CellSpec
from cobot_ai.core.types import Json
from cobot_ai.model.backbone import eye_of
from cobot_ai.model.fitter import OnnxFitter
from cobot_ai.model.scorer import GateFiles, load
from cobot_ai.store.bag_pages import Row
from cobot_ai.store.bags import Bag
from cobot_ai.store.cellfile import find_cell, load_cell
from cobot_ai.store.clips import Clips
from cobot_ai.store.drop import read_answers
from cobot_ai.store.files import write_durably
from cobot_ai.store.folder import CellFolder, fresh
from cobot_ai.store.ledger import open_ledger
from cobot_ai.store.messages import RosbagsDecoder
from cobot_ai.store.registry import ModelFolder
from cobot_ai.store.suitefile import load_suite

PROGRESS_ROWS = 256
PROGRESS_S = 3.0
"""Time between two lines about how far a replay is."""


@dataclass(frozen=True, slots=True)
class Options:
    """What `cobot_ai replay` was asked to do.

    Attributes:
        bag: Bag folder or file. cell: Cell file or name. out: Output folder.
        answers: truth.csv of the scripted operator; None: nobody answers.
        speed: Bag seconds per second; None: as fast as possible.
        habits: How the operator works. namespace: Namespace of the recorded topics.
        seed: Seed of the operator; the model's seed is in the cell file.
        progress: Told a line every few seconds; None: nobody is.
    """

    bag: Path
    cell: str
    out: Path
    answers: Path | None = None
    speed: float | None = None
    habits: Habits = field(default_factory=Habits)
    namespace: str = ''
    progress: Callable[[str], None] | None = None


def run_replay(options: Options, say: Callable[[str], None]) -> Json:
    """Replay a bag and write `report.json` and `report.html` into the output folder.

    Raises:
        CobotAiError: The bag, cell file or answers cannot be used; what could be replayed before
            the damage is in the output folder.
    """
    spec = load_cell(options.cell)
    answers = read_answers(options.answers) if options.answers else []
    truth = Truth(answers, spec) if options.answers else None
    bag = Bag(options.bag)
    same_time(answers, bag.span())
    beside = find_cell(options.cell).parent
    gate = GateOptions(load_suite(spec.model.suite, beside), files=GateFiles())
    cell = _Cell(spec, fresh(options.out), options.namespace, OnnxFitter(beside), gate)
    remarks = list[str]()

    def note(text: str) -> None:
        remarks.append(text)
        say(text)

    used = topics_of(bag, spec, cell.observer.topics, cell.resolve, note)
    for text in (*answers_fit(answers, spec), *hints(spec, answered=truth is not None)):
        note(text)
    damage = cell.run(bag, used, truth, options)
    if damage is None:
        same_time(answers, (cell.first_ns, cell.clock.t_ns))
    entries = list(all_entries(cell.ledger))
    cases = [e.body for e in entries if e.kind == 'decision']
    late = [*left_over(cell.observer), *nameless(spec, cases), *unlisted(truth, cases)]
    document = cell.report(entries, truth, options, remarks + late)
    if not document['cases'] and damage is None:
        damage = DataError(f'No step was found in the bag: {no_step(spec, cell.resolve)}')
    cell.ledger.close()
    _write(options.out, document, entries)
    for text in (summary(document), *late):
        say(text)
    if damage is not None:
        raise damage
    return document


def full_name(name: str, namespace: str) -> str:
    """Full topic name of a name in the cell file, as a cell in this namespace records it."""
    prefix = f'/{namespace.strip("/")}' if namespace.strip('/') else ''
    if name.startswith('~/'):
        return f'{prefix}/cobot_ai_monitor/{name[2:]}'
    return name if name.startswith('/') else f'{prefix}/{name}'


class _Cell:
    """One cell under replay."""

    def __init__(
        self,
        spec: CellSpec,
        folder: CellFolder,
        namespace: str,
        fitter: OnnxFitter,
        gate: GateOptions,
    ) -> None:
        self.spec, self._namespace = spec, namespace.strip('/')
        self.clock, self.tape = BagClock(), Tape()
        self.ledger = open_ledger(folder.ledger, durable=False)
        decoder = RosbagsDecoder(eye_of(spec, folder.backbone, write_durably))
        self.observer = Observer(spec, decoder, self.resolve)
        store = Clips(folder.clips, spec.storage.clips_mb, durable=False)
        clips = DirectClips(store)
        registry = Recent(ModelFolder(folder.registry, durable=False), load)
        breaks = breaks_of(spec.maintenance, spec.timezone)
        at_once = spec.model.swap == 'at_once'
        versions = Versions(registry, registry.load, self.ledger, at_once, breaks)
        parts = Parts(
            self.clock,
            self.ledger,
            self.observer,
            clips,
            self.tape,
            NoGuard(),
            versions,
            time.perf_counter,
        )
        self.authority = Authority(spec, parts)
        clips.stored = self.authority.clip_stored
        self.dataset = Dataset(self.ledger, clips, spec, decoder, self.resolve)
        self.trainer = Trainer(
            self.dataset, fitter, spec, registry.load, registry, __version__, gate
        )
        self._labels = 0
        self.first_ns = 0

    def resolve(self, name: str) -> str:
        """Full topic name in the bag; a private name is the monitor's."""
        return full_name(name, self._namespace)

    def run(
        self, bag: Bag, used: list[str], truth: Truth | None, options: Options
    ) -> DataError | None:
        """Feed the bag; damage ends the replay and is returned."""
        messages = bag.rows(used)
        if options.progress is not None:
            total = sum(bag.topics()[topic][1] for topic in used)
            messages = self._told(messages, total, options.progress)
        first = next(messages, None)
        if first is None:
            raise DataError('The bag has no messages on the topics of the cell file.')
        self.first_ns = first[2]
        self.clock.advance(self.first_ns)
        self.authority.start({'version': __version__, 'spec': spec_to_json(self.spec)})
        operator = None
        if truth is not None:
            operator = ScriptedOperator(truth, options.habits, self.first_ns)
            watch = operator
            self.tape.listeners.append(lambda e: watch.notice(e, self.clock.t_ns))
        self.tape.listeners.append(self._count)
        pace = _pace(options.speed, self.first_ns) if options.speed else None
        replay = Replay(self.authority, self.clock, operator, self._train, pace)
        try:
            replay.run(chain([first], messages))
        except DataError as e:
            return e
        return None

    def _told(
        self, rows: Iterator[Row], total: int, progress: Callable[[str], None]
    ) -> Iterator[Row]:
        """The rows, with a line for people every few seconds."""
        said = time.monotonic()
        for number, row in enumerate(rows, start=1):
            if number % PROGRESS_ROWS == 0 and time.monotonic() - said > PROGRESS_S:
                said, tally = time.monotonic(), self.authority.tally
                progress(
                    f'{number / total:4.0%}  {(row[2] - self.first_ns) / 1e9:.0f} s of the '
                    f'recording: {tally.cases} cases, acted {tally.acted}, asked {tally.asked}'
                )
            yield row

    def _count(self, entry: Entry) -> None:
        self._labels += entry.kind == 'label'

    def _train(self) -> None:
        """Train after answers, at the bag time of the answer."""
        if self._labels:
            self._labels = 0
            found = self.trainer.turn(self.clock.t_ns)
            if found is not None:
                self.authority.offer(found)

    def report(
        self, entries: list[Entry], truth: Truth | None, options: Options, remarks: list[str]
    ) -> Json:
        """The figures of the run, whose entries they are."""
        known = truth is not None
        of = (lambda body: truth.of(body['start_ns'], body['end_ns'])) if truth else None
        run = read_run(entries, of)
        figures = report(
            run,
            span_ns=self.clock.t_ns - self.first_ns,
            latency_ms=self.authority.tally.latency_ms,
            counts=self.observer.counts,
            known=known,
        )
        facts = {
            'cell': self.spec.name,
            'cell_digest': self.spec.digest,
            'version': __version__,
            'bag': options.bag.name,
            'answers': options.answers is not None,
            'seed': options.habits.seed,
            'unreadable_clips': len(self.dataset.unreadable),
            'remarks': remarks,
        }
        return {**figures, **facts}


def _pace(speed: float, first_ns: int) -> Callable[[int], None]:
    begun = time.monotonic()

    def wait(t_ns: int) -> None:
        ahead = (t_ns - first_ns) / 1e9 / speed - (time.monotonic() - begun)
        if ahead > 0:
            time.sleep(ahead)

    return wait


def _write(out: Path, document: Json, entries: list[Entry]) -> None:
    text = json.dumps(document, indent=1, allow_nan=False)
    (out / 'report.json').write_text(text + '\n', encoding='utf-8')
    write_html(out / 'report.html', document, entries)


def summary(document: Json) -> str:
    """One line for people."""
    wrong = document['wrong_alone']
    return (
        f'{document["cases"]} cases: acted {document["acted"]}, asked {document["asked"]}, '
        f'expired {document["expired"]}, wrong alone {"unknown" if wrong is None else wrong}, '
        f'models promoted {len(document["models"])}'
    )
