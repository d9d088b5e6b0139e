"""Change detectors: the stated false alarm rate, and how soon a shift is noticed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobot_ai.core.drift import AUDIT_RUN, BETS, Coin, Drift, Ranks
from cobot_ai.core.spec import RiskSpec

RISK = RiskSpec()


def first_alarm(values: np.ndarray, limit: float, sign: float = -1.0) -> int | None:
    ranks = Ranks(sign)
    return next((n for n, x in enumerate(values, 1) if ranks.see(float(x)) >= limit), None)


@pytest.mark.parametrize('power', BETS)
def test_a_bet_on_a_uniform_p_value_has_mean_one_at_most(power: float) -> None:
    p = (np.arange(1_000_000) + 1) / 1_000_000
    bets = power * p ** (power - 1)
    assert 0.9 < bets.mean() <= 1.0, 'a part of the mean lies below the smallest p of any sample'
    assert (np.diff(bets) <= 0).all()


@pytest.mark.parametrize('draw', ['normal', 'lumpy', 'heavy'])
def test_while_nothing_changes_alarms_are_at_least_as_rare_as_stated(draw: str) -> None:
    """Limit 100: at most one alarm in 100 cases on average, for any distribution."""
    rng, lengths = np.random.default_rng(2), []
    for _ in range(60):
        noise = {
            'normal': lambda: rng.normal(size=1000),
            'lumpy': lambda: rng.integers(0, 4, 1000).astype(float),
            'heavy': lambda: rng.standard_cauchy(1000),
        }[draw]()
        lengths.append(first_alarm(noise, 100.0) or 1000)
    assert np.mean(lengths) >= 100


@pytest.mark.parametrize(('shift', 'within'), [(2.0, 30), (3.0, 15)])
def test_a_shift_is_noticed_within_a_few_cases(shift: float, within: int) -> None:
    rng, delays = np.random.default_rng(3), []
    for _ in range(50):
        values = np.concatenate([rng.normal(size=200), rng.normal(size=200) - shift])
        at = first_alarm(values, RISK.run_length)
        assert at is None or at > 200, 'a false alarm at one in 1,000'
        delays.append((at or 400) - 200)
    assert np.median(delays) <= within


def test_audits_alarm_at_a_broken_model_and_hardly_ever_at_a_promised_one() -> None:
    rng = np.random.default_rng(4)
    runs, delays = [], []
    for _ in range(200):
        coin = Coin(0.05)
        good = (n for n in range(1, 3000) if coin.see(bool(rng.random() < 0.05)) >= AUDIT_RUN)
        runs.append(next(good, 3000))
        broken = Coin(0.05)
        bad = (n for n in range(1, 500) if broken.see(bool(rng.random() < 0.4)) >= AUDIT_RUN)
        delays.append(next(bad, 500))
    assert np.mean(runs) >= AUDIT_RUN
    assert np.median(delays) <= 8
    twice = Coin(0.05)
    assert twice.see(True) < AUDIT_RUN <= twice.see(True), 'two failed audits in a row are enough'


def figures(x: float) -> dict[str, float | None]:
    return {'evidence': x, 'novelty': None, 'confidence': float('nan')}


def test_a_new_version_is_ranked_among_its_own_values() -> None:
    """A version that scores lower throughout is no drift; within one version it is."""
    rng, drift = np.random.default_rng(5), Drift(RISK)
    for version, level in (('a', 5.0), ('b', 0.0)):
        for _ in range(200):
            assert drift.judged('x', version, figures(level + rng.normal())) is None
    found = [drift.judged('x', 'b', figures(-5 + rng.normal())) for _ in range(40)]
    alarm = next(a for a in found if a is not None)
    assert (alarm.figure, alarm.limit) == ('evidence', RISK.run_length)
    assert alarm.capital >= alarm.limit
    assert sum(a is not None for a in found) == 1, 'one alarm is told once'
    assert list(drift.alarms) == ['x'], 'contexts are kept apart'


def sure(x: float) -> dict[str, float | None]:
    return {'evidence': None, 'novelty': None, 'confidence': x}


def test_a_confidence_is_compared_across_versions_of_one_scale() -> None:
    """A version with every answer, as in a cell that learns; then nothing but doubtful cases."""
    rng, drift = np.random.default_rng(6), Drift(RISK)
    steps = [rng.uniform(0.6, 1) for _ in range(100)] + [rng.uniform(0.3, 0.7) for _ in range(30)]
    found = [drift.judged('x', f'v{n}', sure(c), 'classes') for n, c in enumerate(steps)]
    at = next(n for n, alarm in enumerate(found) if alarm is not None)
    assert 100 <= at <= 115
    other = Drift(RISK)
    scales = ['one class'] * 100 + ['classes'] * 30
    told = zip(steps, scales, strict=True)
    assert all(other.judged('x', f'v{n}', sure(c), s) is None for n, (c, s) in enumerate(told))


class Learner:
    """Two classes, their means learnt from the answers; a version with every answer."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng, self.seen, self.drift = rng, ([0.0], [0.0]), Drift(RISK)

    def step(self, moved: float) -> bool:
        """One case, asked when in doubt and now and then; whether there is an alarm."""
        y = int(self.rng.random() < 0.5)
        x = self.rng.normal((2.0 * y - 1.0) * (1.0 - moved), 0.4)
        low, high = (np.sum(v) / (len(v) + 1) for v in self.seen)
        p = 1 / (1 + np.exp(-(high - low) * (x - (high + low) / 2) / 0.16))
        top = float(max(p, 1 - p))
        version = f'{len(self.seen[0])}/{len(self.seen[1])}'
        alarm = self.drift.judged('x', version, sure(top), 'classes')
        if top < 0.95 or self.rng.random() < 0.05:
            self.seen[y].append(x)
        return alarm is not None


