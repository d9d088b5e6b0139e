"""The console's own file: people with their roles and secrets, and the tablets that were enrolled.

Secrets are kept as Argon2id hashes (RFC 9106; parameters after the OWASP password storage cheat
sheet), tokens of tablets as SHA-256: they are random and long, so nobody guesses them.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from cobot_ai.app.fields import MACHINES, plain_name
from cobot_ai.core.errors import ConfigError, StoreError
from cobot_ai.store.account_file import Doc, Offer, Person, Role, Tablet, parse, to_json
from cobot_ai.store.files import locked, write_durably

LONGEST = 128
PIN_DIGITS = 6
"""Least length of a PIN. It is the second of two: the tablet itself is the first."""
PASSWORD_LENGTH = 12
"""Least length of a password, which works without an enrolled tablet."""
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789'
"""Characters of a pairing code that nobody mistakes for another."""
CODE_LENGTH = 8
OFFER_S = 600.0
"""Life of a pairing code, seconds."""


class Accounts:
    """People and tablets of a cell. Who may try how often is the caller's business.

    Args:
        path: Its file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: tuple[tuple[int, int], Doc] | None = None

    # ------------------------------------------------------------ people

    def people(self) -> list[Person]:
        """Everybody, by name.

        Raises:
            StoreError: The file is damaged, or others can read it.
        """
        return sorted(self._load().people.values(), key=lambda p: p.name.casefold())

    def person(self, name: str) -> Person | None:
        """One person, case and blanks of the name apart."""
        return self._load().people.get(plain_name(name))

    def put(self, name: str, role: Role, secret: str) -> None:
        """Add a person, or give one a new role and secret.

        Raises:
            ConfigError: Name or secret do not follow the rules, or no admin would be left.
            StoreError: The disk refused; everything is as it was.
        """
        name = ' '.join(name.split())
        if not 0 < len(name) <= 80:
            raise ConfigError('A name has 1 to 80 characters.', key='name_length')
        if plain_name(name) in MACHINES:
            raise ConfigError(f'The name {name} is reserved; use another.', key='reserved_name')
        check_secret(role, secret)
        hashed = _HASHER.hash(secret)
        with self._changing() as doc:
            old = doc.people.get(plain_name(name))
            epoch = old.epoch + 1 if old else 0
            doc.people[plain_name(name)] = Person(name, role, hashed, True, epoch)
            if old is not None:
                _keep_an_admin(doc, old)

    def set_active(self, name: str, active: bool) -> None:
        """Let somebody log in again, or not any more.

        Raises:
            ConfigError: There is no such person, or it is the last active admin.
        """
        with self._changing() as doc:
            person = doc.people.get(plain_name(name))
            if person is None:
                raise ConfigError(f'There is nobody called {name}.', key='no_person', name=name)
            doc.people[plain_name(name)] = replace(person, active=active, epoch=person.epoch + 1)
            _keep_an_admin(doc, person)

    def check(self, name: str, secret: str) -> Person | None:
        """The person, if the secret is theirs; takes as long for a name that is not there."""
        person = self.person(name)
        known = person is not None and person.active
        hashed = person.hash if person is not None and known else _nobody_hash()
        try:
            _HASHER.verify(hashed, secret[:LONGEST])
        except (VerificationError, InvalidHashError):
            return None
        return person if known else None

    # ------------------------------------------------------------ tablets

    def tablets(self) -> list[Tablet]:
        """Every tablet that was enrolled, by name."""
        return sorted(self._load().tablets.values(), key=lambda t: t.name.casefold())

    def offer(self, name: str, now_s: float, wall: bool = False) -> str:
        """Give out a code with which one tablet can enrol itself for ten minutes.

        Args:
            name: Its station. now_s: Wall clock, seconds.
            wall: It is a screen on the wall, to be looked at only.

        Raises:
            ConfigError: The name is empty or too long.
        """
        name = ' '.join(name.split())
        if not 0 < len(name) <= 80:
            raise ConfigError(
                'Name the station of the tablet, in 1 to 80 characters.', key='name_length'
            )
        code = ''.join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
        with self._changing() as doc:
            _forget(doc, now_s)
            doc.offers[plain_name(name)] = Offer(name, _digest(code), now_s + OFFER_S, wall)
        return code

    def enrol(self, code: str, now_s: float) -> tuple[str, str] | None:
        """Enrol a tablet: its name and the token it has to keep; None when the code is wrong.

        A code works once; an older tablet of the same name is worth nothing after it.
        """
        digest = _digest(''.join(code.split()).upper())
        with self._changing() as doc:
            _forget(doc, now_s)
            found = [k for k, o in doc.offers.items() if hmac.compare_digest(o.code, digest)]
            if not found:
                return None
            offer = doc.offers.pop(found[0])
            token = secrets.token_urlsafe(32)
            doc.tablets[found[0]] = Tablet(offer.name, _digest(token), wall=offer.wall)
        return offer.name, token

    def expel(self, name: str) -> None:
        """A tablet was lost: its token is worth nothing any more.

        Raises:
            ConfigError: There is no such tablet.
        """
        with self._changing() as doc:
            tablet = doc.tablets.get(plain_name(name))
            if tablet is None:
                raise ConfigError(f'There is no tablet called {name}.', key='no_tablet', name=name)
            doc.tablets[plain_name(name)] = replace(tablet, active=False)

    def tablet(self, token: str) -> Tablet | None:
        """The enrolled tablet that shows this token."""
        digest = _digest(token)
        for tablet in self._load().tablets.values():
            if tablet.active and hmac.compare_digest(tablet.token, digest):
                return tablet
        return None

    # ------------------------------------------------------------ the file

    def _load(self) -> Doc:
        """The file, read again only when it changed: the console asks at every request."""
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            return Doc({}, {}, {})
        if stat.st_mode & 0o077:
            raise StoreError(f'Others can read {self._path}: chmod 600 it, and change the secrets.')
        stamp = (stat.st_mtime_ns, stat.st_ino)
        if self._read is None or self._read[0] != stamp:
            self._read = (stamp, parse(self._path))
        return self._read[1]

    @contextmanager
    def _changing(self) -> Iterator[Doc]:
        """Read, change, write, with no second writer in between."""
        with locked(self._path.with_suffix('.lock')):
            now = self._load()
            doc = Doc(dict(now.people), dict(now.tablets), dict(now.offers))
            yield doc
            write_durably(self._path, json.dumps(to_json(doc)).encode())


