"""The JSON Schema of cell files, made from the same dataclasses and tables as the parser."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, is_dataclass
from enum import Enum
from typing import Any, get_args, get_origin

from cobot_ai.core.build import nullable, required, type_hints, writable
from cobot_ai.core.cell_rules import (
    CHOICES,
    FORMS,
    LANGUAGE,
    LIST_LENGTH,
    LONG_TEXTS,
    RANGES,
    TEXT_LENGTH,
    Range,
)
from cobot_ai.core.config import MAX_JOINTS
from cobot_ai.core.spec import CellSpec
from cobot_ai.core.stream_spec import ChannelSpec, StreamSpec
from cobot_ai.core.suite import Suite
from cobot_ai.core.types import Json

_BASE = {str: 'string', bool: 'boolean', int: 'integer', float: 'number'}


def cell_schema() -> Json:
    """JSON Schema (2020-12) of a cell file, for editors and for checks outside this package."""
    return {
        '$schema': 'https://json-schema.org/draft/2020-12/schema',
        'title': 'cobot_ai cell file',
        **_section(CellSpec),
    }


def suite_schema() -> Json:
    """JSON Schema (2020-12) of a gate suite."""
    return {
        '$schema': 'https://json-schema.org/draft/2020-12/schema',
        'title': 'cobot_ai gate suite',
        **_section(Suite),
    }


def _section(cls: type[Any]) -> Json:
    hints = type_hints(cls)
    known = writable(cls)
    properties = {name: _field(cls, field, hints[name]) for name, field in known.items()}
    if cls is StreamSpec:
        properties |= _shorthand()
    if cls is ChannelSpec:
        properties['bands'] = {'type': 'array', 'items': properties['band']}
    return {
        'type': 'object',
        'properties': properties,
        'required': [name for name, field in known.items() if required(field)],
        'additionalProperties': False,
    }


def _shorthand() -> Json:
    names = {'type': 'array', 'items': {'type': 'string'}}
    each = _section(ChannelSpec)
    settings = {k: v for k, v in each['properties'].items() if k not in ('name', 'path')}
    return {
        'joints': {'anyOf': [{'type': 'integer', 'minimum': 1, 'maximum': MAX_JOINTS}, names]},
        'fields': names,
        'each': {**each, 'properties': settings, 'required': []},
    }


def _field(cls: type[Any], field: Field[Any], hint: Any) -> Json:
    schema = _value(hint, f'{cls.__name__}.{field.name}')
    if nullable(hint, field):
        schema['type'] = [schema['type'], 'null']
        schema['default'] = None
    elif field.default is not MISSING:
        default = field.default.value if isinstance(field.default, Enum) else field.default
        schema['default'] = list(default) if isinstance(default, tuple) else default
    return schema


def _value(hint: Any, rule: str) -> Json:
    if isinstance(hint, types.UnionType):
        hint = next(arg for arg in get_args(hint) if arg is not types.NoneType)
    if get_origin(hint) is tuple:
        return {'type': 'array', 'items': _value(get_args(hint)[0], rule), 'maxItems': LIST_LENGTH}
    if get_origin(hint) is not None and get_args(hint)[1] is float:
        number = {'type': 'number', **_range(RANGES[rule], float)}
        return {'type': 'object', 'additionalProperties': number}
    if get_origin(hint) is not None:
        texts = {'type': 'string', 'minLength': 1, 'maxLength': LONG_TEXTS.get(rule, TEXT_LENGTH)}
        names: Mapping[str, Any] = (
            {'propertyNames': {'pattern': f'^(?:{LANGUAGE.pattern})$'}}
            if rule.endswith('.text')
            else {}
        )
        return {'type': 'object', 'additionalProperties': texts, **names}
    if is_dataclass(hint) and isinstance(hint, type):
        return _section(hint)
    if issubclass(hint, Enum):
        return {'type': 'string', 'enum': list(CHOICES.get(rule, [str(m.value) for m in hint]))}
    return {'type': _BASE[hint], **_limits(rule, hint)}


def _limits(rule: str, hint: type[Any]) -> Json:
    if rule in CHOICES:
        return {'enum': list(CHOICES[rule])}
    if rule in FORMS:
        return {'pattern': f'^(?:{FORMS[rule].pattern})$', 'description': FORMS[rule].words}
    return _range(RANGES[rule], hint) if rule in RANGES else {}


def _range(limits: Range, hint: type[Any]) -> Json:
    low, high = (int(v) if hint is int else v for v in (limits.low, limits.high))
    return {
        'exclusiveMinimum' if limits.above else 'minimum': low,
        'exclusiveMaximum' if limits.below else 'maximum': high,
    }
