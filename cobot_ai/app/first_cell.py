"""Makes a first cell file from what is there, so that a new cell is configured in minutes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from statistics import median

from cobot_ai.app.doctor import nice_rate
from cobot_ai.app.first_classes import counted, good_ones, numberings, question
from cobot_ai.app.operator import Interval
from cobot_ai.app.survey import Survey, TopicSeen
from cobot_ai.core.cell_rules import TOPIC_PATTERN
from cobot_ai.core.errors import DataError
from cobot_ai.core.message_types import FIELDS, JOINT_STATE, STEP, STILLS
from cobot_ai.core.spec import StepSpec
from cobot_ai.core.stream_spec import TimeFrom
from cobot_ai.core.types import Json

SLOW_HZ = 5.0
"""Slower scalars keep their last value for a while."""
SETTLE_S = StepSpec().settle_s
SIGNAL, TEXT = 'std_msgs/msg/Bool', 'std_msgs/msg/String'
ENTRIES = 16
"""Numbers taken from an array or an unknown type."""
OURS = re.compile(r'.*/(cobot_ai_\w+|rosout|parameter_events|clock|diagnostics|tf|tf_static)(/.*)?')
"""Topics that are no sensors."""


def first_cell(survey: Survey, name: str, truth: Sequence[Interval] = ()) -> Json:
    """A cell file as plain JSON, shadow mode, with the question still to be written.

    Args:
        survey: What is there. name: Name of the cell.
        truth: What really happened; its labels become the classes.

    Raises:
        DataError: There is no topic a cell could read.
    """
    topics = [t for t in survey.topics.values() if _sensor(t)]
    streams = [s for t in topics if (s := _stream(t))]
    if not any('channels' in s or 'joints' in s or s['type'] in FIELDS for s in streams):
        there = ', '.join(f'{t.topic} ({t.type})' for t in survey.topics.values()) or 'nothing'
        raise DataError(
            f'In {survey.source} there is no topic with numbers of a standard type, only {there}. '
            'A cell judges at least one sensor (pictures beside it: docs/stills.md). Is the robot '
            'running, and is it the right namespace or bag?'
        )
    _number_twins(streams)
    return {
        'name': name,
        'streams': streams,
        'step': _step(survey, truth),
        'question': question(truth),
        'risk': {'epsilon': 0.05, 'delta': 0.1},
        'model': {'swap': 'maintenance' if survey.live else 'at_once'},
        'budget': {'warn': 6, 'hard': 12} if survey.live else {'warn': 0, 'hard': 0},
        'motion': {'recipe': 'none'},
    }


def _sensor(seen: TopicSeen) -> bool:
    """Whether it is a stream: what is said once is a setting, and would always be missing."""
    live = seen.offer is not None and not seen.offer.latched
    return (
        seen.count > (0 if live else 1)
        and _nameable(seen)
        and not OURS.fullmatch(seen.topic)
        and seen.type != STEP
    )


def _stream(seen: TopicSeen) -> Json | None:
    """The stream of a topic, None when it has nothing to read."""
    made: Json = {
        'name': _plain(seen.topic),
        'topic': seen.topic,
        'type': seen.type,
        'rate_hz': nice_rate(seen.rate_hz) if seen.rate_hz else 1.0,
    }
    if seen.other_clock:
        made['time_from'] = TimeFrom.ARRIVAL.value
    elif seen.stamp_back_s * seen.rate_hz > 1:
        made['slack_s'] = seen.slack_s
    if seen.type in STILLS:
        return made
    if seen.type == JOINT_STATE:
        return _joints(made, seen)
    if seen.type not in FIELDS:
        made['channels'] = [
            {'name': _plain(p), 'path': p} for p in list(seen.numbers)[:ENTRIES] if _drawable(p)
        ]
        if not made['channels']:
            return None
    if seen.rate_hz <= SLOW_HZ:
        made['each'] = {'missing': 'hold_last', 'hold_s': round(max(5.0, 5 / made['rate_hz']), 1)}
    return made


def _joints(made: Json, seen: TopicSeen) -> Json | None:
    groups = [g for g in ('position', 'velocity', 'effort') if f'{g}[0]' in seen.numbers]
    if not groups:
        return None
    named = bool(seen.joints) and all(re.fullmatch(r'[^\[\]]+', j) for j in seen.joints)
    made['joints'] = list(seen.joints) if named else len(_entries(seen, groups[0]))
    if len(groups) < 3:
        made['fields'] = groups
    return made


def _entries(seen: TopicSeen, group: str) -> list[str]:
    return [p for p in seen.numbers if p.startswith(f'{group}[')]


def _drawable(path: str) -> bool:
    """Paths the cell file can name: one index, at the end."""
    return re.fullmatch(r'[a-z]\w*(\.[a-z]\w*)*(\[\d+\])?', path) is not None


def _plain(text: str) -> str:
    plain = re.sub(r'\W+', '_', text).strip('_').lower()
    return plain if plain[:1].isalpha() else f's_{plain}'


def _number_twins(streams: list[Json]) -> None:
    used: set[str] = set()
    for stream in streams:
        name, n = stream['name'], 2
        while stream['name'] in used:
            stream['name'], n = f'{name}_{n}', n + 1
        used.add(stream['name'])


def _step(survey: Survey, truth: Sequence[Interval]) -> Json:
    sensors = [t for t in survey.topics.values() if _sensor(t) and not t.other_clock]
    settle_s = max((t.settle_s for t in sensors if t.stamp_late_s > SETTLE_S), default=None)
    return {**_trigger(survey, truth), **({'settle_s': settle_s} if settle_s else {})}


def _trigger(survey: Survey, truth: Sequence[Interval]) -> Json:
    for seen in survey.topics.values():
        resting = not seen.count and seen.topic.endswith('/step')
        if seen.type == STEP and (resting or {'begin', 'end'} <= set(seen.steps)):
            facts = [f for f in seen.facts if f != 'stamp_ns']
            return {
                'trigger': 'message',
                'topic': seen.topic,
                'samples': _samples(survey, seen.step_s),
                'context': _context(facts),
            }
    slowest = min(_rates(survey), default=1.0)
    length = _length(slowest, max(_rates(survey), default=1.0), truth)
    return {
        'trigger': 'sliding',
        'length_s': length,
        'hop_s': round(length / 2, 2),
        'samples': _samples(survey, length),
        # Nobody said whether it works in cycles; there labels of merged windows would be wrong.
        'merge': False,
    }


def _length(slowest: float, fastest: float, truth: Sequence[Interval]) -> float:
    """Length of sliding windows: some samples of the slowest stream, but not many truths at once.

    Args:
        slowest, fastest: Rates of the streams, hertz. truth: What really happened.
    """
    usual = max(2.0, 10 / slowest)
    spans = [(i.end_ns - i.start_ns) / 1e9 for i in counted(truth)]
    if spans:
        usual = min(usual, max(2.0, 8 / fastest, median(spans) / 2))
    return round(min(60.0, usual), 1)


def _samples(survey: Survey, seconds: float) -> int:
    """Grid points for a step: its usual length at the fastest rate, up to 100 a second."""
    return min(256, max(16, round(seconds * min(100.0, max(_rates(survey), default=1.0)))))


def _context(facts: list[str]) -> list[str]:
    """Facts that name kinds of work; one that names a single piece would never repeat."""
    piece = re.compile(r'.*(_id|id|serial|number|count|uid|time|stamp)')
    return [f for f in facts if not piece.fullmatch(f)] or ['operation']


def _rates(survey: Survey) -> Iterator[float]:
    for seen in survey.topics.values():
        if _sensor(seen) and seen.type not in STILLS and seen.rate_hz:
            yield seen.rate_hz


def assumed(cell: Json, survey: Survey, truth: Sequence[Interval] = ()) -> list[str]:
    """What was taken for granted, in sentences: what to look at first."""
    step, said = cell['step'], []
    if step['trigger'] == 'sliding':
        said.append(
            f'No begin and end messages were seen: windows of {step["length_s"]:g} s slide, one '
            f'every {step["hop_s"]:g} s, each a case of its own (merge: false).'
        )
    else:
        said.append(f'Steps come from {step["topic"]}; context: {", ".join(step["context"])}.')
        pieces = sorted(
            {f for t in survey.topics.values() for f in t.facts} - {*step['context'], 'stamp_ns'}
        )
        if pieces:
            said.append(
                'If several steps are of one piece, name the fact that numbers it (not its type) '
                f'in `group`: {", ".join(pieces)}.'
            )
    said += _times_and_numbers(cell, survey)
    classes = cell['question']['classes']
    good = [c['name'] for c in classes if c.get('nominal')]
    others = [c['name'] for c in classes if not c.get('nominal')]
    said.append(f'Good: {", ".join(good)}. Not good, and stops: {", ".join(others) or "nothing"}.')
    if guessed := good_ones(truth)[1]:
        said.append(f'Check `nominal` and `action` of the classes: {guessed}.')
    if not truth:
        said.append('The classes are a template; --answers takes them from a truth.csv.')
    said += [f'`{k}` numbers something and is no class.' for k in numberings(truth)]
    read = {s['topic'] for s in cell['streams']}
    left = [t for t in survey.topics.values() if t.topic not in read and not _known(t)]
    said += [f'Not read: {t.topic} ({t.type}, {_why_not(t)}).' for t in left]
    return said


def _times_and_numbers(cell: Json, survey: Survey) -> Iterator[str]:
    for stream in cell['streams']:
        seen = survey.topics[stream['topic']]
        if 'time_from' in stream:
            yield (
                f'{seen.topic}: its stamps are {abs(seen.stamp_offset_s or 0):.1f} s off, so the '
                'time of arrival counts (`time_from`).'
            )
        if seen.type == SIGNAL and cell['step']['trigger'] == 'sliding':
            yield (
                f'{seen.topic} is a digital signal: if it marks begin and end of a step, use '
                '`trigger: edge` and take it out of `streams`.'
            )
        given = len(stream.get('channels', ()))
        if given and sum(map(_drawable, seen.numbers)) > given:
            yield (
                f'{seen.topic}: only the first {given} of its numbers are read. Are they samples '
                'in time (a block)? Then write `path: "data[:]"` and `block_hz`.'
            )


def _known(seen: TopicSeen) -> bool:
    return seen.type == STEP or OURS.fullmatch(seen.topic) is not None


def _nameable(seen: TopicSeen) -> bool:
    return re.fullmatch(TOPIC_PATTERN, seen.topic) is not None


def _why_not(seen: TopicSeen) -> str:
    if not _nameable(seen):
        return 'not a ROS 2 name'
    numbers = 'no numbers, or not a type of the standard packages'
    if seen.type == TEXT:
        numbers = 'no numbers; `context_topic` where it names the program or part at work'
    once = seen.count == 1 and seen.type != TEXT
    return 'said once' if once else numbers if seen.count else 'silent'


def comments(survey: Survey, truth: Sequence[Interval] = ()) -> dict[str, str]:
    """What a person still has to do, per top-level key."""
    guessed = good_ones(truth)[1]
    check = f' CHECK `nominal` and `action`: {guessed}.' if guessed else ''
    return {
        'name': f'A first cell file, made from {survey.source}. Go through it from top to bottom.',
        'streams': 'Remove what does not tell a good step from a bad one. Give `unit`, `low` and '
        '`high` where you know them (docs/cell-file.md).',
        'messages': 'Types that are not of the standard packages, as the bag defines them.',
        'step': 'What bounds a step, and which facts make a context.',
        'question': f'Write the question and the classes in the words of your people.{check}',
        'risk': 'At most this share of what is decided without a person may be wrong.',
        'model': 'A better model goes live in a break (maintenance) or between two steps '
        '(at_once, good for replays).',
        'budget': 'Questions per hour and person: wanted, and at most. 0 is no limit, good for '
        'replays of recordings.',
        'motion': 'Shadow mode: advises only. docs/robots.md has a recipe for your robot.',
    }
