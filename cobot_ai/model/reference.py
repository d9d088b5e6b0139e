"""Running a model in plain numpy, to compare with onnxruntime."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator
from onnx.reference.ops.op_conv import Conv as Plain

from cobot_ai.core.types import Doubles, Floats
from cobot_ai.model.session import feed

USUAL = (None, 'NOTSET')


class Conv(Plain):
    """Dilated convolution over time, full or one kernel per channel, tap by tap.

    The evaluator's own spreads a dilated kernel over its whole length, which takes seconds here.
    """

    op_domain = ''

    def _run(  # noqa: PLR0913, PLR0917 - the operator's own signature
        self,
        x: Floats,
        weights: Floats,
        bias: Floats | None = None,
        auto_pad: Any = None,
        dilations: Sequence[int] | None = None,
        group: Any = None,
        kernel_shape: Any = None,
        pads: Sequence[int] | None = None,
        strides: Any = None,
    ) -> tuple[Floats]:
        group, ends = group or 1, list(pads or [0] * 2 * (x.ndim - 2))
        over_time = x.ndim == 3 or (x.shape[2], weights.shape[2], ends[0], ends[2]) == (1, 1, 0, 0)
        known = group == 1 or group == x.shape[1] == len(weights)
        if not (over_time and known and set(strides or [1]) == {1} and auto_pad in USUAL):
            everything = (bias, auto_pad, dilations, group, kernel_shape, pads, strides)
            found: tuple[Floats] = super()._run(x, weights, *everything)  # type: ignore[no-untyped-call]
            return found
        signals = np.pad(
            x.reshape(*x.shape[:2], -1), ((0, 0), (0, 0), (ends[x.ndim - 3], ends[-1]))
        )
        kernels = weights.reshape(*weights.shape[:2], -1)
        total = _taps(signals, kernels, (dilations or [1])[-1], depthwise=group > 1)
        if bias is not None:
            total += bias[:, None]
        return (total.reshape(*total.shape[:2], *x.shape[2:-1], -1),)


def _taps(x: Floats, weights: Floats, step: int, depthwise: bool) -> Floats:
    """Sum over the taps of padded signals [case, channel, time]."""
    taps = weights.shape[2]
    length = x.shape[2] - step * (taps - 1)
    total = np.zeros((len(x), len(weights), length), np.float32)
    for j in range(taps):
        part = x[:, :, j * step : j * step + length]
        total += weights[:, 0, j, None] * part if depthwise else weights[:, :, j] @ part
    return total


def evaluate(blob: bytes, values: Floats, mask: Floats, still: Floats | None = None) -> Doubles:
    """Probabilities [case, class] of windows [case, channel, time] and their stills."""
    model = onnx.load_from_string(blob)
    ports = [
        (p.name, [d.dim_value for d in p.type.tensor_type.shape.dim]) for p in model.graph.input
    ]
    evaluator = ReferenceEvaluator(model, new_ops=[Conv])
    outputs: Any = evaluator.run(['probs'], feed(ports, values, mask, still))
    return np.asarray(outputs[0], np.float64)
