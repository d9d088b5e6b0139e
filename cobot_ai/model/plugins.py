"""Feature blocks that a plant brings as an installed Python plugin.

The plugin writes ONNX operators into the one graph that trains and serves. So it is needed to
train; the file that serves holds its arithmetic and needs it no more.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from cobot_ai.core.errors import ConfigError
from cobot_ai.core.types import Bools, Floats, Json
from cobot_ai.model.blocks import Emitted, all_alive
from cobot_ai.model.data import Training
from cobot_ai.model.graph import BATCH, FLOAT, Graph, window_inputs
from cobot_ai.model.scaling import Scaling, Signals, emit_signals
from cobot_ai.model.session import open_session, run

GROUP = 'cobot_ai.feature_blocks'
"""Entry point group in which plugins are looked up; the name there is the name of the block."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a block can work with: names inside the graph, and what they are about.

    Attributes:
        x: Samples in the channels' units [B, C, T]; the training mean where not measured.
        scaled: Standard scores over the training windows [B, C, T]; 0 where not measured.
        mask: 1.0 where measured, else 0.0 [B, C, T].
        channels: Channel names in the order of axis C. samples: T.
    """

    x: str
    scaled: str
    mask: str
    channels: tuple[str, ...]
    samples: int


@dataclass(frozen=True, slots=True)
class Output:
    """What a block made.

    Attributes:
        name: Name of the features in the graph [B, width].
        reads: For each feature the channels it is made of. A feature counts as measured only
            while all of them are alive, and channel weights reach it through them.
    """

    name: str
    reads: tuple[tuple[str, ...], ...]


class FeatureBlock(Protocol):
    """A plant's own filter; the entry point names a class that is made without arguments."""

    version: str

    def emit(self, g: Graph, inputs: Inputs) -> Output:
        """Write the filter into the graph: the same nodes every time."""


@runtime_checkable
class Fits(Protocol):
    """A filter that learns something from the training windows before it is written."""

    def fit(self, channels: tuple[str, ...], values: Floats, mask: Floats) -> None:
        """Learn from windows [case, channel, time]; not measured samples are 0 in both."""


@dataclass(frozen=True, slots=True)
class OwnBlock:
    """A plugin with what it learnt, as a block of the bank."""

    name: str
    plugin: FeatureBlock
    scaling: Scaling
    channels: tuple[str, ...]
    samples: int
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
        inputs = Inputs(natural(g, s, self.scaling), s.plain, s.mask, self.channels, s.samples)
        return self.plugin.emit(g, inputs).name, all_alive(g, s, self.read)


def natural(g: Graph, s: Signals, scaling: Scaling) -> str:
    """Samples in their own units, the training mean where not measured [B, C, T]."""
    spread = np.where(scaling.inverse_sd > 0, 1 / np.maximum(scaling.inverse_sd, 1e-30), 0)
    return g.op('Add', g.op('Mul', s.plain, g.const(spread)), g.const(scaling.mean))


def make_own(name: str, training: Training, scaling: Scaling) -> OwnBlock:
    """Load a plugin, let it learn from the training windows, and see what it would write.

    Raises:
        ConfigError: It is not installed, cannot be loaded, or breaks the rules above.
    """
    entry = find_plugin(name)
    channels, samples = training.channels, training.values.shape[2]
    try:
        plugin: FeatureBlock = entry.load()()
        if isinstance(plugin, Fits):
            plugin.fit(channels, training.values, training.mask)
        output = plugin.emit(Graph(), Inputs('x', 'x', 'mask', channels, samples))
        reads = to_reads(name, output.reads, channels)
        block = OwnBlock(name, plugin, scaling, channels, samples, reads)
        _try(block, training)
    except ConfigError:
        raise
    except Exception as e:  # code of others may raise anything
        raise ConfigError(
            f'The feature block "{name}" ({entry.value}) failed: {e}. Correct the plugin, or take '
            'it out of `model.blocks`.'
        ) from e
    return block


def _try(block: OwnBlock, training: Training) -> None:
    """Run a block on two windows.

    Raises:
        ConfigError: It gives something else than it declares, or differs from call to call.
    """
    blob, out = _alone(block)
    if _alone(block)[0] != blob:
        raise ConfigError(
            f'The feature block "{block.name}" writes something else at every call: what serves '
            'would not be what was trained. Take randomness and the clock out of `emit`.'
        )
    found = run(open_session(blob), training.values[:2], training.mask[:2], [out])[0]
    wanted = (len(training.values[:2]), block.width)
    if found.shape != wanted:
        raise ConfigError(
            f'The feature block "{block.name}" gives numbers of the shape {list(found.shape)} for '
            f'{wanted[0]} windows; its `reads` name {wanted[1]} features, so {list(wanted)} is '
            'expected. Correct the plugin.'
        )


def _alone(block: OwnBlock) -> tuple[bytes, str]:
    """A graph of one block, and the name of its features."""
    g = Graph()
    out, _ = block.emit(g, emit_signals(g, block.scaling, block.samples))
    inputs = window_inputs(len(block.channels), block.samples)
    return g.to_bytes(inputs, [(out, FLOAT, (BATCH, 'width'))], {}), out


def find_plugin(name: str) -> EntryPoint:
    """The entry point of a block.

    Raises:
        ConfigError: No installed package brings it, or two do.
    """
    found = tuple(entry_points(group=GROUP, name=name))
    if not found:
        there = ', '.join(sorted(e.name for e in entry_points(group=GROUP))) or 'none'
        raise ConfigError(
            f'`model.blocks` names "{name}", which is neither built in nor installed (plugins '
            f'found: {there}). Install its package where the trainer runs, or take it out.'
        )
    if len({e.value for e in found}) > 1:
        raise ConfigError(
            f'Two installed packages bring a feature block "{name}"; uninstall one of them.'
        )
    return found[0]


def describe_plugin(name: str, plugin: FeatureBlock) -> Json:
    """Who made a block, for the manifest: version, package, SHA-256 of its source file."""
    entry = find_plugin(name)
    source = inspect.getsourcefile(type(plugin))
    return {
        'name': name,
        'kind': 'plugin',
        'from': entry.value,
        'package': f'{entry.dist.name} {entry.dist.version}' if entry.dist else '',
        'version': str(plugin.version),
        'sha256': hashlib.sha256(Path(source).read_bytes()).hexdigest() if source else '',
    }


def to_reads(name: str, reads: Sequence[Sequence[str]], channels: tuple[str, ...]) -> Bools:
    """Channel names per feature as a table [feature, channel].

    Raises:
        ConfigError: There is no feature, or one is made of no or an unknown channel.
    """
    table = np.array([[c in row for c in channels] for row in reads], bool)
    strange = sorted({c for row in reads for c in row} - set(channels))
    if strange or not len(table) or not table.any(axis=1).all():
        what = f'unknown channels ({", ".join(strange)})' if strange else 'no channel at all'
        raise ConfigError(
            f'The feature block "{name}" says that it reads {what}; this cell has: '
            f'{", ".join(channels)}.'
        )
    return table
