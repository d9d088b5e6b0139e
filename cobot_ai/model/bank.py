"""The feature bank: scaling plus blocks, frozen, run by onnxruntime for training and serving."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from cobot_ai.core.types import Floats
from cobot_ai.model.blocks import Block, Emitted
from cobot_ai.model.graph import BATCH, FLOAT, Graph, Port, window_inputs
from cobot_ai.model.scaling import Scaling, emit_signals
from cobot_ai.model.session import open_session, run
from cobot_ai.model.stills import Stills


@dataclass(frozen=True, slots=True)
class Features:
    """One block's features of a training set.

    Attributes:
        values: float32 [case, feature]. valid: 1.0 where measured, else 0.0 [case, feature].
        emphasis: How much each feature counts in a distance [feature]; None: all alike.
    """

    values: Floats
    valid: Floats
    emphasis: Floats | None = None

    @property
    def strength(self) -> Floats:
        """`emphasis`, written out."""
        ones = np.ones(self.values.shape[1], np.float32)
        return ones if self.emphasis is None else self.emphasis


@dataclass(frozen=True)
class Bank:
    """Frozen feature extraction for windows of `channels` x `samples`.

    Attributes:
        weights: How much each channel counts [channel]; None: all alike.
    """

    scaling: Scaling
    blocks: tuple[Block, ...]
    channels: int
    samples: int
    weights: Floats | None = None

    def begin(self) -> tuple[Graph, dict[str, Emitted]]:
        """A graph with scaling and blocks; block name -> names of features and validity."""
        graph, emitted = self._begun
        return graph.copy(), emitted

    @cached_property
    def _begun(self) -> tuple[Graph, dict[str, Emitted]]:
        g = Graph()
        signals = emit_signals(g, self.scaling, self.samples)
        return g, {block.name: block.emit(g, signals) for block in self.blocks}

    def only(self, names: tuple[str, ...]) -> Bank:
        """The same bank with some of its blocks; the same object for the same names."""
        if names not in self._parts:
            blocks = tuple(b for b in self.blocks if b.name in names)
            self._parts[names] = replace(self, blocks=blocks)
        return self._parts[names]

    @cached_property
    def _parts(self) -> dict[tuple[str, ...], Bank]:
        return {}

    @property
    def inputs(self) -> tuple[Port, ...]:
        """The inputs of a graph with these blocks."""
        stills = [b.port for b in self.blocks if isinstance(b, Stills)]
        return (*window_inputs(self.channels, self.samples), *stills)

    @cached_property
    def _session(self) -> Any:
        return open_session(self._graph[0])

    @cached_property
    def _graph(self) -> tuple[bytes, list[str]]:
        """The graph from window to features, and the names of its outputs."""
        g, emitted = self.begin()
        ports = [
            (name, FLOAT, (BATCH, block.width))
            for block in self.blocks
            for name in emitted[block.name]
        ]
        blob = g.to_bytes(self.inputs, ports, {})
        return blob, [name for name, *_ in ports]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the graph: the same digest means the same features."""
        return hashlib.sha256(self._graph[0]).hexdigest()

    def compute(
        self, values: Floats, mask: Floats, still: Floats | None = None
    ) -> dict[str, Features]:
        """Features of windows [case, channel, time] by running the very graph that will serve."""
        out = run(self._session, values, mask, self._graph[1], still)
        return {
            block.name: Features(out[2 * i], out[2 * i + 1], self.emphasis(block))
            for i, block in enumerate(self.blocks)
        }

    def emphasis(self, block: Block) -> Floats | None:
        """Geometric mean of the weights of the channels a feature is made of [feature].

        So a feature that has anything of a channel of weight 0 in it does not count at all.
        """
        if self.weights is None:
            return None
        reads = block.reads()
        with np.errstate(divide='ignore'):
            logs = np.where(reads, np.log(self.weights), 0.0)
        return np.asarray(np.exp(logs.sum(axis=1) / np.maximum(reads.sum(axis=1), 1)), np.float32)
