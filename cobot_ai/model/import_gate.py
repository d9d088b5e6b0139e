"""What a model file must pass before onnxruntime of the monitor sees it.

onnxruntime alone is no gate: it follows external data through hard links or, for a model given
as bytes, from the working directory, accepts NaN weights, and runs an endless loop. So the file
is parsed here first, without loading anything it refers to.
"""

from __future__ import annotations

import json
import math
import os
import subprocess  # nosec B404
import sys
import tempfile
from collections.abc import Collection, Iterable, Iterator
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import TensorProto, numpy_helper

from cobot_ai.core.errors import GateError
from cobot_ai.core.manifest import Manifest
from cobot_ai.core.types import Json
from cobot_ai.model.graph import FLOAT, INT64

SIZE_LIMIT = 64_000_000
CHECKS = ('size', 'external_data', 'operators', 'weights', 'shapes')
"""Checks of `inspect` that a gate suite may switch off."""
TRIAL_SECONDS = 20.0
TRIAL_MB = 1536.0
_OPERATORS = """
Abs Add Asinh Cast Clip Concat Conv Div Exp Flatten Gather Gemm GlobalAveragePool Greater Identity
Log MatMul Max Min Mul Neg ReduceMax ReduceMean ReduceMin ReduceSum Relu Reshape Sigmoid Sign Slice
Softmax Sqrt Sub Tanh TopK Transpose Unsqueeze Where
"""
OPERATORS = frozenset(_OPERATORS.split())
"""No Loop, Scan or If (may never end), nothing that makes large tensors out of small ones."""
NUMERIC = frozenset(
    {FLOAT, int(TensorProto.FLOAT16), INT64, int(TensorProto.INT32), int(TensorProto.BOOL)}
)
REQUIRED = frozenset({'probs', 'evidence'})
OPTIONAL = frozenset({'novelty', 'near_idx', 'near_sim'})


def inspect(
    blob: bytes, manifest: Manifest, skip: Collection[str] = (), limit: float = SIZE_LIMIT
) -> None:
    """Check a model file without running it.

    Args:
        blob: The file. manifest: Its manifest. skip: Checks a gate suite switched off; whoever
            opens a model to let it decide skips none.
        limit: Largest size, bytes.

    Raises:
        GateError: `key` names the check: size, parse, external_data, operators, weights, shapes.
    """
    if len(blob) > limit and 'size' not in skip:
        _refuse('size', f'is {len(blob) / 1e6:.1f} MB large; at most {limit / 1e6:.1f} MB')
    try:
        model = onnx.ModelProto.FromString(blob)
    except DecodeError as e:
        raise GateError(_sentence('is damaged or no ONNX file'), key='parse') from e
    if not model.graph.node:
        _refuse('parse', 'is empty or no ONNX file')
    inspect_content(model, skip)
    if 'shapes' not in skip:
        _check_shapes(model.graph, manifest)


def inspect_content(model: Any, skip: Collection[str] = ()) -> None:
    """Check a parsed model's operators and weights.

    Args:
        model: The parsed model. skip: Checks to leave out.

    Raises:
        GateError: `key` names the check: external_data, operators, weights, parse.
    """
    graphs = list(_graphs(model.graph))
    if 'external_data' not in skip:
        _check_external(graphs)
    if 'operators' not in skip:
        _check_operators(model, graphs)
    if 'weights' not in skip:
        _check_finite(graphs)


def trial(
    blob: bytes, manifest: Manifest, seconds: float = TRIAL_SECONDS, memory_mb: float = TRIAL_MB
) -> Json:
    """Run the model once in a child process with limited memory, processor time and no files.

    No shell, a fixed command; the model is data on standard input. Costs about 0.3 s.

    Returns:
        `peak_mb`: memory that loading and running it added, megabytes; `seconds`: processor time.

    Raises:
        GateError: `trial`: it crashed, needed too much, or did not end in `seconds`.
    """
    facts = f'{len(manifest.channels)},{manifest.samples},{memory_mb:.0f},{math.ceil(seconds)}'
    path = os.pathsep.join(p for p in sys.path if p)
    with tempfile.TemporaryDirectory() as empty:
        try:
            done = subprocess.run(  # noqa: S603  # nosec B603
                [sys.executable, '-m', 'cobot_ai.model.trial', facts],
                input=blob,
                capture_output=True,
                timeout=seconds,
                cwd=empty,
                env={'PYTHONPATH': path, 'OMP_NUM_THREADS': '1', 'OPENBLAS_NUM_THREADS': '1'},
                check=False,
            )
        except subprocess.TimeoutExpired as e:
            raise GateError(_sentence(f'did not end within {seconds:g} s'), key='trial') from e
    if done.returncode != 0:
        _refuse('trial', 'failed a trial run with limited memory and time')
    try:
        return {k: float(v) for k, v in json.loads(done.stdout).items()}
    except ValueError as e:
        raise GateError(_sentence('spoilt its trial run'), key='trial') from e


