"""Two tablets give opposite answers at the same moment: one counts, the other is told."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

ANSWERS = ('seated', 'missing')


@pytest.mark.timeout(900)
@pytest.mark.parametrize('races', [50, pytest.param(1000, marks=pytest.mark.long)])
def test_of_two_opposite_answers_exactly_one_counts(cell, serve, connect, races):
    site = serve(rate_hz=1e6, burst=10_000)
    tablets = [connect(site) for _ in ANSWERS]
    for tablet in tablets:
        tablet.wait(lambda t=tablet: t.snapshots)
    start = threading.Barrier(len(ANSWERS))

    def answer(k, case):
        start.wait(10)
        who = {'by': f'person {k}', 'tablet': f'tablet {k}', 'key': f'race-{case:06d}-{k}'}
        return tablets[k].command('answer', case=case, label=ANSWERS[k], epoch=0, **who)

    first = {0: 0, 1: 0}
    with ThreadPoolExecutor(len(ANSWERS)) as pool:
        for n in range(races):
            case = cell.ask(undo_s=5.0 if n % 2 else 0.0, deadline_s=600.0)
            replies = list(pool.map(answer, range(len(ANSWERS)), [case] * len(ANSWERS)))
            assert sorted(r['status'] for r in replies) == ['accepted', 'conflict'], (n, replies)
            winner = next(k for k, r in enumerate(replies) if r['status'] == 'accepted')
            first[winner] += 1
            loser = replies[1 - winner]
            assert (loser['by'], loser['label']) == (f'person {winner}', ANSWERS[winner])
            counted = [a for a in cell.of_kind(case, 'answer') if a['status'] == 'accepted']
            assert [a['label'] for a in counted] == [ANSWERS[winner]]
    assert min(first.values()) > 0, f'nobody raced: {first}'
