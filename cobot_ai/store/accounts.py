"""The console's own file: the PIN, as a hash that is slow to guess."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from pathlib import Path

from cobot_ai.core.errors import ConfigError, StoreError
from cobot_ai.store.files import write_durably

SHORTEST, LONGEST = 8, 128
"""Length of a PIN in characters (OWASP ASVS 5.0, 6.2: a PIN is a password, at least 8)."""
_COST = {'n': 2**15, 'r': 8, 'p': 1}
"""scrypt cost: 32 MB and about 0.1 s per guess (RFC 7914)."""
_MEMORY = 64 * 2**20


class Accounts:
    """The PIN of a cell. Who may try how often is the caller's business.

    Args:
        path: Its file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def has_pin(self) -> bool:
        """True when a PIN was set.

        Raises:
            StoreError: The file is damaged, or others can read it.
        """
        return self._load() is not None

    def set_pin(self, pin: str) -> None:
        """Set or replace the PIN.

        Raises:
            ConfigError: It is too short, too long, or all one character.
            StoreError: The disk refused; the old PIN stays.
        """
        if not SHORTEST <= len(pin) <= LONGEST or len(set(pin)) < 3:
            raise ConfigError(
                f'A PIN has {SHORTEST} to {LONGEST} characters, at least three different ones.'
            )
        salt = os.urandom(16)
        doc = {'schema': 1, **_COST, 'salt': salt.hex(), 'hash': _hash(pin, salt, _COST).hex()}
        write_durably(self._path, json.dumps(doc).encode())

    def check_pin(self, pin: str) -> bool:
        """Whether a PIN is right; False where none was set.

        Raises:
            StoreError: The file is damaged, or others can read it.
        """
        stored = self._load()
        if stored is None or len(pin) > LONGEST:
            return False
        salt, wanted, cost = stored
        return hmac.compare_digest(_hash(pin, salt, cost), wanted)

    def _load(self) -> tuple[bytes, bytes, dict[str, int]] | None:
        try:
            mode = self._path.stat().st_mode
            doc = json.loads(self._path.read_bytes())
            cost = {name: int(doc[name]) for name in _COST}
            salt, wanted = bytes.fromhex(doc['salt']), bytes.fromhex(doc['hash'])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as e:
            raise StoreError(f'{self._path} is damaged; delete it and set the PIN again.') from e
        if cost != _COST or len(salt) != 16 or len(wanted) != 64:
            raise StoreError(f'{self._path} is damaged; delete it and set the PIN again.')
        if mode & 0o077:
            raise StoreError(f'Others can read {self._path}; delete it and set a new PIN.')
        return salt, wanted, cost


def _hash(pin: str, salt: bytes, cost: dict[str, int]) -> bytes:
    return hashlib.scrypt(
        pin.encode(), salt=salt, n=cost['n'], r=cost['r'], p=cost['p'], maxmem=_MEMORY
    )
