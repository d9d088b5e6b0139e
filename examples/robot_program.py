"""A robot program that has one step judged by cobot_ai, with nothing but rclpy.

    python examples/robot_program.py operation=insert part=peg_a part_id=P-20417

It says that a step begins, does it, says that it ended, and waits for the judgement. The reply of
`~/judge` is printed. Exit code 0 only when the reply allows going on; everything else, no reply
included, means: do not go on. `docs/ask.md` says what the reply can be.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticStatus, KeyValue
from rclpy.node import Node
from std_srvs.srv import Trigger

MONITOR = 'cobot_ai_monitor'


class RobotProgram(Node):
    """Marks steps and asks for their judgement.

    Args:
        topic: Where steps are marked, as in the cell file (`step.topic`).
        patience_s: The longest wait for a connection, and for the judgement, seconds. Longer than
            `settle_s + deadline_s + undo_s` of the cell file: an answer in time must still count.
    """

    def __init__(self, topic: str, patience_s: float) -> None:
        super().__init__('robot_program')
        self._patience_s = patience_s
        # Reliable, and deep enough that no mark is lost: a lost step is a step nobody judges.
        self._marks = self.create_publisher(DiagnosticStatus, topic, 50)
        self._judge: Any = self.create_client(Trigger, f'{MONITOR}/judge')

    def connect(self) -> bool:
        """Wait for the monitor: a mark that is sent before it listens is lost."""
        end = time.monotonic() + self._patience_s
        while not (self._marks.get_subscription_count() and self._judge.service_is_ready()):
            if time.monotonic() > end:
                return False
            time.sleep(0.05)
        return True

    def mark(self, edge: str, facts: Mapping[str, str]) -> None:
        """Say that a step begins (`begin`, with its facts) or ends (`end`)."""
        values = [KeyValue(key=key, value=value) for key, value in facts.items()]
        self._marks.publish(DiagnosticStatus(name=edge, values=values))

    def judge(self) -> tuple[bool, str]:
        """Wait for the outcome of the step; (may go on, the message)."""
        future = self._judge.call_async(Trigger.Request())
        rclpy.spin_until_future_complete(self, future, timeout_sec=self._patience_s)
        reply = future.result() if future.done() else None
        if reply is None:
            return False, 'no judgement came: take it for a hold'
        return bool(reply.success), str(reply.message)


def do_step(seconds: float) -> None:
    """Put the motion of your robot here."""
    time.sleep(seconds)


def run(program: RobotProgram, facts: Mapping[str, str], seconds: float) -> bool:
    """One step, judged; True when the robot may go on."""
    if not program.connect():
        sys.stderr.write(f'No {MONITOR} listens: is the cell running, in the same ROS domain?\n')
        return False
    program.mark('begin', facts)
    do_step(seconds)
    program.mark('end', {})
    go, message = program.judge()
    sys.stdout.write(f'success: {str(go).lower()}    message: {message}\n')
    return go


def fact(text: str) -> tuple[str, str]:
    """One fact from `key=value`; argparse shows the message of a wrong one."""
    key, equals, value = text.partition('=')
    if not (key and equals):
        raise argparse.ArgumentTypeError(f'"{text}" is no key=value')
    return key, value


def main(args: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(description='Has one step judged by cobot_ai.')
    parser.add_argument('facts', nargs='*', type=fact, metavar='key=value', help='of the step')
    parser.add_argument('--topic', default=f'{MONITOR}/step', help='step.topic of the cell file')
    parser.add_argument('--seconds', type=float, default=2.0, help='how long the step takes')
    parser.add_argument('--patience', type=float, default=120.0, help='longest wait, seconds')
    given = parser.parse_args(args)
    rclpy.init()
    try:
        go = run(RobotProgram(given.topic, given.patience), dict(given.facts), given.seconds)
    except KeyboardInterrupt:
        return 1
    finally:
        rclpy.try_shutdown()
    return 0 if go else 1


if __name__ == '__main__':
    sys.exit(main())
