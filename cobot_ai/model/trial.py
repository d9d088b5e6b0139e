"""The child process of the import gate: run a model from stdin once, inside limits.

Call: `python -m cobot_ai.model.trial CHANNELS,SAMPLES,MEGABYTES,SECONDS < model.onnx`; exit code 0
means it ran and every output was finite. Prints the memory it added and its processor time.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np

from cobot_ai.model.session import feed, inputs_of, open_session


def main() -> int:
    """Run the model on zeros, fully measured and fully missing."""
    channels, samples, megabytes, seconds = (int(n) for n in sys.argv[1].split(','))
    limits = {
        resource.RLIMIT_AS: megabytes << 20,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_FSIZE: 0,
    }
    for what, limit in limits.items():
        resource.setrlimit(what, (limit, limit))
    blob = sys.stdin.buffer.read()
    before, begun = _peak_mb(), time.process_time()
    session = open_session(blob)
    x = np.zeros((2, channels, samples), np.float32)
    for mask in (np.ones_like(x), x):
        if not all(
            np.isfinite(out).all() for out in session.run(None, feed(inputs_of(session), x, mask))
        ):
            return 1
    used = {'peak_mb': _peak_mb() - before, 'seconds': time.process_time() - begun}
    sys.stdout.write(json.dumps(used))
    return 0


def _peak_mb() -> float:
    """Largest resident memory of this process so far, megabytes.

    Not from `getrusage`: there a child begins with the peak of its parent.
    """
    status = Path('/proc/self/status').read_text(encoding='ascii')
    line = next(line for line in status.splitlines() if line.startswith('VmHWM'))
    return int(line.split()[1]) / 1024


if __name__ == '__main__':
    sys.exit(main())
