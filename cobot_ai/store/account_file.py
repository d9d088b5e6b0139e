"""What the accounts file holds, and how it is read and written."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import IntEnum
from pathlib import Path

from cobot_ai.app.fields import plain_name
from cobot_ai.core.errors import StoreError
from cobot_ai.core.types import Json

SCHEMA = 2


class Role(IntEnum):
    """What a person may do; each may do what the ones below may."""

    WALL = 0
    """A screen that was enrolled to be looked at; never a person's."""
    OPERATOR = 1
    AMBASSADOR = 2
    ENGINEER = 3
    ADMIN = 4

    @property
    def needs_password(self) -> bool:
        """Whether a PIN is not enough."""
        return self >= Role.ENGINEER


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may log in.

    Attributes:
        name: Name; it goes into the ledger. role: What they may do. hash: Of PIN or password.
        active: False: may not log in any more.
        epoch: Counts changes of secret, role and state: an older session ends.
    """

    name: str
    role: Role
    hash: str
    active: bool = True
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class Tablet:
    """An enrolled tablet.

    Attributes:
        name: Its station. token: SHA-256 of the token it keeps.
        active: False: has to be enrolled again.
        wall: A screen on the wall: it shows without a login, and nobody logs in with a PIN there.
    """

    name: str
    token: str
    active: bool = True
    wall: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """A pairing code that was given out: whoever types it first becomes this tablet.

    Attributes:
        name: Station of the tablet. code: SHA-256 of the code.
        until_s: When it ends, wall clock, seconds. wall: It is for a screen on the wall.
    """

    name: str
    code: str
    until_s: float
    wall: bool = False


@dataclass(frozen=True, slots=True)
class Doc:
    """The whole file; keys are plain names (see `plain`)."""

    people: dict[str, Person]
    tablets: dict[str, Tablet]
    offers: dict[str, Offer]


def to_json(doc: Doc) -> Json:
    """The file's content."""
    people = [{**asdict(p), 'role': p.role.name.lower()} for p in doc.people.values()]
    return {
        'schema': SCHEMA,
        'people': people,
        'tablets': [asdict(t) for t in doc.tablets.values()],
        'offers': [asdict(o) for o in doc.offers.values()],
    }


def parse(path: Path) -> Doc:
    """Read the file.

    Raises:
        StoreError: It is damaged or of another version.
    """
    try:
        doc = json.loads(path.read_bytes())
        if doc['schema'] != SCHEMA:
            raise StoreError(
                f'{path} is of another version (one PIN for all); move it away and add people '
                'with "cobot_ai people CELL --add NAME".'
            )
        people = [Person(**{**p, 'role': Role[p['role'].upper()]}) for p in doc['people']]
        tablets = [Tablet(**t) for t in doc['tablets']]
        offers = [Offer(**o) for o in doc['offers']]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as e:
        raise StoreError(f'{path} is damaged; restore a backup, or move it away.') from e
    return Doc(
        {plain_name(p.name): p for p in people},
        {plain_name(t.name): t for t in tablets},
        {plain_name(o.name): o for o in offers},
    )
