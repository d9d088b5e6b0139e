"""A person's command: the same function for socket, HTTP and `/lite`."""

from __future__ import annotations

import re
from typing import NamedTuple

from pydantic import ValidationError

from cobot_ai.app.fields import MACHINES, plain_name
from cobot_ai.core.errors import CobotAiError
from cobot_ai.core.types import Json
from cobot_ai.web.schemas import COMMAND
from cobot_ai.web.services import Services


class Who(NamedTuple):
    """Name and station of a login; they replace what the page claims."""

    name: str
    station: str


KEY = re.compile(r'[A-Za-z]\w{0,79}')


def refusal(raw: object, status: str, reason: str) -> Json:
    """A reply of the console itself, when the monitor was not or could not be asked."""
    command = raw if isinstance(raw, dict) else {}
    key, by = (str(command.get(name, ''))[:80] for name in ('key', 'by'))
    reply: Json = {'key': key, 'ok': False, 'status': status, 'reason': reason, 'seq': 0}
    return {**reply, 'params': {'by': by}} if reason == 'other_person' else reply


def execute(services: Services, raw: object, who: Who | None, timeout_s: float) -> Json:
    """Check a command, send it to the monitor and wait for the reply.

    Args:
        services: Way to the monitor.
        raw: What the page sent.
        who: The login it came with; it replaces what the page claims. None: nobody logs in.
        timeout_s: Longest wait, seconds.

    Returns:
        The monitor's reply, or the console's own (`invalid`, `pending`, `refused`).
    """
    try:
        command: Json = COMMAND.validate_python(raw).model_dump(exclude_none=True)
    except ValidationError as e:
        where = '.'.join(str(part) for part in e.errors()[0]['loc'])
        return {**refusal(raw, 'invalid', 'bad_command'), 'params': {'name': where}}
    if who is not None:
        command['by'], command['tablet'] = who
    if plain_name(command['by']) in MACHINES:
        return refusal(raw, 'refused', 'reserved_name')
    try:
        reply = services.commands.submit(command, timeout_s)
    except CobotAiError as e:
        return refusal(raw, 'pending', e.key)
    if reply is None:
        return refusal(raw, 'pending', 'no_reply')
    return _keyed(reply, words=who is None)


def _keyed(reply: Json, *, words: bool) -> Json:
    """The key and parameters of a refusal, for the page; its sentence too where `words`.

    The page has its own words in every language; the command line, which reaches only a console
    on its own machine without a login, has none.
    """
    sentence = str(reply.get('reason') or '')
    reason = str(reply.get('code') or sentence)
    told = {'said': sentence} if words and sentence and not reply.get('ok') else {}
    return {**reply, **told, 'reason': reason if KEY.fullmatch(reason) else ''}
