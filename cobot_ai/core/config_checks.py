"""What must hold between the keys of a cell file."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from cobot_ai.core.build import join
from cobot_ai.core.calendar import zone_of
from cobot_ai.core.cell_rules import (
    MAX_CELLS,
    MAX_REASONS,
    QUESTION_CHARACTERS,
    QUESTION_WORDS,
)
from cobot_ai.core.errors import ConfigError
from cobot_ai.core.message_types import STILLS
from cobot_ai.core.recipe import ResumeBy
from cobot_ai.core.signals import ThresholdSpec
from cobot_ai.core.spec import Action, CellSpec, MotionSpec, Trigger
from cobot_ai.core.stream_spec import ChannelSpec, Resample, StreamSpec
from cobot_ai.core.types import Missing


def check_cell(spec: CellSpec) -> None:
    """Check a whole cell file once its keys have been read.

    Raises:
        ConfigError: The first problem found: key path, what is wrong, what is allowed.
    """
    _check_streams(spec)
    _check_step(spec)
    _check_question(spec)
    _check_model(spec)
    _check_rest(spec)


def _check_streams(spec: CellSpec) -> None:
    _unique((s.name for s in spec.streams), 'streams.name')
    _unique((s.topic for s in spec.streams), 'streams.topic')
    for i, stream in enumerate(spec.streams):
        _unique((c.name for c in stream.channels), f'streams[{i}].channels.name')
        if stream.channels and stream.type in STILLS:
            raise ConfigError(f'`streams[{i}]` is a camera: it is evidence and has no channels.')
        for j, channel in enumerate(stream.channels):
            if not channel.low < channel.high:
                raise ConfigError(f'`streams[{i}].channels[{j}]`: `low` must be less than `high`.')
            _check_resample(stream, channel, f'streams[{i}].channels[{j}]')
    if not spec.channels:
        raise ConfigError('`streams` must hold at least one stream with channels.')
    if len(spec.channels) * spec.step.samples > MAX_CELLS:
        raise ConfigError(
            f'`step.samples` x channels is {len(spec.channels) * spec.step.samples}; '
            f'at most {MAX_CELLS} are allowed: take fewer samples or channels.'
        )


def _check_resample(stream: StreamSpec, channel: ChannelSpec, path: str) -> None:
    if channel.band:
        check_band(channel.band)
    if channel.band and channel.resample is not Resample.RMS:
        raise ConfigError(f'`{path}.band` belongs to `resample: rms`; add that, or use `bands`.')
    if channel.band and channel.band[1] > stream.sample_hz / 2:
        raise ConfigError(
            f'`{path}.band` reaches {channel.band[1]:g} Hz, but {stream.sample_hz:g} samples per '
            f'second show nothing above {stream.sample_hz / 2:g} Hz; lower the band.'
        )
    if channel.resample is Resample.RMS and channel.missing is Missing.HOLD_LAST:
        raise ConfigError(f'`{path}`: the energy of a lost signal cannot be held; use `mask`.')


def _check_step(spec: CellSpec) -> None:
    step = spec.step
    if step.trigger is Trigger.MESSAGE and step.topic in {s.topic for s in spec.streams}:
        raise ConfigError(f'`step.topic`: `{step.topic}` is already the topic of a stream.')
    if step.trigger is Trigger.SLIDING and step.length_s is None:
        raise ConfigError('`step.length_s` is missing: a sliding window needs a length in seconds.')
    _check_signals(spec)
    _unique(step.context, 'step.context')
    _unique(step.group, 'step.group')
    if '' in (*step.context, *step.group):
        raise ConfigError('`step.context` and `step.group` must name facts; remove the empty one.')


def _check_signals(spec: CellSpec) -> None:
    step = spec.step
    for key, trigger in (('edges', Trigger.EDGE), ('threshold', Trigger.THRESHOLD)):
        if bool(getattr(step, key)) is not (step.trigger is trigger):
            need = 'is missing' if step.trigger is trigger else 'has no use'
            raise ConfigError(f'`step.{key}` {need} with `trigger: {step.trigger.value}`.')
    if step.edges and len({e.marks for e in step.edges}) == 1 and step.length_s is None:
        raise ConfigError('`step.length_s` is missing: the edges mark one end of the step only.')
    if step.threshold is not None:
        _check_threshold(step.threshold, spec.channels)
    types = {s.topic: s.type for s in spec.streams}
    for i, edge in enumerate(step.edges):
        if types.setdefault(edge.topic, edge.type) != edge.type:
            raise ConfigError(f'`step.edges[{i}].type`: topic `{edge.topic}` has another type.')
    if step.context_topic and step.context_topic in types:
        raise ConfigError(f'`step.context_topic`: `{step.context_topic}` is a topic of a stream.')
    if step.trigger is Trigger.MESSAGE and step.context_topic == step.topic:
        raise ConfigError(
            f'`step.context_topic`: `{step.context_topic}` carries begin and end; name another.'
        )


def _check_threshold(threshold: ThresholdSpec, channels: tuple[str, ...]) -> None:
    if threshold.channel not in channels:
        close = difflib.get_close_matches(threshold.channel, channels, 1, 0.5)
        hint = f'did you mean `{close[0]}`?' if close else 'write it as `stream.channel`.'
        raise ConfigError(f'`step.threshold.channel`: no channel `{threshold.channel}`; {hint}')
    if threshold.on == threshold.off:
        raise ConfigError('`step.threshold`: `on` and `off` must differ (hysteresis).')
    if threshold.min_s >= threshold.max_s:
        raise ConfigError('`step.threshold`: `min_s` must be less than `max_s`.')


def _check_question(spec: CellSpec) -> None:
    question = spec.question
    _unique((c.name for c in question.classes), 'question.classes.name')
    if not question.open_classes and len(question.classes) < 2:
        raise ConfigError('`question.classes` needs two classes or more (or `open_classes: true`).')
    if not question.open_classes and not any(c.nominal for c in question.classes):
        raise ConfigError('`question.classes`: mark the class of a good step with `nominal: true`.')
    for i, cls in enumerate(question.classes):
        if cls.nominal and cls.action is not Action.CONTINUE:
            raise ConfigError(
                f'`question.classes[{i}]`: a nominal class must have `action: continue`.'
            )
    _unique((r.name for r in question.reasons), 'question.reasons.name')
    if len(question.reasons) > MAX_REASONS:
        raise ConfigError(f'`question.reasons` may hold {MAX_REASONS} at most; merge some.')
    for lang, text in question.text.items():
        if len(text.split()) > QUESTION_WORDS or len(text) > QUESTION_CHARACTERS:
            raise ConfigError(
                f'`question.text.{lang}` is too long to be read at a glance: at most '
                f'{QUESTION_WORDS} words and {QUESTION_CHARACTERS} characters.'
            )
    if question.undo_s >= question.deadline_s:
        raise ConfigError('`question.undo_s` must be less than `question.deadline_s`.')


def _check_model(spec: CellSpec) -> None:
    model = spec.model
    _unique(model.blocks, 'model.blocks')
    _unique(model.layers, 'model.layers')
    if not model.blocks and not model.layers:
        raise ConfigError('`model.blocks` is empty; name at least one feature block.')
    cameras = [s.name for s in spec.streams if s.type in STILLS]
    if model.still and model.still not in cameras:
        there = ', '.join(cameras) or 'none'
        raise ConfigError(f'`model.still`: `{model.still}` is no camera stream (there: {there}).')
    for name in model.channel_weights:
        if name not in spec.channels:
            close = difflib.get_close_matches(name, spec.channels, 1, 0.5)
            hint = f'did you mean `{close[0]}`?' if close else 'write it as `stream.channel`.'
            raise ConfigError(f'`model.channel_weights`: there is no channel `{name}`; {hint}')
    if not any(model.channel_weights.get(name, 1.0) > 0 for name in spec.channels):
        raise ConfigError('`model.channel_weights`: at least one channel must count (above 0).')


def _check_rest(spec: CellSpec) -> None:
    check_motion(spec.motion)
    budget, risk = spec.budget, spec.risk
    if risk.audit_last > risk.audit_first:
        raise ConfigError(
            f'`risk.audit_last` is {risk.audit_last:g}; it must not be more than '
            f'`risk.audit_first`, which is {risk.audit_first:g}.'
        )
    zone_of(spec.timezone)
    _unique(spec.shifts, 'shifts')
    if budget.hard and budget.warn > budget.hard:
        raise ConfigError('`budget.warn` must not be more than `budget.hard`.')


def check_motion(motion: MotionSpec) -> None:
    """Make sure that a recipe can be carried out as it is written.

    Raises:
        ConfigError: A service is missing or has no use, or a check names an unknown state.
    """
    plan = motion.plan
    if plan is None:
        _check_shadow(motion)
        return
    calls = {'hold': plan.hold, 'resume': plan.resume}
    if not plan.hold:
        raise ConfigError('`motion.driver.hold` is missing: a recipe must say how to hold.')
    if not plan.resume and plan.resume_by is ResumeBy.SERVICE:
        raise ConfigError('`motion.driver.resume` is missing; name a call, or who resumes.')
    for name, of_kind in calls.items():
        if any(not c.service for c in of_kind):
            raise ConfigError(
                f'`motion.{name}_service` is missing: recipe `{motion.recipe}` needs a service.'
            )
    known = [s.name for s in plan.states]
    _unique(known, 'motion.driver.states.name')
    for check in (*plan.held, *plan.running, *plan.normal, *plan.mode):
        if check.state not in known:
            raise ConfigError(f'`motion.driver`: there is no state `{check.state}` to check.')


def _check_shadow(motion: MotionSpec) -> None:
    if motion.recipe != 'none':
        raise ConfigError(f'`motion.driver` is missing: `{motion.recipe}` is no shipped recipe.')
    for name in ('hold_service', 'resume_service'):
        if getattr(motion, name):
            raise ConfigError(f'`{join("motion", name)}` has no use with recipe `none`.')


def _unique(names: Iterable[str], path: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ConfigError(f'`{path}`: `{name}` is there twice; give each its own.')
        seen.add(name)


def check_band(band: tuple[float, ...]) -> tuple[float, float]:
    """The two ends of a band, hertz.

    Raises:
        ConfigError: They are not two, or not in order.
    """
    if len(band) != 2 or not band[0] < band[1]:
        raise ConfigError(f'A band must be [low, high] in hertz with low < high, not {list(band)}.')
    return band[0], band[1]
