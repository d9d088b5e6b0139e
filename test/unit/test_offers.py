"""What is offered in a quiet minute: in turns the most doubtful case and one at random."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from bench_cell import Bench
from cells import cell

from cobot_ai.app.offers import LOOKED_AT, Offers
from cobot_ai.core.spec import BudgetSpec
from cobot_ai.core.types import Case, Score, Window

NONE = BudgetSpec(0.0, 0.0)


def case(number: int) -> Case:
    empty = np.zeros((1, 2), np.float32)
    return Case(number, 'c', f'g{number}', {}, Window(('x',), empty, empty == 0, number, number))


class Judge:
    """A model that prefers its first class by a margin for each case, and counts its calls."""

    def __init__(self, margins: dict[int, float], digest: str = 'a') -> None:
        self.manifest: Any = SimpleNamespace(digest=digest)
        self._margins, self.calls = margins, 0

    def score(self, window: Window) -> Score:
        self.calls += 1
        margin = self._margins[window.start_ns]
        return Score(('good', 'bad'), ((1 + margin) / 2, (1 - margin) / 2), 'a')


CASES = {n: case(n) for n in range(1, 401)}
MARGINS = {n: n * 37 % 401 / 401 for n in CASES}


def test_every_other_offer_is_the_case_the_model_can_tell_least() -> None:
    offers, judge, waiting = Offers(), Judge(MARGINS), list(range(1, 41))
    for _ in range(5):
        assert offers.choose(waiting, CASES, judge) == min(waiting, key=lambda n: MARGINS[n])
        drawn = offers.choose(waiting, CASES, judge)
        assert drawn == Offers().choose(waiting, CASES, None), 'not drawn'
        waiting.remove(drawn)
    assert judge.calls == 40, 'a case is judged once for each version'
    assert offers.choose(waiting, CASES, Judge({n: 1 - m for n, m in MARGINS.items()}, 'b')) == max(
        waiting, key=lambda n: MARGINS[n]
    ), 'another version doubts other cases'


def test_a_draw_is_the_seeds_and_every_case_can_be_drawn() -> None:
    waiting = list(range(1, 21))
    drawn = [Offers(seed).choose(waiting, CASES, None) for seed in range(400)]
    assert drawn == [Offers(seed).choose(waiting, CASES, None) for seed in range(400)]
    counts = np.bincount(drawn, minlength=21)[1:]
    assert counts.min() >= 6
    assert counts.max() <= 40


def test_only_cases_in_memory_and_the_newest_of_them_are_looked_at() -> None:
    judge, waiting = Judge(MARGINS), list(range(1, 401))
    chosen = Offers().choose(waiting, CASES, judge)
    assert chosen is not None
    assert (chosen > 400 - LOOKED_AT, judge.calls) == (True, LOOKED_AT)
    assert Offers().choose([7, 8], {}, judge) is None


def test_a_model_that_fails_stops_no_offer() -> None:
    assert Offers().choose([1, 2], CASES, Judge({})) in (1, 2)


def test_the_monitor_offers_what_the_live_model_doubts_not_what_is_oldest() -> None:
    bench = Bench(cell(budget=NONE))
    bench.lessons()
    memory = bench.authority.memory
    memory.budget.spec = BudgetSpec(1.0, 1.0, quiet_s=60.0)
    cases = [bench.step('good' if n % 2 else 'bad', operation='screw') for n in range(8)]
    assert list(memory.reviews.waiting) == cases
    scorer, steps = bench.versions.scorer, memory.cases
    assert scorer is not None
    doubt = {n: -scorer.score(steps[n].window).confidence for n in cases}
    bench.wait(3700.0)
    (offer,) = bench.entries('review')
    assert offer.case == max(cases, key=lambda n: doubt[n])
    assert offer.case != cases[0], 'the oldest: this proves nothing'
