"""Was the clock of the arrivals set? Then what is kept and what comes do not belong together."""

from __future__ import annotations

from dataclasses import dataclass

SLACK_NS = 10**9
"""Arrival times that go back by more mean that the clock was set back."""
LEAP_NS = 60 * 10**9
"""Arrival times that go ahead of the monotonic clock by more mean that the clock was set ahead."""


@dataclass(slots=True)
class Arrivals:
    """Follows the times at which messages came.

    Attributes:
        newest_ns: The newest of them, nanoseconds; 0 before the first.
    """

    newest_ns: int = 0
    _read_ns: int = 0

    def jumped(self, t_ns: int, now_ns: int) -> bool:
        """Take in the next; whether the clock was set (sim time looped, restarted or leapt ahead).

        Args:
            t_ns: When a message came. now_ns: Monotonic clock.
        """
        read_ns, self._read_ns = self._read_ns, now_ns
        ahead = t_ns - self.newest_ns - LEAP_NS > 100 * (now_ns - read_ns)
        jumped = bool(self.newest_ns) and (t_ns < self.newest_ns - SLACK_NS or ahead)
        self.newest_ns = t_ns if jumped else max(self.newest_ns, t_ns)
        return jumped
