"""A robot driver on the graph: its services by type, its state topics, its joint states.

Vendor types are looked up by name when the cell is opened, so no vendor package is a dependency.
What is not installed makes the recipe unavailable, and says so.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from operator import attrgetter
from typing import Any

from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

from cobot_ai.app.ports import Clock
from cobot_ai.core.motion import JointMotion, JointWatch, Seen
from cobot_ai.core.recipe import (
    CallSpec,
    JointsSpec,
    RecipeSpec,
    StateSpec,
    as_text,
    in_namespace,
    outcome_of,
)

JOINT_STATE = 'sensor_msgs/msg/JointState'
NEWEST = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
PRESENT_NS = 10**9
"""How often is looked whether a latched state still has a publisher."""


def ros_class(name: str) -> Any:
    """The class of a message or service type such as `std_srvs/srv/Trigger`; None: not there."""
    package, kind, title = name.split('/')
    try:
        return getattr(import_module(f'{package}.{kind}'), title)
    except (ImportError, AttributeError):
        return None


def not_installed(plan: RecipeSpec) -> list[str]:
    """ROS types of a recipe that are not installed here."""
    return [t for t in plan.types if ros_class(t) is None]


def make_request(kind: Any, call: CallSpec) -> Any:
    """The request of a call; values are converted to the types of their fields."""
    request = kind.Request()
    for field, text in call.request.items():
        present = getattr(request, field)
        value: Any = text == 'true' if isinstance(present, bool) else type(present)(text)
        setattr(request, field, value)
    return request


class RosDriver:
    """Port `Driver` on rclpy.

    Args:
        node: The monitor. plan: The recipe. namespace: Namespace of its names.
        clock: Times of arrival are on its monotonic side.
    """

    def __init__(self, node: Any, plan: RecipeSpec, namespace: str, clock: Clock) -> None:
        self._node, self._plan, self._clock = node, plan, clock
        self._namespace = namespace
        self._made: list[Any] = []
        self._absent = not_installed(plan)
        self._clients: dict[tuple[str, str], Any] = {}
        self._waiting: list[tuple[Any, int, Callable[[bool, str], None], CallSpec]] = []
        self._states = [_State(self, s) for s in plan.states if s.type not in self._absent]
        self._watch = self._watch_joints(plan.joints)
        for call in (*plan.hold, *plan.resume):
            self._client(call.type, call.service)

    def _watch_joints(self, joints: JointsSpec | None) -> JointWatch | None:
        if joints is None:
            return None
        watch = JointWatch(joints.limit, joints.stale_s, joints.names)

        def take(message: Any) -> None:
            now = self._clock.monotonic_ns()
            watch.take(message.name, message.position, message.velocity, now)

        self.subscribe(JOINT_STATE, joints.topic, take)
        return watch

    # ------------------------------------------------------------ port

    def missing(self) -> str:
        """What must be installed, in words."""
        packages = sorted({t.split('/')[0] for t in self._absent})
        if not packages:
            return ''
        return f'install {", ".join(packages)}: this recipe needs {", ".join(self._absent)}'

    def call(self, call: CallSpec, done: Callable[[bool, str], None]) -> None:
        """Call a service; `done` is called once."""
        client = self._client(call.type, call.service)
        if client is None:
            done(False, self.missing())
        elif not client.service_is_ready():
            done(False, f'the service {client.srv_name} is not there')
        else:
            future = client.call_async(make_request(ros_class(call.type), call))
            until = self._clock.monotonic_ns() + round(self._plan.timeout_s * 1e9)
            self._waiting.append((future, until, done, call))

    def value(self, state: str) -> Seen | None:
        """The newest value of a state; None when it is unknown."""
        now = self._clock.monotonic_ns()
        return next((s.seen(now) for s in self._states if s.spec.name == state), None)

    def joints(self) -> JointMotion | None:
        """How the joints move."""
        return self._watch.seen if self._watch is not None else None

    def poll(self) -> None:
        """Take in finished calls; ask services for their states."""
        now = self._clock.monotonic_ns()
        for state in self._states:
            state.poll(now)
        for item in list(self._waiting):
            future, until, done, call = item
            if future.done():
                self._waiting.remove(item)
                done(*_finished(future, call))
            elif now >= until:
                self._waiting.remove(item)
                future.cancel()
                done(False, f'{call.service} did not answer in time')

    def close(self) -> None:
        """Leave the graph."""
        for client in self._clients.values():
            self._node.destroy_client(client)
        for made in self._made:
            self._node.destroy_subscription(made)
        self._clients, self._made, self._waiting = {}, [], []

    # ------------------------------------------------------------ graph

    def name(self, name: str) -> str:
        """A recipe's name on the graph."""
        return in_namespace(name, self._namespace)

    def client(self, kind: str, service: str) -> Any:
        """The client of a service; None when its type is not installed."""
        return self._client(kind, service)

    def _client(self, kind: str, service: str) -> Any:
        found = ros_class(kind)
        if found is None:
            return None
        key = (kind, service)
        if key not in self._clients:
            self._clients[key] = self._node.create_client(found, self.name(service))
        return self._clients[key]

    def subscribe(
        self, kind: str, topic: str, take: Callable[[Any], None], latched: bool = False
    ) -> str:
        """Listen to a topic; returns its full name.

        Best effort hears every publisher, and of a state only the newest value counts; what is
        published once must come reliably.
        """
        qos = LATCHED if latched else NEWEST
        made = self._node.create_subscription(ros_class(kind), self.name(topic), take, qos)
        self._made.append(made)
        return str(made.topic_name)

    def publishers(self, topic: str) -> int:
        """How many publish on a topic now."""
        return int(self._node.count_publishers(topic))


