"""The product's whole loop on arrays: everything behind `cobot_ai replay` but the messages.

`Authority`, `Trainer`, `Versions`, ledger, registry, gate and scripted operator are the product's.
Only two things are replaced: the observer hands out windows that are already cut, and the training
set takes its windows from there instead of from clips.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cobot_ai import __version__
from cobot_ai.app.authority import Authority
from cobot_ai.app.gate import GateOptions
from cobot_ai.app.observe import Cut
from cobot_ai.app.operator import Habits, Interval, ScriptedOperator, Truth
from cobot_ai.app.parts import Parts
from cobot_ai.app.ports import Entry
from cobot_ai.app.promote import Versions
from cobot_ai.app.replay import BagClock, NoGuard, Replay, Tape
from cobot_ai.app.report import CaseRow, all_entries, read_run
from cobot_ai.app.retrain import Trainer
from cobot_ai.app.teach import Dataset
from cobot_ai.core.config import parse_cell, spec_to_json
from cobot_ai.core.samples import RawBatch, RawMessage
from cobot_ai.core.spec import CellSpec
from cobot_ai.core.steps import Place, Span
from cobot_ai.core.suite import DeadChannelLimit, ParityLimit, Suite
from cobot_ai.core.types import Json, LabelledCase, Window
from cobot_ai.model.fitter import OnnxFitter
from cobot_ai.model.scorer import load
from cobot_ai.store.folder import CellFolder
from cobot_ai.store.ledger import open_ledger
from cobot_ai.store.messages import RosbagsDecoder
from cobot_ai.store.registry import ModelFolder

PERIOD_NS = 30 * 10**9
STEP_NS = 10**9
BEGIN_NS = 10**18
TOPIC = '/item'
CHECKS = GateOptions(
    suite=replace(
        Suite(), dead_channel=DeadChannelLimit(enabled=False), parity=ParityLimit(enabled=False)
    )
)
"""All checks but two that change no decision here and would be half of the time: no channel may be
missing in this cell, and that onnxruntime and numpy agree is tested and measured elsewhere."""


def cell(case: LabelledCase, classes: Sequence[str], seed: int = 0, **risk: Any) -> CellSpec:
    """A cell file for such cases: no ask budget, swaps at once, everything else as shipped."""
    names = [c.rsplit('.', 1)[-1] for c in case.window.channels]
    actions = ['continue', *(['stop'] * (len(classes) - 1))]
    return parse_cell(
        {
            'name': 'bench',
            'streams': [
                {
                    'name': 's',
                    'topic': 's',
                    'type': 'std_msgs/msg/Float64MultiArray',
                    'rate_hz': 100,
                    'channels': [{'name': n, 'path': f'data[{i}]'} for i, n in enumerate(names)],
                }
            ],
            'step': {
                'samples': case.window.values.shape[1],
                'context': ['operation'],
                'group': ['group'],
                'topic': 'step',
            },
            'question': {
                'classes': [
                    {'name': name, 'action': action, 'nominal': action == 'continue'}
                    for name, action in zip(classes, actions, strict=True)
                ],
                'open_classes': True,
                'deadline_s': 20,
                'undo_s': 0,
            },
            'risk': risk,
            'model': {'swap': 'at_once', 'seed': seed},
            'budget': {'warn': 0, 'hard': 0},
        }
    )


@dataclass
class ArrayObserver:
    """Hands out windows that are already cut, one for each message."""

    cases: Sequence[LabelledCase]
    step_topic: str = '/step'
    ended: int = 0
    jumps: int = 0
    _ready: list[Cut] = field(default_factory=list)

    def repeats(self) -> list[int]:
        """No window is left out."""
        return []

    def failures(self) -> list[Exception]:
        """Nothing is read, so nothing fails."""
        return []

    def take_batch(self, batch: RawBatch, now_ns: int) -> None:
        """The data of a message is the number of the case."""
        for number, end in zip(batch.data, batch.t_ns, strict=True):
            case = self.cases[int(number)]
            window = replace(case.window, start_ns=end - STEP_NS, end_ns=end)
            self.ended += 1
            facts = {'operation': case.context, 'group': case.group}
            span = Span(window.start_ns, end, facts, self.ended)
            self._ready.append(Cut(span, window, (), {}))

    @property
    def place(self) -> Place:
        """Between two steps: a message is a whole step."""
        return Place(self.ended, running=False, busy=False, settling=False)

    def ready(self, now_ns: int, stamp_ns: int | None = None) -> list[Cut]:
        """Everything that came."""
        ready, self._ready = self._ready, []
        return ready

    def look_again(self) -> None:
        """Nothing was taken for seen."""

    def finish(self, stamp_ns: int) -> None:
        """No window is made of time alone."""

    def next_change_ns(self) -> int | None:
        """Nothing waits."""
        return None


class NoClips:
    """There is nothing to store: the windows are at hand."""

    def save(self, case: int, messages: Sequence[RawMessage], kept: str) -> None:
        """Nothing."""

    def keep(self, case: int, kept: str) -> None:
        """Nothing."""


class ArrayDataset(Dataset):
    """The product's training set with windows from memory; case n is the n-th of the stream."""

    def __init__(self, reader: Any, spec: CellSpec, cases: Sequence[LabelledCase]) -> None:
        super().__init__(reader, NoClips(), spec, RosbagsDecoder(), str)  # type: ignore[arg-type]
        self._cases = cases

    def _window(self, case: int) -> Window | None:
        return self._cases[case - 1].window


