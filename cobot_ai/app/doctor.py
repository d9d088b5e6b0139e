"""Holds a cell file against what is really there, and says what to change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import Enum

from cobot_ai.app.survey import ENTRIES, Survey, TopicSeen
from cobot_ai.core.message_types import STEP
from cobot_ai.core.spec import CellSpec, Trigger
from cobot_ai.core.stream_spec import ChannelSpec, StreamSpec, TimeFrom

RATE_SLACK = 0.2
"""Measured and rated rate may differ by this share."""
ENOUGH = 5
"""Messages needed before a rate is judged."""


class Level(str, Enum):
    """How bad a finding is."""

    OK = 'ok'
    HINT = 'hint'
    WARNING = 'warning'
    ERROR = 'error'


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        level: How bad. about: What it is about, e.g. a topic.
        text: What was found. advice: What to do; empty when nothing.
    """

    level: Level
    about: str
    text: str
    advice: str = ''


def diagnose(spec: CellSpec, survey: Survey, names: Mapping[str, str]) -> list[Finding]:
    """Every finding about the topics of a cell, in the order of the cell file.

    Args:
        spec: The cell. survey: What is there.
        names: Topic of the cell file -> full topic name (namespace applied).
    """
    found: list[Finding] = []
    if survey.damage:
        advice = 'What follows is about the part that can be read.'
        found.append(Finding(Level.WARNING, 'recording', survey.damage, advice))
    for stream in spec.streams:
        found += _stream(spec, stream, survey, names)
    found += _pauses(spec, survey, names)
    found += _steps(spec, survey, names)
    found += _frames(spec, survey, names)
    return found


# ---------------------------------------------------------------- one stream


def _stream(
    spec: CellSpec, stream: StreamSpec, survey: Survey, names: Mapping[str, str]
) -> Iterator[Finding]:
    name = names[stream.topic]
    seen = survey.topics.get(name)
    if seen is None:
        yield Finding(Level.ERROR, name, 'no such topic', _near(stream.type, name, survey, names))
        return
    if seen.type != stream.type:
        advice = f'Set `type: {seen.type}` of stream `{stream.name}`, and its channels.'
        yield Finding(Level.ERROR, name, f'carries {seen.type}, not {stream.type}', advice)
        return
    if not seen.count:
        yield _silent(name, seen)
        return
    yield _rate(stream, seen)
    yield from _offer(seen)
    yield from _stamps(stream, spec.step.settle_s, seen)
    for channel in stream.channels:
        yield from _channel(stream, channel, seen)


def _near(kind: str, name: str, survey: Survey, names: Mapping[str, str]) -> str:
    """Advice with the topics that may have been meant, the most alike first."""
    free = {t.topic: t.type for t in survey.topics.values() if t.topic not in names.values()}
    found = alike(name, kind, free)
    if not found:
        return (
            f'Nothing here publishes {kind}: start its driver, or remove the stream. '
            'Another namespace? Give --namespace.'
        )
    return f'Of this type no stream reads {", ".join(found)}. If it is meant, correct `topic`.'


def alike(name: str, kind: str, free: Mapping[str, str]) -> list[str]:
    """Up to three topics of a type that may have been meant, the most alike first.

    Args:
        name: Full name that is not there. kind: Its ROS type. free: Topic -> type to choose from.
    """
    typed = [topic for topic, ros_type in free.items() if ros_type == kind]
    return sorted(typed, key=lambda t: -SequenceMatcher(None, t, name).ratio())[:3]


def _silent(name: str, seen: TopicSeen) -> Finding:
    if seen.offer is not None and not seen.offer.publishers:
        return Finding(Level.ERROR, name, 'nobody publishes it', 'Start its driver.')
    return Finding(
        Level.ERROR,
        name,
        'no message came',
        'Is the sensor on? On another machine: do both use the same ROS_DOMAIN_ID, and does '
        'the network carry multicast (else set ROS_STATIC_PEERS)?',
    )


def _rate(stream: StreamSpec, seen: TopicSeen) -> Finding:
    text = f'{seen.rate_hz:.4g} Hz, {seen.count} messages'
    if seen.count >= ENOUGH and abs(seen.rate_hz / stream.rate_hz - 1) > RATE_SLACK:
        advice = f'Set `rate_hz: {nice_rate(seen.rate_hz):g}` of stream `{stream.name}`.'
        return Finding(Level.WARNING, seen.topic, f'{text}; rated {stream.rate_hz:g}', advice)
    return Finding(Level.OK, seen.topic, text)


