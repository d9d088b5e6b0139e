"""Dictionaries of a bounded size."""

from __future__ import annotations

from typing import TypeVar

Key = TypeVar('Key')
Value = TypeVar('Value')


def put_newest(kept: dict[Key, Value], key: Key, value: Value, most: int) -> None:
    """Keep a value as the newest of at most so many; the oldest goes."""
    kept.pop(key, None)
    kept[key] = value
    if len(kept) > most:
        del kept[next(iter(kept))]
