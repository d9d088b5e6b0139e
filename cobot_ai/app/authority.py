"""The authority of a cell: messages in, decisions out, every deadline kept.

The same object runs behind the live monitor node and behind a bag replay; only the clock, the
ledger and the outbox differ. It is driven from one thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial

from cobot_ai.app.commands import Commands
from cobot_ai.app.escalate import Desk
from cobot_ai.app.holds import NO_STEP, STAYS, Holds, moved_drafts
from cobot_ai.app.judgement import Done, JudgeQueue, Resolved
from cobot_ai.app.judging import Judging
from cobot_ai.app.memory import Memory
from cobot_ai.app.observe import Observer
from cobot_ai.app.parts import Parts, Tally, each
from cobot_ai.app.ports import Draft, Entry
from cobot_ai.app.status import status
from cobot_ai.app.tuning import Tuning
from cobot_ai.core.errors import ModelError, StoreError
from cobot_ai.core.motion import Outcome
from cobot_ai.core.samples import RawBatch, RawMessage
from cobot_ai.core.spec import CellSpec, Trigger
from cobot_ai.core.types import Json


class Authority:
    """Judges steps, asks people, keeps deadlines, swaps models, writes everything down.

    Args:
        spec: The cell. parts: Its collaborators. start_body: Facts of the `start` entry.
    """

    def __init__(self, spec: CellSpec, parts: Parts) -> None:
        self.spec, self._p = spec, parts
        self.memory = Memory(spec)
        told = (self._announce, self._settled, self.memory.evidence)
        self.desk = Desk(spec, parts.ledger, parts.clock, *told)
        self.tally = Tally()
        self._holds = Holds(parts.guard, self._moved, parts.ledger.head)
        self._judges = JudgeQueue()
        self._jumps = 0
        self._failed: Exception | None = None
        kept = (self.desk, self.memory, self._holds, self._judges, self.tally)
        self._judging = Judging(spec, parts, *kept, self._commit, self._settled)
        self.tuning = Tuning(spec, self._retune)
        owners = (self.desk, self.memory, self._holds, self.tuning)
        self._commands = Commands(parts, *owners, self._commit)

    # ------------------------------------------------------------ life

    def start(self, body: Json) -> None:
        """Write the start, close what the last run left open, load the live model."""
        self._p.ledger.on_wait(self._while_waiting)
        self.tuning.recall(self._p.ledger)
        clock = self._p.clock
        self.memory.recall(self._p.ledger, clock.now_ns(), clock.monotonic_ns())
        begun = {**body, 'cell': self.spec.name, 'digest': self.spec.digest}
        self._commit([*self.memory.notes(), Draft('start', begun)])
        self.desk.abandon('restart')
        self._holds.recall(self._p.ledger)
        self._commit(self._p.versions.start())

    def stop(self) -> None:
        """The monitor ends: whoever still waits for a judgement gets the fail-safe."""
        self._judges.drop(self.spec.question.fail_safe.value)

    # ------------------------------------------------------------ data

    @property
    def observer(self) -> Observer:
        """Where the data goes: its step topic, and whether a step settles."""
        return self._p.observer

    def take(self, message: RawMessage) -> None:
        """Take in one message of a stream or of the robot program."""
        self.take_batch(RawBatch.of(message))

    def take_batch(self, batch: RawBatch) -> None:
        """Take in messages of one topic that were read together."""
        self._p.observer.take_batch(batch, self._p.clock.monotonic_ns())
        self._follow()

    def _follow(self) -> None:
        """The clock jumped: what comes now was not there when people answered."""
        before, self._jumps = self._jumps, self._p.observer.jumps
        if self._jumps != before:
            self._judging.events.clear()

    def tick(self) -> None:
        """Let time pass: deadlines first, then steps that became complete."""
        each(self._due())

    def _due(self) -> Iterator[Callable[[], None]]:
        yield self.desk.tick
        clock = self._p.clock
        for cut in self.observer.ready(clock.monotonic_ns(), clock.now_ns()):
            yield partial(self._judging.judge, cut)
        for window in self.observer.repeats():
            yield partial(self._judges.same, window)
        for failed in self.observer.failures():
            yield partial(self._judging.uncut, failed)
        yield self._serve
        yield self._flush
        yield self._judging.offer_review
        yield self._swap_turn
        yield self._own_up

    def _while_waiting(self) -> None:
        """The disk stalls: a deadline that passes meanwhile still ends in the fail-safe (G1)."""
        try:
            for resolved in self.desk.overdue():
                self._judges.settled(resolved)
            self._judges.tell()
        except Exception as e:  # what waits for the disk must still hear what became of it
            self._failed = self._failed or e

    def _own_up(self) -> None:
        """Raise what went wrong while something waited for the disk, where it costs nothing."""
        failed, self._failed = self._failed, None
        if failed is not None:
            raise failed

    def _swap_turn(self) -> None:
        idle = not self.desk.open_asks and not self._stepping()
        with self._p.versions.recorded():
            self._commit(self._p.versions.tick(self._p.clock.now_ns(), idle))

    def _stepping(self) -> bool:
        """Whether a step runs that has an end; a sliding window never ends."""
        ends = self.spec.step.trigger is Trigger.MESSAGE
        place = self.observer.place
        return place.settling or (ends and place.running)

    def next_change_ns(self) -> int | None:
        """Monotonic time of the next deadline; None when nothing waits."""
        parts = (self.desk, self._p.observer, self._judges)
        times = [p.next_change_ns() for p in parts]
        return min((t for t in times if t is not None), default=None)

    # ------------------------------------------------------------ the robot program

    def judge_step(self, done: Done) -> None:
        """The robot program wants the outcome of the step that just ended.

        Args:
            done: Called once, with the resolution; never with a success that nobody gave.
        """
        self._judges.wait(done, self._p.clock.monotonic_ns(), self.observer.place.ended)
        self._serve()

    def _serve(self) -> None:
        lost = self._judges.serve(self._p.clock.monotonic_ns(), self.observer.place)
        each(partial(self._no_step, done) for done in lost)

    def _no_step(self, done: Done) -> None:
        """A judgement was wanted for a step that never came: fail-safe, and said so."""
        self._holds.note(NO_STEP)
        done(Resolved(0, 'no_step', '', self.spec.question.fail_safe.value, False))
        self.fault('no_step', 'A judgement was wanted, but no step message came before it.')

    def _settled(self, resolved: Resolved) -> None:
        self._judges.settled(resolved)
        clock = self._p.clock
        self._judging.events.settled(resolved, clock.now_ns(), clock.monotonic_ns())
        if resolved.outcome == 'expired':
            self.tally.expired += 1
        if resolved.case == self._judging.blind and resolved.outcome == 'answered' and resolved.go:
            self.observer.look_again()  # nobody has seen what comes now
        # A case that was asked, or stays by its outcome, is held since it was decided.
        if resolved.action not in STAYS and resolved.outcome in ('acted', 'answered'):
            # The answer of a person (or the plant's rule for a sure model) is what lets it go on.
            self._holds.answered(resolved.case)
        self._serve()

    def _moved(self, kind: str, case: int, by: str, outcome: Outcome) -> None:
        self._commit(moved_drafts(kind, case, by, outcome))

    # ------------------------------------------------------------ people and models

    def command(self, command: Mapping[str, object]) -> Json:
        """Carry out a person's command and return the reply; never raises on bad input."""
        reply = self._commands.reply(command)
        with suppress(StoreError):  # the next tick tries again, and says so
            self._flush()
        self._p.outbox.reply(str(command.get('key', '')), reply)
        return reply

    def tune(self, values: Mapping[str, float | None], by: str) -> None:
        """Set numbers that may change while the cell runs, all of them or none.

        None sets a number back to what the cell file says.

        Raises:
            ConfigError: One is refused. StoreError: It could not be written down.
        """
        with self.tuning.recorded():
            self._commit(self.tuning.numbers(values, by))

    def _retune(self, spec: CellSpec) -> None:
        self.spec = self.desk.spec = self._judging.spec = spec
        self.memory.retune(spec)

    def offer(self, digest: str) -> None:
        """The trainer offers a candidate."""
        try:
            with self._p.versions.recorded():
                self._commit(self._p.versions.offer(digest))
        except ModelError as e:
            self.fault('model', str(e))

    def clip_stored(self, case: int, sha256: str, kept: str) -> None:
        """A clip reached the disk."""
        self._commit([Draft('clip', {'sha256': sha256, 'kept': kept}, case)])

    def incident_stored(self, facts: Json) -> None:
        """The recording of an incident reached the disk."""
        self._commit([Draft('incident', facts)])

    def fault(self, code: str, detail: str, case: int = 0) -> None:
        """Something broke and was handled; it is written down and shown."""
        self._commit([Draft('fault', {'code': code, 'detail': detail}, case)])

    def state(self) -> Json:
        """What `~/state` says, twice a second."""
        return status(self.spec, self._p, self.desk, self.memory, self.tally, self._holds)

    # ------------------------------------------------------------ writing

    def _commit(self, drafts: list[Draft], evidence: dict[int, Json] | None = None) -> list[Entry]:
        if not drafts:
            return []
        entries = self._p.ledger.commit(drafts, self._p.clock.now_ns(), evidence)
        for entry in entries:
            self._announce(entry)
        return entries

    def _announce(self, entry: Entry) -> None:
        self.memory.take(entry, self._p.clock.monotonic_ns())
        if entry.kind == 'label':
            self._p.clips.keep(entry.case, 'labelled')
        self._p.outbox.publish(entry)

    def _flush(self) -> None:
        """Write what the last entries call for: figures of audits, alarms."""
        notes = self.memory.notes()
        try:
            self._commit(notes)
        except StoreError:  # called for still, at the next tick
            self.memory.record.notes[:0] = notes
            raise
