"""Starts the three processes of a cell and keeps them running where no ROS 2 launch does it."""

from __future__ import annotations

import errno
import json
import re
import signal
import socket
import subprocess  # nosec B404  # our own nodes, with arguments we made
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from types import FrameType

from cobot_ai.core.errors import ConfigError

NODES = ('monitor', 'console', 'trainer')
NAMESPACE = re.compile(r'[A-Za-z_]\w*(/[A-Za-z_]\w*)*', re.ASCII)
BACKOFF_S = (0.5, 1.0, 2.0, 5.0, 10.0)
STEADY_S = 30.0
"""A process that ran this long is healthy again: its next restart comes soon."""
GRACE_S = 8.0
"""Time to end cleanly before a process is killed."""


@dataclass(slots=True)
class Child:
    """One supervised process; one with `once` is not restarted when it ends well."""

    name: str
    command: Sequence[str]
    once: bool = False
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    retry_at: float = 0.0
    done: bool = False

    def start(self, now: float) -> None:
        """Start it in a group of its own, so that a terminal's Ctrl-C reaches it only once."""
        self.process = subprocess.Popen(self.command, start_new_session=True)  # noqa: S603  # nosec B603
        self.started = now

    def poll(self, now: float, say: Callable[[str], None]) -> None:
        """Restart it, with growing pauses, when it ended by itself."""
        if self.process is not None and self.process.poll() is not None:
            if self.once and self.process.returncode == 0:
                self.done = True
                return
            self.failures = 0 if now - self.started > STEADY_S else self.failures + 1
            pause = BACKOFF_S[min(self.failures, len(BACKOFF_S) - 1)]
            say(f'{self.name} ended with {self.process.returncode}; again in {pause} s')
            self.process, self.retry_at = None, now + pause
        if self.process is None and now >= self.retry_at:
            self.start(now)

    def end(self, number: int) -> None:
        """Send a signal, if it still runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)


@dataclass(slots=True)
class Supervisor:
    """Runs children until a signal comes or `stop` is called.

    Attributes:
        children: What to run. say: Where messages for people go.
    """

    children: list[Child]
    say: Callable[[str], None]
    stopping: bool = False
    _tick_s: float = field(default=0.1)

    def handle_signals(self) -> None:
        """End cleanly on SIGINT and SIGTERM, also when they come twice."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True

    def run(self, until: Callable[[], bool] = lambda: False) -> None:
        """Keep all children running until a signal comes or `until` says so."""
        try:
            while not self.stopping and not until():
                now = time.monotonic()
                for child in self.children:
                    child.poll(now, self.say)
                time.sleep(self._tick_s)
        finally:
            self.shutdown()

    def shutdown(self) -> None:
        """Ask all to end, the trainer and console first; kill what does not."""
        for child in reversed(self.children):
            child.end(signal.SIGTERM)
        deadline = time.monotonic() + GRACE_S
        for child in self.children:
            if child.process is None:
                continue
            try:
                child.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.say(f'{child.name} did not end in {GRACE_S} s and was killed')
                child.process.kill()
                child.process.wait()


def node_command(node: str, values: dict[str, object], namespace: str = '') -> list[str]:
    """The command line of one node process.

    Args:
        node: `monitor`, `console`, `trainer` or `sim`. values: ROS parameters.
        namespace: Pushed onto all names; '' for none.

    Raises:
        ConfigError: The namespace is none.
    """
    command = [sys.executable, '-m', f'cobot_ai.ros.{node}_node', '--ros-args']
    for name, value in values.items():
        if text := _yaml(value):
            command += ['-p', f'{name}:={text}']
    if space := namespace.strip('/'):
        if not NAMESPACE.fullmatch(space):
            raise ConfigError(
                f'"{namespace}" is no ROS namespace: letters, digits and _, no digit first, '
                'parts joined by /.'
            )
        command += ['-r', f'__ns:=/{space}']
    return command


def _yaml(value: object) -> str:
    """A parameter's value as ROS reads it, as YAML: a text stays a text (`2024`, `c #1`)."""
    if isinstance(value, (bool, int, float)):
        return json.dumps(value)
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if text else ''


def need_ros() -> None:
    """Refuse where no ROS 2 is installed, before processes are started that need it.

    Raises:
        ConfigError: It is not; the message says what to do.
    """
    if find_spec('rclpy') is None:
        raise ConfigError(
            'No ROS 2 is installed in this Python: source a distribution, or '
            "pip install 'cobot_ai[ros]' (docs/install.md)."
        )


def need_port(host: str, port: int, option: str) -> None:
    """Refuse a port that cannot be had, before processes are started that would go on trying.

    Args:
        host: Address of the page. port: Its port, 0 for any. option: What names it.

    Raises:
        ConfigError: Somebody else listens there, or this user may not.
    """
    with socket.socket(socket.AF_INET6 if ':' in host else socket.AF_INET) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind((host, port))
        except OSError as e:
            what = {
                errno.EADDRINUSE: 'is taken; stop what uses it',
                errno.EACCES: 'is closed to this user; take one above 1023',
            }.get(e.errno or 0)
            if what is None:  # an address that is not there yet may come: the console tells
                return
            raise ConfigError(f'Port {port} {what}, or give {option} 0 for any free one.') from e
