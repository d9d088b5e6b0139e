"""Labelled cases with a known pattern, for tests of the model."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np

from cobot_ai.app.making import make_candidate
from cobot_ai.core.manifest import Manifest
from cobot_ai.core.spec import CellSpec, ModelSpec, QuestionSpec, RiskSpec, StepSpec
from cobot_ai.core.types import LabelledCase, Window

CHANNELS = ('wrench.fx', 'wrench.fz', 'tool.accel')
SAMPLES = 24


def window(values: np.ndarray, mask: np.ndarray | None = None) -> Window:
    mask = np.ones(values.shape, bool) if mask is None else mask
    clean = np.where(mask, values, 0).astype(np.float32)
    return Window(CHANNELS[: len(values)], clean, mask, 0, 1)


def signal(label: str, rng: np.random.Generator, noise: float) -> np.ndarray:
    """`ok` is quiet, `jam` rises in fz, `slip` vibrates."""
    t = np.linspace(0, 1, SAMPLES)
    x = rng.normal(0, noise, (3, SAMPLES))
    if label == 'jam':
        x[1] += 4 * t
    if label == 'slip':
        x[2] += 3 * np.sin(40 * t + rng.uniform(0, 6))
    return x * np.array([[5.0], [50.0], [0.2]]) + np.array([[1.0], [-20.0], [9.8]])


def cases(
    count: int = 60,
    labels: tuple[str, ...] = ('ok', 'jam', 'slip'),
    seed: int = 0,
    noise: float = 1.0,
    context: str = 'operation=insert',
) -> list[LabelledCase]:
    rng = np.random.default_rng(seed)
    made = []
    for i in range(count):
        label = labels[i % len(labels)]
        made.append(
            LabelledCase(i + 1, context, f'run_{i}', window(signal(label, rng, noise)), label)
        )
    return made


def relabel(made: list[LabelledCase], seed: int = 0) -> list[LabelledCase]:
    """The same windows with shuffled labels: nothing can be learnt."""
    names = [c.label for c in made]
    np.random.default_rng(seed).shuffle(names)
    return [replace(c, label=name) for c, name in zip(made, names, strict=True)]


def cell(head: str = 'linear', epsilon: float = 0.1) -> CellSpec:
    return CellSpec(
        'cell',
        (),
        StepSpec(),
        QuestionSpec(()),
        risk=RiskSpec(epsilon=epsilon),
        model=ModelSpec(head=head),
    )


def manifest_of(fitted, **changes) -> Manifest:
    """A bare manifest that fits a blob."""
    made = Manifest(
        blob=hashlib.sha256(fitted.blob).hexdigest(),
        parent='',
        classes=fitted.classes,
        channels=CHANNELS,
        samples=SAMPLES,
        certificates=(),
        labels={},
        contexts={},
        data='',
        cell='',
        code='test',
        seed=0,
        created_ns=0,
        head='linear',
        facts=fitted.facts,
    )
    return replace(made, **changes)


class Shelf:
    """A registry in memory."""

    def __init__(self) -> None:
        self.stored: dict[str, tuple[bytes, Manifest]] = {}
        self.live: str | None = None

    def put(self, blob: bytes, manifest: Manifest) -> str:
        self.stored[manifest.digest] = (blob, manifest)
        return manifest.digest

    def get(self, digest: str) -> tuple[bytes, Manifest]:
        return self.stored[digest]

    def current(self) -> str | None:
        return self.live

    def promote(self, digest: str) -> None:
        self.live = digest

    def versions(self) -> list[str]:
        return list(self.stored)


def build_candidate(cases, fitter, spec, loader, registry, *more):
    """A candidate that is made and stored: digest and manifest, None with too few labels."""
    found = make_candidate(cases, fitter, spec, loader, registry, *more)
    return (registry.put(*found), found[1]) if found is not None else None
