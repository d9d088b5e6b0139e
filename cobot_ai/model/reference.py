"""Running a model in plain numpy, to compare with onnxruntime."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator
from onnx.reference.ops.op_conv import Conv as Plain

from cobot_ai.core.types import Doubles, Floats


class Conv(Plain):
    """One-dimensional dilated convolution as one matrix product for each tap.

    The evaluator's own spreads a dilated kernel over its whole length, which takes seconds here.
    """

    op_domain = ''

    def _run(  # noqa: PLR0913, PLR0917 - the operator's own signature
        self,
        x: Floats,
        weights: Floats,
        bias: Floats | None = None,
        auto_pad: Any = None,
        dilations: Sequence[int] = (1,),
        group: Any = None,
        kernel_shape: Any = None,
        pads: Sequence[int] = (0, 0),
        strides: Any = None,
    ) -> tuple[Floats]:
        plain = x.ndim == 3 and group in (None, 1) and list(strides or [1]) == [1]
        if not plain or auto_pad not in (None, 'NOTSET'):
            everything = (bias, auto_pad, dilations, group, kernel_shape, pads, strides)
            found: tuple[Floats] = super()._run(x, weights, *everything)  # type: ignore[no-untyped-call]
            return found
        padded = np.pad(x, ((0, 0), (0, 0), tuple(pads)))
        taps, step = weights.shape[2], dilations[0]
        length = padded.shape[2] - step * (taps - 1)
        total = np.zeros((len(x), len(weights), length), np.float32)
        for j in range(taps):
            total += weights[:, :, j] @ padded[:, :, j * step : j * step + length]
        return (total if bias is None else total + bias[:, None],)


def evaluate(blob: bytes, values: Floats, mask: Floats) -> Doubles:
    """Probabilities [case, class] of windows [case, channel, time]."""
    evaluator = ReferenceEvaluator(onnx.load_from_string(blob), new_ops=[Conv])
    outputs: Any = evaluator.run(['probs'], {'x': values, 'mask': mask})
    return np.asarray(outputs[0], np.float64)
