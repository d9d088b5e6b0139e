"""The cell shared by the tests of one module."""

import pytest

pytest.importorskip('mujoco', reason='the simulated cell needs the extra "sim"')

from cobot_ai.sim.cell import SimCell


@pytest.fixture(scope='module')
def cell():
    with_arm = SimCell(seed=1)
    yield with_arm
    with_arm.close()