class _State:
    """One value a driver reports, from a topic or by asking a service."""

    def __init__(self, driver: RosDriver, spec: StateSpec) -> None:
        self.spec, self._driver = spec, driver
        self._get = attrgetter(spec.path)
        self._newest: Seen | None = None
        self._asked_ns = self._looked_ns = 0
        self._future: Any = None
        self._topic = ''
        if not spec.asked:
            self._topic = driver.subscribe(spec.type, spec.source, self._take, spec.latched)

    def _take(self, message: Any) -> None:
        self._newest = Seen(as_text(self._get(message)), self._driver._clock.monotonic_ns())

    def seen(self, now_ns: int) -> Seen | None:
        newest = self._newest
        if newest is None or self.spec.latched:
            return newest
        return newest if now_ns - newest.at_ns <= self.spec.stale_s * 1e9 else None

    def poll(self, now_ns: int) -> None:
        if self.spec.asked:
            self._ask(now_ns)
        elif self.spec.latched and now_ns - self._looked_ns >= PRESENT_NS:
            self._looked_ns = now_ns
            if self._newest is not None and not self._driver.publishers(self._topic):
                self._newest = None  # nobody keeps it up to date any longer

    def _ask(self, now_ns: int) -> None:
        if self._future is not None and self._future.done():
            if self._future.exception() is None and self._future.result() is not None:
                self._take(self._future.result())
            self._future = None
        waited = now_ns - self._asked_ns
        if self._future is not None and waited > self.spec.stale_s * 1e9:
            self._future.cancel()
            self._future = None
        client = self._driver.client(self.spec.type, self.spec.source)
        due = self._future is None and waited >= self.spec.every_s * 1e9
        if due and client is not None and client.service_is_ready():
            self._asked_ns = now_ns
            self._future = client.call_async(ros_class(self.spec.type).Request())


def _finished(future: Any, call: CallSpec) -> tuple[bool, str]:
    """What a finished call came to; a call that failed did not confirm anything."""
    try:
        return outcome_of(call, future.result())
    except Exception as e:
        return False, str(e)
