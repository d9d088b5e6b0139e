"""Child process that draws the cell: `python -m cobot_ai.sim.render`.

OpenGL may be absent, or end the process in its driver; here it can only end this child. On the
standard input it takes snapshots (`World.snapshot`, float64), on the standard output it gives one
RGB picture for each, [HEIGHT, WIDTH, 3] bytes.
"""

from __future__ import annotations

import os
import sys

import mujoco
import numpy as np

from cobot_ai.sim.world import World

WIDTH, HEIGHT = 320, 240


def main(view: str = 'hole') -> None:
    """Draw until the standard input ends."""
    out = os.fdopen(os.dup(1), 'wb')
    os.dup2(2, 1)  # whatever the driver prints must not mix with the pictures
    world = World()
    size = world.snapshot().nbytes
    with mujoco.Renderer(world.model, HEIGHT, WIDTH) as renderer:
        while len(data := sys.stdin.buffer.read(size)) == size:
            world.restore(np.frombuffer(data))
            renderer.update_scene(world.data, view)
            out.write(renderer.render().tobytes())
            out.flush()


if __name__ == '__main__':
    main(*sys.argv[1:])
