"""One event, one ask: sliding windows that overlap the same trouble are put to people once.

A window belongs to the event of its key when it begins no later than `gap_ns` after the
event's last window ended. Once the event's ask has its outcome, a window must also begin no later
than `gap_ns` after that outcome, and end by then if the outcome let the process go on: what came
later nobody has seen, and it is a new event. Stamps may go back (a clock that is set, a log played
again), and windows of later would look like windows of before; so an outcome is also too old when
a clock that never goes back says so.

A person who names a fault sees its beginning, nobody sees its end. So what is taken for harmless
right after it is put to people too, until somebody says that it is over.

A window the model is sure of does not prolong an event, but it belongs to one that it touches: it
shares samples with what a person is being asked about, so the model has no say in it. Sure windows
right beside doubtful ones are wrong far more often than the labelled cases, of which each event
gives only one, can show; a certificate does not speak for them.
"""

from __future__ import annotations

from dataclasses import dataclass

from cobot_ai.core.types import Why


def event_key(context: str, why: Why) -> str:
    """What windows of one event have in common; a lost sensor is another event than a doubt."""
    return f'{context} sensor' if why in (Why.SENSOR, Why.SENSOR_STOP) else context


@dataclass(slots=True)
class _Event:
    case: int
    end_ns: int
    resolved_ns: int | None = None
    since_ns: int = 0
    go: bool = False
    fault: bool = False
    reach_ns: int = 0


class Merger:
    """Finds the asked case that a window belongs to. Times are stamps, nanoseconds.

    Args:
        gap_ns: Longest pause inside an event.
        settle_ns: Longest time from the end of a window until it is judged.
    """

    def __init__(self, gap_ns: int, settle_ns: int) -> None:
        self._gap_ns, self._settle_ns = gap_ns, settle_ns
        self._events: dict[str, _Event] = {}

    def joins(
        self, key: str, start_ns: int, end_ns: int, at_ns: int, sure: bool = False
    ) -> int | None:
        """The asked case that a window belongs to; the event reaches to the end of a doubtful one.

        Args:
            key: Of `event_key`. start_ns, end_ns: The window.
            at_ns: Monotonic clock. sure: The model was sure of it (also where an audit asks).
        """
        event = self._events.get(key)
        if event is None or start_ns > event.end_ns + self._gap_ns:
            return None
        if event.resolved_ns is not None:
            unseen = end_ns if event.go else start_ns
            if unseen > event.resolved_ns + self._gap_ns:
                return None
            latest_ns = self._gap_ns + end_ns - unseen + self._settle_ns
            if at_ns > event.since_ns + latest_ns:
                return None
        event.reach_ns = max(event.reach_ns, end_ns)
        if not sure:
            event.end_ns = max(event.end_ns, end_ns)
        return event.case

    def fault_before(self, key: str, start_ns: int) -> int | None:
        """The asked case of a fault that reaches up to a window and that nobody called over."""
        event = self._events.get(key)
        if event is None or not event.fault or start_ns > event.reach_ns + self._gap_ns:
            return None
        return event.case

    def opened(self, key: str, case: int, end_ns: int) -> None:
        """A window was asked: an event begins."""
        self._events[key] = _Event(case, end_ns, reach_ns=end_ns)

    def resolved(self, case: int, now_ns: int, at_ns: int, go: bool, fault: bool = False) -> None:
        """The ask of an event has its outcome.

        Args:
            case: The case that was asked. now_ns: Stamp clock. at_ns: Monotonic clock.
            go: The outcome lets the process go on. fault: A person named one.
        """
        for event in self._events.values():
            if event.case == case and event.resolved_ns is None:
                event.resolved_ns, event.since_ns = now_ns, at_ns
                event.go, event.fault = go, fault

    def clear(self) -> None:
        """The clock jumped: what comes now belongs to nothing that was asked before."""
        self._events.clear()
