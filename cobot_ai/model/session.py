"""onnxruntime, one thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from cobot_ai.core.types import Floats

BATCH_SIZE = 64


def open_session(blob: bytes) -> Any:
    """A session on one thread: a model must never take a core from the sensor streams."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(blob, options, providers=['CPUExecutionProvider'])


def run(session: Any, values: Floats, mask: Floats, names: Sequence[str]) -> list[NDArray[Any]]:
    """Run a window graph on `values` and `mask` [case, channel, time] in small batches."""
    parts = [
        session.run(
            list(names), {'x': values[i : i + BATCH_SIZE], 'mask': mask[i : i + BATCH_SIZE]}
        )
        for i in range(0, len(values), BATCH_SIZE)
    ]
    return [np.concatenate(column) for column in zip(*parts, strict=True)]
