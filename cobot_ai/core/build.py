"""Building frozen specs from plain values, by the fields of their dataclasses.

Nothing about a key is written twice: names, types and defaults come from `core.spec`, limits from
`core.cell_rules`.
"""

from __future__ import annotations

import difflib
import math
import types
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from typing import Any, get_args, get_origin, get_type_hints

from cobot_ai.core.cell_rules import (
    CHOICES,
    FORMS,
    LANGUAGE,
    LIST_LENGTH,
    LONG_TEXTS,
    RANGES,
    REASONS,
    TEXT_LENGTH,
)
from cobot_ai.core.errors import ConfigError

DERIVED = frozenset({'digest'})
"""Fields that are computed, never written by a person."""


def build(cls: type[Any], value: Any, path: str) -> Any:
    """Make one spec object out of a mapping.

    Args:
        cls: A dataclass of `core.spec`. value: Its mapping. path: Key path, for messages.

    Raises:
        ConfigError: The message names the key path and what is allowed.
    """
    if not isinstance(value, Mapping):
        raise ConfigError(
            f'`{path or "the file"}` must be a section with keys, not {_kind(value)}.'
        )
    known = writable(cls)
    check_keys(value, known, path)
    for field in known.values():
        if field.name not in value and required(field):
            raise ConfigError(f'`{join(path, field.name)}` is missing; add it.')
    hints = type_hints(cls)
    return cls(
        **{
            key: convert(hints[key], value[key], join(path, key), f'{cls.__name__}.{key}', field)
            for key, field in known.items()
            if key in value
        }
    )


def convert(hint: Any, value: Any, path: str, rule: str, field: Field[Any] | None = None) -> Any:
    """Check and convert one value.

    Args:
        hint: Resolved type. value: Plain value. path: Key path, for messages.
        rule: Key into the tables of `core.cell_rules`.
        field: The dataclass field, None inside lists.
    """
    if value is None and nullable(hint, field):
        return None if field is None or field.default is None else field.default
    if isinstance(hint, types.UnionType):
        hint = next(arg for arg in get_args(hint) if arg is not types.NoneType)
    if get_origin(hint) is tuple:
        items = _sequence(value, path)
        inner = get_args(hint)[0]
        return tuple(convert(inner, item, f'{path}[{i}]', rule) for i, item in enumerate(items))
    if get_origin(hint) is not None:
        kind = get_args(hint)[1]
        return _texts(value, path, rule) if kind is str else _numbers(value, path, rule)
    if isinstance(hint, type) and is_dataclass(hint):
        return build(hint, value, path)
    return _scalar(hint, value, path, rule)


def check_keys(value: Mapping[Any, Any], known: Iterable[str], path: str) -> None:
    """Refuse unknown keys, with the nearest known name as a hint."""
    for key in value:
        if not isinstance(key, str):
            raise ConfigError(f'The key {key!r} in `{path}` is not a text; put it in quotes.')
        if key not in known:
            close = difflib.get_close_matches(key, known, 1, 0.5)
            hint = f'did you mean `{close[0]}`?' if close else f'known keys: {", ".join(known)}.'
            raise ConfigError(f'`{join(path, key)}` is not a known key; {hint}')


def writable(cls: type[Any]) -> dict[str, Field[Any]]:
    """The fields a person may write."""
    return {f.name: f for f in fields(cls) if f.name not in DERIVED}


def required(field: Field[Any]) -> bool:
    """True for a field without a default."""
    return field.default is MISSING and field.default_factory is MISSING


def type_hints(cls: type[Any]) -> dict[str, Any]:
    """Resolved annotations of a dataclass."""
    return get_type_hints(cls)


def nullable(hint: Any, field: Field[Any] | None) -> bool:
    """True where null may be written: optional fields, and limits that are infinite by default."""
    optional = isinstance(hint, types.UnionType) and types.NoneType in get_args(hint)
    default = field.default if field else None
    return optional or (isinstance(default, float) and math.isinf(default))


