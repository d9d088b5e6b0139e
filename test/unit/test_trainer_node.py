"""A turn of the trainer that fails in an unforeseen way: told once, and the trainer goes on."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip('rclpy')

from builtin_interfaces.msg import Time
from fakes import MemoryLedger

from cobot_ai.ros import convert
from cobot_ai.ros.monitor_node import MonitorNode
from cobot_ai.ros.trainer_node import TrainerNode


class Node:
    """What a turn needs of its node."""

    _turn, _failed, _announce = TrainerNode._turn, TrainerNode._failed, TrainerNode._announce
    _tell_outdated = TrainerNode._tell_outdated

    def __init__(self, results: list[Any]) -> None:
        self.results, self.said, self.logged = results, [], []
        self._offered = self._fault = ''
        self._dataset: Any = None
        self._left_out = 0
        self._spec, self._reader = SimpleNamespace(name='cell', digest='d'), MemoryLedger()
        self._stamps = SimpleNamespace(now_ns=lambda: 1)
        self._candidate = SimpleNamespace(publish=self.said.append)

    def _open(self) -> Any:
        return SimpleNamespace(retune=lambda spec: None, turn=self.turn)

    def turn(self, now_ns: int, force: bool) -> str | None:
        found = self.results.pop(0)
        if isinstance(found, BaseException):
            raise found
        return found

    def get_logger(self) -> Any:
        note = lambda text, **more: self.logged.append(text)  # noqa: E731
        return SimpleNamespace(error=note, warning=note)

    def get_clock(self) -> Any:
        return SimpleNamespace(now=lambda: SimpleNamespace(to_msg=Time))


def test_a_failure_nobody_thought_of_is_told_once_and_the_next_turn_is_made() -> None:
    node = Node(['a' * 64, MemoryError('no room'), MemoryError('no room'), None, 'b' * 64])
    assert [node._turn() for _ in range(5)] == ['a' * 64, None, None, None, 'b' * 64]
    bodies = [convert.from_array(message)[1] for message in node.said]
    assert [(b['model'][:1], b['fault']) for b in bodies] == [
        *(('a', ''), ('a', 'MemoryError: no room'), ('b', ''))
    ]
    assert len(node.logged) == 1


def test_the_monitor_writes_it_down_and_still_takes_the_candidate() -> None:
    faults, offered = [], []
    authority = SimpleNamespace(fault=lambda *a: faults.append(a), offer=None)
    models = SimpleNamespace(offer=lambda digest, take: offered.append(digest))
    monitor = SimpleNamespace(
        _active=True, _cell=SimpleNamespace(authority=authority, models=models)
    )
    node = Node(['a' * 64, MemoryError('no room')])
    node._turn()
    node._turn()
    for message in node.said:
        MonitorNode._on_candidate(monitor, message)
    assert [(code, 'no room' in detail) for code, detail in faults] == [('model', True)]
    assert offered == ['a' * 64, 'a' * 64]


def test_answers_that_are_of_no_use_any_more_are_told_once() -> None:
    node = Node([None, None, None])
    node._dataset = SimpleNamespace(outdated={1, 2})
    node._turn()
    node._turn()
    assert [text[:28] for text in node.logged] == ['2 labelled cases teach nothi']
    node._dataset.outdated.add(3)
    node._turn()
    assert len(node.logged) == 2