class Team:
    """Operators who take turns, case by case."""

    def __init__(self, members: dict[str, ScriptedOperator]) -> None:
        self._members = members

    def notice(self, entry: Entry, now_ns: int) -> None:
        """A question goes to the one whose turn it is."""
        for i, member in enumerate(self._members.values()):
            if entry.kind != 'ask' or entry.case % len(self._members) == i:
                member.notice(entry, now_ns)

    def next_ns(self) -> int | None:
        """When the next tap comes."""
        times = [m.next_ns() for m in self._members.values()]
        return min((t for t in times if t is not None), default=None)

    def taps(self, now_ns: int) -> list[Json]:
        """Commands whose time has come, each in the name of who gave it."""
        return [
            {**command, 'by': name}
            for name, member in self._members.items()
            for command in member.taps(now_ns)
        ]


def run_stream(
    cases: Sequence[LabelledCase],
    spec: CellSpec,
    team: dict[str, Habits] | None = None,
) -> tuple[list[CaseRow], list[Entry]]:
    """Feed cases in order, `PERIOD_NS` apart; operators answer from the truth when asked.

    Returns:
        One row per case with decision, outcome and truth; all ledger entries.
    """
    with tempfile.TemporaryDirectory() as folder:
        place = CellFolder(Path(folder) / 'cell').create()
        ledger = open_ledger(place.ledger)
        registry = ModelFolder(place.registry)
        clock, tape = BagClock(), Tape()
        clock.advance(BEGIN_NS)
        versions = Versions(registry, load, ledger, at_once=True)
        observer: Any = ArrayObserver(cases)
        parts = Parts(clock, ledger, observer, NoClips(), tape, NoGuard(), versions, lambda: 0.0)
        authority = Authority(spec, parts)
        authority.start({'version': __version__, 'spec': spec_to_json(spec)})
        truth = Truth(intervals(cases), spec)
        who: Any = Team(
            {
                name: ScriptedOperator(truth, habits, BEGIN_NS)
                for name, habits in (team or {'operator': Habits()}).items()
            }
        )
        tape.listeners.append(lambda entry: who.notice(entry, clock.t_ns))
        source = ArrayDataset(ledger, spec, cases)
        trainer = Trainer(source, OnnxFitter(), spec, load, registry, __version__, CHECKS)
        labels: list[Entry] = []
        tape.listeners.append(lambda e: labels.append(e) if e.kind == 'label' else None)

        def train() -> None:
            if labels:
                labels.clear()
                found = trainer.turn(clock.t_ns)
                if found is not None:
                    authority.offer(found)

        Replay(authority, clock, who, train).run(messages(len(cases)))
        entries = all_entries(ledger)
        ledger.close()
    known = {entry.case: cases[entry.case - 1].label for entry in entries if entry.case}
    run = read_run(entries)
    for row in run.cases.values():
        row.truth = known[row.case]
    return list(run.cases.values()), entries


def messages(count: int) -> Iterator[RawMessage]:
    """One message for each case; its data is the number."""
    for i in range(count):
        t_ns = BEGIN_NS + (i + 1) * PERIOD_NS
        yield RawMessage(TOPIC, 'std_msgs/msg/Int32', t_ns, str(i).encode())


def intervals(cases: Sequence[LabelledCase]) -> list[Interval]:
    """The truth of every case at its time."""
    return [
        Interval('class', case.label, end - STEP_NS, end)
        for i, case in enumerate(cases)
        for end in (BEGIN_NS + (i + 1) * PERIOD_NS,)
    ]
