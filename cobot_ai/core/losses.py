"""What was sent and never came, proven by the publishers' own sequence numbers."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

PUBLISHERS = 64
"""Publishers remembered per topic."""


class Losses:
    """Follows the sequence numbers of each publisher of a topic.

    The first number of a publisher is where we came in, so that neither what it sent before nor
    its restart (it is a new publisher then) counts as a loss.
    """

    def __init__(self) -> None:
        self._last: OrderedDict[bytes, int] = OrderedDict()

    def seen(self, publisher: bytes, number: int | None) -> int:
        """Take in one number; returns how many messages are missing before it.

        -1 when a message that was counted as lost came after all (networks may reorder); 0 where
        the middleware gives no numbers.
        """
        if number is None:
            return 0
        last = self._last.get(publisher)
        if last is not None and number <= last:
            return -1 if number < last else 0
        self._last[publisher] = number
        if last is None:
            while len(self._last) > PUBLISHERS:
                self._last.popitem(last=False)
            return 0
        return number - last - 1

    def seen_together(self, publishers: Sequence[bytes], numbers: Sequence[int | None]) -> int:
        """The same for messages that were taken together, oldest first."""
        first, publisher = numbers[0], publishers[0]
        if first is not None and first > self._last.get(publisher, first):
            # Nearly always: one publisher, and nothing missing between the first and the last.
            last = first + len(numbers) - 1
            whole = numbers[-1] == last and list(numbers) == list(range(first, last + 1))
            if whole and publishers.count(publisher) == len(publishers):
                lost = self.seen(publisher, first)
                self._last[publisher] = last
                return lost
        return sum(self.seen(p, n) for p, n in zip(publishers, numbers, strict=True))