def _pauses(spec: CellSpec, survey: Survey, names: Mapping[str, str]) -> Iterator[Finding]:
    """Streams that were silent for long, said once for all of them."""
    pairs = ((s, survey.topics.get(names[s.topic])) for s in spec.streams)
    gaps = ((s, t, _gap_s(spec, t)) for s, t in pairs if t is not None and t.count >= ENOUGH)
    paused = [(t, gap_s) for s, t, gap_s in gaps if gap_s * s.rate_hz > 2 * PERIODS]
    if paused:
        longest = max(gap_s for _, gap_s in paused)
        text = f'once silent for {longest:.1f} s'
        if len(paused) > 1:
            text = f'and {len(paused) - 1} more: once silent for up to {longest:.1f} s'
        advice = 'Windows with such a gap are asked about or masked, as `missing` says.'
        yield Finding(Level.HINT, paused[0][0].topic, text, advice)


def _gap_s(spec: CellSpec, seen: TopicSeen) -> float:
    """The longest silence that can be in a window: between two steps it may be silent."""
    if spec.step.trigger is Trigger.MESSAGE and seen.step_gap_s is not None:
        return seen.step_gap_s
    return seen.longest_gap_s


PERIODS = 2.5
"""Default staleness limit of a channel, in periods."""


def nice_rate(rate_hz: float) -> float:
    """A measured rate as it is probably meant: 499.2 -> 500, 47.62 -> 47.6."""
    for step in (500.0, 100.0, 50.0, 10.0, 5.0, 1.0, 0.5, 0.1):
        near = round(rate_hz / step) * step
        if near and abs(near / rate_hz - 1) < 0.007:
            return round(near, 3)
    return float(f'{rate_hz:.3g}')


def _offer(seen: TopicSeen) -> Iterator[Finding]:
    if seen.offer is None:
        return
    kind = 'reliable' if seen.offer.reliable else 'best effort'
    yield Finding(Level.OK, seen.topic, f'{seen.offer.publishers} publisher, {kind}')
    if seen.offer.publishers > 1:
        yield Finding(
            Level.WARNING,
            seen.topic,
            f'{seen.offer.publishers} publishers at once',
            'Their samples are mixed. Stop one, or give each a topic of its own.',
        )


def _stamps(stream: StreamSpec, settle_s: float, seen: TopicSeen) -> Iterator[Finding]:
    if seen.stamp_offset_s is None or stream.time_from is TimeFrom.ARRIVAL:
        return
    if seen.other_clock:
        behind = -seen.stamp_offset_s
        yield Finding(
            Level.WARNING,
            seen.topic,
            f'its header stamps are {abs(behind):.1f} s {"behind" if behind > 0 else "ahead"}',
            'Synchronise the clocks of both machines (NTP or PTP); late and future samples are '
            'left out of windows. Where that cannot be done any more (a recording), set '
            f'`time_from: arrival` for stream `{stream.name}`.',
        )
        return
    if seen.stamp_late_s > settle_s:
        text = f'its messages come {seen.stamp_late_s:.2f} s after their stamps'
        advice = (
            f'A step waits {settle_s:g} s for them, so its end would be missing: set '
            f'`settle_s: {seen.settle_s:g}` under `step`.'
        )
        yield Finding(Level.WARNING, seen.topic, text, advice)
    if seen.stamp_back_s > max(stream.slack_s, 1 / stream.rate_hz):
        text = f'its stamps are out of order by up to {seen.stamp_back_s:.3f} s'
        advice = f'Set `slack_s: {seen.slack_s:g}` of stream `{stream.name}`.'
        yield Finding(Level.WARNING, seen.topic, text, advice)


