"""The still at a step's end, and its absence."""

import os

import numpy as np
import pytest
from sim_stages import Run, plain

from cobot_ai.sim.camera import Camera, CameraError
from cobot_ai.sim.cell import SimCell
from cobot_ai.sim.records import CAMERA


@pytest.fixture
def eyed():
    cell = SimCell(2, camera=True)
    if CAMERA in cell.missing:
        pytest.skip(cell.missing[CAMERA])
    yield cell
    cell.close()


def stills(run):
    return [r.image for r in run.readings if r.stream == CAMERA]


def test_one_still_per_step_that_shows_the_part(eyed):
    (with_part,) = stills(Run(eyed, plain()))
    (without,) = stills(Run(eyed, plain(present=False)))
    assert with_part.shape == (240, 320, 3)
    assert with_part.dtype == np.uint8
    orange = [
        int(((i[..., 0] > 130) & (i[..., 2].astype(int) < 0.5 * i[..., 0])).sum())
        for i in (with_part, without)
    ]
    assert orange[0] > 50 > orange[1]


def test_a_camera_that_dies_is_a_missing_sensor(eyed):
    assert stills(Run(eyed, plain()))
    eyed.camera.child.kill()
    run = Run(eyed, plain())
    assert stills(run) == []
    assert 'failed' in eyed.missing[CAMERA]
    assert run.truth.label == 'seated'


def test_without_opengl_the_cell_runs_and_says_so(monkeypatch):
    monkeypatch.setenv('MUJOCO_GL', 'disable')
    cell = SimCell(2, camera=True)
    assert 'No OpenGL' in cell.missing[CAMERA]
    assert stills(Run(cell, plain())) == []


def test_a_backend_that_cannot_draw_is_refused_with_a_reason(cell):
    with pytest.raises(CameraError, match='MUJOCO_GL=nonsense'):
        Camera(cell.world.snapshot(), {**os.environ, 'MUJOCO_GL': 'nonsense'})
