"""Candidates, breaks and planned swaps: when a version goes live, and why not."""

import pytest
from version_cell import VersionCell

from cobot_ai.app import history
from cobot_ai.core.errors import DataError, GateError, ModelError, StoreError

BREAK = ('wed 12:30-13:00',)


def test_a_candidate_says_why_it_is_not_staged():
    cell = VersionCell()
    cell.offer(cell.make(1, passed=False))
    first = cell.go(2)
    cell.offer(cell.make(3, parent='f' * 64))
    good = cell.make(4)
    cell.offer(good)
    bodies = [e.body for e in cell.of('candidate')]
    assert [(b['staged'], b['reason']) for b in bodies] == [
        (False, 'gate'),
        (False, 'stale_parent'),
        (True, ''),
    ]
    assert cell.versions.staged == good
    cell.go(5)
    cell.commit(cell.versions.rollback('bob'))
    assert cell.versions.live == first


def test_a_candidate_that_is_delivered_again_is_not_written_again_but_still_staged():
    cell = VersionCell()
    cell.go(1)
    digest = cell.make(2)
    assert cell.offer(digest) == ['candidate']
    assert cell.offer(digest) == []
    cell.restart()
    assert cell.versions.staged == digest, 'the trainer may be gone; the ledger knows'
    assert cell.offer(digest) == []
    assert cell.versions.staged == digest


def test_a_version_that_was_rolled_back_is_not_staged_when_it_is_delivered_again():
    cell = VersionCell(at_once=True)
    cell.go(1)
    digest = cell.make(2)
    assert cell.offer(digest) == ['candidate', 'promote']
    cell.commit(cell.versions.rollback('bob'))
    cell.restart()
    assert cell.offer(digest) == []
    assert cell.versions.staged is None


def test_what_is_live_is_not_promoted_again_unless_that_ends_a_pause():
    cell = VersionCell()
    first, _ = cell.go(1), cell.go(2)
    with pytest.raises(GateError, match='live already'):
        cell.versions.promote(cell.versions.live, 'ann', 'person')
    cell.commit(cell.versions.rollback('bob'))
    assert cell.versions.paused
    cell.commit(cell.versions.promote(first, 'ann', 'person'))
    assert not cell.versions.paused
    with pytest.raises(ModelError, match='no version before'):
        cell.versions.rollback('bob')


def test_two_people_who_roll_the_same_version_back_go_one_step():
    cell = VersionCell()
    _, second, third = cell.go(1), cell.go(2), cell.go(3)
    cell.commit(cell.versions.rollback('ann', third))
    with pytest.raises(ModelError, match='not live any more'):
        cell.versions.rollback('bob', third)
    assert cell.versions.live == second
    cell.commit(cell.versions.rollback('bob', second))
    assert cell.versions.live != second


def test_going_back_and_forth_between_two_versions():
    cell = VersionCell()
    first, second = cell.go(1), cell.go(2)
    cell.commit(cell.versions.promote(first, 'ann', 'person'))
    cell.commit(cell.versions.rollback('bob'))
    assert cell.versions.live == second
    cell.commit(cell.versions.rollback('bob'))
    assert cell.versions.live == first


# ---------------------------------------------------------------- declared breaks


def test_a_declared_break_begins_swaps_when_idle_and_ends():
    cell = VersionCell(breaks=BREAK)
    cell.go(1)
    digest = cell.make(2)
    cell.offer(digest)
    assert cell.tick(20) == []
    assert cell.tick(15, idle=False) == ['maintenance']
    assert cell.tick(1, idle=False) == [], 'a step runs or a question is open'
    assert cell.tick(1) == ['promote']
    assert cell.versions.live == digest
    assert cell.tick(30) == ['maintenance']
    assert [(e.body['on'], e.body['by']) for e in cell.of('maintenance')] == [
        (True, 'cell_file'),
        (False, 'cell_file'),
    ]


