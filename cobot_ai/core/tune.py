"""What of a cell may change while it runs: a few numbers, and the words people read.

Everything else is the cell file's, because models, thresholds and records rest on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from cobot_ai.core.config import parse_cell, spec_to_json
from cobot_ai.core.errors import ConfigError
from cobot_ai.core.spec import CellSpec
from cobot_ai.core.types import Json

NUMBERS = (
    'question.deadline_s',
    'question.undo_s',
    'budget.warn',
    'budget.hard',
    'budget.quiet_s',
)
"""Numbers that may be set while the cell runs."""
AGREED = ('risk.epsilon',)
"""Numbers that change while it runs only when a second person approves."""
WORDS = ('question', 'class', 'reason', 'channel')
"""What has words: the question itself, a class, a reason, a channel (`stream.channel`)."""


def number(spec: CellSpec, name: str) -> float:
    """The present value of a number.

    Raises:
        ConfigError: It is none of `NUMBERS`.
    """
    if name not in NUMBERS:
        raise ConfigError(
            f'"{name}" cannot be set while the cell runs; use {", ".join(NUMBERS)}.',
            key='not_tunable',
            name=name,
        )
    return _value(spec, name)


def agreed_number(spec: CellSpec, name: str) -> float:
    """The present value of a number of the risk.

    Raises:
        ConfigError: It is none of `AGREED`.
    """
    if name not in AGREED:
        raise ConfigError(
            f'"{name}" cannot be proposed; use {", ".join(AGREED)}.', key='not_tunable', name=name
        )
    return _value(spec, name)


def _value(spec: CellSpec, name: str) -> float:
    part, _, field = name.partition('.')
    return float(getattr(getattr(spec, part), field))


def with_agreed(spec: CellSpec, name: str, value: float) -> CellSpec:
    """The cell with another number of the risk, checked as a cell file is.

    Raises:
        ConfigError: The number may not be proposed, or not to this value.
    """
    agreed_number(spec, name)
    return _with(spec, {name: value})


def with_numbers(spec: CellSpec, values: Mapping[str, float]) -> CellSpec:
    """The cell with other numbers, checked together as a cell file is.

    Raises:
        ConfigError: One may not be set, or they do not go together.
    """
    for name in values:
        number(spec, name)
    return _with(spec, values)


def _with(spec: CellSpec, values: Mapping[str, float]) -> CellSpec:
    doc = spec_to_json(spec)
    for name, value in values.items():
        part, _, field = name.partition('.')
        doc[part][field] = value
    return _checked(spec, doc)


def with_word(spec: CellSpec, of: str, name: str, lang: str, text: str) -> CellSpec:
    """The cell with another text; an empty one removes it.

    Args:
        spec: The cell. of: One of `WORDS`.
        name: Which class, reason or channel; '' for the question.
        lang: Language code. text: The text.

    Raises:
        ConfigError: There is no such thing, or the text is refused.
    """
    doc = spec_to_json(spec)
    texts = next((item['text'] for item in _items(doc, of) if _name(item, of) == name), None)
    if texts is None:
        raise ConfigError(f'There is no {of} "{name}" in this cell.', key='no_word', name=name)
    texts.pop(lang, None)
    if text.strip():
        texts[lang] = text.strip()
    return _checked(spec, doc)


def words(spec: CellSpec) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Everything that has words: what it is, its name, its texts."""
    doc = spec_to_json(spec)
    for of in WORDS:
        for item in _items(doc, of):
            yield of, _name(item, of), dict(item['text'])


def _items(doc: Json, of: str) -> list[Json]:
    question = doc['question']
    if of == 'question':
        return [question]
    if of == 'class':
        return list(question['classes'])
    if of == 'reason':
        return list(question['reasons'])
    if of == 'channel':
        return [{**c, 'stream': s['name']} for s in doc['streams'] for c in s['channels']]
    raise ConfigError(f'Words belong to one of {", ".join(WORDS)}, not to "{of}".')


def _name(item: Json, of: str) -> str:
    if of == 'question':
        return ''
    return f'{item["stream"]}.{item["name"]}' if of == 'channel' else str(item['name'])


def _checked(spec: CellSpec, doc: Json) -> CellSpec:
    """The digest stays that of the file: what changed since is in the ledger."""
    return replace(parse_cell(doc), digest=spec.digest)
