"""The monitor: judges, holds, owns the ledger and every deadline. Wiring only."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from std_srvs.srv import SetBool, Trigger

from cobot_ai.app.judgement import Resolved
from cobot_ai.app.ports import Entry
from cobot_ai.core.errors import CobotAiError
from cobot_ai.core.stream_spec import StreamSpec
from cobot_ai.core.types import Json
from cobot_ai.ros import convert, names, params, priority, runtime
from cobot_ai.ros.assembly import Cell, open_cell
from cobot_ai.ros.beat import Beat
from cobot_ai.ros.drain import DeferredService, DrainedTopic, PolledTopic
from cobot_ai.ros.pace import Pace

IDLE_S = 0.01
"""Between two looks at what is wanted of a monitor that is not active."""


class MonitorNode(LifecycleNode):
    """The authority of a cell as a lifecycle node."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(names.MONITOR, **kwargs)
        self._params = params.declare(self, (*params.MONITOR, *params.TUNED))
        priority.real_time(int(self._params['fifo_priority']))
        self.add_on_set_parameters_callback(self._on_parameters)
        self._cell: Cell | None = None
        self._active = self._was_active = False
        self._pace: Pace | None = None
        self._topics: list[DrainedTopic] = []
        self._made: list[tuple[Callable[[Any], Any], Any]] = []
        self._obstacle: Exception | None = None
        if self._params['autostart']:
            self._autostart()

    def _autostart(self) -> None:
        """Configure and activate; what stands in the way ends the process with its reason."""
        for trigger in (self.trigger_configure, self.trigger_activate):
            if trigger() is not TransitionCallbackReturn.SUCCESS:
                raise self._obstacle or CobotAiError('The monitor cannot be started.')

    # ------------------------------------------------------------ lifecycle

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Open the cell's folder and connect to the graph."""
        return self._attempt(self._configure)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start judging."""
        done = self._attempt(self._activate)
        return super().on_activate(state) if done is TransitionCallbackReturn.SUCCESS else done

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop judging, as a restart would: open asks end in the fail-safe at the next start."""
        self.close()
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Close the cell's folder."""
        self.close()
        return TransitionCallbackReturn.SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Close the cell's folder."""
        self.close()
        return TransitionCallbackReturn.SUCCESS

    def _attempt(self, work: Callable[[], None]) -> TransitionCallbackReturn:
        """Do the work of a transition; rclpy itself would swallow the reason of a failure."""
        try:
            work()
        except Exception as e:
            self._obstacle = e
            if not self._params['autostart']:
                self.get_logger().error(str(e))
            self.close()
            return TransitionCallbackReturn.FAILURE
        return TransitionCallbackReturn.SUCCESS

    def _configure(self) -> None:
        self._cell = open_cell(self, self._params, self)
        qos = {
            names.DECISION: names.DECISION_QOS,
            names.QUESTION: names.QUESTION_QOS,
            names.RESOLUTION: names.QUESTION_QOS,
            names.RECORD: names.RECORD_QOS,
            names.REPLY: names.ANSWER_QOS,
            names.STATE: names.STATE_QOS,
            names.HEARTBEAT: names.HEARTBEAT_QOS,
            names.DIAGNOSTICS: names.DIAGNOSTICS_QOS,
        }
        self._publishers_of = {name: self._publisher(name, qos[name]) for name in qos}

    def _activate(self) -> None:
        if self._cell is None:
            self._configure()
        cell = self._need()
        streams = {self.resolve_topic_name(s.topic): s for s in cell.spec.streams}
        self._topics = [
            self._drained(t, k, streams.get(t)) for t, k in cell.observer.topics.items()
        ]
        self._made += [(DrainedTopic.close, topic) for topic in self._topics]
        cell.authority.start(cell.start_body())
        cell.recall()
        # At the start -1 leaves what was tuned before; set later, it undoes it. Activated again,
        # what was tuned since is in the ledger.
        numbers = {} if self._was_active else params.tuned(params.TUNED, self._tuned_now())
        self._was_active = True
        if given := {name: n for name, n in numbers.items() if n is not None}:
            cell.authority.tune(given, 'parameter')
        commands = self._listen()
        period_s = float(self._params['drain_period_s'])
        self._pace = Pace(self, cell, self._topics, self._judged, commands, period_s, self._safely)
        self._made.append((Pace.close, self._pace))
        self._active = True

    def _tuned_now(self) -> Json:
        return {row.name: self.get_parameter(row.name).value for row in params.TUNED}

    def _drained(self, topic: str, kind: str, stream: StreamSpec | None) -> DrainedTopic:
        stall_s = self._params['stall_s'] if stream is None else stream.stall_s
        rate_hz = None if stream is None else stream.rate_hz
        latched = topic == self._need().observer.latched
        stall = stall_s or self._params['stall_s']
        return DrainedTopic(self, topic, kind, rate_hz, stall, latched)

    def close(self) -> None:
        """Write what is still queued, let go of the ledger, leave the graph; safe to call twice."""
        self._active, self._pace = False, None
        try:
            if self._cell is not None:
                self._cell.close()  # still announces what it wrote last
        finally:  # also when the disk is full: nobody may reach a closed cell by its services
            made, self._cell, self._made = self._made, None, []
            for destroy, one in reversed(made):
                destroy(one)

    # ------------------------------------------------------------ wiring

    def _listen(self) -> PolledTopic:
        """Open what others reach us by; returns where people's commands come in."""
        answers = names.of(names.CONSOLE, names.ANSWER)
        candidates = names.of(names.TRAINER, names.CANDIDATE)
        commands = PolledTopic(self, DiagnosticArray, answers, self._on_command, names.ANSWER_QOS)
        self._made.append((PolledTopic.close, commands))
        self._subscribe(candidates, self._on_candidate, names.CANDIDATE_QOS)
        self._judged = DeferredService(self, Trigger, '~/judge', self._on_judge)
        self._made.append((DeferredService.close, self._judged))
        for kind in ('hold', 'resume', 'rollback'):
            name = '~/rollback_model' if kind == 'rollback' else f'~/{kind}'
            self._serve(Trigger, name, self._operation(kind))
        self._serve(Trigger, '~/promote_model', self._on_promote)
        self._serve(SetBool, '~/set_maintenance', self._on_maintenance)
        health = self._publishers_of[names.DIAGNOSTICS]
        beat = Beat(self, self._need(), self._topics, self._send, health)
        self._repeat(0.5, lambda: self._safely(beat))
        return commands

    def _subscribe(self, topic: str, call: Any, qos: Any) -> Any:
        made = self.create_subscription(DiagnosticArray, topic, call, qos)
        self._made.append((self.destroy_subscription, made))
        return made

    def _serve(self, kind: Any, name: str, call: Any) -> None:
        self._made.append((self.destroy_service, self.create_service(kind, name, call)))

    def _repeat(self, period_s: float, call: Any) -> None:
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        made = self.create_timer(period_s, call, clock=steady)
        self._made.append((self.destroy_timer, made))

    def turn(self) -> None:
        """Read everything that waits, then let time pass."""
        if self._pace is not None:
            self._pace.turn()

    @property
    def hurried(self) -> bool:
        """A decision is due as soon as its data is there; the rest can wait a little."""
        return self._pace is not None and self._pace.hurried

    def sleep(self) -> bool:
        """Until the next turn; True when the executor has something that cannot wait."""
        if self._pace is None:
            time.sleep(IDLE_S)
            return True
        self._pace.sleep()
        return False

    def _safely(self, call: Any, *args: Any) -> None:
        """One thing going wrong must not stop the deadlines of the others."""
        try:
            call(*args)
        except Exception as e:
            runtime.report(self, e)

    def _on_parameters(self, changed: list[Any]) -> SetParametersResult:
        """All of them are in force and in the ledger, or none."""
        values = {p.name: p.value for p in changed}
        try:
            if numbers := params.tuned(params.TUNED, values):
                self._need().authority.tune(numbers, 'parameter')
        except CobotAiError as e:
            return SetParametersResult(successful=False, reason=str(e))
        return SetParametersResult(successful=True)

    def publish(self, entry: Entry) -> None:
        """Outbox: announce a committed entry."""
        name = names.TOPIC_OF.get(entry.kind, names.RECORD)
        cell = self._need()
        cell.written(entry)
        stamp = self.get_clock().now().to_msg()
        self._publishers_of[name].publish(convert.entry_to_array(entry, stamp, cell.spec.name))

    def reply(self, key: str, body: Json) -> None:
        """Outbox: answer a person's command."""
        self._send(names.REPLY, 'reply', body)

    def _send(self, name: str, kind: str, body: Json) -> None:
        stamp = self.get_clock().now().to_msg()
        message = convert.to_array(kind, body, stamp, self._need().spec.name)
        self._publishers_of[name].publish(message)

    def _publisher(self, name: str, qos: Any) -> Any:
        made = self.create_publisher(DiagnosticArray, name, qos)
        self._made.append((self.destroy_publisher, made))
        return made

    def _need(self) -> Cell:
        if self._cell is None:
            raise CobotAiError('The monitor is not configured; activate it first.')
        return self._cell

    # ------------------------------------------------------------ callbacks

    def _on_command(self, message: DiagnosticArray) -> None:
        if self._active and self._cell is not None:
            self._safely(lambda: self._need().authority.command(convert.from_array(message)[1]))

    def _on_candidate(self, message: DiagnosticArray) -> None:
        if self._active and self._cell is not None:
            body = convert.from_array(message)[1]
            if body.get('fault'):
                detail = f'The trainer could not learn and goes on: {body["fault"]}'
                self._cell.authority.fault('model', detail)
            if body.get('model'):
                self._cell.models.offer(str(body['model']), self._cell.authority.offer)

    def _on_judge(self, request: Any, answer: Any) -> None:
        def done(resolved: Resolved) -> None:
            answer(Trigger.Response(success=resolved.go, message=resolved.text))

        self._need().authority.judge_step(done)

    def _operation(self, kind: str) -> Any:
        def call(request: Any, response: Any) -> Any:
            return self._operate({'kind': kind}, response)

        return call

    def _on_promote(self, request: Any, response: Any) -> Any:
        staged = self._need().versions.staged
        return self._operate({'kind': 'promote', 'model': staged}, response)

    def _on_maintenance(self, request: Any, response: Any) -> Any:
        return self._operate({'kind': 'maintenance', 'on': bool(request.data)}, response)

    def _operate(self, command: Json, response: Any) -> Any:
        key = f'ros-{time.time_ns()}'
        try:
            reply = self._need().authority.command({**command, 'key': key, 'by': 'ros_service'})
            response.success, response.message = bool(reply['ok']), str(reply['reason'])
        except Exception as e:  # whoever called must not wait for an answer for ever
            runtime.report(self, e)
            response.success, response.message = False, str(e)
        return response


def main(args: list[str] | None = None) -> int:
    """Entry point of the monitor process."""
    return runtime.run(MonitorNode, args)


if __name__ == '__main__':
    sys.exit(main())
