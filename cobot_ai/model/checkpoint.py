"""Reading the tensors of a torch checkpoint (the format before the zip one), without torch.

A checkpoint is a pickle, and a pickle can run anything. Only the few names that describe tensors
are known here; everything else is refused.
"""

from __future__ import annotations

import pickle  # nosec B403
from collections import OrderedDict
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cobot_ai.core.errors import ModelError

MAGIC = 0x1950A86A20F9469CFC6C
STORAGES: dict[str, np.dtype[Any]] = {
    'FloatStorage': np.dtype('<f4'),
    'LongStorage': np.dtype('<i8'),
}


def read_checkpoint(file: Path) -> dict[str, NDArray[Any]]:
    """Tensor name -> array.

    Raises:
        ModelError: It is no such file, or it holds more than tensors.
    """
    try:
        return _read(BytesIO(file.read_bytes()))
    except (pickle.UnpicklingError, OSError, EOFError, ValueError, KeyError, TypeError) as e:
        raise ModelError(
            f'The checkpoint {file.name} cannot be read ({e}); install it again.'
        ) from e


class _Tensors(pickle.Unpickler):
    """Knows tensors and their storages by name, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        known: dict[tuple[str, str], Any] = {
            ('collections', 'OrderedDict'): OrderedDict,
            ('torch._utils', '_rebuild_tensor_v2'): _tensor,
        }
        if module == 'torch' and name in STORAGES:
            return name
        if (module, name) not in known:
            raise pickle.UnpicklingError(f'it wants {module}.{name}')
        return known[module, name]

    def persistent_load(self, pid: Any) -> Any:
        """A storage that follows later: its type and key."""
        _, kind, key, *_ = pid
        return kind, key


def _tensor(storage: Any, offset: int, shape: Any, stride: Any, *_: Any) -> Any:
    return storage, offset, tuple(shape), tuple(stride)


def _read(file: BytesIO) -> dict[str, NDArray[Any]]:
    magic, _protocol, _system, tensors, keys = (_Tensors(file).load() for _ in range(5))  # nosec B301
    if magic != MAGIC:
        raise ValueError('no checkpoint')
    kinds: dict[str, str] = {storage[1]: storage[0] for storage, *_ in tensors.values()}
    data = {key: _storage(file, STORAGES[kinds[key]]) for key in keys}
    return {
        name: np.lib.stride_tricks.as_strided(
            data[storage[1]][offset:], shape, [s * data[storage[1]].itemsize for s in stride]
        ).copy()
        for name, (storage, offset, shape, stride) in tensors.items()
    }


def _storage(file: BytesIO, kind: np.dtype[Any]) -> NDArray[Any]:
    count = int.from_bytes(file.read(8), 'little')
    return np.frombuffer(file.read(count * kind.itemsize), kind)
