"""Turns sensor readings of the simulated cell into ROS messages."""

from __future__ import annotations

from typing import Any

from builtin_interfaces.msg import Time
from geometry_msgs.msg import Vector3, Wrench, WrenchStamped
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image, Imu, JointState, Temperature
from std_msgs.msg import Header

from cobot_ai.ros.names import stream_qos
from cobot_ai.sim.records import Reading
from cobot_ai.sim.sensors import RATE_HZ

JOINTS = [f'joint_{n}' for n in range(1, 7)]
CLOCK_EVERY_NS = 10_000_000


class Publishers:
    """One publisher per topic of the simulated cell."""

    def __init__(self, node: Any, stall_s: float) -> None:
        fast = stream_qos(RATE_HZ, reliable=True, stall_s=stall_s)
        slow = stream_qos(5.0, reliable=True, stall_s=stall_s)
        self._joints = node.create_publisher(JointState, 'joint_states', fast)
        self._wrench = node.create_publisher(WrenchStamped, 'wrench', fast)
        self._imu = node.create_publisher(Imu, 'accelerometer', fast)
        self._image = node.create_publisher(Image, 'camera/image_raw', slow)
        self._motors = [
            node.create_publisher(Temperature, f'motor_temperature/j{n}', slow) for n in range(6)
        ]
        self._clock = node.create_publisher(Clock, '/clock', stream_qos(100.0, reliable=True))
        self._clock_ns = 0
        self._send = {
            'joint_states': self._send_joints,
            'wrench': self._send_wrench,
            'accelerometer': self._send_imu,
            'motor_temperature': self._send_motors,
            'camera': self._send_image,
        }

    def clock(self, t_ns: int) -> None:
        """Publish simulated time, 100 times per simulated second."""
        if t_ns - self._clock_ns >= CLOCK_EVERY_NS:
            self._clock_ns = t_ns
            self._clock.publish(Clock(clock=_time(t_ns)))

    def reading(self, reading: Reading, t_ns: int) -> None:
        """Publish one reading with its stamp."""
        self._send[reading.stream](reading, _time(t_ns))

    def _send_joints(self, reading: Reading, stamp: Time) -> None:
        v = reading.values.tolist()
        header = Header(stamp=stamp, frame_id='base_link')
        message = JointState(header=header, name=JOINTS)
        message.position, message.velocity, message.effort = v[:6], v[6:12], v[12:]
        self._joints.publish(message)

    def _send_wrench(self, reading: Reading, stamp: Time) -> None:
        v = reading.values.tolist()
        wrench = Wrench(force=_vector(v[:3]), torque=_vector(v[3:]))
        header = Header(stamp=stamp, frame_id='tool0')
        self._wrench.publish(WrenchStamped(header=header, wrench=wrench))

    def _send_imu(self, reading: Reading, stamp: Time) -> None:
        message = Imu(header=Header(stamp=stamp, frame_id='tool0'))
        message.linear_acceleration = _vector(reading.values.tolist())
        message.orientation_covariance[0] = -1.0  # REP-145: not measured
        message.angular_velocity_covariance[0] = -1.0
        self._imu.publish(message)

    def _send_motors(self, reading: Reading, stamp: Time) -> None:
        for n, celsius in enumerate(reading.values.tolist()):
            header = Header(stamp=stamp, frame_id=JOINTS[n])
            self._motors[n].publish(Temperature(header=header, temperature=celsius))

    def _send_image(self, reading: Reading, stamp: Time) -> None:
        if reading.image is None:
            return
        height, width, _ = reading.image.shape
        header = Header(stamp=stamp, frame_id='camera')
        message = Image(header=header, height=height, width=width, encoding='rgb8')
        message.step = width * 3
        message.data = reading.image.tobytes()
        self._image.publish(message)


def _time(t_ns: int) -> Time:
    return Time(sec=t_ns // 10**9, nanosec=t_ns % 10**9)


def _vector(v: list[float]) -> Vector3:
    return Vector3(x=v[0], y=v[1], z=v[2])