def test_a_declared_break_leaves_a_persons_break_alone_and_may_be_ended_early():
    cell = VersionCell(breaks=BREAK)
    cell.commit(cell.versions.set_maintenance(True, 'ann'))
    assert cell.tick(35) == []
    assert cell.tick(30) == []
    assert cell.versions.maintenance
    again = VersionCell(breaks=BREAK)
    assert again.tick(35) == ['maintenance']
    again.commit(again.versions.set_maintenance(False, 'ann'))
    assert again.tick(5) == [], 'it does not begin twice'


def test_a_break_goes_on_after_a_restart_and_ends_as_it_would_have():
    """A person's ends when a person says so, a declared one when the calendar does."""
    cell = VersionCell(breaks=BREAK)
    cell.commit(cell.versions.set_maintenance(True, 'ann'))
    cell.restart()
    assert cell.versions.maintenance
    assert [cell.tick(35), cell.tick(30)] == [[], []], 'the declared break is no end of hers'
    assert cell.commit(cell.versions.set_maintenance(False, 'ann')) == ['maintenance']
    cell.restart()
    assert not cell.versions.maintenance
    other = VersionCell(breaks=BREAK)
    assert other.tick(35) == ['maintenance']
    other.restart()
    assert other.versions.maintenance
    assert other.tick(5) == [], 'it is the same break'
    other.restart()
    assert other.tick(30) == ['maintenance'], 'it ended while nobody ran'
    assert not other.versions.maintenance


def test_what_a_person_plans_for_the_break_is_not_swapped_away_by_what_is_staged():
    cell = VersionCell()
    first, second = cell.go(1), cell.go(2)
    staged = cell.make(3)
    cell.offer(staged)
    plan(cell, 'break', first)
    assert cell.commit(cell.versions.set_maintenance(True, 'ann')) == ['maintenance']
    assert cell.versions.live == second
    assert cell.tick(1) == ['promote']
    assert cell.versions.live == first
    assert ends(cell) == []


def test_control_without_a_plan_of_a_version_the_break_takes_what_is_staged():
    cell = VersionCell()
    cell.go(1)
    staged = cell.make(2)
    cell.offer(staged)
    assert cell.commit(cell.versions.set_maintenance(True, 'ann')) == ['maintenance', 'promote']
    assert cell.versions.live == staged


def test_after_a_rollback_a_break_swaps_nothing():
    cell = VersionCell(breaks=BREAK)
    first, _ = cell.go(1), cell.go(2)
    cell.commit(cell.versions.rollback('bob'))
    cell.offer(cell.make(3))
    assert cell.versions.staged
    cell.tick(35)
    cell.tick(1)
    assert cell.versions.live == first


# ---------------------------------------------------------------- plans


def plan(cell, at, model=None):
    return cell.commit(cell.versions.schedule(model, at, 'ann', cell.clock.t_ns))


def ends(cell):
    return [e.body['reason'] for e in cell.of('unschedule')]


def test_a_swap_at_a_time_survives_a_restart_and_names_who_planned_it():
    cell = VersionCell()
    cell.go(1)
    digest = cell.make(2)
    cell.offer(digest)
    assert plan(cell, '14:00') == ['schedule']
    cell.restart()
    assert cell.tick(100) == []
    assert cell.tick(21) == ['promote']
    body = cell.of('promote')[-1].body
    assert (body['model'], body['by'], body['reason']) == (digest, 'ann', 'scheduled')
    cell.restart()
    assert cell.versions.plan is None
    assert cell.tick(60) == []


def test_a_plan_for_the_next_break_waits_for_it_and_for_an_idle_cell():
    cell = VersionCell(breaks=BREAK)
    first, second = cell.go(1), cell.make(2)
    third = cell.make(3, parent='f' * 64)
    plan(cell, 'break', third)
    assert cell.tick(10) == []
    assert cell.tick(25, idle=False) == ['maintenance']
    assert cell.tick(1) == ['promote']
    assert cell.versions.live == third not in (first, second)


