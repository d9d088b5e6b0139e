"""The shipped hold and resume recipes (config/recipes/*.yaml)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cobot_ai.core.errors import ConfigError
from cobot_ai.core.types import Json


def with_recipe(doc: Any, recipes: Mapping[str, Path]) -> Any:
    """The values of a cell file with the recipe it names written out.

    Args:
        doc: Plain values of a cell file. recipes: Name -> file.

    Raises:
        ConfigError: There is no recipe of that name, and the file does not write it out.
    """
    motion = doc.get('motion') if isinstance(doc, Mapping) else None
    if not isinstance(motion, Mapping) or motion.get('driver') is not None:
        return doc
    name = motion.get('recipe', 'none')
    if name == 'none':
        return doc
    if name not in recipes:
        known = ', '.join(['none', *recipes])
        raise ConfigError(
            f'`motion.recipe` is `{str(name)[:60]}`; there are {known}. '
            'Or write your own under `motion.driver`.'
        )
    driver: Json = read_yaml(recipes[name], 'a recipe')
    return {**doc, 'motion': {**motion, 'driver': driver}}
