"""The child process of the import gate: run a model from stdin once, inside limits.

Call: `python -m cobot_ai.model.trial CHANNELS,SAMPLES < model.onnx`; exit code 0 means it ran and
every output was finite.
"""

from __future__ import annotations

import resource
import sys

import numpy as np

from cobot_ai.model.session import open_session

MEMORY = 3 << 29
CPU_SECONDS = 10


def main() -> int:
    """Run the model on zeros, fully measured and fully missing."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    channels, samples = (int(n) for n in sys.argv[1].split(','))
    session = open_session(sys.stdin.buffer.read())
    x = np.zeros((2, channels, samples), np.float32)
    for mask in (np.ones_like(x), x):
        if not all(np.isfinite(out).all() for out in session.run(None, {'x': x, 'mask': mask})):
            return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
