"""kill -9 of the monitor while answers arrive, and of the trainer while it fits.

What a tablet was told is kept: 0 acknowledged answers lost, the chain intact, every question that
was open ends in the fail-safe, and the answers that were given are labels.
"""

import random
import shutil
import threading
import time

import numpy as np
import pytest

pytest.importorskip('rclpy')
from nodes import START_S, Processes, forces, graph, of_kind, until

from cobot_ai.store.registry import ModelFolder

pytestmark = [pytest.mark.ros, pytest.mark.timeout(3600)]


@pytest.fixture
def robot(monkeypatch):
    with graph(monkeypatch) as robot:
        yield robot


@pytest.fixture
def cell(robot, tmp_path):
    cell = Processes(tmp_path, undo_s=30, deadline_s=300)
    yield cell
    cell.close()


def questions(robot, rng, wanted):
    """Ask until so many questions are open; their cases."""
    steps = [forces('good' if rng.random() < 0.5 else 'bad', rng) for _ in range(wanted)]
    cases = [robot.step(values)['case'] for values in steps]
    for case in cases:
        robot.wait(lambda c=case: robot.heard('ask', c))
    return cases


def answers_until_killed(cell, robot, cases, chance):
    """Tap one answer after the other and kill the monitor in the middle; what was acknowledged."""
    keys = {}
    for case in cases:
        keys[robot.tap('answer', case=case, label='bad', epoch=0)] = case
    stop = chance.randrange(1, len(cases) + 1)
    robot.wait(lambda: len(keys.keys() & robot.replies.keys()) >= stop, why='no replies came')
    cell.kill('monitor')
    robot.bury()
    told = {k: r for k, r in dict(robot.replies).items() if k in keys}
    assert all(r['status'] == 'accepted' for r in told.values())
    return {key: keys[key] for key in told}


def left_open(cell):
    with cell.ledger() as ledger:
        return ledger.open_cases()


@pytest.mark.parametrize('kills', [5, pytest.param(200, marks=pytest.mark.long)])
def test_no_acknowledged_answer_is_lost_with_the_monitor(robot, cell, kills):
    rng, chance = np.random.default_rng(0), random.Random(0)
    cell.start('monitor')
    robot.connect()
    acked, was_open = {}, set()
    for _ in range(kills):
        cases = questions(robot, rng, 4)
        judged = robot.judge()
        acked |= answers_until_killed(cell, robot, cases, chance)
        was_open |= set(left_open(cell))
        cell.start('monitor')
        until(lambda: not left_open(cell), START_S, 'a question stayed open')
        assert not judged.done(), 'a killed monitor judged'
        robot.connect()
    assert len(acked) >= kills
    assert len(was_open) >= 4 * kills, 'nothing was open when it was killed'
    with cell.ledger() as ledger:
        check = ledger.verify()
        assert check.ok, check.why
        lost = [key for key in acked if ledger.by_key(key) is None]
        assert lost == []
        labels = ledger.labels()
        assert {labels[case].body['label'] for case in acked.values()} == {'bad'}
        ends = {e.case: e.body for e in of_kind(ledger, 'resolution')}
    for case in was_open:
        assert (ends[case]['outcome'], ends[case]['action']) == ('cancelled', 'hold')
        assert ends[case]['go'] is False


def test_control_an_answer_that_was_never_sent_is_no_label(robot, cell):
    rng = np.random.default_rng(0)
    cell.start('monitor')
    robot.connect()
    (case,) = questions(robot, rng, 1)
    cell.kill('monitor')
    robot.bury()
    cell.start('monitor')
    until(lambda: not left_open(cell), START_S, 'a question stayed open')
    with cell.ledger() as ledger:
        assert case not in ledger.labels()


@pytest.fixture
def taught(robot, tmp_path):
    """A cell with labels of both classes, whose trainer was never started."""
    cell = Processes(tmp_path)
    cell.start('monitor')
    robot.connect()
    rng = np.random.default_rng(0)
    for i in range(12):
        label = ('good', 'bad')[i % 2]
        robot.answer(robot.step(forces(label, rng))['case'], label)
    yield cell
    cell.close()


def first_fit(cell):
    """Seconds from the start of a trainer to its first stored version."""
    begun = time.monotonic()
    cell.start('trainer')
    models = ModelFolder(cell.folder.registry)
    until(models.versions, START_S, 'no model was fitted')
    cell.kill('trainer')
    return time.monotonic() - begun


@pytest.mark.parametrize('kills', [6, pytest.param(50, marks=pytest.mark.long)])
def test_a_trainer_killed_while_it_fits_leaves_no_half_model(robot, taught, kills):
    chance, folder, early, n = random.Random(0), taught.folder.registry, 0, 0
    taught.end('monitor')
    robot.bury()
    stored_s = first_fit(taught)
    while n < kills or not early:
        shutil.rmtree(folder, ignore_errors=True)
        taught.start('trainer')
        wait_s = stored_s * chance.uniform(0.5, 1.0)
        if n % 2:  # at any moment of the start and the fit
            threading.Event().wait(wait_s)
        else:  # while the model is being stored
            until(lambda: any(f.is_file() for f in folder.rglob('*')), START_S, 'no file came')
        taught.kill('trainer')
        models = ModelFolder(folder)
        if not models.versions():
            early += 1
        elif n % 2:  # a start is faster than the first one was: come earlier the next time
            stored_s = wait_s
        for digest in models.versions():
            models.get(digest)
        assert models.current() is None
        n += 1
    taught.start('monitor')
    taught.start('trainer')
    with taught.ledger() as ledger:
        (promoted,) = until(lambda: of_kind(ledger, 'promote'), START_S, 'no model went live')
    assert ModelFolder(folder).current() == promoted.body['model']
