"""Settings of all tests."""

import os

os.environ.setdefault('OMP_NUM_THREADS', '1')
os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')

from hypothesis import settings

# A busy machine must not fail a property; pytest-timeout ends what hangs.
settings.register_profile('cobot_ai', deadline=None)
settings.load_profile('cobot_ai')
