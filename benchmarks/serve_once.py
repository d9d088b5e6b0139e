"""Helper of the section `speed`: a process that serves one model and prints its memory.

Run: `python serve_once.py [MODEL SHAPE]`; without arguments it prints what a bare interpreter has.
"""

import sys

if len(sys.argv) > 1:
    import numpy as np

    from cobot_ai.model.session import open_session, run

    with open(sys.argv[1], 'rb') as file:  # noqa: PTH123 - a bare interpreter imports no pathlib
        session = open_session(file.read())
    shape = [1, *(int(n) for n in sys.argv[2].split(','))]
    for _ in range(20):
        run(session, np.zeros(shape, np.float32), np.ones(shape, np.float32), ['probs'])
with open('/proc/self/status') as status:  # noqa: PTH123 - ru_maxrss would count the parent's
    print(next(int(line.split()[1]) for line in status if line.startswith('VmRSS')) / 1024)
