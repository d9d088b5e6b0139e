"""What the cell file declares about streams, channels, steps and questions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from cobot_ai.core.recipe import JointsSpec, RecipeSpec, with_services
from cobot_ai.core.signals import EdgeSpec, ThresholdSpec
from cobot_ai.core.stream_spec import StreamSpec
from cobot_ai.core.types import Facts, Texts

BLOCKS = ('samples', 'statistics', 'spectrum', 'convolutions')
"""The feature blocks that are built in."""


class Action(str, Enum):
    """What a class makes the robot do."""

    CONTINUE = 'continue'
    REWORK = 'rework'
    REJECT = 'reject'
    STOP = 'stop'
    HOLD = 'hold'


class Trigger(str, Enum):
    """What bounds a step."""

    MESSAGE = 'message'
    EDGE = 'edge'
    THRESHOLD = 'threshold'
    SLIDING = 'sliding'


@dataclass(frozen=True, slots=True)
class StepSpec:
    """How a step is bounded and cut onto the grid.

    Attributes:
        trigger: Step messages from the robot program, edges of digital signals, a threshold on
            a channel, or a sliding window.
        topic: Topic of the step messages (`~/step` by default).
        samples: Grid points of a window (>= 2).
        length_s: Window length in seconds; None: from begin to end of the step.
        hop_s: Distance between sliding windows, seconds.
        settle_s: How long to wait after a step's end for late samples, seconds.
        context: Facts that make the context key, in order.
        group: Facts that name the split group; empty: every case is its own group.
        facts: Facts that hold for the whole cell (used where a step message has none).
        edges: Edges that mark begins and ends (trigger `edge`).
        threshold: The channel to watch (trigger `threshold`).
        context_topic: Latched topic with facts; empty: none.
        context_type: std_msgs/msg/String or diagnostic_msgs/msg/DiagnosticStatus.
        context_fact: Fact that a String sets.
        merge: Sliding windows of one event are one ask.
        merge_gap_s: Longest pause inside an event, seconds.
    """

    trigger: Trigger = Trigger.MESSAGE
    topic: str = '~/step'
    samples: int = 64
    length_s: float | None = None
    hop_s: float = 1.0
    settle_s: float = 0.1
    context: tuple[str, ...] = ('operation', 'part', 'tool', 'program')
    group: tuple[str, ...] = ()
    facts: Facts = field(default_factory=dict)
    edges: tuple[EdgeSpec, ...] = ()
    threshold: ThresholdSpec | None = None
    context_topic: str = ''
    context_type: str = 'std_msgs/msg/String'
    context_fact: str = 'program'
    merge: bool = True
    merge_gap_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ClassSpec:
    """One possible answer: what it makes the robot do and what it is called.

    Attributes:
        name: Class name. action: Consequence for the robot.
        nominal: True for the class of a good step.
        cost: Cost of acting on another class when this one was true (needless ask = 1).
            The model acts alone only while the expected cost of its answer is at most 1.
        text: Plant's names per language.
    """

    name: str
    action: Action
    nominal: bool = False
    cost: float = 1.0
    text: Texts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReasonSpec:
    """A cause people may name after a bad step; for learning and for the record, never motion.

    Attributes:
        name: Name in the record. text: Plant's names per language.
    """

    name: str
    text: Texts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class QuestionSpec:
    """The judgement wanted for a step.

    Attributes:
        classes: Declared classes, in the order of the answer buttons.
        open_classes: True when an answer may name a class that is not declared.
        other_action: Action of a class that is not declared.
        deadline_s: Time to answer, seconds. undo_s: Undo window, seconds.
        lease_s: How long a claim is held without renewal, seconds.
        fail_safe: What the robot does when nobody answered in time (never `continue`).
        not_sure: `fail_safe` ends the ask at once; `wait` leaves it open for a second person.
        text: The question per language.
        sop: Markdown file of the work instruction, relative to the cell file; empty: none.
        reasons: Causes to choose from after a bad step, at most 8; empty: the page's own list.
    """

    classes: tuple[ClassSpec, ...]
    open_classes: bool = False
    other_action: Action = Action.STOP
    deadline_s: float = 60.0
    undo_s: float = 5.0
    lease_s: float = 15.0
    fail_safe: Action = Action.HOLD
    not_sure: str = 'fail_safe'
    text: Texts = field(default_factory=dict)
    sop: str = ''
    reasons: tuple[ReasonSpec, ...] = ()

    @property
    def costs(self) -> dict[str, float]:
        """Cost of missing each declared class, in needless questions."""
        return {c.name: c.cost for c in self.classes}

    def action_of(self, label: str) -> Action:
        """Consequence of a class, `other_action` where it is not declared."""
        return next((c.action for c in self.classes if c.name == label), self.other_action)

    def is_nominal(self, label: str) -> bool:
        """True when `label` is a declared class of a good step."""
        return any(c.nominal for c in self.classes if c.name == label)


@dataclass(frozen=True, slots=True)
class RiskSpec:
    """The one number that sets the risk, and what it needs.

    Attributes:
        epsilon: Tolerated share of acted-alone decisions that are wrong, 0 < epsilon < 1.
        delta: Allowed chance that the bound does not hold (rule `certified`), 0 < delta < 1.
        rule: `certified` (fixed-sequence Clopper-Pearson) or `expected`.
        min_answers: Answers a new context needs before the model may act in it.
        burn_in: Cases asked after a class was seen for the first time.
        audit_first: Share of confident decisions that are asked anyway at first, 0 to 1.
        audit_last: Share it falls to with clean audits, 0 to `audit_first`.
        fallback: Wider levels whose certificate may be used where the context has none, in
            order: `operation`, `cell`.
        window: Newest labelled cases that must speak for a threshold as well (>= 1).
        run_length: Decisions (of a context, per figure watched) between two false drift alarms,
            on average at least.
        confirm: Right answers in a row that end a drift alarm.
    """

    epsilon: float = 0.05
    delta: float = 0.1
    rule: str = 'certified'
    min_answers: int = 10
    burn_in: int = 10
    audit_first: float = 0.15
    audit_last: float = 0.02
    fallback: tuple[str, ...] = ()
    window: int = 150
    run_length: int = 1_000
    confirm: int = 10


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """How a model is trained and when it may go live.

    Attributes:
        head: `kernel` or `linear`. min_labels: Labels a class needs to enter the model.
        swap: `at_once` (between decisions) or `maintenance`.
        seed: Seed of folds and random features.
        blocks: Named feature blocks, built in or from an installed plugin.
        layers: ONNX files with further features, relative to the cell file's folder.
        channel_weights: Full channel name -> how much its features count; 1 where not named.
        suite: Gate suite: a file (from the cell file's folder) or the name of a shipped one.
        one_class: While only good cases are known: share of the usual ones that is asked because
            they are the least usual, 0 to 1; 1: everything is asked, there is no model yet.
        still: Camera stream whose still is judged as well; empty: stills are only shown.
    """

    head: str = 'kernel'
    min_labels: int = 3
    swap: str = 'maintenance'
    seed: int = 0
    blocks: tuple[str, ...] = BLOCKS
    layers: tuple[str, ...] = ()
    channel_weights: Mapping[str, float] = field(default_factory=dict)
    suite: str = 'default'
    one_class: float = 0.2
    still: str = ''


@dataclass(frozen=True, slots=True)
class MotionSpec:
    """How the process is held and resumed.

    Attributes:
        recipe: `none` (shadow: advise only), the name of a recipe, or a name of your own with
            `driver` written out.
        namespace: Namespace of the driver's topics and services; '' for the cell's own.
        hold_service: Service that holds, where the recipe leaves it to the plant.
        resume_service: Service that resumes; '' takes the recipe's, or `hold_service`.
        joint_states: Topic watched for standing still, instead of the recipe's.
        timeout_s: Time until a missing confirmation is an alarm, seconds; None: the recipe's.
        driver: The recipe itself; filled in from config/recipes when left out.
    """

    recipe: str = 'none'
    namespace: str = ''
    hold_service: str = ''
    resume_service: str = ''
    joint_states: str = ''
    timeout_s: float | None = None
    driver: RecipeSpec | None = None

    @property
    def plan(self) -> RecipeSpec | None:
        """The recipe with everything the cell file changes; None in shadow mode."""
        if self.recipe == 'none' or self.driver is None:
            return None
        plan = with_services(self.driver, self.hold_service, self.resume_service)
        if self.joint_states:
            plan = replace(
                plan, joints=replace(plan.joints or JointsSpec(), topic=self.joint_states)
            )
        return plan if self.timeout_s is None else replace(plan, timeout_s=self.timeout_s)


@dataclass(frozen=True, slots=True)
class StorageSpec:
    """What is kept on the disk.

    Attributes:
        clips_mb: Quota of the evidence clips, megabytes.
        incidents_mb: Quota of the incident recordings, megabytes; 0 records none.
        incident_before_s: Seconds before an event that go into its recording.
        incident_after_s: Seconds recorded after it.
        bag_version: Version of their metadata: 8 for `ros2 bag` of Humble, 9 for later ones.
    """

    clips_mb: float = 2000.0
    incidents_mb: float = 500.0
    incident_before_s: float = 10.0
    incident_after_s: float = 5.0
    bag_version: int = 9


@dataclass(frozen=True, slots=True)
class BudgetSpec:
    """Asks per hour and operator.

    Attributes:
        warn: Wanted at most; beyond it the riskiest come first. hard: Never exceeded; 0: no budget.
        over: What the robot does with a case nobody is asked about: an action, or `fail_safe`
            for the question's own.
        quiet_s: Time without any question after which a suppressed case is offered, seconds.
    """

    warn: float = 6.0
    hard: float = 12.0
    over: str = 'fail_safe'
    quiet_s: float = 60.0


@dataclass(frozen=True, slots=True)
class CellSpec:
    """Everything a cell file says. `digest` is the SHA-256 of its canonical JSON form.

    `shifts` are the starts of the shifts, `maintenance` the weekly breaks in which a model may
    be swapped, both in local time of `timezone`. `messages`: ROS type -> its .msg text, for types
    that are not of the standard packages.
    """

    name: str
    streams: tuple[StreamSpec, ...]
    step: StepSpec
    question: QuestionSpec
    risk: RiskSpec = field(default_factory=RiskSpec)
    model: ModelSpec = field(default_factory=ModelSpec)
    motion: MotionSpec = field(default_factory=MotionSpec)
    storage: StorageSpec = field(default_factory=StorageSpec)
    budget: BudgetSpec = field(default_factory=BudgetSpec)
    shifts: tuple[str, ...] = ()
    maintenance: tuple[str, ...] = ()
    timezone: str = 'UTC'
    messages: Texts = field(default_factory=dict)
    digest: str = ''

    @property
    def channels(self) -> tuple[str, ...]:
        """Full names of all channels, in the order of the model's input."""
        return tuple(n for s in self.streams for n in s.channel_names)
