"""The trainer: lowest priority; fits, calibrates, gates, and offers candidates. Wiring only."""

from __future__ import annotations

import os
import sys
import time
import traceback
from functools import partial
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.node import Node
from std_srvs.srv import Trigger

from cobot_ai import __version__
from cobot_ai.app.gate import GateOptions
from cobot_ai.app.imports import Cutter, Importer
from cobot_ai.app.intake import taken_before
from cobot_ai.app.retrain import Trainer
from cobot_ai.app.teach import Dataset
from cobot_ai.app.tuning import now_spec
from cobot_ai.core.errors import CobotAiError
from cobot_ai.model.backbone import eye_of
from cobot_ai.model.fitter import OnnxFitter
from cobot_ai.model.scorer import GateFiles, load
from cobot_ai.ros import convert, names, params, priority, runtime
from cobot_ai.ros.assembly import read_cell, reader_of
from cobot_ai.store.bags import Bag
from cobot_ai.store.cellfile import find_cell
from cobot_ai.store.clips import Clips
from cobot_ai.store.drop import DropFolder
from cobot_ai.store.features import FeatureFolder
from cobot_ai.store.files import write_durably
from cobot_ai.store.messages import RosbagsDecoder
from cobot_ai.store.registry import ModelFolder
from cobot_ai.store.suitefile import load_suite
from cobot_ai.store.windows import WindowFolder

LEDGER_WAIT_S = 10.0


class TrainerNode(Node):
    """Follows the ledger and refits when there is something to learn."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(names.TRAINER, **kwargs)
        self._values = params.declare(self, params.TRAINER)
        if self._values['sched_idle']:
            priority.idle()
        os.nice(max(0, int(self._values['nice'])))
        self._spec, self._folder = read_cell(self._values)
        self._stamps = runtime.RosClock(self)
        self._trainer: Trainer | None = None
        self._dataset: Dataset | None = None
        self._left_out = 0
        self._offered = self._fault = self._trouble = ''
        self._candidate = self.create_publisher(
            DiagnosticArray, names.CANDIDATE, names.CANDIDATE_QOS
        )
        self.create_service(Trigger, '~/retrain', self._on_retrain)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(self._values['poll_period_s'], self._on_timer, clock=steady)

    def _open(self) -> Trainer | None:
        """The ledger is the monitor's; until it exists there is nothing to learn."""
        if self._trainer is None and self._folder.ledger.exists():
            reader = self._reader = reader_of(self._folder, LEDGER_WAIT_S)
            clips = Clips(self._folder.clips, self._spec.storage.clips_mb)
            decoder = RosbagsDecoder(eye_of(self._spec, self._folder.backbone, write_durably))
            dataset = self._dataset = Dataset(
                reader,
                clips,
                self._spec,
                decoder,
                self._resolved,
                WindowFolder(self._folder.windows),
            )
            box = DropFolder(self._folder.drop, self._spec.question)
            cutter = Cutter(self._spec, decoder, self._resolved, Bag, dataset.case_at)
            self._importer = Importer(box, cutter, partial(taken_before, reader))
            registry = ModelFolder(self._folder.registry)
            features = FeatureFolder(self._folder.features)
            self._trainer = Trainer(
                dataset,
                OnnxFitter(find_cell(self._values['cell']).parent, features),
                self._spec,
                load,
                registry,
                __version__,
                # Time of this thread alone: at the lowest priority the clock on the wall would
                # measure the other jobs of the machine.
                GateOptions(
                    load_suite(self._spec.model.suite, find_cell(self._values['cell']).parent),
                    timer=time.thread_time_ns,
                    files=GateFiles(),
                ),
                features,
            )
        return self._trainer

    def _on_timer(self) -> None:
        self._take_in()
        self._turn()

    def _take_in(self) -> None:
        """One recording that somebody dropped; it is cut here, beside the data of nobody."""
        try:
            told = self._importer.turn(time.monotonic()) if self._open() else None
        except (CobotAiError, OSError) as e:
            self.get_logger().error(str(e), throttle_duration_sec=5.0)
            return
        except Exception as e:  # nor must a recording
            self._failed(f'{type(e).__name__}: {e}')
            return
        if told is not None:
            self.get_logger().info(told)

    def _resolved(self, name: str) -> str:
        """A private name of the cell file is the monitor's."""
        private = name.startswith('~/')
        return str(self.resolve_topic_name(names.of(names.MONITOR, name) if private else name))

    def _turn(self, force: bool = False) -> str | None:
        self._trouble = ''
        try:
            trainer = self._open()
            if trainer is not None:
                trainer.retune(now_spec(self._spec, self._reader))
            found = trainer.turn(self._stamps.now_ns(), force=force) if trainer else None
        except CobotAiError as e:
            self._trouble = str(e)
            self.get_logger().error(str(e), throttle_duration_sec=5.0)
            return None
        except Exception as e:  # a model that cannot be made must not end the making of all others
            self._trouble = f'{type(e).__name__}: {e}'
            self._failed(self._trouble)
            return None
        self._tell_outdated()
        if found is not None:
            self._offered, self._fault = found, ''
            self._announce()
        return found

    def _tell_outdated(self) -> None:
        """How many answers are of no use since the cell file says something else."""
        outdated = len(self._dataset.outdated) if self._dataset is not None else 0
        if outdated > self._left_out:
            self._left_out = outdated
            self.get_logger().warning(
                f'{outdated} labelled cases teach nothing: units or the cut of windows were others '
                'when they were judged. If that was a mistake, put the cell file right.'
            )

    def _failed(self, detail: str) -> None:
        """Told once, to the log and to the monitor, who writes it down."""
        if detail != self._fault:
            self._fault = detail
            self.get_logger().error(f'A turn of the trainer failed:\n{traceback.format_exc()}')
            self._announce()

    def _announce(self) -> None:
        """The newest candidate and what went wrong since, if anything."""
        stamp = self.get_clock().now().to_msg()
        body = {'model': self._offered, 'fault': self._fault}
        self._candidate.publish(convert.to_array('candidate', body, stamp, self._spec.name))

    def _on_retrain(self, request: Any, response: Any) -> Any:
        found = self._turn(force=True)
        response.success = found is not None
        too_few = 'there are not enough labels for a model yet'
        response.message = found or self._trouble or too_few
        return response

    def close(self) -> None:
        """Nothing is left open: readers hold no locks."""


def main(args: list[str] | None = None) -> int:
    """Entry point of the trainer process."""
    return runtime.run(TrainerNode, args)


if __name__ == '__main__':
    sys.exit(main())
