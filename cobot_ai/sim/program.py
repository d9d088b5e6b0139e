"""The robot program of the simulated cell, as pure logic.

Pick, insert, wait for the judgement, do what the answer says. The program sees what a real one
would see: its own sensors stream by, and the answer tells it whether and how to go on. The truth
only passes through it into the record of each step.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Protocol

from cobot_ai.core.samples import Edge
from cobot_ai.core.spec import Action
from cobot_ai.core.types import Facts
from cobot_ai.sim.records import Reading, StepTruth

Sink = Callable[[Reading], None]
Idle = Callable[[float], None]
"""Lets the cell stand still for so many seconds while its sensors go on."""


class Cell(Protocol):
    """The physical side: `SimCell`, or a fake in tests."""

    def pick(self, part: str) -> Iterator[Reading]:
        """Take the next part of a family."""

    def insert(self) -> Generator[Reading, None, StepTruth]:
        """The step to be judged."""

    def retreat(self, *, release: bool) -> Iterator[Reading]:
        """Go back, leaving the part or pulling it out."""

    def hold(self, seconds: float) -> Iterator[Reading]:
        """Stand still."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the judgement of a step came to.

    Attributes:
        go: True only when the robot may go on as for a good step.
        action: What to do. text: As it came, for the record (class and decision).
    """

    go: bool
    action: Action
    text: str = ''


class Judge(Protocol):
    """Who judges a step; on a real cell the service `~/judge`."""

    def mark(self, edge: Edge, facts: Facts) -> None:
        """A step begins or ends."""

    def judge(self, facts: Facts, idle: Idle) -> Answer:
        """Block until the step that just ended is judged; may call `idle` while waiting."""

    def wait(self, facts: Facts, answer: Answer, idle: Idle) -> bool:
        """Held or stopped: block until a person frees the cell; False ends the program."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Which part comes when: `peg_a`, and from step `second_from` on every third `peg_b`."""

    second_from: int = 90

    def part(self, step: int) -> str:
        """Part family of step number `step`, counting from 1."""
        return 'peg_b' if step >= self.second_from and step % 3 == 0 else 'peg_a'


@dataclass(frozen=True, slots=True)
class Outcome:
    """One finished step: what the program was told, what it did, what was true."""

    facts: Facts
    answer: Answer
    truth: StepTruth


class RobotProgram:
    """Inserts parts until it is told to end.

    Args:
        cell: The physical side.
        judge: Who judges.
        sink: Gets every reading, in order.
        schedule: Which part comes when.

    Attributes:
        steps: Finished steps. actions: How often each action was carried out.
        truths: How often each final state came about.
        pairs: How often an action met a final state, (action, label).
    """

    def __init__(
        self, cell: Cell, judge: Judge, sink: Sink, schedule: Schedule | None = None
    ) -> None:
        self._cell = cell
        self._judge = judge
        self._sink = sink
        self._schedule = schedule or Schedule()
        self.steps = 0
        self.ended = False
        self.actions: Counter[Action] = Counter()
        self.truths: Counter[str] = Counter()
        self.pairs: Counter[tuple[Action, str]] = Counter()

    def run(self, steps: int) -> Iterator[Outcome]:
        """Do up to `steps` steps; fewer when a held cell is not freed."""
        for _ in range(steps):
            if self.ended:
                return
            yield self.run_one()

    def run_one(self) -> Outcome:
        """Pick, insert, wait for the judgement, act on it."""
        facts = self._facts(self.steps + 1)
        self._stream(self._cell.pick(facts['part']))
        self._judge.mark(Edge.BEGIN, facts)
        truth = drain(self._sink, self._cell.insert())
        self._judge.mark(Edge.END, facts)
        answer = self._judge.judge(facts, self._idle)
        self._act(facts, answer)
        self._count(answer.action, truth)
        return Outcome(facts, answer, truth)

    def _act(self, facts: Facts, answer: Answer) -> None:
        """Only a clear go leaves the part in place; everything else takes it out."""
        if answer.action in (Action.STOP, Action.HOLD):
            self.ended = not self._judge.wait(facts, answer, self._idle)
        good = answer.go and answer.action is Action.CONTINUE
        self._stream(self._cell.retreat(release=good))

    def _count(self, action: Action, truth: StepTruth) -> None:
        self.steps += 1
        self.actions[action] += 1
        self.truths[truth.label] += 1
        self.pairs[action, truth.label] += 1

    def _facts(self, step: int) -> dict[str, str]:
        return {
            'operation': 'insert',
            'part': self._schedule.part(step),
            'part_id': f'{step:06d}',
            'tool': 'gripper_1',
            'program': 'insert_v1',
        }

    def _idle(self, seconds: float) -> None:
        self._stream(self._cell.hold(seconds))

    def _stream(self, readings: Iterator[Reading]) -> None:
        for reading in readings:
            self._sink(reading)


def drain(sink: Sink, step: Generator[Reading, None, StepTruth]) -> StepTruth:
    """Give a step's readings to `sink` and return its truth."""
    while True:
        try:
            sink(next(step))
        except StopIteration as end:
            truth: StepTruth = end.value
            return truth
