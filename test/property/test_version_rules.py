"""Promote and rollback are inverse, deliveries are idempotent, and the record knows what ran."""

import itertools
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st
from version_cell import MINUTE, NOON, VersionCell

from cobot_ai.app import history
from cobot_ai.core.errors import CobotAiError

MOVES = st.one_of(
    st.tuples(st.just('promote'), st.integers(0, 5)),
    st.tuples(st.just('offer'), st.integers(0, 5)),
    st.tuples(st.just('again'), st.integers(0, 5)),
    st.tuples(st.sampled_from(['rollback', 'restart', 'on', 'off', 'tick', 'plan']), st.just(0)),
)


class Walk:
    """A cell taken through random moves."""

    def __init__(self, at_once: bool) -> None:
        self.cell = VersionCell(at_once, ('wed 12:10-12:20', 'daily 12:40-12:41'))
        self.made: list[str] = []

    def move(self, kind: str, n: int) -> None:
        cell = self.cell
        v = cell.versions
        with suppress(CobotAiError):
            if kind == 'promote' and self.made:
                cell.commit(v.promote(self.made[n % len(self.made)], 'ann', 'person'))
            elif kind == 'offer':
                self.made.append(cell.make(len(self.made) + 1, passed=n > 0))
                cell.offer(self.made[-1])
            elif kind == 'again' and self.made:
                cell.offer(self.made[n % len(self.made)])
            elif kind == 'rollback':
                cell.commit(v.rollback('bob'))
            elif kind == 'restart':
                cell.restart()
            elif kind in ('on', 'off'):
                cell.commit(v.set_maintenance(kind == 'on', 'ann'))
            elif kind == 'tick':
                cell.tick(7.0)
            elif kind == 'plan':
                cell.commit(v.schedule(None, 'break', 'ann', cell.clock.t_ns))


walks = given(st.booleans(), st.lists(MOVES, max_size=25))


@walks
@settings(max_examples=150, deadline=None)
def test_promote_then_rollback_changes_nothing_that_is_served(at_once, moves):
    walk = Walk(at_once)
    for move in moves:
        walk.move(*move)
        cell = walk.cell
        before = cell.served
        if before[0] is None:
            continue
        other = cell.make(1000, parent='')
        cell.commit(cell.versions.promote(other, 'ann', 'person'))
        assert cell.served[:3] == (other, other, other)
        cell.commit(cell.versions.rollback('bob'))
        assert cell.served == before
        cell.restart()
        assert cell.served == before


@walks
@settings(max_examples=100, deadline=None)
def test_the_record_always_says_what_is_live_and_deliveries_are_idempotent(at_once, moves):
    walk = Walk(at_once)
    for move in moves:
        walk.move(*move)
    cell = walk.cell
    live, scored, pointed, _ = cell.served
    assert live == scored == pointed
    spans = history.spans(cell.ledger.entries)
    assert (spans[-1].model if spans else None) == live
    assert all(a.to_ns == b.from_ns for a, b in itertools.pairwise(spans))
    for span in spans:
        found = history.live_at(spans, span.from_ns)
        assert found is not None and found.seq == span.seq
    candidates = [e.body['model'] for e in cell.of('candidate')]
    assert len(candidates) == len(set(candidates))
    staged, plan = cell.versions.staged, cell.versions.plan
    cell.restart()
    assert cell.served[:3] == (live, live, live)
    assert cell.versions.plan == plan
    if staged is not None:
        assert cell.versions.staged == staged


@given(st.lists(st.integers(1, 4), min_size=2, max_size=12))
@settings(max_examples=60, deadline=None)
def test_rollbacks_go_back_through_every_version_in_turn(numbers):
    cell = VersionCell()
    lived = []
    for n in numbers:
        digest = cell.make(n, parent='')
        if digest != cell.versions.live:
            cell.commit(cell.versions.promote(digest, 'ann', 'person'))
            lived.append(digest)
    for expected in lived[-2::-1]:
        cell.commit(cell.versions.rollback('bob'))
        assert cell.versions.live == expected
    assert cell.served[3] is None


def test_the_clock_of_these_tests_is_where_they_say():
    assert VersionCell().clock.t_ns >= NOON
    assert MINUTE == 60 * 10**9
