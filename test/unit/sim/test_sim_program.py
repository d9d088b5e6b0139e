"""The robot program does what the answer says, and only a clear go is a go."""

import numpy as np
import pytest

from cobot_ai.core.samples import Edge
from cobot_ai.core.spec import Action
from cobot_ai.sim.program import Answer, RobotProgram, Schedule
from cobot_ai.sim.records import Reading, StepTruth

READING = Reading('wrench', 0.0, np.zeros(6))


class FakeCell:
    def __init__(self, log):
        self.log = log

    def pick(self, part):
        self.log.append(f'pick {part}')
        yield READING

    def insert(self):
        self.log.append('insert')
        yield READING
        return StepTruth(1, 'peg_a', 'jammed', 0.0, True, 0.0, 0.0, False, 'none')

    def retreat(self, *, release):
        self.log.append('leave' if release else 'pull out')
        yield READING

    def hold(self, seconds):
        self.log.append(f'hold {seconds}')
        yield READING


class FakeJudge:
    def __init__(self, log, answer, freed=True):
        self.log, self.answer, self.freed = log, answer, freed
        self.facts = []

    def mark(self, edge, facts):
        self.log.append(edge.value)
        self.facts.append(dict(facts))

    def judge(self, facts, idle):
        idle(0.5)
        return self.answer

    def wait(self, facts, answer, idle):
        self.log.append('wait')
        return self.freed


def run(answer, freed=True, **options):
    log, readings = [], []
    judge = FakeJudge(log, answer, freed)
    program = RobotProgram(FakeCell(log), judge, readings.append, **options)
    return program, judge, log, readings


def test_the_order_of_a_step_and_every_reading_passes_on():
    program, judge, log, readings = run(Answer(True, Action.CONTINUE))
    outcome = program.run_one()
    assert log == ['pick peg_a', 'begin', 'insert', 'end', 'hold 0.5', 'leave']
    assert len(readings) == 4
    assert outcome.facts == {
        'operation': 'insert',
        'part': 'peg_a',
        'part_id': '000001',
        'tool': 'gripper_1',
        'program': 'insert_v1',
    }
    assert judge.facts == [outcome.facts, outcome.facts]


@pytest.mark.parametrize(
    'answer',
    [
        Answer(True, Action.REWORK),
        Answer(True, Action.REJECT),
        Answer(False, Action.CONTINUE),
        Answer(False, Action.HOLD),
        Answer(False, Action.STOP),
        Answer(True, Action.STOP),
    ],
)
def test_everything_but_a_clear_go_takes_the_part_out(answer):
    program, _, log, _ = run(answer)
    program.run_one()
    assert log[-1] == 'pull out'
    assert ('wait' in log) == (answer.action in (Action.HOLD, Action.STOP))


def test_a_cell_that_is_not_freed_ends_the_program():
    program, _, _, _ = run(Answer(False, Action.HOLD), freed=False)
    assert len(list(program.run(5))) == 1
    assert program.ended


def test_a_freed_cell_goes_on_and_the_tallies_name_action_and_truth():
    program, _, _, _ = run(Answer(False, Action.HOLD), freed=True)
    assert len(list(program.run(3))) == 3
    assert program.steps == 3
    assert program.actions == {Action.HOLD: 3}
    assert program.truths == {'jammed': 3}
    assert program.pairs == {(Action.HOLD, 'jammed'): 3}


def test_the_second_part_family_comes_later():
    schedule = Schedule(second_from=6)
    parts = [schedule.part(n) for n in range(1, 13)]
    assert parts[:5] == ['peg_a'] * 5
    assert [n for n, part in enumerate(parts, 1) if part == 'peg_b'] == [6, 9, 12]
    program, judge, _, _ = run(Answer(True, Action.CONTINUE), schedule=Schedule(second_from=3))
    list(program.run(3))
    assert [f['part'] for f in judge.facts[::2]] == ['peg_a', 'peg_a', 'peg_b']


def test_edges_carry_begin_then_end():
    program, _, log, _ = run(Answer(True, Action.CONTINUE))
    program.run_one()
    assert log.index(Edge.BEGIN.value) < log.index('insert') < log.index(Edge.END.value)
