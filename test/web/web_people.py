"""People and tablets of the tests, and how they log in."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from cobot_ai.store.account_file import Role
from cobot_ai.store.accounts import Accounts
from cobot_ai.web.auth import session_cookie, tablet_cookie

PASSWORD = 'grüne Tür am Tor 7'  # noqa: S105  # of people made up
SECRETS = {
    'Maria': (Role.OPERATOR, '481516'),
    'Otto': (Role.AMBASSADOR, '231642'),
    'Eva': (Role.ENGINEER, PASSWORD),
    'Ada': (Role.ADMIN, PASSWORD),
}
STATION = 'Station 3'
SESSION_COOKIE, TABLET_COOKIE = session_cookie('cell_7'), tablet_cookie('cell_7')


@cache
def _file() -> tuple[bytes, str]:
    """The accounts file and the tablet's token; hashing is slow on purpose, so once is enough."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'accounts.json'
        accounts = Accounts(path)
        for name, (role, secret) in SECRETS.items():
            accounts.put(name, role, secret)
        found = accounts.enrol(accounts.offer(STATION, 0.0), 1.0)
        assert found is not None
        return path.read_bytes(), found[1]


def accounts_in(folder: Path) -> Accounts:
    """Accounts with everybody in them."""
    path = folder / 'accounts.json'
    path.write_bytes(_file()[0])
    path.chmod(0o600)
    return Accounts(path)


def enrol(client: Any) -> Any:
    """Make a test client the enrolled tablet."""
    client.set_cookie(TABLET_COOKIE, _file()[1])
    return client


def log_in(client: Any, name: str = 'Maria', pin: str | None = None, **kw: Any) -> Any:
    """Log somebody in."""
    secret = SECRETS[name][1] if pin is None and name in SECRETS else pin
    return client.post('/login', data={'name': name, 'pin': secret}, **kw)
