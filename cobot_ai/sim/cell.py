"""The simulated cell: pick, insert, retreat, as streams of sensor readings."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator

import numpy as np

from cobot_ai.core.types import Doubles
from cobot_ai.sim import motion, truth
from cobot_ai.sim.camera import Camera, CameraError
from cobot_ai.sim.controller import Gains, Impedance
from cobot_ai.sim.motion import Insertion, Phase, Tuning, glide
from cobot_ai.sim.program import Sink, drain
from cobot_ai.sim.records import CAMERA, Reading, StepTruth
from cobot_ai.sim.scene import TIMESTEP
from cobot_ai.sim.sensors import PERIOD_S, Sensors
from cobot_ai.sim.thermal import Motors
from cobot_ai.sim.variation import Draw, Mix, draw
from cobot_ai.sim.world import World

TICKS = round(PERIOD_S / TIMESTEP)
_OPEN = -20.0
_STILL = np.zeros(3)

Readings = Iterator[Reading]


class SimCell:
    """A six-joint arm that puts pegs into holes, with the sensors of a real cell.

    Physics advances only while a generator (`pick`, `insert`, `retreat`, `hold`) is drained, 2 ms
    of simulated time for each tick of readings: the caller decides whether that happens in real
    time or as fast as possible. One thread at a time. `insert` returns the truth; it is in no
    reading.
    """

    def __init__(
        self,
        seed: int,
        *,
        mix: Mix | None = None,
        tuning: Tuning | None = None,
        camera: bool = False,
    ) -> None:
        self.seed = seed
        self.serial = 0
        self.phase = Phase.IDLE
        self._mix = mix or Mix()
        self._tuning = tuning or Tuning()
        self.world = World()
        self.controller = Impedance(Gains())
        self._motors = Motors()
        self._sensors = Sensors(self.world, self._motors, seed)
        self._grip = _OPEN
        self._goal: Doubles = motion.START.copy()
        self._draw: Draw | None = None
        self._picked: truth.Grasp | None = None
        self._move_to_start()
        self.missing: dict[str, str] = {}
        """Streams that will not come, with the reason."""
        self.camera = self._open_camera() if camera else None

    def close(self) -> None:
        """End the camera's child process, if any."""
        if self.camera is not None:
            self.camera.close()
            self.camera = None

    @property
    def time_s(self) -> float:
        """Simulated time, seconds."""
        return self.world.time

    def run_step(self, sink: Sink, part: str = 'peg_a', stage: Draw | None = None) -> StepTruth:
        """Pick, insert and retreat (releasing the part) with every reading given to `sink`."""
        for reading in self.pick(part, stage):
            sink(reading)
        found = drain(sink, self.insert())
        for reading in self.retreat(release=True):
            sink(reading)
        return found

    def pick(self, part: str = 'peg_a', stage: Draw | None = None) -> Readings:
        """Present the next part and fixture, and close the gripper.

        Args:
            part: Part family, a key of `variation.FAMILIES`.
            stage: A stage to use instead of the seeded draw of this serial number.
        """
        self.phase = Phase.PICK
        self.serial += 1
        self._draw = stage or draw(self.seed, self.serial, part, self._mix)
        self._sensors.next_step()
        yield from self._release()
        self.world.set_joint_friction(self._motors.damping)
        self.world.set_stage(self._draw)
        self._grip = self._draw.grip
        yield from self.hold(0.15)
        self._picked = truth.grasp(self.world)

    def insert(self) -> Generator[Reading, None, StepTruth]:
        """The step to be judged: approach, search and insert, settle. Returns the truth."""
        if self._draw is None or self._picked is None:
            raise RuntimeError('There is nothing to insert; drain pick() first.')
        tuning = self._tuning
        self.phase = Phase.APPROACH
        yield from self._glide(motion.HOVER, tuning.approach_s)
        self.phase = Phase.INSERT
        program = Insertion(float(self.controller.stiffness[2]), tuning)
        while not program.done:
            self._goal = program.advance(self.world.tool()[0], PERIOD_S)
            yield from self._tick(_STILL)
        self.phase = Phase.SETTLE
        rest = self.world.tool()[0].copy()
        rest[2] -= tuning.settle_push / float(self.controller.stiffness[2])
        yield from self._glide(rest, tuning.settle_s)
        self.phase = Phase.IDLE
        yield from self._still()
        return truth.observe(self.world, self._draw, self._picked, self.serial)

    def retreat(self, *, release: bool) -> Readings:
        """Back to the start; leaves the part where it is, or pulls it out in the gripper."""
        self.phase = Phase.RETREAT
        if release:
            yield from self._release()
        yield from self._glide(self._goal + np.array([0.0, 0.0, 0.05]), 0.4)
        yield from self._glide(motion.START, self._tuning.retreat_s)
        self.phase = Phase.IDLE

    def hold(self, seconds: float) -> Readings:
        """Stand still with all sensors running, for `seconds` of simulated time."""
        at = self._goal.copy()
        yield from self._follow(lambda _: at, seconds)

    def rest(self, seconds: float) -> None:
        """Let time pass for the motors' temperatures without computing motion or readings."""
        self._motors.advance(self.world.joints[2] ** 2, seconds)

    # ------------------------------------------------------------ motion

    def _release(self) -> Readings:
        self._grip = _OPEN
        yield from self.hold(0.1)

    def _glide(self, end: Doubles, seconds: float) -> Readings:
        start = self._goal.copy()
        yield from self._follow(lambda t: glide(start, end, t / seconds), seconds)

    def _follow(self, path: Callable[[float], Doubles], seconds: float) -> Readings:
        """Follow a path given as a function of the time since its start, seconds."""
        for n in range(1, round(seconds / PERIOD_S) + 1):
            wanted = path(n * PERIOD_S)
            speed = (wanted - self._goal) / PERIOD_S
            self._goal = wanted
            yield from self._tick(speed)

    def _tick(self, speed: Doubles) -> Readings:
        torques = self.controller.torques(self.world, self._goal, speed)
        self.world.advance(torques, self._grip, TICKS)
        yield from self._sensors.read()

    def _open_camera(self) -> Camera | None:
        try:
            return Camera(self.world.snapshot())
        except CameraError as error:
            self.missing[CAMERA] = str(error)
            return None

    def _still(self) -> Readings:
        """The camera's still, or nothing where the camera is missing or fails."""
        if self.camera is None:
            return
        try:
            image = self.camera.still(self.world.snapshot())
        except CameraError as error:
            self.missing[CAMERA] = str(error)
            self.camera = None
            return
        yield Reading(CAMERA, self.time_s, np.zeros(0), image)

    def _move_to_start(self) -> None:
        """Inverse kinematics by damped least squares; the arm starts at rest in `START`."""
        for _ in range(200):
            at, rotation = self.world.tool()
            error = self.controller.error(motion.START - at, rotation)
            jacobian = self.world.jacobian()
            system = jacobian @ jacobian.T + 1e-6 * np.eye(6)
            move = jacobian.T @ np.linalg.solve(system, error)
            self.world.set_joints(self.world.joints[0] + move)
