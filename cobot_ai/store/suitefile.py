"""Gate suites on disk: YAML in, checked suite out."""

from __future__ import annotations

from pathlib import Path

from cobot_ai.core.errors import ConfigError
from cobot_ai.core.suite import Suite, parse_suite
from cobot_ai.store.cellfile import read_yaml, shipped


def load_suite(name: str, beside: Path | None = None) -> Suite:
    """Read a gate suite.

    Args:
        name: File, or the name of a shipped suite such as `default`.
        beside: Folder a relative path starts from (that of the cell file), besides the present one.

    Raises:
        ConfigError: It cannot be read or used; the message names file, key and remedy.
    """
    file = find_suite(name, beside)
    if file is None:
        return parse_suite({})  # `default` where only the package itself is installed
    try:
        return parse_suite(read_yaml(file, 'a gate suite'))
    except ConfigError as e:
        raise ConfigError(f'{file}: {e}', key=e.key, **e.params) from e


def find_suite(name: str, beside: Path | None) -> Path | None:
    """The file of a path or of a shipped suite's name; None for the built-in default.

    Raises:
        ConfigError: There is none; the message lists the shipped ones.
    """
    for given in ([beside / name] if beside else []) + [Path(name)]:
        if given.is_file():
            return given
    known = shipped('suites')
    short = name.removesuffix('.yaml')
    if short in known:
        return known[short]
    if short == 'default':
        return None
    raise ConfigError(
        f'There is no gate suite {name}. Give the path of a file, or the name of a shipped one: '
        f'{", ".join(known) or "default"}.'
    )
