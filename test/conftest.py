"""Settings of all tests."""

import os

os.environ.setdefault('OMP_NUM_THREADS', '1')
os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')

import pytest
from hypothesis import settings

# A busy machine must not fail a property; pytest-timeout ends what hangs.
settings.register_profile('cobot_ai', deadline=None)
settings.load_profile('cobot_ai')

LONG_S = 3600


def pytest_collection_modifyitems(items):
    """Long tests may take longer than pyproject.toml lets a test."""
    for item in items:
        if item.get_closest_marker('long') and not item.get_closest_marker('timeout'):
            item.add_marker(pytest.mark.timeout(LONG_S))


crashed = []


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error):
    if error:
        crashed.append(node)


def pytest_sessionfinish(session):
    """A crashed worker that was not replaced left tests that did not run: no failure of a test."""
    replaced = session.config.getoption('maxworkerrestart', None)
    if replaced is not None and len(crashed) > int(replaced):
        session.exitstatus = pytest.ExitCode.INTERRUPTED
