"""Limits against floods and guessing. Pure: the clock is an argument of every call."""

from __future__ import annotations

from dataclasses import dataclass

from cobot_ai.core.newest import put_newest

FORGET_AFTER = 4096
"""Most clients remembered at a time; the one seen longest ago is forgotten first."""


class TokenBucket:
    """Allows `burst` events at once and `rate_hz` per second in the long run.

    Args:
        rate_hz: Refill, tokens per second.
        burst: Size of the bucket.
        now: Monotonic clock, seconds.
    """

    def __init__(self, rate_hz: float, burst: int, now: float) -> None:
        self._rate = rate_hz
        self._burst = burst
        self._tokens = float(burst)
        self._at = now

    def take(self, now: float) -> bool:
        """Take one token; False when the bucket is empty."""
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Buckets:
    """One bucket per client, forgetting clients that were not seen for long."""

    def __init__(self, rate_hz: float, burst: int) -> None:
        self._rate = rate_hz
        self._burst = burst
        self._of: dict[str, TokenBucket] = {}

    def take(self, client: str, now: float) -> bool:
        """Take one of the client's tokens; False when it has none left."""
        bucket = self._of.get(client) or TokenBucket(self._rate, self._burst, now)
        put_newest(self._of, client, bucket, FORGET_AFTER)
        return bucket.take(now)


@dataclass(slots=True)
class _Tries:
    wrong: int = 0
    until: float = 0.0


class Backoff:
    """Slows down guessing per client: after `free` wrong tries each costs twice the wait before.

    Args:
        free: Wrong tries that cost nothing.
        first_s: First wait, seconds. longest_s: Longest wait, seconds.
    """

    def __init__(self, free: int = 5, first_s: float = 30.0, longest_s: float = 900.0) -> None:
        self._free = free
        self._first_s = first_s
        self._longest_s = longest_s
        self._of: dict[str, _Tries] = {}

    def wait_s(self, client: str, now: float) -> float:
        """Seconds this client has to wait before it may try again, 0 when it may."""
        tries = self._of.get(client)
        return max(0.0, tries.until - now) if tries else 0.0

    def wrong(self, client: str, now: float) -> None:
        """Note a wrong try."""
        tries = self._of.get(client) or _Tries()
        put_newest(self._of, client, tries, FORGET_AFTER)
        tries.wrong += 1
        if tries.wrong >= self._free:
            doubled = self._first_s * 2.0 ** min(tries.wrong - self._free, 30)
            tries.until = now + min(doubled, self._longest_s)

    def right(self, client: str) -> None:
        """Forget a client's wrong tries."""
        self._of.pop(client, None)
