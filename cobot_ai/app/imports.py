"""Labelled recordings from outside: cut as the cell cuts its own steps, labelled and checked."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cobot_ai.app.decide import case_of
from cobot_ai.app.kept import Clip
from cobot_ai.app.observe import Cut, Observer
from cobot_ai.app.operator import UNKNOWN, Interval, Truth
from cobot_ai.app.ports import BagReader, Decoder
from cobot_ai.core.errors import CobotAiError, DataError
from cobot_ai.core.samples import together
from cobot_ai.core.spec import CellSpec, Trigger
from cobot_ai.core.steps import Span
from cobot_ai.core.types import Facts, Missing

READ_NS = 100_000_000
"""Recorded time whose messages are read together."""
NOTHING: Mapping[str, object] = {}
BY = 'by'
"""Column of the truth file, or fact, that says who labelled."""


@dataclass(frozen=True, slots=True)
class Imported:
    """One labelled step of a recording, ready to become a case.

    Attributes:
        label: Its class. by: Who labelled it. context: What it belongs to.
        group: Split group; '' where every case is its own.
        facts: Declared for the step. start_ns, end_ns: Its window.
        messages: What the window is made from.
    """

    label: str
    by: str
    context: str
    group: str
    facts: Facts
    start_ns: int
    end_ns: int
    messages: Clip


@dataclass(frozen=True, slots=True)
class Item:
    """A labelled recording that somebody put down.

    Attributes:
        path: Where it is. name: As people know it. by: Who put it down.
        label: Class of all its steps, '' where a truth file tells. beside: That file.
        digest: SHA-256 of the recording. truth: What happened when.
    """

    path: Path
    name: str
    by: str
    label: str = ''
    beside: Path | None = None
    digest: str = ''
    truth: Sequence[Interval] = ()


class DropBox(Protocol):
    """Where recordings are put down, and what becomes of them."""

    def next(self, now_s: float) -> Item | None:
        """A recording that is complete and labelled, if there is one; refuses the others itself.

        Args:
            now_s: Any clock that only goes forward, seconds.
        """

    def deliver(self, item: Item, cases: Iterable[Imported]) -> int:
        """Hand its cases to the monitor; returns how many. All of them or none."""

    def refuse(
        self, item: Item, why: str, code: str = '', params: Mapping[str, object] = NOTHING
    ) -> None:
        """Move it aside with the reason (also as a message key), and have that written down."""


class Importer:
    """Takes recordings from the drop box, one at a time.

    Args:
        box: Where they are. cutter: Makes cases of them.
        taken: What the cell knows of a recording (digest) already, '' if nothing.
    """

    def __init__(self, box: DropBox, cutter: Cutter, taken: Callable[[str], str]) -> None:
        self._box, self._cutter, self._taken = box, cutter, taken

    def turn(self, now_s: float) -> str | None:
        """Take one recording; returns what became of it in words, None when none waits.

        Raises:
            StoreError: The disk refused; the recording waits where it is.
        """
        item = self._box.next(now_s)
        if item is None:
            return None
        try:
            if known := self._taken(item.digest):
                raise DataError(known, key='imported')
            count = self._box.deliver(item, self._cutter.cases(item))
        except DataError as e:
            self._box.refuse(item, str(e), e.key, e.params)
            return f'{item.name}: refused. {e}'
        except (CobotAiError, OSError):
            raise
        except Exception as e:  # no recording may stand in the way of the others for ever
            why = (
                f'It cannot be taken ({type(e).__name__}: {e}). Please report this, with the file.'
            )
            self._box.refuse(item, why)
            return f'{item.name}: refused. {why}'
        return f'{item.name}: {count} labelled cases'


class Cutter:
    """Cuts recordings as the cell cuts its own steps.

    Args:
        spec: The cell. decoder: Turns bytes into numbers.
        resolve: Full topic name of a name in the cell file. open_bag: Opens a recording.
        known: The case that has just this window already, None if no case has.
    """

    def __init__(
        self,
        spec: CellSpec,
        decoder: Decoder,
        resolve: Callable[[str], str],
        open_bag: Callable[[Path], BagReader],
        known: Callable[[int, int], int | None] = lambda start_ns, end_ns: None,
    ) -> None:
        self._spec, self._decoder, self._resolve = spec, decoder, resolve
        self._open_bag, self._known = open_bag, known

    def cases(self, item: Item) -> Iterator[Imported]:
        """Every labelled step of a recording.

        Raises:
            DataError: It is damaged, lacks a topic, names another class, or has no step; the
                message says what to do.
        """
        bag = self._open_bag(item.path)
        self._check(bag)
        labels = _Labels(item, self._spec)
        found, overlap, dark = 0, False, True
        for cut in self._cuts(bag, labels):
            made = self._imported(cut, labels)
            overlap = overlap or labels.touch(cut.span)
            dark = dark and not cut.window.mask.any()
            if made is not None:
                found += 1
                yield made
        if overlap and dark:
            raise DataError(
                'None of its steps measured anything that can be believed: compare it with `low`, '
                '`high`, `frozen_s` and `rate_hz` of the cell file.',
                key='no_value',
            )
        if not found or not overlap:
            raise DataError(
                'No labelled step was found in it: compare its step messages, or the times of its '
                'truth file, with `step` of the cell file.',
                key='no_steps',
            )

    def _check(self, bag: BagReader) -> None:
        there = bag.topics()
        for stream in self._spec.streams:
            topic = self._resolve(stream.topic)
            kind = there.get(topic, ('', 0))[0]
            if not kind and any(c.missing is not Missing.MASK for c in stream.channels):
                names = ', '.join(sorted(there)) or 'nothing'
                why = f'It lacks the topic {topic}; it has {names}.'
                raise DataError(why, key='lacks_topic', topic=topic)
            if kind and kind != stream.type:
                why = f'Its topic {topic} carries {kind}, not {stream.type}.'
                raise DataError(why, key='other_type', topic=topic, name=kind, wanted=stream.type)

    def _cuts(self, bag: BagReader, labels: _Labels) -> Iterator[Cut]:
        """The steps as its own messages bound them; else as its labels do."""
        none = True
        for cut in self._run(bag, ()):
            none = False
            yield cut
        if none and self._spec.step.trigger is not Trigger.SLIDING:
            yield from self._run(bag, labels.spans(lambda: self._whole(bag)))

    def _whole(self, bag: BagReader) -> tuple[int, int]:
        topics = {self._resolve(s.topic) for s in self._spec.streams}
        times = [m.t_ns for m in bag.messages(topics)]
        if not times:
            why = 'It has no message on any topic of the cell file.'
            raise DataError(why, key='no_message')
        return min(times), max(times) + 1

    def _run(self, bag: BagReader, marks: Sequence[Span]) -> Iterator[Cut]:
        observer = Observer(self._spec, self._decoder, self._resolve)
        todo = deque(sorted(marks, key=lambda s: s.end_ns))
        settle_ns, newest = round(self._spec.step.settle_s * 1e9), 0
        rows = bag.messages(observer.topics)
        for batches in together(rows, observer.step_topic, lambda t_ns: t_ns + READ_NS):
            newest = max(newest, *(b.t_ns[-1] for b in batches))
            for batch in batches:
                observer.take_batch(batch, newest)
            while todo and todo[0].end_ns + settle_ns < newest:
                observer.mark(todo.popleft(), newest)
            yield from _ready(observer, newest)
        for span in todo:
            observer.mark(span, newest)
        yield from _ready(observer, newest + settle_ns)

    def _imported(self, cut: Cut, labels: _Labels) -> Imported | None:
        label, more = labels.of(cut.span.start_ns, cut.span.end_ns)
        if label is None or not cut.window.mask.any():
            return None
        start, end = cut.window.start_ns, cut.window.end_ns
        if (known := self._known(start, end)) is not None:
            why = f'One of its steps is case {known} of this cell already.'
            raise DataError(why, key='known_case', case=known)
        facts = {**self._spec.step.facts, **more, **cut.span.facts}
        by = facts.pop(BY, labels.by)
        case = case_of(0, Cut(Span(start, end, facts), cut.window, cut.messages, {}), self._spec)
        group = '' if case.group == 'case=0' else case.group
        return Imported(label, by, case.context, group, facts, start, end, cut.messages)


class _Labels:
    """What was true when, from the name of a recording or from its truth file."""

    def __init__(self, item: Item, spec: CellSpec) -> None:
        self.by, self._always = item.by, item.label
        self._rows = item.truth
        self._truth = Truth(item.truth, spec)
        self._named = any(i.kind == 'class' for i in item.truth)
        classes = [c.name for c in spec.question.classes]
        wanted = {item.label} if item.label else {i.label for i in item.truth if i.kind == 'class'}
        unknown = wanted - {*classes, UNKNOWN}
        if unknown and not spec.question.open_classes:
            raise DataError(
                f'It is labelled {", ".join(sorted(unknown))}; the classes of this cell are '
                f'{", ".join(classes)}.',
                key='other_class',
                names=', '.join(sorted(unknown)),
            )

    def of(self, start_ns: int, end_ns: int) -> tuple[str | None, Facts]:
        """The class of a span, None where nobody can tell, and the facts that come with it."""
        if self._always:
            return self._always, {}
        over = self._over(start_ns, end_ns)
        # Where classes are named, silence names none; among events, silence is a good step.
        if self._named and not any(i.kind == 'class' for i in over):
            return None, {}
        more = {name: text for i in over for name, text in i.more.items()}
        return self._truth.of(start_ns, end_ns), more

    def touch(self, span: Span) -> bool:
        """Whether anything that is known is about this span."""
        return bool(self._always or self._over(span.start_ns, span.end_ns))

    def _over(self, start_ns: int, end_ns: int) -> list[Interval]:
        return [i for i in self._rows if i.start_ns < end_ns and start_ns < i.end_ns]

    def spans(self, whole: Callable[[], tuple[int, int]]) -> list[Span]:
        """The steps as the labels bound them; a label in the name is about the whole recording."""
        if self._always:
            return [Span(*whole(), {})]
        return [Span(i.start_ns, i.end_ns, {}) for i in self._rows if i.kind == 'class']


def _ready(observer: Observer, now_ns: int) -> Iterator[Cut]:
    yield from observer.ready(now_ns, now_ns)
    for failed in observer.failures():
        why = f'One of its steps cannot be cut: {failed}.'
        raise DataError(why, key='not_cut') from failed
