"""A physically simulated cell (MuJoCo, extra `sim`) to try the whole loop without a robot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cobot_ai.core.errors import ConfigError

if TYPE_CHECKING:
    from cobot_ai.sim.cell import SimCell


def open_cell(seed: int, *, camera: bool = True) -> SimCell:
    """A new simulated cell; `close` it when done.

    Args:
        seed: Same seed, same parts, same physics, same noise.
        camera: Try to draw a still at each step's end (see `SimCell.missing`).

    Raises:
        ConfigError: MuJoCo is not installed.
    """
    try:
        from cobot_ai.sim.cell import SimCell  # noqa: PLC0415  the extra may be absent
    except ImportError as error:
        raise ConfigError(
            'The simulated cell needs MuJoCo; install it with: pip install "cobot_ai[sim]".'
        ) from error
    return SimCell(seed, camera=camera)
