"""The key that signs the console's session cookies."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from cobot_ai.core.errors import ConfigError

SECRET_FILE = 'console_secret'  # noqa: S105  # nosec B105  # a file name


def load_secret(folder: Path) -> bytes:
    """The cookie secret of this console: made at first use, readable by its owner only.

    Raises:
        ConfigError: The file is readable by others, or damaged.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / SECRET_FILE
    if not path.exists():
        _make_secret(path)
    return _read_secret(path)


def _make_secret(path: Path) -> None:
    """Write it whole under another name first: a second console never reads half of it."""
    draft = path.with_name(f'{SECRET_FILE}.{secrets.token_hex(4)}')
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, 'wb') as file:
            file.write(secrets.token_bytes(32))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()


def _read_secret(path: Path) -> bytes:
    if path.stat().st_mode & 0o077:
        raise ConfigError(f'Others can read {path}; delete it (everybody logs in again then).')
    secret = path.read_bytes()
    if len(secret) < 32:
        raise ConfigError(f'{path} is damaged; delete it and start the console again.')
    return secret
