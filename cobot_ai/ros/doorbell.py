"""Sleeping between two reads of the data, woken at once by the few things that cannot wait."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from rclpy.exceptions import InvalidHandle
from rclpy.impl.implementation_singleton import rclpy_implementation

AGAIN_S = 0.01
"""Until the next look at a subscription that is being made anew."""


class Doorbell:
    """Sleeps until a time is over or something came.

    Reading often only to hear of the end of a step soon costs more than reading the data, and
    waiting on the middleware costs more than sleeping. So a thread of its own does the latter,
    which never runs while nothing rings.

    Args:
        node: Whose entities they are. subscriptions, services: What rings. Each has a `handle`,
            which may become another one.
    """

    def __init__(self, node: Any, subscriptions: Sequence[Any], services: Sequence[Any]) -> None:
        self._context, self._over = node.context, False
        self._subscriptions, self._services = list(subscriptions), list(services)
        self._rung, self._ring = os.pipe()
        self._rang: list[Any] = []
        self._owed = False
        self._taken = threading.Semaphore(0)
        self._waited: list[Any] = []
        with self._context.handle:
            self._nudge = rclpy_implementation.GuardCondition(self._context.handle)
        self._thread = threading.Thread(target=self._listen, name='doorbell', daemon=True)
        self._thread.start()

    def wait(self, seconds: float) -> list[Any]:
        """Sleep at most this long; returns what rang.

        It rings again at the next call unless it was taken.
        """
        if self._owed:
            self._owed = False
            self._taken.release()
        elif self._waited != self._handles():
            self._wake()
        if not select.select((self._rung,), (), (), max(0.0, seconds))[0]:
            return []
        os.read(self._rung, 1)
        self._owed = True
        return self._rang

    def close(self) -> None:
        """Ring no more."""
        self._over = True
        self._taken.release()
        self._wake()
        self._thread.join()
        self._nudge.destroy_when_not_in_use()
        os.close(self._rung)
        os.close(self._ring)

    def _handles(self) -> list[Any]:
        return [e.handle for e in (*self._subscriptions, *self._services)]

    def _wake(self) -> None:
        with self._nudge:
            self._nudge.trigger_guard_condition()

    def _listen(self) -> None:
        while not self._over:
            try:
                rang = self._next()
            except InvalidHandle:  # made anew just now; the next look has the new one
                time.sleep(AGAIN_S)
                continue
            if rang and not self._over:
                self._rang = rang
                os.write(self._ring, b'!')
                self._taken.acquire()

    def _next(self) -> list[Any]:
        """What has something to take; nothing after a nudge."""
        self._waited = self._handles()
        n, entities = len(self._subscriptions), (*self._subscriptions, *self._services)
        with ExitStack() as stack:
            for handle in (self._context.handle, self._nudge, *self._waited):
                stack.enter_context(handle)
            count = (n, 1, 0, 0, len(self._services), 0)
            waiting = rclpy_implementation.WaitSet(*count, self._context.handle)
            stack.callback(waiting.destroy_when_not_in_use)
            with waiting:
                waiting.clear_entities()
                waiting.add_guard_condition(self._nudge)
                for handle in self._waited[:n]:
                    waiting.add_subscription(handle)
                for handle in self._waited[n:]:
                    waiting.add_service(handle)
                waiting.wait(-1)
                ready = [waiting.is_ready('subscription', i) for i in range(n)]
                ready += [waiting.is_ready('service', i) for i in range(len(self._services))]
        return [e for e, there in zip(entities, ready, strict=True) if there]