def join(path: str, key: str) -> str:
    """Key path of a member."""
    return f'{path}.{key}' if path else key


def _sequence(value: Any, path: str) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise ConfigError(f'`{path}` must be a list, not {_kind(value)}.')
    if len(value) > LIST_LENGTH:
        raise ConfigError(f'`{path}` has {len(value)} entries; at most {LIST_LENGTH} are allowed.')
    return list(value)


def _texts(value: Any, path: str, rule: str) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise ConfigError(f'`{path}` must be a section of key: text, not {_kind(value)}.')
    if len(value) > LIST_LENGTH:
        raise ConfigError(f'`{path}` has {len(value)} entries; at most {LIST_LENGTH} are allowed.')
    for key, text in value.items():
        if not isinstance(key, str) or not isinstance(text, str):
            raise ConfigError(f'`{path}.{key}` must be a text; put key and value in quotes.')
        if rule.endswith('.text') and not LANGUAGE.holds(key):
            raise ConfigError(f'`{path}.{key}`: the key must be {LANGUAGE.words}.')
        longest = LONG_TEXTS.get(rule, TEXT_LENGTH)
        if not 0 < len(text) <= longest:
            raise ConfigError(f'`{path}.{key}` must have 1 to {longest} characters.')
    return dict(value)


def _numbers(value: Any, path: str, rule: str) -> dict[str, float]:
    if not isinstance(value, Mapping):
        raise ConfigError(f'`{path}` must be a section of name: number, not {_kind(value)}.')
    if not all(isinstance(key, str) for key in value):
        raise ConfigError(f'`{path}`: every name must be a text; put it in quotes.')
    return {key: _number(float, item, join(path, key), rule) for key, item in value.items()}


def _scalar(hint: type[Any], value: Any, path: str, rule: str) -> Any:
    if issubclass(hint, Enum):
        allowed = CHOICES.get(rule, tuple(str(member.value) for member in hint))
        return hint(_choice(allowed, value, path, rule))
    if hint is bool:
        if not isinstance(value, bool):
            raise ConfigError(f'`{path}` must be true or false, not {_kind(value)}.')
        return value
    return _text(value, path, rule) if hint is str else _number(hint, value, path, rule)


def _choice(allowed: tuple[str, ...], value: Any, path: str, rule: str) -> str:
    if value not in allowed:
        close = difflib.get_close_matches(str(value), allowed, 1)
        hint = f'did you mean `{close[0]}`? ' if close else ''
        raise ConfigError(
            f'`{path}` is `{str(value)[:60]}`; {hint}Allowed: {", ".join(allowed)}.'
            + REASONS.get(rule, '')
        )
    return str(value)


def _text(value: Any, path: str, rule: str) -> str:
    if not isinstance(value, str):
        raise ConfigError(f'`{path}` must be a text, not {_kind(value)}; put it in quotes.')
    if rule in CHOICES:
        return _choice(CHOICES[rule], value, path, rule)
    form = FORMS.get(rule)
    if (form and not form.holds(value)) or len(value) > TEXT_LENGTH:
        words = form.words if form else f'at most {TEXT_LENGTH} characters'
        raise ConfigError(f'`{path}` is `{value[:60]}`; it must be {words}.')
    return value


def _number(hint: type[Any], value: Any, path: str, rule: str) -> float:
    whole = hint is int
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        kind = 'a whole number' if whole else 'a number'
        raise ConfigError(f'`{path}` must be {kind}, not {_kind(value)}.')
    limits = RANGES[rule]
    if not limits.holds(value):
        raise ConfigError(f'`{path}` is {str(value)[:60]}; it must be {limits}.')
    return int(value) if whole else float(value)


def _kind(value: Any) -> str:
    if value is None:
        return 'nothing'
    if isinstance(value, str | int | float):
        return f'`{str(value)[:60]}`'
    return 'a list' if isinstance(value, list | tuple) else 'a section or other value'
