"""Token bucket and back-off as rules over time."""

from hypothesis import given
from hypothesis import strategies as st

from cobot_ai.web.bucket import FORGET_AFTER, Backoff, Buckets, TokenBucket

GAPS = st.lists(st.floats(0, 5), max_size=60)


@given(GAPS, st.floats(0.1, 10), st.integers(1, 20))
def test_a_bucket_never_lets_more_through_than_burst_plus_rate(gaps, rate, burst):
    bucket, now, passed = TokenBucket(rate, burst, 0.0), 0.0, 0
    for gap in gaps:
        now += gap
        passed += bucket.take(now)
        assert passed <= burst + now * rate + 1e-6


def test_a_bucket_refills():
    bucket = TokenBucket(2.0, 3, 0.0)
    assert [bucket.take(0.0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.take(1.0) for _ in range(3)] == [True, True, False]


def test_buckets_are_per_client_and_bounded():
    buckets = Buckets(0.0, 1)
    assert buckets.take('a', 0.0) and not buckets.take('a', 0.0)
    assert buckets.take('b', 0.0)
    for n in range(FORGET_AFTER + 10):
        buckets.take(str(n), 0.0)
    assert len(buckets._of) <= FORGET_AFTER


def test_backoff_doubles_up_to_its_limit_and_is_forgotten_after_a_right_try():
    backoff, now, waits = Backoff(free=5, first_s=30, longest_s=900), 0.0, []
    for _ in range(12):
        backoff.wrong('a', now)
        waits.append(backoff.wait_s('a', now))
        now += waits[-1]
    assert waits == [0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900, 900]
    assert backoff.wait_s('b', now) == 0
    backoff.right('a')
    backoff.wrong('a', now)
    assert backoff.wait_s('a', now) == 0
