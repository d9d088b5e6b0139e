"""onnxruntime, one thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from cobot_ai.core.types import Floats

BATCH_SIZE = 64
CONVOLUTION = b'Conv'
"""Type of the one operator that onnxruntime makes quicker, as it stands in a file."""
OPERATORS = 1 << 17
"""Bytes at the begin of a file in which its operators stand."""
IDLE = ('CommonSubexpressionElimination', 'ConstantSharing')
"""Optimisations of which that is never true."""


def open_session(blob: bytes) -> Any:
    """A session on one thread: a model must never take a core from the sensor streams.

    In graphs that are written node by node onnxruntime finds nothing to make quicker, except the
    convolutions, and looking for it takes longer than the rest of loading.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    if CONVOLUTION not in blob[:OPERATORS]:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    return ort.InferenceSession(
        blob, options, providers=['CPUExecutionProvider'], disabled_optimizers=list(IDLE)
    )


def feed(
    ports: Sequence[tuple[str, Any]], values: Floats, mask: Floats, still: Floats | None = None
) -> dict[str, Floats]:
    """The inputs of a model by name; one that takes stills and gets none is told so by zeros.

    Args:
        ports: Name and shape of its inputs. values, mask: Windows [case, channel, time].
        still: Features of the stills and whether there is one [case, feature + 1].
    """
    found = {'x': values, 'mask': mask}
    for name, shape in ports:
        if name not in found:
            none = np.zeros((len(values), shape[1]), np.float32)
            found[name] = none if still is None else still
    return found


def inputs_of(session: Any) -> list[tuple[str, Any]]:
    """Name and shape of a session's inputs."""
    return [(port.name, port.shape) for port in session.get_inputs()]


def run(
    session: Any,
    values: Floats,
    mask: Floats,
    names: Sequence[str],
    still: Floats | None = None,
) -> list[NDArray[Any]]:
    """Run a window graph on `values` and `mask` [case, channel, time] in small batches."""
    whole = feed(inputs_of(session), values, mask, still)
    parts = [
        session.run(list(names), {name: a[i : i + BATCH_SIZE] for name, a in whole.items()})
        for i in range(0, len(values), BATCH_SIZE)
    ]
    return [np.concatenate(column) for column in zip(*parts, strict=True)]
