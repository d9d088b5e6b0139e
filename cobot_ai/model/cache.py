"""Features of labelled cases, computed once and stored."""

from __future__ import annotations

import hashlib

import numpy as np

from cobot_ai.app.model_ports import FeatureStore
from cobot_ai.core.types import Window
from cobot_ai.model.bank import Bank, Features
from cobot_ai.model.data import Training
from cobot_ai.model.heads import Table
from cobot_ai.model.library import compute


def cached_table(bank: Bank, training: Training, store: FeatureStore | None) -> Table:
    """Features of a training set; only what is not stored yet is computed, by the same graph.

    Args:
        bank: Frozen features. training: The cases. store: Where rows are kept, None: nowhere.
    """
    if store is None:
        return compute(bank, training)
    keys = [_key(i, w) for i, w in zip(training.ids, training.windows, strict=True)]
    size = sum(_row_bytes(block.width) for block in bank.blocks)
    found = {k: row for k, row in store.load(bank.digest, keys).items() if len(row) == size}
    late = np.array([i for i, k in enumerate(keys) if k not in found], np.int64)
    if len(late):
        rows = _pack(bank, compute(bank, training.take(late)))
        fresh = dict(zip([keys[i] for i in late], rows, strict=True))
        store.save(bank.digest, fresh)
        found |= fresh
    return _unpack(bank, [found[k] for k in keys])


def _key(case: int, window: Window) -> bytes:
    """What a row of features was computed from: the case and its very window."""
    digest = hashlib.blake2b(np.packbits(window.mask).tobytes(), digest_size=24)
    values, mask = window.values, window.mask
    digest.update((values if mask.all() else np.where(mask, values, np.float32(0))).tobytes())
    if window.still is not None:
        digest.update(window.still.by.encode() + window.still.values.tobytes())
    return case.to_bytes(8, 'big') + digest.digest()


def _row_bytes(width: int) -> int:
    return 4 * width + (width + 7) // 8


def _pack(bank: Bank, table: Table) -> list[bytes]:
    parts = []
    for block in bank.blocks:
        features = table[block.name]
        values = np.ascontiguousarray(features.values, np.float32).view(np.uint8)
        parts += [values, np.packbits(features.valid > 0, axis=1)]
    return [row.tobytes() for row in np.hstack(parts)]


def _unpack(bank: Bank, rows: list[bytes]) -> Table:
    data = np.frombuffer(b''.join(rows), np.uint8).reshape(len(rows), -1)
    table, start = {}, 0
    for block in bank.blocks:
        middle, end = start + 4 * block.width, start + _row_bytes(block.width)
        values = np.ascontiguousarray(data[:, start:middle]).view(np.float32)
        bits = np.unpackbits(data[:, middle:end], axis=1, count=block.width)
        table[block.name] = Features(values, bits.astype(np.float32), bank.emphasis(block))
        start = end
    return table
