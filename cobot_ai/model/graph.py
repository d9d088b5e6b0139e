"""A thin writer for ONNX graphs: constants, operators, bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

OPSET = 17
IR_VERSION = 8
FLOAT = int(TensorProto.FLOAT)
INT64 = int(TensorProto.INT64)
DOUBLE = int(TensorProto.DOUBLE)
BATCH = 'B'

Port = tuple[str, int, tuple[int | str, ...]]
"""Name, element type and shape of an input or output."""


class Graph:
    """Collects the nodes and constants of one ONNX graph, in the order they are added."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def copy(self) -> Graph:
        """A graph that begins with what this one holds."""
        found = Graph()
        found.include(self._nodes, self._constants)
        return found

    def const(self, value: NDArray[Any] | float | Sequence[int]) -> str:
        """Add a constant (floats become float32, integers int64) and return its name."""
        array = np.asarray(value)
        return self._store(array.astype(np.int64 if array.dtype.kind in 'iu' else np.float32))

    def half(self, value: NDArray[Any]) -> str:
        """Add a constant that is stored in half precision; the name of its float32 form."""
        return self.single(self._store(value.astype(np.float16)))

    def _store(self, array: NDArray[Any]) -> str:
        tensor = TensorProto(name=f'c{len(self._constants)}', dims=array.shape)
        tensor.data_type = helper.np_dtype_to_tensor_dtype(array.dtype)
        tensor.raw_data = array.tobytes()  # `numpy_helper.from_array` takes ten times as long
        self._constants.append(tensor)
        return str(tensor.name)

    def op(self, kind: str, *inputs: str, out: str = '', **attributes: Any) -> str:
        """Add an operator with one output and return the output's name."""
        name = out or f'n{len(self._nodes)}'
        self._nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def include(self, nodes: Sequence[Any], constants: Sequence[Any]) -> None:
        """Add ready-made nodes and tensors whose names nothing else here uses."""
        self._nodes += nodes
        self._constants += constants

    def double(self, x: str) -> str:
        """Cast to double precision."""
        return self.op('Cast', x, to=DOUBLE)

    def single(self, x: str, out: str = '') -> str:
        """Cast to single precision."""
        return self.op('Cast', x, out=out, to=FLOAT)

    def top(self, values: str, count: int, names: tuple[str, str]) -> None:
        """Add the `count` largest entries of each row [B, count] and their positions."""
        self._nodes.append(
            helper.make_node('TopK', [values, self.const([count])], list(names), axis=1)
        )

    def affine(self, x: str, offset: NDArray[Any], factor: NDArray[Any]) -> str:
        """(x - offset) * factor, broadcast from the right."""
        return self.op('Mul', self.op('Sub', x, self.const(offset)), self.const(factor))

    def sum(self, x: str, axis: int = 2, keep: bool = True) -> str:
        """Sum over one axis."""
        return self.op('ReduceSum', x, self.const([axis]), keepdims=int(keep))

    def slice(self, x: str, start: int, end: int, axis: int = 2) -> str:
        """x[start:end] along one axis."""
        return self.op('Slice', x, self.const([start]), self.const([end]), self.const([axis]))

    def flat(self, x: str, width: int) -> str:
        """Reshape [B, ...] to [B, width]."""
        return self.op('Reshape', x, self.const([0, width]))

    def to_bytes(
        self,
        inputs: Sequence[Port],
        outputs: Sequence[Port],
        notes: Mapping[str, str],
        check: bool = True,
    ) -> bytes:
        """Serialise; the same calls give the same bytes (no time stamp, no file name).

        Args:
            inputs: Ports. outputs: Ports. notes: Kept in the file.
            check: False where a graph with the same operators was checked before.
        """
        empty = helper.make_graph([], 'cobot_ai', _ports(inputs), _ports(outputs))
        model = helper.make_model(empty, opset_imports=[helper.make_opsetid('', OPSET)])
        model.graph.node.extend(self._nodes)
        model.graph.initializer.extend(self._constants)
        model.ir_version = IR_VERSION
        helper.set_model_props(model, dict(sorted(notes.items())))
        if check:
            onnx.checker.check_model(model)
        return bytes(model.SerializeToString(deterministic=True))


def _ports(ports: Sequence[Port]) -> list[Any]:
    return [helper.make_tensor_value_info(name, kind, list(shape)) for name, kind, shape in ports]


def window_inputs(channels: int, samples: int) -> tuple[Port, Port]:
    """The two inputs of every model: samples (0.0 where not measured) and mask (1 measured)."""
    shape = (BATCH, channels, samples)
    return ('x', FLOAT, shape), ('mask', FLOAT, shape)
