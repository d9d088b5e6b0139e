"""Do the signals that bound steps come, and the topic that names the context?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cobot_ai.app.doctor import Finding, Level, alike
from cobot_ai.app.survey import Survey
from cobot_ai.core.spec import StepSpec

CHANGES = 2
"""Messages of a signal without which it has no edge: the first value is none."""


def diagnose_signals(step: StepSpec, survey: Survey, names: Mapping[str, str]) -> list[Finding]:
    """Every finding about the edges and the context topic of a cell.

    Args:
        step: Of the cell file. survey: What is there.
        names: Topic of the cell file -> full topic name (namespace applied).
    """
    found: list[Finding] = []
    for topic, kind in {edge.topic: edge.type for edge in step.edges}.items():
        found += _topic(names[topic], kind, Level.ERROR, CHANGES, survey, names)
    if step.context_topic:
        name = names[step.context_topic]
        found += _topic(name, step.context_type, Level.WARNING, 1, survey, names)
    return found


def _topic(
    name: str, kind: str, level: Level, least: int, survey: Survey, names: Mapping[str, str]
) -> Iterator[Finding]:
    seen = survey.topics.get(name)
    if seen is None:
        free = {t.topic: t.type for t in survey.topics.values() if t.topic not in names.values()}
        near = ', '.join(alike(name, kind, free))
        advice = f'Correct the topic; of its type there is {near}.' if near else 'Is it published?'
        yield Finding(level, name, 'no such topic', advice)
    elif seen.type != kind:
        yield Finding(Level.ERROR, name, f'carries {seen.type}, not {kind}', 'Correct the type.')
    elif seen.count < least and not survey.live:
        advice = 'An edge is a change: the first value of a signal is none.'
        advice = advice if least == CHANGES else 'Without it the facts of the steps count alone.'
        yield Finding(Level.WARNING, name, f'{seen.count} messages', advice)
    else:
        yield Finding(Level.OK, name, f'{seen.count} messages')
