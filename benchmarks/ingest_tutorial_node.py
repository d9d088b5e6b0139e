"""The peer of the ingest benchmark: the node of the ROS 2 tutorials, with one more topic or two.

rclpy's default executor (single-threaded), typed callbacks, queue depth 10. Each callback keeps
the numbers of its message, as a node that wants to look at them must. Ctrl-C ends it; it prints
how many messages it got as JSON.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections import deque
from typing import Any

import rclpy
from geometry_msgs.msg import WrenchStamped
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from sensor_msgs.msg import Imu, JointState


class Listener(Node):
    """Subscribes to the three streams."""

    def __init__(self) -> None:
        super().__init__('listener')
        self.got = {'joint_states': 0, 'wrench': 0, 'accel': 0}
        self.kept: dict[str, deque[Any]] = {name: deque(maxlen=10_000) for name in self.got}
        self.create_subscription(JointState, 'joint_states', self.on_joints, 10)
        self.create_subscription(WrenchStamped, 'wrench', self.on_wrench, 10)
        self.create_subscription(Imu, 'accel', self.on_accel, 10)

    def _keep(self, name: str, stamp: Any, values: Any) -> None:
        self.got[name] += 1
        self.kept[name].append((stamp.sec + stamp.nanosec * 1e-9, values))

    def on_joints(self, message: JointState) -> None:
        """Keep position, velocity and effort."""
        values = [*message.position, *message.velocity, *message.effort]
        self._keep('joint_states', message.header.stamp, values)

    def on_wrench(self, message: WrenchStamped) -> None:
        """Keep force and torque."""
        f, t = message.wrench.force, message.wrench.torque
        self._keep('wrench', message.header.stamp, [f.x, f.y, f.z, t.x, t.y, t.z])

    def on_accel(self, message: Imu) -> None:
        """Keep acceleration and rotation."""
        a, g = message.linear_acceleration, message.angular_velocity
        self._keep('accel', message.header.stamp, [a.x, a.y, a.z, g.x, g.y, g.z])


def main() -> int:
    """Spin until told to end."""
    rclpy.init()
    node = Listener()
    with contextlib.suppress(ExternalShutdownException, KeyboardInterrupt):
        rclpy.spin(node)
    print(json.dumps(node.got))
    return 0


if __name__ == '__main__':
    sys.exit(main())