def check_secret(role: Role, secret: str) -> None:
    """Make sure that a PIN or password follows the rules of its role.

    Raises:
        ConfigError: It does not; the message says how it should be.
    """
    least = PASSWORD_LENGTH if role.needs_password else PIN_DIGITS
    kind = 'password' if role.needs_password else 'PIN'
    if not least <= len(secret) <= LONGEST or len(set(secret)) < 3 or _in_a_row(secret):
        raise ConfigError(
            f'A {kind} has {least} to {LONGEST} characters, at least three different ones, '
            'and is no row such as 123456.',
            key='weak_password' if role.needs_password else 'weak_pin',
            least=least,
        )


def _in_a_row(secret: str) -> bool:
    steps = {ord(b) - ord(a) for a, b in pairwise(secret)}
    return steps in ({1}, {-1})


def _keep_an_admin(doc: Doc, changed: Person) -> None:
    admins = [p for p in doc.people.values() if p.role is Role.ADMIN and p.active]
    if changed.role is Role.ADMIN and not admins:
        raise ConfigError('This is the last admin; make another one first.', key='last_admin')


def _forget(doc: Doc, now_s: float) -> None:
    """Codes that nobody used in time are worth nothing."""
    for key in [k for k, o in doc.offers.items() if o.until_s <= now_s]:
        del doc.offers[key]


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


_NOBODY: list[str] = []


def _nobody_hash() -> str:
    """A hash nobody knows the secret of: a name that is not there costs the same time."""
    if not _NOBODY:
        _NOBODY.append(_HASHER.hash(secrets.token_hex(16)))
    return _NOBODY[0]
