"""Hold and resume recipes: what a driver is asked, and what must be seen before it is believed.

A recipe is data (config/recipes/*.yaml); no vendor's name is in the code. Topic and service names
are relative to `MotionSpec.namespace`. Values of states and requests are written as texts and
compared as texts: `true`, `3`, `PAUSED`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from operator import attrgetter
from typing import Any


class ResumeBy(str, Enum):
    """Who lets the robot go on."""

    SERVICE = 'service'
    PENDANT = 'pendant'
    PROGRAM = 'program'


@dataclass(frozen=True, slots=True)
class CallSpec:
    """One service call.

    Attributes:
        type: Service type, `package/srv/Name`. service: Its name.
        request: Field -> value; what is not named stays at its default.
        ok_path: Field of the response that says whether it was done; empty: any response counts.
        ok: Values of it that mean done.
        reason_path: Field of the response with the driver's words; empty: none.
    """

    type: str
    service: str = ''
    request: Mapping[str, str] = field(default_factory=dict)
    ok_path: str = 'success'
    ok: tuple[str, ...] = ('true',)
    reason_path: str = ''


@dataclass(frozen=True, slots=True)
class StateSpec:
    """One value that the driver reports: a field of a topic, or of a service's response.

    Attributes:
        name: Name that the checks use. type: `package/msg/Name`, or `package/srv/Name` to ask.
        source: Topic or service. path: Field with the value.
        latched: Published only when it changes; its age says nothing.
        stale_s: Older than this it is unknown (not for latched ones), seconds.
        every_s: How often a service is asked, seconds.
    """

    name: str
    type: str
    source: str
    path: str
    latched: bool = False
    stale_s: float = 1.0
    every_s: float = 0.25

    @property
    def asked(self) -> bool:
        """True for a state that a service tells."""
        return '/srv/' in self.type


@dataclass(frozen=True, slots=True)
class CheckSpec:
    """A state must be one of these values; `names` says what others mean.

    Attributes:
        state: Name of a state. any_of: Values that pass.
        names: Meaning of values that do not pass, e.g. `{'3': 'protective stop'}`.
    """

    state: str
    any_of: tuple[str, ...]
    names: Mapping[str, str] = field(default_factory=dict)

    def words(self, value: str) -> str:
        """A value as people read it: `safety_mode is 3 (protective stop)`."""
        named = self.names.get(value)
        return f'{self.state} is {value} ({named})' if named else f'{self.state} is {value}'


@dataclass(frozen=True, slots=True)
class JointsSpec:
    """Joint states that must stand still before a hold is believed.

    Attributes:
        topic: Topic (sensor_msgs/msg/JointState). limit: Largest joint speed that counts as
            standing still, rad/s (m/s for linear joints).
        still_s: How long every joint must stay below it, seconds.
        stale_s: Silence after which nothing is known, seconds.
        names: Joints that must stand still, e.g. without the gripper's; empty: every joint that
            was ever seen on the topic.
    """

    topic: str = 'joint_states'
    limit: float = 0.01
    still_s: float = 0.3
    stale_s: float = 1.0
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecipeSpec:
    """How one kind of driver is held and let go.

    Attributes:
        vendor: Robots and driver it is for, in words.
        hold: Calls that hold, in order. resume: Calls that resume, in order.
        resume_by: `service` (our call), `pendant` (a person at the robot), or `program` (the
            robot program goes on by itself as soon as it is told the outcome).
        states: What the driver reports.
        held: All must pass before a hold is confirmed. running: The same for a resume.
        normal: While one fails there is a safety stop.
        ready: While one fails the arm is not ready (not enabled yet): no resume, but no stop.
        mode: Required for our resume; else a person resumes at the robot.
        joints: Joint states to watch; None: the driver's word is all there is.
        timeout_s: Time until a missing confirmation is an alarm, seconds.
        text: What the worker is told when resume must happen at the robot, per language.
    """

    vendor: str = ''
    hold: tuple[CallSpec, ...] = ()
    resume: tuple[CallSpec, ...] = ()
    resume_by: ResumeBy = ResumeBy.SERVICE
    states: tuple[StateSpec, ...] = ()
    held: tuple[CheckSpec, ...] = ()
    running: tuple[CheckSpec, ...] = ()
    normal: tuple[CheckSpec, ...] = ()
    ready: tuple[CheckSpec, ...] = ()
    mode: tuple[CheckSpec, ...] = ()
    joints: JointsSpec | None = None
    timeout_s: float = 2.0
    text: Mapping[str, str] = field(default_factory=dict)

    @property
    def types(self) -> tuple[str, ...]:
        """Every ROS type the recipe needs, each once."""
        calls = [c.type for c in (*self.hold, *self.resume)]
        return tuple(dict.fromkeys([*calls, *(s.type for s in self.states)]))


def with_services(recipe: RecipeSpec, hold: str, resume: str) -> RecipeSpec:
    """The recipe with the services that the cell file names in place of its own."""

    def named(calls: tuple[CallSpec, ...], service: str) -> tuple[CallSpec, ...]:
        return (replace(calls[0], service=service), *calls[1:]) if calls and service else calls

    return replace(
        recipe, hold=named(recipe.hold, hold), resume=named(recipe.resume, resume or hold)
    )


def in_namespace(name: str, namespace: str) -> str:
    """A name of a recipe as the node uses it; '' keeps it in the cell's own namespace."""
    if not namespace or name.startswith('/'):
        return name
    return f'{namespace.rstrip("/")}/{name}'


def as_text(value: Any) -> str:
    """A field's value as recipes write it: `true`, `3`, `PAUSED`."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def outcome_of(call: CallSpec, response: Any) -> tuple[bool, str]:
    """Whether a response says that it was done, and the driver's words."""
    words = as_text(attrgetter(call.reason_path)(response)) if call.reason_path else ''
    if not call.ok_path:
        return True, words
    value = as_text(attrgetter(call.ok_path)(response))
    return value in call.ok, words or f'the driver answered {call.ok_path} {value}'