def _sentence(what: str) -> str:
    return f'The model file {what}; it was refused. Use a model that cobot_ai exported.'


def _refuse(key: str, what: str) -> None:
    raise GateError(_sentence(what), key=key, what=what)


def _graphs(graph: Any) -> Iterator[Any]:
    """The graph and every graph inside its nodes."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                if inner.node or inner.initializer:
                    yield from _graphs(inner)


def _tensors(graph: Any) -> Iterator[Any]:
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for node in graph.node:
        for a in node.attribute:
            yield from (a.t, *a.tensors, a.sparse_tensor.values, a.sparse_tensor.indices)


def _check_external(graphs: Iterable[Any]) -> None:
    for graph in graphs:
        for tensor in _tensors(graph):
            if tensor.external_data or tensor.data_location == TensorProto.EXTERNAL:
                _refuse('external_data', 'wants to read another file')


def _check_operators(model: Any, graphs: Iterable[Any]) -> None:
    if model.functions or model.training_info or model.graph.sparse_initializer:
        _refuse('operators', 'brings functions, training steps or sparse weights')
    if any(o.domain not in ('', 'ai.onnx') for o in model.opset_import):
        _refuse('operators', 'needs operators that are not standard')
    for graph in graphs:
        for node in graph.node:
            if node.op_type not in OPERATORS or node.domain not in ('', 'ai.onnx'):
                _refuse('operators', f'uses the operator {node.op_type}, which is not allowed')


def _check_finite(graphs: Iterable[Any]) -> None:
    for tensor in (t for graph in graphs for t in graph.initializer):
        if tensor.data_type not in NUMERIC:
            _refuse('weights', f'has the weight {tensor.name} of a type that is not allowed')
        try:
            values = numpy_helper.to_array(tensor)
        except (ValueError, TypeError) as e:
            raise GateError(
                _sentence('has damaged weights'), key='parse', what='has damaged weights'
            ) from e
        if not np.isfinite(values).all():
            _refuse('weights', f'has a weight that is not finite ({tensor.name})')


def _check_shapes(graph: Any, manifest: Manifest) -> None:
    window = (FLOAT, (None, len(manifest.channels), manifest.samples))
    inputs = {p.name: _port(p) for p in graph.input}
    expected_in: dict[str, Any] = {'x': window, 'mask': window}
    if manifest.facts.get('still') and 'still' in inputs:
        expected_in['still'] = (FLOAT, (None, inputs['still'][1][-1]))
    if inputs != expected_in:
        _refuse('shapes', 'has other inputs than its manifest says')
    outputs = {p.name: _port(p) for p in graph.output}
    names = set(outputs)
    if not names >= REQUIRED or names - REQUIRED - OPTIONAL:
        _refuse('shapes', 'has other outputs than a cobot_ai model')
    expected = {'probs': (FLOAT, (None, len(manifest.classes))), 'evidence': (FLOAT, (None,))}
    if any(outputs[name] != port for name, port in expected.items()):
        _refuse('shapes', 'has other outputs than its manifest says')
    if outputs.get('novelty', (FLOAT, (None,))) != (FLOAT, (None,)):
        _refuse('shapes', 'has a novelty output of the wrong shape')
    _check_nearest(outputs, len(manifest.facts.get('stored', ())))


def _check_nearest(outputs: dict[str, Any], stored: int) -> None:
    if 'near_idx' not in outputs and 'near_sim' not in outputs:
        return
    kind, shape = outputs.get('near_idx', (0, ()))
    if kind != INT64 or outputs.get('near_sim') != (FLOAT, shape) or len(shape) != 2:
        _refuse('shapes', 'has neighbour outputs of the wrong shape')
    if shape[1] is None or not 0 < shape[1] <= stored:
        _refuse('shapes', 'names more neighbours than its manifest has cases')


def _port(port: Any) -> tuple[int, tuple[int | None, ...]]:
    """Element type and shape; a named dimension (the batch) counts as None."""
    tensor = port.type.tensor_type
    dims = tensor.shape.dim
    return tensor.elem_type, tuple(d.dim_value if d.HasField('dim_value') else None for d in dims)
