"""A monitor process of the product, started for a benchmark, and what its `~/state` says."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import rclpy
import yaml
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor

from cobot_ai.cli.supervise import node_command
from cobot_ai.ros import convert, names


class Watched:
    """A running monitor.

    Attributes:
        pid: Its process. state: The newest `~/state`.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.pid = process.pid
        self.state: dict[str, Any] = {}
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self._node = rclpy.create_node('bench_watch', context=self._context)
        topic = names.of(names.MONITOR, names.STATE)
        self._node.create_subscription(DiagnosticArray, topic, self._on_state, names.STATE_QOS)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def _spin(self) -> None:
        while not self._over.is_set():
            self._executor.spin_once(timeout_sec=0.2)

    def _on_state(self, message: DiagnosticArray) -> None:
        self.state = convert.from_array(message)[1]

    def wait(self, seconds: float = 60.0) -> None:
        """Until the first state came."""
        end = time.monotonic() + seconds
        while not self.state:
            if time.monotonic() > end:
                raise SystemExit('The monitor did not start; see its output above.')
            time.sleep(0.05)

    def settled_counts(self) -> dict[str, dict[str, int]]:
        """Counts per stream, when they no longer change."""
        before: dict[str, Any] = {}
        for _ in range(40):
            time.sleep(0.6)
            now = self.state['streams']
            if now == before:
                break
            before = now
        return dict(before)

    def close(self) -> None:
        """Leave the graph."""
        self._over.set()
        self._thread.join(5)
        self._node.destroy_node()
        self._context.try_shutdown()


@contextmanager
def monitor(cell: Mapping[str, Any], **values: object) -> Iterator[Watched]:
    """Run a monitor on a cell in a folder of its own."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / 'cell.yaml'
        file.write_text(yaml.safe_dump(dict(cell)))
        data = str(Path(folder) / 'data')
        command = node_command('monitor', {'cell': str(file), 'data_dir': data, **values})
        process = subprocess.Popen(command)
        watched = Watched(process)
        try:
            watched.wait()
            yield watched
        finally:
            watched.close()
            process.terminate()
            process.wait(20)
