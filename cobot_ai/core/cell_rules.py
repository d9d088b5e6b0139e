"""What the values of a cell file may be: ranges, choices and forms, one table each.

The parser (`core.config`) and the JSON Schema (`core.cell_schema`) both read these tables.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Range:
    """Allowed numbers: `low` to `high`, ends excluded where `above` / `below` is True."""

    low: float
    high: float
    above: bool = False
    below: bool = False

    def holds(self, value: float) -> bool:
        """True when `value` lies inside."""
        low = value > self.low if self.above else value >= self.low
        return low and (value < self.high if self.below else value <= self.high)

    def __str__(self) -> str:
        low = f'greater than {self.low:g}' if self.above else f'at least {self.low:g}'
        high = f'less than {self.high:g}' if self.below else f'at most {self.high:g}'
        return f'{low} and {high}'


@dataclass(frozen=True, slots=True)
class Form:
    """Allowed texts: a regular expression and the same in words."""

    pattern: str
    words: str

    def holds(self, value: str) -> bool:
        """True when the whole of `value` has this form."""
        return re.fullmatch(self.pattern, value) is not None


_POSITIVE = Range(0, 1e6, above=True)
_SHARE = Range(0, 1, above=True, below=True)
_NUMBER = Range(-1e12, 1e12)
_COUNT = Range(0, 100_000)
_NAME = Form(r'[A-Za-z][A-Za-z0-9_]{0,63}', 'letters, digits and _, starting with a letter')
TOPIC_PATTERN = r'(~/|/)?[A-Za-z_][A-Za-z0-9_]*(/[A-Za-z_][A-Za-z0-9_]*)*'
_TOPIC = Form(TOPIC_PATTERN, 'a ROS name such as `wrench`, `~/step` or `/robot/wrench`')

_MAYBE_TOPIC = Form(f'({TOPIC_PATTERN})?', _TOPIC.words)
_FIELD = Form(r'([a-z]\w*(\.[a-z]\w*)*)?', 'a field path such as `state.state`')
_TYPE = Form(r'[a-z][a-z0-9_]*/msg/[A-Z]\w*', '`package/msg/Name`')
_PATH = Form(r'[a-z][\w.]*(\[[^\[\]]+\])?', 'a field path such as `effort[2]`')

RANGES: dict[str, Range] = {
    'ChannelSpec.stale_s': _POSITIVE,
    'ChannelSpec.hold_s': _POSITIVE,
    'ChannelSpec.low': _NUMBER,
    'ChannelSpec.high': _NUMBER,
    'ChannelSpec.frozen_s': _POSITIVE,
    'ChannelSpec.band': Range(0, 1e6),
    'StreamSpec.rate_hz': Range(0, 100_000, above=True),
    'StreamSpec.block_hz': Range(0, 1e6, above=True),
    'StreamSpec.slack_s': Range(0, 10),
    'StreamSpec.stall_s': Range(0, 60, above=True),
    'StepSpec.samples': Range(2, 4096),
    'StepSpec.length_s': Range(0, 3600, above=True),
    'StepSpec.hop_s': Range(0, 3600, above=True),
    'StepSpec.settle_s': Range(0, 60),
    'StepSpec.merge_gap_s': Range(0, 3600),
    'EdgeSpec.level': _NUMBER,
    'EdgeSpec.debounce_s': Range(0, 10),
    'ThresholdSpec.on': _NUMBER,
    'ThresholdSpec.off': _NUMBER,
    'ThresholdSpec.min_s': Range(0, 3600),
    'ThresholdSpec.max_s': Range(0, 3600, above=True),
    'ClassSpec.cost': Range(0, 1e6),
    'QuestionSpec.deadline_s': Range(1, 86_400),
    'QuestionSpec.undo_s': Range(0, 600),
    'QuestionSpec.lease_s': Range(1, 3600),
    'RiskSpec.epsilon': _SHARE,
    'RiskSpec.delta': _SHARE,
    'RiskSpec.min_answers': _COUNT,
    'RiskSpec.burn_in': _COUNT,
    'RiskSpec.audit_first': Range(0, 1),
    'RiskSpec.audit_last': Range(0, 1),
    'RiskSpec.window': Range(10, 100_000),
    'RiskSpec.run_length': Range(100, 1e9),
    'RiskSpec.confirm': _COUNT,
    'ModelSpec.min_labels': Range(1, 100_000),
    'ModelSpec.seed': Range(0, 2**31 - 1),
    'ModelSpec.channel_weights': Range(0, 100),
    'ModelSpec.one_class': Range(0, 1, above=True),
    'MotionSpec.timeout_s': Range(0, 60, above=True),
    'RecipeSpec.timeout_s': Range(0, 60, above=True),
    'StateSpec.stale_s': Range(0, 60, above=True),
    'StateSpec.every_s': Range(0.02, 60),
    'JointsSpec.limit': Range(0, 1, above=True),
    'JointsSpec.still_s': Range(0, 10),
    'JointsSpec.stale_s': Range(0, 60, above=True),
    'StorageSpec.clips_mb': Range(1, 1e8),
    'StorageSpec.incidents_mb': Range(0, 1e8),
    'StorageSpec.incident_before_s': Range(0, 60),
    'StorageSpec.incident_after_s': Range(0, 60),
    'StorageSpec.bag_version': Range(8, 9),
    'BudgetSpec.warn': Range(0, 3600),
    'BudgetSpec.hard': Range(0, 3600),
    'BudgetSpec.quiet_s': Range(0, 86_400),
    'LabelLimits.per_class': Range(1, 100_000),
    'LabelLimits.per_context': _COUNT,
    'LabelLimits.total': _COUNT,
    'SizeLimit.limit_mb': Range(0, 64, above=True),
    'TrialLimits.seconds': Range(0, 600, above=True),
    'TrialLimits.memory_mb': Range(256, 65_536),
    'MemoryLimit.limit_mb': Range(0, 65_536, above=True),
    'ParityLimit.limit': Range(0, 1),
    'ClaimLimit.tolerance': Range(0, 1),
    'UnseenLimit.cases': _COUNT,
    'SkillLimits.confidence': _SHARE,
    'AccuracyLimits.tolerance': Range(0, 1),
    'AccuracyLimits.confidence': _SHARE,
    'AccuracyLimits.slice_cases': _COUNT,
    'CalibrationLimits.brier': Range(0, 2),
    'CalibrationLimits.ece': Range(0, 1),
    'CalibrationLimits.confidence': _SHARE,
    'CalibrationLimits.slice_cases': _COUNT,
    'LeakLimits.similar': Range(0, 1),
    'LeakLimits.share': Range(0, 1),
    'LeakLimits.drop': Range(0, 1),
    'DeadChannelLimit.wrong_alone': _SHARE,
    'LatencyLimit.limit_ms': Range(0, 60_000, above=True),
}

CHOICES: dict[str, tuple[str, ...]] = {
    'EdgeSpec.on': ('rising', 'falling'),
    'EdgeSpec.marks': ('begin', 'end'),
    'StepSpec.context_type': ('std_msgs/msg/String', 'diagnostic_msgs/msg/DiagnosticStatus'),
    'QuestionSpec.fail_safe': ('hold', 'stop', 'reject', 'rework'),
    'QuestionSpec.not_sure': ('fail_safe', 'wait'),
    'RiskSpec.rule': ('certified', 'expected'),
    'RiskSpec.fallback': ('operation', 'cell'),
    'BudgetSpec.over': ('fail_safe', 'hold', 'stop', 'reject', 'rework'),
    'ModelSpec.head': ('linear', 'kernel'),
    'ModelSpec.swap': ('maintenance', 'at_once'),
    'AccuracyLimits.slices': ('context', 'shift', 'sensors', 'class'),
    'CalibrationLimits.slices': ('context', 'shift', 'sensors', 'class'),
}

REASONS: dict[str, str] = {
    'QuestionSpec.fail_safe': ' A question that nobody answered must never count as success.',
}
"""Added to the message where a choice is refused for a reason worth saying."""

_CLOCK_PATTERN = r'([01]\d|2[0-3]):[0-5]\d'

FORMS: dict[str, Form] = {
    'CellSpec.shifts': Form(_CLOCK_PATTERN, 'a time of day such as 06:00'),
    'CellSpec.maintenance': Form(
        rf'(daily|mon|tue|wed|thu|fri|sat|sun) {_CLOCK_PATTERN}-{_CLOCK_PATTERN}',
        'a weekly time such as `sun 02:00-04:00` or `daily 12:00-12:30`',
    ),
    'Suite.name': _NAME,
    'CellSpec.name': _NAME,
    'StreamSpec.name': _NAME,
    'ChannelSpec.name': _NAME,
    'StreamSpec.topic': _TOPIC,
    'StepSpec.topic': _TOPIC,
    'StepSpec.context_topic': _MAYBE_TOPIC,
    'EdgeSpec.topic': _TOPIC,
    'EdgeSpec.type': _TYPE,
    'EdgeSpec.path': _PATH,
    'StreamSpec.type': _TYPE,
    'ChannelSpec.path': _PATH,
    'ClassSpec.name': Form(
        r'(?!not_sure$)\S(.{0,62}\S)?', '1 to 64 characters, not `not_sure`, no blanks at the ends'
    ),
    'ModelSpec.blocks': _NAME,
    'ModelSpec.still': Form(r'([A-Za-z][A-Za-z0-9_]{0,63})?', 'the name of a camera stream'),
    'ModelSpec.layers': Form(r'(?!.*\.\.)(?!/)[^\\]+\.onnx', 'a relative .onnx file without `..`'),
    'ReasonSpec.name': Form(r'\S(.{0,62}\S)?', '1 to 64 characters, no blanks at the ends'),
    'QuestionSpec.sop': Form(r'(?!.*\.\.)(?!/)[^\\]*', 'a relative file name without `..`'),
    'MotionSpec.recipe': _NAME,
    'MotionSpec.namespace': Form(f'/|({TOPIC_PATTERN})?', '`/`, or a ROS name such as `/ur`'),
    'MotionSpec.hold_service': _MAYBE_TOPIC,
    'MotionSpec.resume_service': _MAYBE_TOPIC,
    'MotionSpec.joint_states': _MAYBE_TOPIC,
    'CallSpec.type': Form(r'[a-z][a-z0-9_]*/srv/[A-Z]\w*', '`package/srv/Name`'),
    'CallSpec.service': _MAYBE_TOPIC,
    'CallSpec.ok_path': _FIELD,
    'CallSpec.reason_path': _FIELD,
    'StateSpec.name': _NAME,
    'StateSpec.type': Form(r'[a-z][a-z0-9_]*/(msg|srv)/[A-Z]\w*', '`package/msg/Name`'),
    'StateSpec.source': _TOPIC,
    'StateSpec.path': _FIELD,
    'JointsSpec.topic': _TOPIC,
}

LANGUAGE = Form(r'[a-z]{2,3}(-[A-Za-z0-9]+)*', 'a language code such as en, de or pt-BR')
TEXT_LENGTH = 1000
LONG_TEXTS = {'CellSpec.messages': 20_000}
"""Rule -> longest text where it may be longer."""
QUESTION_WORDS = 12
"""Most words of a question: it is read at arm's length in a second or two."""
QUESTION_CHARACTERS = 90
"""Most characters of a question, for languages that put no blanks between words."""
MAX_REASONS = 8
LIST_LENGTH = 1000
"""Most entries of a list and of a mapping."""

MAX_CELLS = 1_000_000
"""Largest window, channels x samples."""
