"""State machine of one ask: who looks at it, who answered, and the one outcome that counts.

open -> claimed (lease) -> provisional (undo window) -> final, or expired.

The first valid answer wins. Everything is a pure function of (ask, event, monotonic time); the
epoch grows with every undo and every change of holder, so that a retry of an old tap can never
act on the ask it no longer belongs to.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from cobot_ai.core.spec import QuestionSpec

NOT_SURE = 'not_sure'


class Phase(str, Enum):
    """Where an ask stands."""

    OPEN = 'open'
    CLAIMED = 'claimed'
    PROVISIONAL = 'provisional'
    FINAL = 'final'
    EXPIRED = 'expired'

    @property
    def closed(self) -> bool:
        """True when the outcome is settled for ever."""
        return self in (Phase.FINAL, Phase.EXPIRED)


class Status(str, Enum):
    """What became of a person's command."""

    ACCEPTED = 'accepted'
    CLAIMED = 'claimed'
    RELEASED = 'released'
    UNDONE = 'undone'
    CONFLICT = 'conflict'
    AGREED = 'agreed'
    LATE = 'late'
    STALE = 'stale'
    REFUSED = 'refused'
    DONE = 'done'


@dataclass(frozen=True, slots=True)
class Ask:
    """One question on its way to its one outcome. Times are monotonic nanoseconds.

    Attributes:
        case: Case number.
        classes: Allowed labels; empty when any label is allowed.
        deadline_ns: After this nobody's answer moves the robot.
        undo_ns: Length of the undo window. lease_ns: Length of a claim.
        phase: Where it stands. epoch: Grows with every undo and change of holder.
        holder: Who looks at it (person, tablet), None if nobody.
        lease_until_ns: When the claim lapses.
        label: The accepted answer. by: Who gave it, on which tablet.
        final_ns: When the accepted answer becomes final.
    """

    case: int
    classes: tuple[str, ...]
    deadline_ns: int
    undo_ns: int
    lease_ns: int
    phase: Phase = Phase.OPEN
    epoch: int = 0
    holder: tuple[str, str] | None = None
    lease_until_ns: int = 0
    label: str = ''
    by: tuple[str, str] = ('', '')
    final_ns: int = 0


def open_ask(case: int, question: QuestionSpec, now_ns: int) -> Ask:
    """A fresh ask whose deadline starts now."""
    return Ask(
        case,
        () if question.open_classes else tuple(c.name for c in question.classes),
        now_ns + round(question.deadline_s * 1e9),
        round(question.undo_s * 1e9),
        round(question.lease_s * 1e9),
    )


def claim(ask: Ask, by: str, tablet: str, now_ns: int) -> tuple[Ask, Status]:
    """Somebody looks at the ask; a live claim of another tablet is respected."""
    ask = tick(ask, now_ns)
    if ask.phase.closed or ask.phase is Phase.PROVISIONAL:
        return ask, Status.REFUSED
    me = (by, tablet)
    if ask.holder not in (None, me):
        return ask, Status.REFUSED
    epoch = ask.epoch if ask.holder == me else ask.epoch + 1
    held = replace(
        ask, phase=Phase.CLAIMED, holder=me, epoch=epoch, lease_until_ns=now_ns + ask.lease_ns
    )
    return held, Status.CLAIMED


def release(ask: Ask, by: str, tablet: str, now_ns: int) -> tuple[Ask, Status]:
    """The holder no longer looks at it."""
    ask = tick(ask, now_ns)
    if ask.phase is not Phase.CLAIMED or ask.holder != (by, tablet):
        return ask, Status.REFUSED
    return replace(ask, phase=Phase.OPEN, holder=None), Status.RELEASED


def answer(
    ask: Ask, label: str, by: str, tablet: str, epoch: int, now_ns: int
) -> tuple[Ask, Status]:
    """One tap. The first valid one wins; what comes after is kept apart, never acted upon."""
    ask = tick(ask, now_ns)
    if not label or (ask.classes and label not in (*ask.classes, NOT_SURE)):
        return ask, Status.REFUSED
    if ask.phase is Phase.EXPIRED:
        return ask, Status.LATE
    in_time = now_ns < ask.deadline_ns
    overrules = in_time and ask.phase is Phase.PROVISIONAL and ask.label == NOT_SURE != label
    if ask.phase in (Phase.PROVISIONAL, Phase.FINAL) and not overrules:
        return _second(ask, label)
    if epoch < ask.epoch:
        return ask, Status.STALE
    given = replace(
        ask,
        phase=Phase.PROVISIONAL,
        holder=None,
        label=label,
        by=(by, tablet),
        final_ns=now_ns + ask.undo_ns,
    )
    return given, Status.ACCEPTED


def _second(ask: Ask, label: str) -> tuple[Ask, Status]:
    if label in (ask.label, NOT_SURE):
        return ask, Status.AGREED
    if ask.label == NOT_SURE:
        # "Not sure" claimed nothing, so this does not contradict it; it only came too late.
        return ask, Status.LATE
    return ask, Status.CONFLICT


def undo(ask: Ask, epoch: int, now_ns: int) -> tuple[Ask, Status]:
    """Take an accepted answer back inside the undo window, from any tablet."""
    ask = tick(ask, now_ns)
    if ask.phase is not Phase.PROVISIONAL:
        return ask, Status.LATE if ask.phase.closed else Status.REFUSED
    if epoch < ask.epoch:
        return ask, Status.STALE
    again = replace(
        ask,
        phase=Phase.OPEN,
        epoch=ask.epoch + 1,
        label='',
        by=('', ''),
        final_ns=0,
    )
    return tick(again, now_ns), Status.UNDONE


def tick(ask: Ask, now_ns: int) -> Ask:
    """Let time pass: leases lapse, undo windows end, deadlines expire."""
    if ask.phase is Phase.PROVISIONAL and now_ns >= ask.final_ns:
        return replace(ask, phase=Phase.FINAL)
    if ask.phase in (Phase.OPEN, Phase.CLAIMED) and now_ns >= ask.deadline_ns:
        return replace(ask, phase=Phase.EXPIRED, holder=None)
    if ask.phase is Phase.CLAIMED and now_ns >= ask.lease_until_ns:
        return replace(ask, phase=Phase.OPEN, holder=None)
    return ask


def next_change_ns(ask: Ask) -> int | None:
    """When `tick` will next change the ask; None when never."""
    if ask.phase is Phase.PROVISIONAL:
        return ask.final_ns
    if ask.phase is Phase.CLAIMED:
        return min(ask.deadline_ns, ask.lease_until_ns)
    return ask.deadline_ns if ask.phase is Phase.OPEN else None
