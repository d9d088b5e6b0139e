"""Cell files on disk: YAML in, checked spec out."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import yaml

from cobot_ai.core.cell_rules import LONG_TEXTS
from cobot_ai.core.cell_schema import cell_schema
from cobot_ai.core.config import parse_cell
from cobot_ai.core.errors import ConfigError, DataError
from cobot_ai.core.spec import CellSpec
from cobot_ai.core.stream_spec import signal_stream
from cobot_ai.store.messages import check_paths
from cobot_ai.store.typestore import define, known

MAX_BYTES = 512 * 1024
"""Largest cell file, bytes."""


def load_cell(path: Path | str) -> CellSpec:
    """Read a cell file.

    Args:
        path: File, or the name of a shipped cell such as `wrench_cases`.

    Raises:
        ConfigError: It cannot be read or used; the message names file, key and remedy.
    """
    file = find_cell(path)
    try:
        document = with_recipe(read_yaml(file, 'a cell file'))
        _define(document)
        _check_types(document)
        spec = parse_cell(document)
        for i, stream in enumerate(spec.streams):
            _check_stream(f'streams[{i}]', stream)
        for i, edge in enumerate(spec.step.edges):
            _check_stream(f'step.edges[{i}]', signal_stream(i, edge))
    except ConfigError as e:
        raise ConfigError(f'{file}: {e}', key=e.key, **e.params) from e
    return spec


def find_cell(path: Path | str) -> Path:
    """The file of a path or of a shipped cell's name.

    Raises:
        ConfigError: There is neither; the message lists the shipped cells.
    """
    given = Path(path)
    if given.is_file():
        return given
    shipped = shipped_cells()
    name = given.name.removesuffix('.yaml')
    if len(given.parts) == 1 and name in shipped:
        return shipped[name]
    raise ConfigError(
        f'There is no cell file {given}. Give the path of a file, or the name of a shipped cell: '
        f'{", ".join(shipped) or "none is installed"}.'
    )


def shipped_cells() -> dict[str, Path]:
    """Name -> file of the cells that come with this package."""
    return shipped('cells')


def shipped(kind: str) -> dict[str, Path]:
    """Name -> file of the `cells`, `suites` or `recipes` that come with this package."""
    for parent in Path(__file__).resolve().parents[2:]:
        for folder in (parent / 'config' / kind, parent / 'share/cobot_ai/config' / kind):
            if folder.is_dir():
                return {file.stem: file for file in sorted(folder.glob('*.yaml'))}
    return {}


def write_schema(file: Path) -> None:
    """Write the JSON Schema of cell files."""
    file.write_text(json.dumps(cell_schema(), indent=2) + '\n')


BOOL = 'tag:yaml.org,2002:bool'


class _Loader(yaml.SafeLoader):
    """YAML without aliases (a few bytes of them can fill the memory) and double keys.

    As in YAML 1.2 only true and false are booleans: `on` and `off` are keys of a threshold.
    """

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            line = self.peek_event().start_mark.line + 1  # type: ignore[no-untyped-call]
            raise ConfigError(f'line {line}: aliases (*name) are not used here; write it out.')
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for i, key in enumerate(keys):
            if key in keys[:i]:
                line = node.value[i][0].start_mark.line + 1
                raise ConfigError(f'line {line}: the key `{key}` is there twice; remove one.')
        return super().construct_mapping(node, deep)


# YAML 1.1 reads an unquoted 14:00 as the number 840; a time of day is a text here.
_TIME = ('tag:yaml.org,2002:str', re.compile(r'\d{1,2}:\d{2}$'))
_Loader.yaml_implicit_resolvers = {
    first: [
        *([_TIME] if first.isdigit() else []),
        *((tag, form) for tag, form in forms if tag != BOOL or first in 'tTfF'),
    ]
    for first, forms in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def with_recipe(doc: Any) -> Any:
    """The values of a cell file with the recipe it names written out.

    Raises:
        ConfigError: There is no recipe of that name, and the file does not write it out.
    """
    motion = doc.get('motion') if isinstance(doc, Mapping) else None
    if not isinstance(motion, Mapping) or motion.get('driver') is not None:
        return doc
    name = motion.get('recipe', 'none')
    if name == 'none':
        return doc
    recipes = shipped('recipes')
    if name not in recipes:
        known = ', '.join(['none', *recipes])
        raise ConfigError(
            f'`motion.recipe` is `{str(name)[:60]}`; there are {known}. '
            'Or write your own under `motion.driver`.'
        )
    return {**doc, 'motion': {**motion, 'driver': read_yaml(recipes[name], 'a recipe')}}


def read_yaml(file: Path, what: str) -> Any:
    """The plain values of a small YAML file, hostile ones refused.

    Args:
        file: The file. what: What it should be, for messages, e.g. `a cell file`.

    Raises:
        ConfigError: It cannot be read, is too large or no YAML.
    """
    try:
        if file.stat().st_size > MAX_BYTES:
            raise ConfigError(f'this is larger than {MAX_BYTES // 1024} kB: not {what}.')
        return _parse(file.read_text('utf-8'))
    except (OSError, UnicodeDecodeError) as e:
        raise ConfigError(f'the file cannot be read as UTF-8 text ({e}).') from e
    except yaml.YAMLError as e:
        raise ConfigError(_where(e)) from e
    except (RecursionError, ValueError, TypeError) as e:
        raise ConfigError(f'this is not {what}: it is nested too deeply or malformed.') from e


def _where(error: yaml.YAMLError) -> str:
    """The line YAML stumbled over and what usually helps."""
    mark = getattr(error, 'problem_mark', None)
    problem = getattr(error, 'problem', None) or ' '.join(str(error).split())
    place = f'line {mark.line + 1}, column {mark.column + 1}: ' if mark else ''
    return (
        f'{place}this is not valid YAML ({problem}). Put texts that hold any of '
        '`: ? { } [ ] , # &` into quotes, and indent with spaces.'
    )


def _parse(text: str) -> Any:
    loader = _Loader(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def _define(document: Any) -> None:
    """The plant's own message types, before anything names them; bad forms are told later."""
    messages = document.get('messages') if isinstance(document, Mapping) else None
    if isinstance(messages, Mapping):
        texts = {k: t for k, t in messages.items() if isinstance(k, str) and isinstance(t, str)}
        longest = LONG_TEXTS['CellSpec.messages']
        for name in (name for name, text in texts.items() if len(text) > longest):
            raise ConfigError(f'`messages.{name}` must have 1 to {longest} characters.')
        try:
            define(texts)
        except DataError as e:
            raise ConfigError(f'`messages`: {e}') from e


def _check_types(document: Any) -> None:
    """A type that does not exist is told before its channels are missed."""
    streams = document.get('streams') if isinstance(document, Mapping) else None
    for i, stream in enumerate(streams if isinstance(streams, list) else ()):
        ros_type = stream.get('type') if isinstance(stream, Mapping) else None
        if isinstance(ros_type, str):
            try:
                known(ros_type)
            except DataError as e:
                raise ConfigError(f'`streams[{i}].type`: {e}') from e


def _check_stream(path: str, stream: Any) -> None:
    try:
        check_paths(stream)
    except DataError as e:
        raise ConfigError(f'`{path}` ({stream.name}): {e}') from e
