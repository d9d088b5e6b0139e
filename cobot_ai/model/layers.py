"""Feature blocks that a plant brings as an ONNX file of its own.

The file takes `x` [B, channels, samples] (in the channels' units; the training mean where not
measured) and, if it wants, `mask`; it gives one output [B, width]. Its operators become part of
the one graph that trains and serves. The metadata entry `channels` (names, comma-separated) says
which channels it reads; without it, all of them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import compose, version_converter

from cobot_ai.core.errors import ConfigError, GateError
from cobot_ai.core.types import Bools, Json
from cobot_ai.model.blocks import Emitted, all_alive
from cobot_ai.model.data import Training
from cobot_ai.model.graph import BATCH, FLOAT, OPSET, Graph, window_inputs
from cobot_ai.model.import_gate import inspect_content
from cobot_ai.model.plugins import natural, to_reads
from cobot_ai.model.scaling import Scaling, Signals
from cobot_ai.model.session import open_session, run

LARGEST = 16_000_000


@dataclass(frozen=True, slots=True)
class Layers:
    """A checked file as a block of the bank."""

    name: str
    sha256: str
    model: Any
    scaling: Scaling
    picks: tuple[int, ...]
    read: Bools

    @property
    def width(self) -> int:
        """Number of features."""
        return len(self.read)

    def reads(self) -> Bools:
        """Which channels each feature is made of."""
        return self.read

    def emit(self, g: Graph, s: Signals) -> Emitted:
        """Write the block into the graph."""
        picks = g.const(self.picks)
        there = {'x': natural(g, s, self.scaling), 'mask': s.mask}
        chosen = {name: g.op('Gather', x, picks, axis=1) for name, x in there.items()}
        return _merge(g, self.model, self.name, chosen), all_alive(g, s, self.read)

    @property
    def facts(self) -> Json:
        """What it is, for the manifest."""
        return {'name': self.name, 'kind': 'layers', 'sha256': self.sha256}


def read_layers(folder: Path, name: str, training: Training, scaling: Scaling) -> Layers:
    """Read and check a file, and try it on two windows.

    Raises:
        ConfigError: It cannot be read, must not be used, or does not fit the cell's windows.
    """
    try:
        blob = (folder / name).read_bytes()
    except OSError as e:
        raise ConfigError(
            f'`model.layers` names "{name}", which cannot be read ({e.strerror}); put the file '
            'beside the cell file, or take it out.'
        ) from e
    model = _checked(name, blob)
    notes = {p.key: p.value for p in model.metadata_props}
    named = tuple(c.strip() for c in notes.get('channels', '').split(',') if c.strip())
    named = named or training.channels
    read = to_reads(name, [named], training.channels)
    picks = tuple(training.channels.index(c) for c in named)
    width = _try(name, model, len(picks), training.values.shape[2])
    digest = hashlib.sha256(blob).hexdigest()
    return Layers(name, digest, model, scaling, picks, np.repeat(read, width, axis=0))


def _checked(name: str, blob: bytes) -> Any:
    if len(blob) > LARGEST:
        _refuse(name, f'is {len(blob) / 1e6:.0f} MB large; at most {LARGEST / 1e6:.0f} MB')
    try:
        model = onnx.ModelProto.FromString(blob)
        _unfold(model.graph)
        inspect_content(model)
        model = version_converter.convert_version(model, OPSET)
        _unfold(model.graph)  # what was an attribute of an older operator set is a constant now
        inspect_content(model)
    except DecodeError:
        _refuse(name, 'is damaged or no ONNX file')
    except GateError as e:
        _refuse(name, str(e.params['what']))
    except Exception as e:  # the converter raises what its C++ part has
        _refuse(name, f'cannot be brought to operator set {OPSET} ({e})')
    inputs = {p.name for p in model.graph.input} - {t.name for t in model.graph.initializer}
    if 'x' not in inputs or inputs - {'x', 'mask'} or len(model.graph.output) != 1:
        _refuse(name, 'must have the input `x`, at most `mask` besides, and one output')
    return model


def _refuse(name: str, what: str) -> NoReturn:
    raise ConfigError(f'`model.layers`: the file "{name}" {what}; it was refused.')


def _unfold(graph: Any) -> None:
    """Constants that stand as nodes become tensors: same meaning, one form to check."""
    for node in [n for n in graph.node if n.op_type == 'Constant']:
        values = [a for a in node.attribute if a.name == 'value']
        if values:
            tensor = onnx.TensorProto()
            tensor.CopyFrom(values[0].t)
            tensor.name = node.output[0]
            graph.initializer.append(tensor)
            graph.node.remove(node)


def _merge(g: Graph, model: Any, name: str, there: dict[str, str]) -> str:
    """Copy the file's nodes into a graph under names of their own; name of its output."""
    mark = f'{name}/'
    graph = compose.add_prefix_graph(model.graph, mark)
    inputs = {f'{mark}{key}': value for key, value in there.items()}
    for node in graph.node:
        node.input[:] = [inputs.get(i, i) for i in node.input]
    g.include(list(graph.node), list(graph.initializer))
    return str(graph.output[0].name)


def _try(name: str, model: Any, channels: int, samples: int) -> int:
    """Width of the features, found by running the file once, fully and hardly measured."""
    g = Graph()
    out = _merge(g, model, name, {'x': 'x', 'mask': 'mask'})
    x = np.ones((2, channels, samples), np.float32)
    mask = x.copy()
    mask[1, :, 1:] = 0
    try:
        blob = g.to_bytes(window_inputs(channels, samples), [(out, FLOAT, (BATCH, 'width'))], {})
        found = run(open_session(blob), x, mask, [out])[0]
    except Exception as e:  # onnx and onnxruntime raise their own unrelated classes
        raise ConfigError(
            f'`model.layers`: the file "{name}" does not run on windows of {channels} channels x '
            f'{samples} samples ({e}); correct it, or its metadata entry `channels`.'
        ) from e
    if found.ndim != 2 or len(found) != 2 or not np.isfinite(found).all():
        _refuse(name, 'must give finite numbers of the shape [windows, features]')
    return int(found.shape[1])
