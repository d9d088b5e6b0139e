"""Whether a bag, a cell file and the answers belong together, and what of the bag made no case."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence

from cobot_ai.app.doctor import alike
from cobot_ai.app.observe import Observer
from cobot_ai.app.operator import Interval, Truth, misfits, outside, unread
from cobot_ai.core.errors import ConfigError, DataError
from cobot_ai.core.spec import CellSpec, StepSpec, Trigger
from cobot_ai.core.types import Json
from cobot_ai.store.bags import Bag


def same_time(answers: Sequence[Interval], span: tuple[int, int] | None) -> None:
    """Refuse the answers of another recording: they would call all its cases harmless.

    Args:
        answers: What really happened. span: Begin and end of the recording, ns; None: unknown.

    Raises:
        DataError: They share no moment with the recording.
    """
    if answers and span and (other := outside(answers, *span)):
        raise other


def answers_fit(answers: Sequence[Interval], spec: CellSpec) -> Iterator[str]:
    """What of the answers the cell cannot use, for people.

    Raises:
        DataError: There are answers and none of them can be used: all would be called harmless.
    """
    strange, ignored = misfits(answers, spec), unread(answers, spec)
    if answers and sum(ignored.values()) == len(answers):
        raise DataError(f'None of the {len(answers)} answers counts: {_kinds(ignored)}')
    if ignored:
        yield f'not counted: {_kinds(ignored)}'
    if strange:
        named = {i.label for i in answers if i.kind == 'class'}
        other = '' if named - {*strange} else 'None of them is: is it the file of this recording? '
        yield (
            f'not in the cell file: {", ".join(_meant(n, spec) for n in strange)} (answers). '
            f'{other}Nobody can answer so, such questions expire; add them to `question.classes`, '
            'or set `open_classes: true`.'
        )


def _kinds(ignored: Mapping[str, int]) -> str:
    rows = ', '.join(f'{n} of kind `{kind}`' for kind, n in ignored.items())
    return f'{rows}. A kind is `class` (its label names the class), or itself a class of the cell.'


def _meant(name: str, spec: CellSpec) -> str:
    """The name, and the class that may be meant."""
    classes = {c.name.lower(): c.name for c in spec.question.classes}
    close = difflib.get_close_matches(name.lower(), classes, 1, 0.75)
    return f'{name} (did you mean `{classes[close[0]]}`?)' if close else name


def nameless(spec: CellSpec, cases: Sequence[Json]) -> Iterator[str]:
    """Facts that `step.context` names and no case has; those of its default need not be there.

    Args:
        spec: The cell. cases: Bodies of the decisions.
    """
    if spec.step.context == StepSpec().context:
        return
    known = {name for body in cases for name in body['facts']}
    if cases and (never := [name for name in spec.step.context if name not in known]):
        yield (
            f'not in any case: the facts {", ".join(never)} of `step.context`; the cases name '
            f'{", ".join(sorted(known)) or "none"}.'
        )


def unlisted(truth: Truth | None, cases: Sequence[Json]) -> Iterator[str]:
    """Cases that no answer is about, where answers are given case by case.

    Args:
        truth: The answers, if there are any. cases: Bodies of the decisions.
    """
    if truth is None or not truth.per_case:
        return
    missing = sum(not truth.lists(b['start_ns'], b['end_ns']) for b in cases)
    if missing:
        yield (
            f'not in the answers: {missing} of {len(cases)} cases, taken for `{truth.nominal}`, '
            'the first nominal class. If that is not meant, the file is cut off or of another '
            'recording, and the figures flatter.'
        )


def topics_of(
    bag: Bag,
    spec: CellSpec,
    wanted: Mapping[str, str],
    resolve: Callable[[str], str],
    say: Callable[[str], None],
) -> list[str]:
    """Topics of the cell file that the bag has; what is missing is said.

    Args:
        bag: The recording. spec: The cell. wanted: Topic -> type of all that the cell reads.
        resolve: Full name of a topic of the cell file. say: Where messages for people go.

    Raises:
        ConfigError: The bag has nothing of any stream, or a topic has another type.
    """
    there = bag.topics()
    used = [t for t in wanted if t in there]
    streams = {resolve(s.topic): s.type for s in spec.streams}
    if not any(there[t][1] for t in used if t in streams):
        free = {t: kind for t, (kind, n) in there.items() if n and t not in wanted}
        raise ConfigError(_nothing(sorted(there), streams, free))
    for topic in sorted(set(wanted) - set(used)):
        say(f'not in the bag: {topic}')
    for topic in used:
        if there[topic][0] != wanted[topic]:
            raise ConfigError(
                f'Topic {topic} is {there[topic][0]} in the bag but {wanted[topic]} in the '
                'cell file; correct `type`.'
            )
    return used


def _nothing(there: list[str], streams: Mapping[str, str], free: Mapping[str, str]) -> str:
    meant = {t: found[0] for t, kind in streams.items() if (found := alike(t, kind, free))}
    advice = ''.join(f'{other} may be meant by {topic}. ' for topic, other in meant.items())
    return (
        'The bag has none of the topics of the streams of the cell file, or no message on them: it '
        f'has {there}, the cell file wants {sorted(streams)}. {advice}Correct `topic`, or give '
        '--namespace.'
    )


def hints(spec: CellSpec, *, answered: bool) -> Iterator[str]:
    """What is right in a plant and leaves a replay little to show.

    Args:
        spec: The cell. answered: Whether somebody answers.
    """
    if not answered:
        yield 'hint: without --answers nobody answers, and every question expires.'
    if spec.model.swap != 'at_once' and not spec.maintenance:
        yield (
            'hint: a recording has no maintenance break, so no version will go live; '
            'set `model.swap: at_once` for a replay.'
        )
    if spec.budget.hard:
        yield (
            f'hint: beyond {spec.budget.hard} questions per hour nobody is asked; recordings are '
            'often denser than a shift. `budget: {warn: 0, hard: 0}` asks about every case.'
        )


def no_step(spec: CellSpec, resolve: Callable[[str], str]) -> str:
    """Why a recording may hold no step, and what to compare."""
    step = spec.step
    if step.trigger is Trigger.EDGE:
        signals = ', '.join(dict.fromkeys(resolve(edge.topic) for edge in step.edges))
        return (
            f'{signals} did not change as `step.edges` says; compare topic, `path`, `on`, `marks` '
            'and `level` with the recording (a first value is no edge).'
        )
    if step.trigger is Trigger.THRESHOLD and step.threshold is not None:
        return (
            f'{step.threshold.channel} never went to {step.threshold.on:g} and back to '
            f'{step.threshold.off:g}; compare `step.threshold` with the recording.'
        )
    if step.trigger is Trigger.SLIDING:
        return f'it is shorter than one window (`step.length_s: {step.length_s:g}`).'
    return (
        'compare `step` in the cell file with what the robot program sent '
        f'({resolve(step.topic)}), or use `trigger: sliding`.'
    )


def left_over(observer: Observer) -> Iterator[str]:
    """Begins and ends of steps in a recording that made no case."""
    if observer.place.running:
        yield 'not a case: the last step, whose end the recording does not have.'
    if alone := observer.steps['orphans']:
        yield (
            f'not a case: {alone} begins or ends of steps without the other one, or that cannot '
            'be read.'
        )