def test_a_plan_that_names_a_version_gives_way_to_a_newer_candidate():
    cell = VersionCell()
    cell.go(1)
    old = cell.make(2)
    cell.offer(old)
    plan(cell, '14:00', old)
    newer = cell.make(3)
    assert cell.offer(newer) == ['candidate', 'unschedule']
    assert ends(cell) == ['replaced']
    assert newer[:12] in cell.of('unschedule')[0].body['detail']
    plan(cell, '14:00')
    newest = cell.make(4)
    cell.offer(newest)
    cell.tick(125)
    assert cell.versions.live == newest, 'a plan without a version takes the newest'


@pytest.mark.parametrize(
    ('end', 'reason'),
    [
        (lambda c: c.commit(c.versions.unschedule('bob')), 'withdrawn'),
        (lambda c: c.commit(c.versions.rollback('bob')), 'rollback'),
        (lambda c: (c.tick(125, idle=False), c.tick(20, idle=False)), 'not_idle'),
        (lambda c: (c.restart(), c.tick(300)), 'not_idle'),
        (lambda c: plan(c, '15:00'), 'replaced'),
        (lambda c: c.registry.stored.pop(c.versions.plan.model) and c.tick(125), 'refused'),
    ],
)
def test_a_plan_ends_without_a_swap_and_says_why(end, reason):
    cell = VersionCell()
    cell.go(1)
    live = cell.go(2)
    plan(cell, '14:00', cell.make(3))
    end(cell)
    assert ends(cell) == [reason]
    assert cell.versions.live != live or reason != 'rollback'
    assert not [e for e in cell.of('promote') if e.body['reason'] == 'scheduled']


def test_a_plan_with_nothing_staged_or_with_what_is_live_ends():
    cell = VersionCell()
    live = cell.go(1)
    plan(cell, '14:00')
    assert cell.tick(125) == []
    assert cell.tick(20) == ['unschedule']
    plan(cell, '16:00', live)
    cell.tick(120)
    assert ends(cell) == ['nothing_staged', 'was_live']


def test_a_plan_is_refused_when_it_cannot_be():
    cell = VersionCell()
    bad = cell.make(1, passed=False)
    for model, at, error in (
        (bad, 'break', GateError),
        ('f' * 64, 'break', ModelError),
        (None, 'soon', DataError),
        (None, '2001-01-01T00:00', DataError),
    ):
        with pytest.raises(error):
            cell.versions.schedule(model, at, 'ann', cell.clock.t_ns)
    with pytest.raises(DataError, match='No swap'):
        cell.versions.unschedule('ann')


def test_a_plan_that_could_not_be_written_down_is_not_carried_out():
    cell = VersionCell()
    live = cell.go(1)
    cell.offer(cell.make(2))
    plan(cell, '14:00')
    cell.ledger.full = True
    with pytest.raises(StoreError), cell.versions.recorded():
        cell.tick(125)
    assert (cell.versions.live, cell.registry.current()) == (live, live)
    cell.ledger.full = False
    assert cell.tick(1) == ['promote']


# ---------------------------------------------------------------- what ran when


def test_what_ran_when_is_a_question_to_the_ledger():
    cell = VersionCell()
    first, second = cell.go(1), cell.go(2)
    cell.clock.pass_s(60)
    cell.commit(cell.versions.rollback('bob'))
    spans = history.spans(history.changes(cell.ledger))
    assert [(s.model, s.why, s.by) for s in spans] == [
        (first, 'person', 'ann'),
        (second, 'person', 'ann'),
        (first, 'rollback', 'bob'),
    ]
    assert history.live_at(spans, spans[1].from_ns).model == second
    assert history.live_at(spans, spans[2].from_ns - 1).model == second
    assert history.live_at(spans, spans[0].from_ns - 1) is None
    assert history.live_at(spans, 2**62).model == first
    assert [a['by'] for a in history.approvals(cell.ledger.entries, first)] == ['ann']
