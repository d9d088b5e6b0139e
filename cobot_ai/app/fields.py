"""Fields of a person's command, checked: what came over the wire is not trusted."""

from __future__ import annotations

from collections.abc import Mapping

from cobot_ai.core.errors import DataError
from cobot_ai.core.types import Json

MACHINES = frozenset({'cobot_ai', 'robot', 'ros_service', 'parameter'})
"""Names the record uses for what no person did; nobody may be called so."""


def plain_name(by: object) -> str:
    """A person's name without regard to case and blanks."""
    return ' '.join(str(by).split()).casefold()


def text_of(command: Mapping[str, object], name: str) -> str:
    """A text of 1 to 200 characters.

    Raises:
        DataError: It is missing, or something else.
    """
    value = command.get(name)
    if not isinstance(value, str) or not value or len(value) > 200:
        raise DataError(f'The command needs a text "{name}" of 1 to 200 characters.')
    return value


def whole_of(command: Mapping[str, object], name: str) -> int:
    """A whole number, 0 or more.

    Raises:
        DataError: It is missing, or something else.
    """
    value = command.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
        raise DataError(f'The command needs a whole number "{name}", 0 or more.')
    return value


def reply_of(body: Json) -> Json:
    """The reply that was given to the command of an entry.

    Raises:
        DataError: The entry was no command: its key is taken.
    """
    if 'reply' not in body:
        raise DataError('This key was used for something else; send the command with a new one.')
    reply: Json = body['reply']
    return reply


def done(command: Mapping[str, object]) -> Json:
    """The reply to a command that was carried out."""
    return {'key': command['key'], 'ok': True, 'status': 'done', 'reason': ''}


def unknown(command: Mapping[str, object]) -> Json:
    """The reply to a command about something that is not there, or not so."""
    return {'key': command['key'], 'ok': False, 'status': 'refused', 'reason': 'unknown'}
