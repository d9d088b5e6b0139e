"""The camera still at a step's end; a missing sensor where nothing can draw."""

from __future__ import annotations

import contextlib
import os
import selectors
import subprocess  # nosec B404
import sys
import time
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from cobot_ai.core.errors import CobotAiError
from cobot_ai.core.types import Doubles
from cobot_ai.sim.render import HEIGHT, WIDTH

BACKENDS = ('egl', 'osmesa')
FIRST_S, NEXT_S = 30.0, 5.0
"""Longest wait for the first and for every other picture, seconds of real time."""


class CameraError(CobotAiError):
    """No picture could be drawn."""


class Camera:
    """Draws snapshots in a child process. Close it, or use it in a `with` block.

    Args:
        snapshot: Any snapshot of the world, for the first, trial picture.
        environ: Environment of the child; `MUJOCO_GL` in it fixes the backend.
        view: Camera of the scene: `hole` or `cell`.

    Raises:
        CameraError: No backend could draw the trial picture.
    """

    def __init__(
        self, snapshot: Doubles, environ: Mapping[str, str] | None = None, view: str = 'hole'
    ) -> None:
        environ = os.environ if environ is None else environ
        wanted = environ.get('MUJOCO_GL')
        self.backend = _first_that_draws(
            self, snapshot, (wanted,) if wanted else BACKENDS, environ, view
        )

    def start(self, backend: str, environ: Mapping[str, str], view: str) -> None:
        """Start the child with an OpenGL backend."""
        self.child = subprocess.Popen(  # noqa: S603  # nosec B603
            [sys.executable, '-m', 'cobot_ai.sim.render', view],
            env={**environ, 'MUJOCO_GL': backend},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def still(self, snapshot: Doubles, timeout_s: float = NEXT_S) -> NDArray[np.uint8]:
        """One picture, uint8 [HEIGHT, WIDTH, 3] RGB.

        Raises:
            CameraError: The child ended or did not answer in time; the camera is closed.
        """
        try:
            data = self._exchange(snapshot.tobytes(), timeout_s)
        except OSError as error:
            self.close()
            raise CameraError(
                f'The simulated camera failed ({error}); restart the cell to get it back.'
            ) from error
        return np.frombuffer(data, np.uint8).reshape(HEIGHT, WIDTH, 3)

    def _exchange(self, request: bytes, timeout_s: float) -> bytes:
        """Send a snapshot and read one picture; raises OSError when that fails."""
        stdin, stdout = self.child.stdin, self.child.stdout
        if stdin is None or stdout is None or stdin.closed:
            raise OSError('the drawing process is closed')
        stdin.write(request)
        stdin.flush()
        until = time.monotonic() + timeout_s
        data = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            while len(data) < HEIGHT * WIDTH * 3:
                if not selector.select(max(0.0, until - time.monotonic())):
                    raise OSError('the drawing process did not answer in time')
                chunk = os.read(stdout.fileno(), 1 << 18)
                if not chunk:
                    raise OSError('the drawing process ended')
                data += chunk
        return bytes(data)

    def close(self) -> None:
        """End the child."""
        self.child.kill()
        for pipe in (self.child.stdin, self.child.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self.child.wait()

    def __enter__(self) -> Camera:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _first_that_draws(
    camera: Camera,
    snapshot: Doubles,
    backends: Sequence[str],
    environ: Mapping[str, str],
    view: str,
) -> str:
    for backend in backends:
        camera.start(backend, environ, view)
        with contextlib.suppress(CameraError):
            camera.still(snapshot, FIRST_S)
            return backend
    raise CameraError(
        f'No OpenGL here (tried MUJOCO_GL={", ".join(backends)}); the cell runs without its '
        'camera. Install libegl1 and a Mesa driver to get pictures.'
    )
