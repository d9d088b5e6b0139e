"""Looks into serialised messages: rates, frames, joints and the range of every number."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import Any

import numpy as np
from rosbags.interfaces import Nodetype

from cobot_ai.app.survey import ENTRIES, Offer, Span, Survey, TopicSeen, gap_inside, rate_and_gap
from cobot_ai.core.errors import DataError
from cobot_ai.core.message_types import STEP, STILLS
from cobot_ai.core.samples import RawMessage
from cobot_ai.store.messages import decode
from cobot_ai.store.typestore import typestore

EVERY = 10
"""Of a topic's messages, the first ones and then one in ten are decoded."""
FIRST = 300


class Surveyor:
    """Takes in messages, gives a survey."""

    def __init__(self) -> None:
        self._seen: dict[str, _Topic] = {}

    def take(self, message: RawMessage) -> None:
        """Take in one message; `t_ns` is its time of arrival."""
        key = message.topic
        if key not in self._seen:
            self._seen[key] = _Topic(message.type)
        self._seen[key].take(message)

    def survey(
        self,
        source: str,
        known: Mapping[str, str],
        offers: Mapping[str, Offer] | None = None,
        services: Mapping[str, str] | None = None,
    ) -> Survey:
        """What was seen.

        Args:
            source: For people. known: Topic -> type of every topic, silent ones too.
            offers: What the publishers offer, of a live graph. services: Name -> type.
        """
        steps = [span for topic in self._seen.values() for span in topic.spans]
        found = {
            topic: self._seen.get(topic, _Topic(kind)).seen(topic, (offers or {}).get(topic), steps)
            for topic, kind in sorted(known.items())
        }
        times = [t for topic in self._seen.values() for t in (topic.times[0], topic.times[-1])]
        seconds = (max(times) - min(times)) / 1e9 if times else 0.0
        return Survey(source, offers is not None, seconds, found, services or {})


def survey_bag(source: str, topics: Mapping[str, str], messages: Iterable[RawMessage]) -> Survey:
    """Survey recorded messages; what was read before a damage counts.

    Args:
        source: For people. topics: Topic -> type. messages: In order of log time.
    """
    surveyor, damage = Surveyor(), ''
    try:
        for message in messages:
            surveyor.take(message)
    except DataError as e:
        if not surveyor.survey(source, topics).seconds:
            raise
        damage = str(e)
    return replace(surveyor.survey(source, topics), damage=damage)


class _Topic:
    """What is gathered about one topic."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.times: list[int] = []
        self.offsets: list[float] = []
        self.newest = 0
        self.back = 0
        self.frames: dict[str, None] = {}
        self.joints: dict[str, None] = {}
        self.low: dict[str, float] = {}
        self.high: dict[str, float] = {}
        self.steps: dict[str, None] = {}
        self.facts: dict[str, None] = {}
        self.begun = 0
        self.spans: list[tuple[int, int]] = []
        fields = typestore().fielddefs.get(kind)
        self.readable = fields is not None and kind not in STILLS

    def take(self, message: RawMessage) -> None:
        self.times.append(message.t_ns)
        due = len(self.times) <= FIRST or len(self.times) % EVERY == 0 or self.kind == STEP
        if self.readable and due:
            try:
                self._look(decode(message), message.t_ns)
            except DataError:
                self.readable = False

    def _look(self, message: Any, arrival_ns: int) -> None:
        header = getattr(message, 'header', None)
        if header is not None:
            self.frames[header.frame_id] = None
            stamp = header.stamp.sec * 10**9 + header.stamp.nanosec
            if stamp:
                self.offsets.append((stamp - arrival_ns) / 1e9)
                self.newest = max(self.newest, stamp)
                self.back = max(self.back, self.newest - stamp)
        if self.kind == STEP:
            self._step(message, arrival_ns)
        self.joints.update(dict.fromkeys(_joint_names(message)))
        for path, value in numbers(self.kind, message):
            self.low[path] = min(value, self.low.get(path, math.inf))
            self.high[path] = max(value, self.high.get(path, -math.inf))

    def _step(self, message: Any, arrival_ns: int) -> None:
        self.steps[message.name] = None
        self.facts.update(dict.fromkeys(pair.key for pair in message.values))
        if message.name == 'begin':
            self.begun = arrival_ns
        elif self.begun:
            self.spans.append((self.begun, arrival_ns))
            self.begun = 0

    def seen(self, topic: str, offer: Offer | None, steps: Sequence[tuple[int, int]]) -> TopicSeen:
        rate, gap = rate_and_gap(self.times)
        lengths = [(end - begin) / 1e9 for begin, end in self.spans]
        return TopicSeen(
            topic,
            self.kind,
            len(self.times),
            rate,
            gap,
            tuple(self.frames),
            tuple(self.joints),
            {path: Span(low, self.high[path]) for path, low in self.low.items()},
            median(self.offsets) if self.offsets else None,
            lateness(self.offsets),
            self.back / 1e9,
            offer,
            tuple(self.steps),
            tuple(self.facts),
            median(lengths) if lengths else 0.0,
            gap_inside(self.times, steps),
        )


def lateness(offsets: Sequence[float]) -> float:
    """How late messages come after their stamps, seconds; one in a hundred may be later.

    The latest of all is left out in any case: a latched message, written long before it is sent.

    Args:
        offsets: Stamp minus arrival of each message, seconds.
    """
    ordered = sorted(offsets)
    spared = max(1, len(ordered) // 100)
    return max(0.0, -ordered[spared]) if len(ordered) > spared else 0.0


def _joint_names(message: Any) -> list[str]:
    names = getattr(message, 'name', None)
    return list(names) if isinstance(names, list) else []


def numbers(kind: str, message: Any, prefix: str = '') -> Iterator[tuple[str, float]]:
    """Every finite number of a decoded message with its path, header and covariances apart."""
    fields: Any = typestore().fielddefs[kind][1]
    for name, (node, detail) in fields:
        path, value = f'{prefix}{name}', getattr(message, name)
        if name in ('header', 'layout') or 'covariance' in name:
            continue
        if node == Nodetype.NAME:
            yield from numbers(detail, value, f'{path}.')
        elif isinstance(value, (bool, int, float, np.number)):
            yield path, float(value)
        elif isinstance(value, np.ndarray):
            entries = enumerate(value[:ENTRIES].astype(float).tolist())
            yield from ((f'{path}[{i}]', v) for i, v in entries if math.isfinite(v))
