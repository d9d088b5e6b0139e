"""Seeded draws of everything that varies from part to part.

A draw only sets the stage (sizes, friction, grip force, where the fixture really stands). What
becomes of the step is left to the physics: a fixture that stands 4 mm off may be found by the
search or not, a weak grip may hold or slip.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, slots=True)
class Family:
    """A part family. `half_width`: of the square part; `clearance`: gap per side, metres."""

    half_width: float
    clearance: float

    @property
    def hole(self) -> float:
        """Half width of the matching hole, metres."""
        return self.half_width + self.clearance


FAMILIES: Mapping[str, Family] = {
    'peg_a': Family(0.0080, 0.00030),
    'peg_b': Family(0.0060, 0.00020),
}


@dataclass(frozen=True, slots=True)
class Draw:
    """The stage of one step.

    Attributes:
        part: Part family.
        trouble: What was set up to go wrong (`none` for the ordinary run). Never published, and
            not the truth: the truth is what the physics made of it.
        half_width: Half width of the part, metres.
        offset: x, y, z error of the fixture against the program's belief, metres.
        tilt: Rotation of the fixture about x, y, z, radians.
        friction: Coulomb coefficient between part and fixture.
        plunger: Force of the fixture's spring plunger, newtons.
        grip: Force of each finger, newtons.
        pad_friction: Coulomb coefficient between pad and part.
        present: False when the feeder was empty.
        pick: Error of the part along the tool axis when it was picked, metres.
        chip: Half sizes of the chip in the hole, metres; None without one.
        chip_at: x, y of the chip in the hole and its yaw, metres and radians.
    """

    part: str
    trouble: str
    half_width: float
    offset: tuple[float, float, float]
    tilt: tuple[float, float, float]
    friction: float
    plunger: float
    grip: float
    pad_friction: float
    present: bool
    pick: float
    chip: tuple[float, float, float] | None = None
    chip_at: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def family(self) -> Family:
        """The part's family."""
        return FAMILIES[self.part]

    @property
    def oversize(self) -> float:
        """How much the part is too wide for the hole, per side, metres (negative: it fits)."""
        return self.half_width - self.family.hole


@dataclass(frozen=True, slots=True)
class Mix:
    """Shares of what is set up to go wrong; the rest is the ordinary run."""

    shares: Mapping[str, float] = field(
        default_factory=lambda: {
            'misaligned': 0.09,
            'oversize': 0.07,
            'chip': 0.06,
            'no_part': 0.07,
            'weak_grip': 0.13,
        }
    )

    def trouble(self, rng: np.random.Generator) -> str:
        """Draw one trouble, `none` for the ordinary run."""
        names = ['none', *self.shares]
        rest = 1.0 - sum(self.shares.values())
        return str(rng.choice(names, p=[rest, *self.shares.values()]))


def draw(seed: int, serial: int, part: str, mix: Mix | None = None) -> Draw:
    """The stage of step number `serial` (the same for the same seed, serial and part)."""
    rng = np.random.default_rng([seed, serial])
    return stage(rng, part, (mix or Mix()).trouble(rng))


def stage(rng: np.random.Generator, part: str, trouble: str) -> Draw:
    """Set one stage with the given trouble; raises KeyError for an unknown part family."""
    family = FAMILIES[part]
    misaligned = trouble == 'misaligned'
    width = family.half_width + rng.uniform(-1.0, 0.5) * 1e-4
    if trouble == 'oversize':
        width = family.hole + rng.uniform(0.00004, 0.0005)
    return Draw(
        part=part,
        trouble=trouble,
        half_width=width,
        offset=_offset(rng, misaligned),
        tilt=_tilt(rng, misaligned),
        friction=float(np.clip(rng.lognormal(np.log(0.25), 0.25), 0.12, 0.55)),
        plunger=float(rng.uniform(8.0, 26.0)),
        grip=float(rng.uniform(3.5, 14.0) if trouble == 'weak_grip' else rng.uniform(45.0, 70.0)),
        pad_friction=float(rng.uniform(0.6, 0.9)),
        present=trouble != 'no_part',
        pick=float(rng.normal(0.0, 0.0003)),
        chip=_chip(rng, family) if trouble == 'chip' else None,
        chip_at=(
            float(rng.uniform(-0.002, 0.002)),
            float(rng.uniform(-0.002, 0.002)),
            float(rng.uniform(0.0, np.pi)),
        ),
    )


def _offset(rng: np.random.Generator, misaligned: bool) -> tuple[float, float, float]:
    """Within the chamfer's reach as a rule; beyond it when misaligned. Height varies too."""
    angle = rng.uniform(0.0, 2 * np.pi)
    radius = rng.uniform(0.0032, 0.0075) if misaligned else abs(rng.normal(0.0, 0.0009))
    height = rng.normal(0.0, 0.0003)
    return float(radius * np.cos(angle)), float(radius * np.sin(angle)), float(height)


def _tilt(rng: np.random.Generator, misaligned: bool) -> tuple[float, float, float]:
    spread = np.radians(1.0 if misaligned else 0.35)
    x, y, z = rng.normal(0.0, spread, 3)
    return float(x), float(y), float(z)


def _chip(rng: np.random.Generator, family: Family) -> tuple[float, float, float]:
    width = family.half_width * rng.uniform(0.35, 0.55)
    return float(width), float(width * 0.8), float(rng.uniform(0.0003, 0.0035))
