"""Feeds a ledger to whatever is folded from it, each entry once and in order."""

from __future__ import annotations

from collections.abc import Callable, Collection

from cobot_ai.app.ports import Entry, LedgerReader


class Follower:
    """Keeps a fold up to date with a ledger that grows.

    Only what the fold keeps is read at the beginning, however long the ledger is: the newest
    entries of its kinds, and the label that counts of every case.

    Args:
        reader: The ledger. kinds: Kinds that matter. newest: Most entries of a kind that matter.
        take: Takes in one entry.
    """

    def __init__(
        self,
        reader: LedgerReader,
        kinds: Collection[str],
        newest: int,
        take: Callable[[Entry], None],
    ) -> None:
        self._reader, self._kinds, self._newest, self._take = reader, kinds, newest, take
        self.head = 0

    def catch_up(self) -> int:
        """Take in what is new; returns the sequence number of the newest entry."""
        if self.head == 0:
            self._begin()
        while batch := self._reader.since(self.head):
            for entry in batch:
                self._take(entry)
            self.head = batch[-1].seq
        return self.head

    def _begin(self) -> None:
        head = self._reader.head()
        found = {e.seq: e for kind in self._kinds for e in self._reader.last(kind, self._newest)}
        if 'label' in self._kinds:
            found.update({e.seq: e for e in self._reader.labels().values()})
        for seq in sorted(seq for seq in found if seq <= head):
            self._take(found[seq])
        self.head = head
