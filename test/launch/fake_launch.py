"""A small, strict stand-in of `launch` and `launch_ros`, where no ROS 2 distribution is installed.

It accepts the part of the real interface that our launch files use, with the same names and
keyword-only arguments, refuses everything else, and executes a description: substitutions,
scopes, choices, included files. What it shows is which processes would run, with which
parameters, under which namespace.
"""

from __future__ import annotations

import runpy
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from rclpy.validate_namespace import validate_namespace

TRUE_FALSE = {'true': True, 'false': False}


@dataclass
class Context:
    """What a description does when it is executed."""

    configurations: dict[str, str]
    namespace: str | None = None
    folder: Path | None = None
    declared: dict[str, DeclareLaunchArgument] = field(default_factory=dict)
    started: list[Started] = field(default_factory=list)


@dataclass
class Started:
    """One process that would run."""

    executable: str
    namespace: str
    parameters: dict[str, Any]
    ros_arguments: list[str]
    respawn: bool
    respawn_delay: float | None
    on_exit: Any


class Substitution:
    def perform(self, context: Context) -> str:
        raise NotImplementedError


@dataclass
class LaunchConfiguration(Substitution):
    name: str

    def perform(self, context: Context) -> str:
        if self.name not in context.declared:
            raise LookupError(f'launch configuration "{self.name}" was never declared')
        return context.configurations[self.name]


class ThisLaunchFileDir(Substitution):
    def perform(self, context: Context) -> str:
        return str(context.folder)


class PythonExpression(Substitution):
    def __init__(self, expression: Sequence[Any]) -> None:
        self.expression = expression

    def perform(self, context: Context) -> str:
        return str(eval(text(context, self.expression), {}))  # noqa: S307


def text(context: Context, value: Any) -> str:
    """A text, a substitution, or a list of both; nothing else is some substitutions."""
    if isinstance(value, str):
        return value
    if isinstance(value, Substitution):
        return value.perform(context)
    if isinstance(value, (list, tuple)):
        return ''.join(text(context, part) for part in value)
    raise TypeError(f'{value!r} is neither text nor substitution')


class Action:
    def execute(self, context: Context) -> None:
        raise NotImplementedError


class DeclareLaunchArgument(Action):
    def __init__(
        self,
        name: str,
        *,
        default_value: Any = None,
        description: str | None = None,
        choices: list[str] | None = None,
    ) -> None:
        self.name, self.default = name, default_value
        self.description, self.choices = description, choices

    def execute(self, context: Context) -> None:
        context.declared[self.name] = self
        if self.name not in context.configurations:
            if self.default is None:
                raise RuntimeError(f'Required launch argument "{self.name}" was not provided.')
            context.configurations[self.name] = text(context, self.default)
        if self.choices and context.configurations[self.name] not in self.choices:
            raise RuntimeError(f'Argument "{self.name}" is not one of {self.choices}')


class GroupAction(Action):
    def __init__(self, actions: list[Action], *, scoped: bool = True) -> None:
        self.actions, self.scoped = actions, scoped

    def execute(self, context: Context) -> None:
        before = context.namespace, dict(context.configurations)
        for action in self.actions:
            action.execute(context)
        if self.scoped:
            context.namespace, context.configurations = before


class PushRosNamespace(Action):
    def __init__(self, namespace: Any) -> None:
        self.namespace = namespace

    def execute(self, context: Context) -> None:
        pushed = text(context, self.namespace)
        base = '' if context.namespace in (None, '/') else context.namespace
        full = pushed if pushed.startswith('/') else f'{base}/{pushed}'
        context.namespace = full if full == '/' else full.rstrip('/')
        validate_namespace(context.namespace)


class Shutdown(Action):
    def __init__(self, *, reason: str = 'reason not given') -> None:
        self.reason = reason


class ParameterValue:
    def __init__(self, value: Any, *, value_type: type) -> None:
        self.value, self.type = value, value_type

    def evaluate(self, context: Context) -> Any:
        found = text(context, self.value)
        return TRUE_FALSE[found.lower()] if self.type is bool else self.type(found)


class Node(Action):
    def __init__(
        self,
        *,
        package: str,
        executable: str,
        parameters: list[dict[str, Any]],
        output: str,
        ros_arguments: Sequence[Any] = (),
        respawn: bool = False,
        respawn_delay: float | None = None,
        on_exit: Action | None = None,
    ) -> None:
        assert package == 'cobot_ai'
        assert output in ('screen', 'log', 'both')
        self.executable, self.parameters, self.ros_arguments = executable, parameters, ros_arguments
        self.respawn, self.respawn_delay, self.on_exit = respawn, respawn_delay, on_exit

    def execute(self, context: Context) -> None:
        values = {
            name: value.evaluate(context) if isinstance(value, ParameterValue) else value
            for table in self.parameters
            for name, value in table.items()
        }
        context.started.append(
            Started(
                self.executable,
                context.namespace or '/',
                values,
                [text(context, a) for a in self.ros_arguments],
                self.respawn,
                self.respawn_delay,
                self.on_exit,
            )
        )


class PythonLaunchDescriptionSource:
    def __init__(self, location: Any) -> None:
        self.location = location


class IncludeLaunchDescription(Action):
    def __init__(self, source: PythonLaunchDescriptionSource, *, launch_arguments: Any) -> None:
        self.source, self.arguments = source, list(launch_arguments)

    def execute(self, context: Context) -> None:
        given = {name: text(context, value) for name, value in self.arguments}
        outside, declared = context.configurations, context.declared
        file = Path(text(context, self.source.location))
        context.configurations, context.declared = {**outside, **given}, {}
        description = described(file)
        assert given.keys() <= {a.name for a in description.arguments()}, 'unknown argument given'
        description.execute(context)
        # The real one sets what it is given for everything that follows.
        context.configurations = {**context.configurations, **given}
        context.declared = {**context.declared, **declared}


class LaunchDescription:
    def __init__(self, entities: list[Action]) -> None:
        self.entities = entities

    def arguments(self) -> list[DeclareLaunchArgument]:
        return [e for e in self.entities if isinstance(e, DeclareLaunchArgument)]

    def execute(self, context: Context) -> None:
        for entity in self.entities:
            entity.execute(context)


MODULES = {
    'launch': (LaunchDescription,),
    'launch.actions': (
        DeclareLaunchArgument,
        GroupAction,
        IncludeLaunchDescription,
        Shutdown,
    ),
    'launch.substitutions': (LaunchConfiguration, PythonExpression, ThisLaunchFileDir),
    'launch.launch_description_sources': (PythonLaunchDescriptionSource,),
    'launch_ros': (),
    'launch_ros.actions': (Node, PushRosNamespace),
    'launch_ros.parameter_descriptions': (ParameterValue,),
}


@contextmanager
def installed() -> Iterator[None]:
    """Make `import launch` find this stand-in."""
    before = {name: sys.modules.pop(name, None) for name in MODULES}
    for name, members in MODULES.items():
        module = ModuleType(name)
        for member in members:
            setattr(module, member.__name__, member)
        sys.modules[name] = module
    try:
        yield
    finally:
        for name, module in before.items():
            sys.modules.pop(name)
            if module is not None:
                sys.modules[name] = module


def described(file: Path) -> LaunchDescription:
    """The description a launch file makes."""
    with installed():
        return runpy.run_path(str(file))['generate_launch_description']()


def execute(file: Path, **arguments: str) -> list[Started]:
    """What `ros2 launch FILE name:=value ...` would start."""
    context = Context(dict(arguments), folder=file.parent)
    described(file).execute(context)
    return context.started
