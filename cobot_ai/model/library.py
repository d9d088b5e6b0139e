"""Which feature blocks there are: built in, from a plugin, or from a file of the plant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from cobot_ai.core.errors import ConfigError
from cobot_ai.core.spec import ModelSpec
from cobot_ai.core.types import Json
from cobot_ai.model.bank import Bank
from cobot_ai.model.blocks import Block, Statistics
from cobot_ai.model.convolutions import make_convolutions
from cobot_ai.model.data import Training
from cobot_ai.model.heads import Table
from cobot_ai.model.layers import Layers, read_layers
from cobot_ai.model.plugins import OwnBlock, describe_plugin, make_own
from cobot_ai.model.scaling import Scaling, fit_scaling
from cobot_ai.model.series import Samples, Spectrum
from cobot_ai.model.stills import STILL, Stills

BUILT_IN: dict[str, Callable[[Training, Scaling, int], Block]] = {
    'statistics': lambda t, _scaling, _seed: Statistics(t.values.shape[1]),
    'samples': lambda t, _scaling, _seed: Samples(*t.values.shape[1:]),
    'spectrum': lambda t, _scaling, _seed: Spectrum(*t.values.shape[1:]),
    'convolutions': lambda t, scaling, seed: make_convolutions(t.values, t.mask, scaling, seed),
}
"""Block name -> how to make it from a training set, its scaling and a seed."""


def make_bank(
    training: Training, blocks: Sequence[str], spec: ModelSpec, folder: Path = Path()
) -> Bank:
    """Freeze scaling and the named blocks on the windows of a training set.

    Args:
        blocks: The names a head wants. spec: Seed, files and channel weights.
        folder: Where the files of `spec.layers` lie.

    Raises:
        ConfigError: A plugin or file is missing or does not work.
    """
    _, channels, samples = training.values.shape
    scaling = fit_scaling(training.values, training.mask)

    def make(name: str) -> Block:
        if name == STILL and training.still is not None:
            return Stills(training.still.shape[1] - 1, channels)
        if name in spec.layers:
            return read_layers(folder, name, training, scaling)
        if name in BUILT_IN:
            return BUILT_IN[name](training, scaling, spec.seed)
        return make_own(name, training, scaling)

    weights = None
    if spec.channel_weights:
        listed = [spec.channel_weights.get(c, 1.0) for c in training.channels]
        weights = np.array(listed, np.float32)
    return Bank(scaling, tuple(make(name) for name in blocks), channels, samples, weights)


def compute(bank: Bank, training: Training) -> Table:
    """Features of a training set; what a plant's own block gives must be finite.

    Raises:
        ConfigError: A block gives numbers that are not finite.
    """
    table = bank.compute(training.values, training.mask, training.still)
    for block in bank.blocks:
        bad = ~np.isfinite(table[block.name].values).all(axis=1)
        if bad.any():
            raise ConfigError(
                f'The feature block "{block.name}" gives numbers that are not finite, for case '
                f'{training.ids[int(bad.argmax())]} among others; correct it or take it out.'
            )
    return table


def describe(bank: Bank) -> list[Json]:
    """The plant's own blocks, for the manifest: names, versions, hashes."""
    found = []
    for block in bank.blocks:
        if isinstance(block, OwnBlock):
            found.append(describe_plugin(block.name, block.plugin))
        elif isinstance(block, Layers):
            found.append(block.facts)
    return found