def _channel(stream: StreamSpec, channel: ChannelSpec, seen: TopicSeen) -> Iterator[Finding]:
    about = f'{seen.topic} {channel.path}'
    path = index_path(channel.path, seen.joints)
    if path is None:
        joints = ', '.join(seen.joints) or 'none'
        advice = f'Correct the path; the joints are: {joints}.'
        yield Finding(Level.ERROR, about, 'there is no such joint', advice)
        return
    span = seen.numbers.get(path)
    if span is None and _beyond(path, seen):
        return
    if span is None:
        advice = f'Correct the path of `{channel.name}`, or remove the channel.'
        yield Finding(Level.ERROR, about, 'the messages do not carry it', advice)
        return
    if span.low < channel.low or span.high > channel.high:
        text = f'values {span.low:.4g} to {span.high:.4g} leave {channel.low:g} to {channel.high:g}'
        yield Finding(Level.WARNING, about, text, 'Correct `low` and `high`, or the unit.')
    guess = other_unit(channel.unit, span.low, span.high)
    if guess:
        text = f'{span.low:.4g} to {span.high:.4g} looks like {guess}, not {channel.unit}'
        yield Finding(Level.WARNING, about, text, f'Correct `unit` of `{channel.name}`.')
    if span.low == span.high and seen.count >= ENOUGH:
        text, advice = f'always {span.low:g}', 'Is the sensor connected?'
        yield Finding(Level.HINT, about, text, advice)


def index_path(path: str, joints: tuple[str, ...]) -> str | None:
    """`effort[elbow]` -> `effort[2]`, `data[1::3]` -> `data[1]`; None: no such joint."""
    fields, _, key = path.removesuffix(']').partition('[')
    if ':' in key:
        key = key.partition(':')[0] or '0'
    if not key or key.isdecimal():
        return f'{fields}[{key}]' if key else path
    return f'{fields}[{joints.index(key)}]' if key in joints else None


def _beyond(path: str, seen: TopicSeen) -> bool:
    """Whether an entry lies where nobody looked, in a long array."""
    fields, _, key = path.removesuffix(']').partition('[')
    return int(key or 0) >= ENTRIES and f'{fields}[{ENTRIES - 1}]' in seen.numbers


def other_unit(unit: str, low: float, high: float) -> str:
    """The unit that values rather look like, empty when the declared one is plausible."""
    largest = max(abs(low), abs(high))
    if unit == 'rad' and largest > 20:
        return 'degrees'
    if unit == 'm' and largest > 50:
        return 'mm'
    if unit == 'degC' and low > 250 and high < 400:
        return 'K'
    if unit == 'm/s^2' and 0.9 < largest < 1.2:
        return 'g'
    return ''


# ---------------------------------------------------------------- the whole cell


def _steps(spec: CellSpec, survey: Survey, names: Mapping[str, str]) -> Iterator[Finding]:
    if spec.step.trigger is not Trigger.MESSAGE:
        return
    name = names[spec.step.topic]
    seen = survey.topics.get(name)
    if seen is None or not seen.count:
        advice = 'Let the robot program publish begin and end there, or use another trigger.'
        if seen is None:
            advice = f'{_near(STEP, name, survey, names)} {advice}'
        level = Level.WARNING if survey.live else Level.ERROR
        yield Finding(level, name, 'no step message came', advice)
        return
    if not {'begin', 'end'} <= set(seen.steps):
        text = f'only {", ".join(seen.steps) or "other messages"}; begin and end are needed'
        yield Finding(Level.ERROR, name, text, 'Let the robot program say both.')
    declared = {*seen.facts, *spec.step.facts}
    missing = [fact for fact in spec.step.context if fact not in declared]
    if missing:
        text = f'its facts never name {", ".join(missing)}'
        advice = 'All such steps count as one context. Add the facts, or shorten `step.context`.'
        yield Finding(Level.HINT, name, text, advice)
    else:
        yield Finding(Level.OK, name, f'{seen.count} step messages')


def _frames(spec: CellSpec, survey: Survey, names: Mapping[str, str]) -> Iterator[Finding]:
    for stream in spec.streams:
        seen = survey.topics.get(names[stream.topic])
        if seen is not None and len(seen.frames) > 1:
            text = f'its frame changes: {", ".join(seen.frames)}'
            advice = 'Forces in changing frames cannot be compared; fix the frame in the driver.'
            yield Finding(Level.WARNING, seen.topic, text, advice)
        elif seen is not None and seen.frames == ('',):
            yield Finding(Level.HINT, seen.topic, 'its headers name no frame')
