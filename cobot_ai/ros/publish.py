"""Publishing that waits for slow readers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rclpy.impl.implementation_singleton import rclpy_implementation

from cobot_ai.core.errors import DataError


def publish_patiently(
    publisher: Any, message: Any, patience_s: float, unwanted: Callable[[], bool] = lambda: False
) -> None:
    """Publish on a topic that keeps everything, however long its readers need.

    The middleware waits a tenth of a second for a reader whose queue is full and then gives up,
    having sent nothing; so it is asked again.

    Args:
        publisher: Reliable, keeps everything. message: Typed, or serialised bytes.
        patience_s: How long to try. unwanted: True ends the trying; the message is not sent then.

    Raises:
        DataError: Nobody made room in time.
    """
    end = time.monotonic() + patience_s
    while not unwanted():
        try:
            publisher.publish(message)
            return
        except rclpy_implementation.RCLError as e:
            if time.monotonic() >= end:
                raise DataError(
                    f'Somebody who listens to {publisher.topic_name} takes no messages any more '
                    f'({e}); restart or end it, then play again.'
                ) from e
