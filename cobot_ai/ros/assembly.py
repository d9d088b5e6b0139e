"""Puts a live cell together from its file and its folder."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from cobot_ai import __version__
from cobot_ai.app.authority import Authority
from cobot_ai.app.health import HealthReport
from cobot_ai.app.incidents import Incidents
from cobot_ai.app.intake import Intake
from cobot_ai.app.observe import Observer
from cobot_ai.app.parts import Parts, each
from cobot_ai.app.ports import Entry, Outbox
from cobot_ai.app.promote import Versions
from cobot_ai.app.shelf import Shelf
from cobot_ai.app.teach import Dataset, newest_labelled
from cobot_ai.core.calendar import breaks_of
from cobot_ai.core.config import spec_to_json
from cobot_ai.core.errors import ConfigError, StoreError
from cobot_ai.core.samples import RawBatch
from cobot_ai.core.spec import CellSpec
from cobot_ai.core.types import Json
from cobot_ai.model.backbone import eye_of
from cobot_ai.model.scorer import load
from cobot_ai.ros.clips import BackgroundClips
from cobot_ai.ros.guard import LiveGuard, make_guard
from cobot_ai.ros.incidents import BackgroundIncidents
from cobot_ai.ros.models import BackgroundModels
from cobot_ai.ros.runtime import RosClock
from cobot_ai.store.cellfile import load_cell
from cobot_ai.store.clips import Clips
from cobot_ai.store.files import write_durably
from cobot_ai.store.folder import CellFolder, cell_folder
from cobot_ai.store.incidents import IncidentFolder
from cobot_ai.store.ledger import LedgerFile, open_ledger
from cobot_ai.store.ledger_view import LedgerView
from cobot_ai.store.messages import RosbagsDecoder
from cobot_ai.store.ready import ReadyFolder
from cobot_ai.store.registry import ModelFolder

LOOK_NS = 500_000_000
"""Time between two looks for recordings that were dropped."""
RECALLED = 60
"""Labelled cases read back after a start, for the bands of the evidence."""


@dataclass(slots=True)
class Cell:
    """A live cell: everything the monitor wires."""

    spec: CellSpec
    clock: RosClock
    ledger: LedgerFile
    observer: Observer
    clips: BackgroundClips
    guard: LiveGuard
    versions: Versions
    models: BackgroundModels
    authority: Authority
    dataset: Dataset
    incidents: Incidents
    recorder: BackgroundIncidents
    intake: Intake
    health: HealthReport
    shadow: bool
    look_ns: int = 0

    def start_body(self) -> Json:
        """Facts of the `start` entry."""
        return {
            'version': __version__,
            'sqlite': self.ledger.sqlite_version,
            'wal_safe': self.ledger.wal_safe,
            'head': self.ledger.tip().code,
            'shadow': self.shadow,
            'boot': uuid.uuid4().hex,
            'spec': spec_to_json(self.spec),
        }

    def recall(self) -> None:
        """Give the gallery the newest labelled cases of earlier runs."""
        self.dataset.take(newest_labelled(self.ledger, RECALLED))
        gallery = self.authority.memory.gallery
        for case in self.dataset.cases():
            gallery.learn(case.id, case.context, case.window, case.label)

    def take(self, batch: RawBatch) -> None:
        """Messages of a stream or of the robot program."""
        if self.spec.storage.incidents_mb > 0:
            self.incidents.take(batch, self.clock.monotonic_ns())
        self.authority.take_batch(batch)

    def written(self, entry: Entry) -> None:
        """Something was written into the ledger; it may be worth a recording."""
        if self.spec.storage.incidents_mb > 0:
            self.incidents.entry(entry, self.clock.monotonic_ns())

    def poll(self) -> None:
        """Look after what works in the background."""
        now_ns = self.clock.monotonic_ns()
        incidents = partial(self.incidents.poll, now_ns)
        taken_in = partial(self._take_in, now_ns)
        each((self.clips.poll, incidents, self.recorder.poll, taken_in))

    def _take_in(self, now_ns: int) -> None:
        """Recordings that somebody dropped and the trainer has cut; looked for twice a second."""
        if self.observer.next_change_ns() is not None:
            return  # a step is waiting to be judged
        if self.intake.busy or now_ns >= self.look_ns:
            self.look_ns = now_ns + LOOK_NS
            self.intake.poll()

    def close(self) -> None:
        """Leave no robot waiting, then finish writing."""
        background = (self.incidents.close, self.recorder.close, self.clips.close)
        each(
            (
                self.authority.stop,
                self.models.close,
                self.guard.close,
                *background,
                self.ledger.close,
            )
        )


def read_cell(values: dict[str, Any]) -> tuple[CellSpec, CellFolder]:
    """The cell file and data folder that the parameters name.

    Raises:
        ConfigError: No cell file is named, or it cannot be used.
    """
    if not values['cell']:
        raise ConfigError('Name a cell file: set the parameter "cell".')
    spec = load_cell(values['cell'])
    return spec, cell_folder(values['data_dir'], spec.name, Path.home()).create()


def reader_of(folder: CellFolder, wait_s: float) -> LedgerView:
    """The ledger for reading, as soon as the monitor has made it.

    Raises:
        StoreError: After `wait_s` it is still not there, or it cannot be read.
    """
    end = time.monotonic() + wait_s
    while True:
        try:
            return LedgerFile.reader(folder.ledger)
        except StoreError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def open_cell(node: Any, values: dict[str, Any], outbox: Outbox) -> Cell:
    """Open everything a monitor needs; the ledger is checked before anything else."""
    spec, folder = read_cell(values)
    clock = RosClock(node)
    ledger = open_ledger(folder.ledger, clock.now_ns())
    decoder = RosbagsDecoder(eye_of(spec, folder.backbone, write_durably))
    observer = Observer(spec, decoder, node.resolve_topic_name)
    store = Clips(folder.clips, spec.storage.clips_mb)
    guard = make_guard(node, spec.motion, clock, values['shadow'])
    breaks = breaks_of(spec.maintenance, spec.timezone)
    at_once = spec.model.swap == 'at_once'
    shelf = Shelf(ModelFolder(folder.registry), load)
    versions = Versions(shelf, shelf.load, ledger, at_once, breaks)
    clips = BackgroundClips(store)
    parts = Parts(clock, ledger, observer, clips, outbox, guard, versions, time.perf_counter)
    authority = Authority(spec, parts)
    clips.tell(authority.clip_stored, partial(authority.fault, 'clips'))
    dataset = Dataset(ledger, store, spec, decoder, node.resolve_topic_name)
    kept = spec.storage
    recorder = BackgroundIncidents(
        IncidentFolder(folder.incidents, kept.incidents_mb, kept.bag_version),
        authority.incident_stored,
        lambda detail: authority.fault('incidents', detail),
    )
    incidents = Incidents(recorder, kept.incident_before_s, kept.incident_after_s)
    return Cell(
        spec,
        clock,
        ledger,
        observer,
        clips,
        guard,
        versions,
        BackgroundModels(shelf),
        authority,
        dataset,
        incidents,
        recorder,
        Intake(ReadyFolder(folder.drop), ledger, authority.desk.commit, clips.adopt),
        HealthReport(spec),
        values['shadow'],
    )
