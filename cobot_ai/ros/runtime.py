"""Start, spin and end of a node process: the same for all of them."""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import rclpy
from rclpy.executors import (
    ExternalShutdownException,
    ShutdownException,
    SingleThreadedExecutor,
    TimeoutException,
)
from rclpy.signals import SignalHandlerOptions
from threadpoolctl import threadpool_limits

from cobot_ai.core.errors import CobotAiError

LOOK_S = 0.1
"""How often a node that reads its data by itself looks at its executor, seconds."""
YOUNG_S, OLD_S = 1.0, 60.0
"""How often a node that reads its data by itself looks for new and for all garbage, seconds."""
SWITCH_S = 0.001
"""Longest time for which a thread in the background keeps the data waiting."""
CALLBACKS = 3
"""Callbacks of the executor in a row before data is read again, and before time is looked at."""
CALLBACKS_S = 0.002
"""Time for further callbacks: what a robot says of itself must not wait in line."""


class RosClock:
    """Stamps on the node's clock (sim time honoured), deadlines on the monotonic clock."""

    def __init__(self, node: Any) -> None:
        self._node = node

    def now_ns(self) -> int:
        """ROS time, nanoseconds."""
        if not self.simulated:  # ROS time is the system's then, and is asked hundreds of times
            return time.time_ns()
        return int(self._node.get_clock().now().nanoseconds)

    @property
    def simulated(self) -> bool:
        """Whether time comes from `/clock`."""
        return bool(self._node.get_clock().ros_time_is_active)

    def monotonic_ns(self) -> int:
        """Monotonic time, nanoseconds."""
        return time.monotonic_ns()

    def wall_ns(self) -> int:
        """Wall clock, nanoseconds."""
        return time.time_ns()


class Stop:
    """Wanted after SIGINT or SIGTERM, however often they come, or when the starter is gone."""

    def __init__(self) -> None:
        self._told = False
        self._starter = os.getppid()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._handle)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self._told = True

    @property
    def wanted(self) -> bool:
        """Whether to end; nodes without their supervisor would lock out the next start."""
        return self._told or os.getppid() != self._starter


def run(make: Callable[[], Any], args: list[str] | None = None) -> int:
    """Run one node until a signal comes; returns the exit code.

    A node offers `close()` for a clean end. One with `turn()` reads its data by itself: `sleep()`
    waits for the next turn and tells whether the executor has urgent work, `hurried` whether the
    executor should wait a little. An error on the way up is one sentence and 1.
    """
    stop = Stop()
    sys.setswitchinterval(SWITCH_S)
    threadpool_limits(1)  # an old two-core PC has no core to spare for spinning threads
    rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    node = None
    try:
        node = make()
        gc.collect()
        gc.freeze()  # what was loaded stays: a search through all of it delays every decision
        _spin(node, stop)
    except ExternalShutdownException:
        pass
    except CobotAiError as e:
        sys.stderr.write(f'cobot_ai: {e}\n')
        return 1
    finally:
        if node is not None:
            node.close()
            node.destroy_node()
        rclpy.try_shutdown()
    return 0


def _spin(node: Any, stop: Stop) -> None:
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    sweep = Sweep() if hasattr(node, 'turn') else None
    while rclpy.ok() and not stop.wanted:
        if sweep is None:
            _one_callback(node, executor, LOOK_S)
            continue
        _drain(node, executor, stop)
        if not node.hurried:
            sweep()
    executor.remove_node(node)
    executor.shutdown(timeout_sec=0)


def _drain(node: Any, executor: SingleThreadedExecutor, stop: Stop) -> None:
    """Turns of the node, then what the executor has.

    An executor builds its wait set anew for every callback, which is too dear to do at the rate
    at which sensor data has to be read.
    """
    # Simulated time arrives through the executor: it must not lag behind the data.
    look_s = 0 if node.get_parameter('use_sim_time').value else LOOK_S
    until = time.monotonic() + look_s
    urgent = False
    while not (urgent or stop.wanted):
        node.turn()
        urgent = node.sleep()
        if time.monotonic() >= until + look_s * node.hurried:
            break
    enough = time.monotonic() + CALLBACKS_S
    done = 0
    while _one_callback(node, executor):
        done += 1
        if done >= CALLBACKS and time.monotonic() >= enough:
            return


class Sweep:
    """Looks for garbage when nothing is due: Python would do so in the middle of a decision."""

    def __init__(self) -> None:
        gc.disable()
        self._young_s = self._old_s = time.monotonic()

    def __call__(self) -> None:
        """A short search every second, a whole one every minute."""
        now_s = time.monotonic()
        if now_s - self._old_s >= OLD_S:
            self._young_s = self._old_s = now_s
            gc.collect()
        elif now_s - self._young_s >= YOUNG_S:
            self._young_s = now_s
            gc.collect(1)


def _one_callback(node: Any, executor: SingleThreadedExecutor, wait_s: float = 0.0) -> bool:
    """Run one callback that is ready; False when there was none.

    `spin_once` does not tell, and looking again where nothing waits is half of an idle node's work.
    Whatever a callback raises is reported: a message that cannot be read ends no node.
    """
    try:
        callback, _, _ = executor.wait_for_ready_callbacks(timeout_sec=wait_s)
    except (TimeoutException, ShutdownException):
        return False
    callback()
    error = callback.exception()
    if error is not None:
        report(node, error)
    return True


def report(node: Any, error: BaseException) -> None:
    """Log what went wrong in a part of a node; the rest of it goes on."""
    foreign = f'Please report this: {type(error).__name__}: {error}'
    text = str(error) if isinstance(error, CobotAiError) else foreign
    node.get_logger().error(text, throttle_duration_sec=1.0)