def test_a_learning_cell_hardly_ever_alarms_by_itself_and_soon_at_a_change() -> None:
    """60 cells, 400 decisions each without a change, then one: signals move towards each other."""
    false, delays = 0, []
    for seed in range(60):
        cell = Learner(np.random.default_rng(seed))
        false += any(cell.step(0.0) for _ in range(400))
        cell.drift.end('x')
        for _ in range(150):
            cell.step(0.0)
        delays.append(next((n for n in range(1, 200) if cell.step(0.6)), 200))
    assert false <= 6, 'one in 1,000 decisions would be 24 of 60'
    assert np.median(delays) <= 40


def test_an_alarm_ends_with_right_answers_in_a_row_or_by_a_person() -> None:
    drift = Drift(replace(RISK, confirm=3))
    assert drift.audited('x', False) is None
    alarm = drift.audited('x', False)
    assert alarm is not None
    assert (alarm.figure, drift.left('x')) == ('audits', 3)
    for right in (True, True, False, True, True):
        assert drift.audited('x', right) is None
        assert drift.alarm('x') is not None
    assert drift.left('x') == 1
    drift.audited('x', True)
    assert drift.left('x') == 0
    drift.end('x')
    assert drift.alarm('x') is None
    assert drift.left('y') == 0


def test_a_stricter_epsilon_counts_for_the_audits_from_now_on() -> None:
    drift = Drift(replace(RISK, epsilon=0.2))
    drift.audited('x', True)
    drift.risk = replace(RISK, epsilon=0.02)
    found = [drift.audited('x', right) for right in (False, True, True, False)]
    assert found[-1] is not None, 'two of four wrong is far more than one in fifty'


@given(st.lists(st.floats(-1e6, 1e6), max_size=60))
def test_the_capital_is_never_negative_and_no_value_breaks_it(values: list[float]) -> None:
    ranks = Ranks(1.0)
    assert all(ranks.see(x) >= 0 for x in values)
