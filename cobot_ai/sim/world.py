"""The MuJoCo model and its state: setting a stage, advancing, reading poses and contacts."""

from __future__ import annotations

import mujoco
import numpy as np

from cobot_ai.core.types import Doubles
from cobot_ai.sim import scene
from cobot_ai.sim.records import JOINTS
from cobot_ai.sim.variation import FAMILIES, Draw

PLUNGER_STIFFNESS = 1500.0


class World:
    """One cell's physics. Holds no randomness and no clock but the simulated one."""

    def __init__(self) -> None:
        self.model = mujoco.MjModel.from_xml_string(scene.mjcf())
        self.data = mujoco.MjData(self.model)
        self.tcp = self.model.site('tcp').id
        self._arm_q = self._six(self.model.joint(JOINTS[0]).qposadr[0])
        self._arm_v = self._six(self.model.joint(JOINTS[0]).dofadr[0])
        self._motors = self._six(self.model.actuator(JOINTS[0]).id)
        first = self.model.actuator('finger_left').id
        self._fingers = slice(first, first + 2)
        self._jacobian = np.zeros((6, self.model.nv))
        self._sensors = {
            name: slice(s.adr[0], s.adr[0] + s.dim[0])
            for name in ('force', 'torque', 'accelerometer')
            for s in (self.model.sensor(name),)
        }
        self.data.qpos[self._arm_q] = scene.HOME
        mujoco.mj_forward(self.model, self.data)

    # ------------------------------------------------------------ arm

    @staticmethod
    def _six(first: int) -> slice:
        """The arm's six joints follow each other in every array of the model."""
        return slice(first, first + 6)

    @property
    def time(self) -> float:
        """Simulated time, seconds."""
        return float(self.data.time)

    @property
    def joints(self) -> tuple[Doubles, Doubles, Doubles]:
        """Angles, speeds and motor torques of the arm, [6] each (rad, rad/s, N m); live views."""
        return (
            self.data.qpos[self._arm_q],
            self.data.qvel[self._arm_v],
            self.data.ctrl[self._motors],
        )

    def set_joints(self, angles: Doubles) -> None:
        """Put the arm to rest at the given angles (only before a run)."""
        self.data.qpos[self._arm_q] = angles
        self.data.qvel[:] = 0.0
        mujoco.mj_forward(self.model, self.data)

    def tool(self) -> tuple[Doubles, Doubles]:
        """Position [3] and rotation matrix [3, 3] of the tool centre point."""
        return self.data.site_xpos[self.tcp], self.data.site_xmat[self.tcp].reshape(3, 3)

    def jacobian(self) -> Doubles:
        """Geometric Jacobian [6, 6] of the tool centre point (linear rows first)."""
        jacobian = self._jacobian
        mujoco.mj_jacSite(self.model, self.data, jacobian[:3], jacobian[3:], self.tcp)
        return jacobian[:, self._arm_v]

    def bias(self) -> Doubles:
        """Gravity and Coriolis torques [6] of arm and tool (not of what it carries)."""
        torques: Doubles = self.data.qfrc_bias[self._arm_v]
        return torques

    def advance(self, torques: Doubles, grip: float, ticks: int) -> None:
        """Hold motor torques [6] and finger force (negative: open) for `ticks` time steps."""
        self.data.ctrl[self._motors] = torques
        self.data.ctrl[self._fingers] = grip
        mujoco.mj_step(self.model, self.data, ticks)

    def sensor(self, name: str) -> Doubles:
        """Raw value [3] of `force`, `torque` or `accelerometer` in the tool's frame."""
        value: Doubles = self.data.sensordata[self._sensors[name]]
        return value

    def energy(self) -> float:
        """Potential and kinetic energy of everything in the cell, joules."""
        mujoco.mj_energyPos(self.model, self.data)
        mujoco.mj_energyVel(self.model, self.data)
        return float(self.data.energy.sum())

    def set_joint_friction(self, damping: Doubles) -> None:
        """Viscous friction of the arm's joints [6], N m s/rad."""
        self.model.dof_damping[self._arm_v] = damping

    # ------------------------------------------------------------ stage

    def set_stage(self, draw: Draw) -> None:
        """Fixture, part, chip and friction as drawn; the part stands between the open fingers."""
        self._set_fixture(draw)
        self._set_friction(draw)
        part = draw.half_width
        self._resize('peg', np.array([part, part, scene.PEG_HALF_LENGTH]))
        if draw.present:
            position, rotation = self.tool()
            below = scene.PEG_BELOW_TCP + draw.pick
            self._place('peg', position + rotation[:, 2] * below, rotation)
        else:
            self._park('peg', scene.PEG_HALF_LENGTH, 0.0)
        self._set_chip(draw)
        mujoco.mj_forward(self.model, self.data)

    def _set_fixture(self, draw: Draw) -> None:
        hole = FAMILIES[draw.part].hole
        for name, (position, size) in scene.hole_boxes(hole).items():
            self.model.geom(name).pos[:] = position
            self._resize(name, np.array(size))
        body = self.model.body('fixture')
        body.pos[:] = np.add((*scene.FIXTURE_XY, scene.FIXTURE_TOP), draw.offset)
        quat = np.zeros(4)
        mujoco.mju_euler2Quat(quat, np.array(draw.tilt), 'xyz')
        body.quat[:] = quat
        plunger = self.model.body('plunger')
        plunger.pos[0] = hole - scene.PLUNGER_OUT + scene.PLUNGER_RADIUS
        joint = self.model.joint('plunger')
        self.model.qpos_spring[joint.qposadr[0]] = -draw.plunger / PLUNGER_STIFFNESS
        self.data.qpos[joint.qposadr[0]] = 0.0
        self.data.qvel[joint.dofadr[0]] = 0.0

    def _set_friction(self, draw: Draw) -> None:
        for n in range(self.model.ngeom):
            if self.model.geom(n).name.startswith('pad_'):
                self.model.geom_friction[n, 0] = draw.pad_friction
            else:
                self.model.geom_friction[n, 0] = draw.friction

    def _set_chip(self, draw: Draw) -> None:
        if draw.chip is None:
            self._park('chip', float(self.model.geom('chip').size[2]), 0.2)
            return
        self._resize('chip', np.array(draw.chip))
        x, y, yaw = draw.chip_at
        half = np.array([x, y, -scene.HOLE_DEPTH + draw.chip[2] + 0.0005])
        position, rotation = self.fixture()
        turn = np.array([[np.cos(yaw), -np.sin(yaw), 0], [np.sin(yaw), np.cos(yaw), 0], [0, 0, 1]])
        self._place('chip', position + rotation @ half, rotation @ turn)

    def _resize(self, name: str, half: Doubles) -> None:
        geom = self.model.geom(name)
        geom.size[:] = half
        self.model.geom_rbound[geom.id] = float(np.linalg.norm(half))
        self.model.geom_aabb[geom.id, 3:] = half

    def _place(self, name: str, position: Doubles, rotation: Doubles) -> None:
        joint = self.model.joint(name)
        quat = np.zeros(4)
        mujoco.mju_mat2Quat(quat, rotation.flatten())
        start, speed = joint.qposadr[0], joint.dofadr[0]
        self.data.qpos[start : start + 7] = np.concatenate((position, quat))
        self.data.qvel[speed : speed + 6] = 0.0

    def _park(self, name: str, height: float, y: float) -> None:
        self._place(name, np.array([-0.4, y, height]), np.eye(3))

    # ------------------------------------------------------------ drawing

    def snapshot(self) -> Doubles:
        """Everything that decides how the cell looks, as one float64 vector."""
        return np.concatenate([part.ravel() for part in self._visible()])

    def restore(self, snapshot: Doubles) -> None:
        """Make this world look like the one the snapshot was taken from."""
        start = 0
        for part in self._visible():
            part[:] = snapshot[start : start + part.size].reshape(part.shape)
            start += part.size
        mujoco.mj_forward(self.model, self.data)

    def _visible(self) -> list[Doubles]:
        model = self.model
        return [self.data.qpos, model.body_pos, model.body_quat, model.geom_pos, model.geom_size]

    # ------------------------------------------------------------ what is where

    def fixture(self) -> tuple[Doubles, Doubles]:
        """Position [3] and rotation [3, 3] of the fixture (hole's upper edge, z out)."""
        body = self.model.body('fixture')
        rotation = np.zeros(9)
        mujoco.mju_quat2Mat(rotation, body.quat)
        return np.array(body.pos), rotation.reshape(3, 3)

    def body(self, name: str) -> tuple[Doubles, Doubles]:
        """Position [3] and rotation [3, 3] of a loose body (`peg`, `chip`)."""
        body = self.data.body(name)
        return np.array(body.xpos), np.array(body.xmat).reshape(3, 3)

    def touching(self, one: str, other: str) -> bool:
        """True when two named geoms press on each other."""
        pair = {self.model.geom(one).id, self.model.geom(other).id}
        force = np.zeros(6)
        for n in range(self.data.ncon):
            contact = self.data.contact[n]
            if {int(contact.geom1), int(contact.geom2)} == pair:
                mujoco.mj_contactForce(self.model, self.data, n, force)
                if force[0] > 0.1:
                    return True
        return False
