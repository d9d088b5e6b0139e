"""`cobot_ai people`, `tablets` and `certs`: who may use the page, from where, and how safely."""

from __future__ import annotations

import argparse
import getpass
import ipaddress
import sys
import time
from collections.abc import Callable
from datetime import datetime, timezone

from cobot_ai.cli.cell import cell_arguments, folder_of
from cobot_ai.core.errors import ConfigError
from cobot_ai.store.account_file import Role
from cobot_ai.store.accounts import OFFER_S, Accounts
from cobot_ai.store.audit_log import AuditLog
from cobot_ai.store.cellfile import load_cell
from cobot_ai.store.certs import Certs
from cobot_ai.store.folder import CellFolder

Say = Callable[[str], None]
Args = argparse.Namespace
ROLES = [role.name.lower() for role in Role if role >= Role.OPERATOR]


def _audit(folder: CellFolder) -> AuditLog:
    return AuditLog(folder.audit, time.time)


def people_arguments(p: argparse.ArgumentParser) -> None:
    """Arguments of `people`."""
    cell_arguments(p)
    what = p.add_mutually_exclusive_group()
    what.add_argument('--add', metavar='NAME', help='add a person, or set role and secret anew')
    what.add_argument('--remove', metavar='NAME', help='this person may not log in any more')
    what.add_argument('--restore', metavar='NAME', help='this person may log in again')
    p.add_argument('--role', choices=ROLES, default='operator', help='with --add')


def run_people(args: Args, say: Say) -> int:
    """Add, remove or list people."""
    folder = folder_of(args).create()
    accounts = Accounts(folder.accounts)
    if args.add:
        role = Role[args.role.upper()]
        accounts.put(args.add, role, _secret(role))
        _audit(folder).note('person_set', who=args.add, by='command line', role=args.role)
        say(f'{args.add} may log in as {args.role}.')
    for name, active in ((args.remove, False), (args.restore, True)):
        if name:
            accounts.set_active(name, active)
            what = 'person_restored' if active else 'person_removed'
            _audit(folder).note(what, who=name, by='command line')
    for person in accounts.people():
        state = '' if person.active else '  (may not log in)'
        say(f'{person.name}: {person.role.name.lower()}{state}')
    return 0


def _secret(role: Role) -> str:
    kind = 'password' if role.needs_password else 'PIN'
    if sys.stdin.isatty():
        return getpass.getpass(f'New {kind}: ')
    return sys.stdin.readline().rstrip('\n')


def tablets_arguments(p: argparse.ArgumentParser) -> None:
    """Arguments of `tablets`."""
    cell_arguments(p)
    what = p.add_mutually_exclusive_group()
    what.add_argument('--add', metavar='STATION', help='print a code that enrols one tablet')
    what.add_argument('--remove', metavar='STATION', help='this tablet must be enrolled anew')
    p.add_argument(
        '--wall', action='store_true', help='with --add: a screen to look at, without a login'
    )


def run_tablets(args: Args, say: Say) -> int:
    """Enrol, expel or list tablets."""
    folder = folder_of(args).create()
    accounts = Accounts(folder.accounts)
    if args.add:
        code = accounts.offer(args.add, time.time(), args.wall)
        _audit(folder).note('tablet_offered', tablet=args.add, by='command line')
        say(f'Open /pair on the tablet and type {code[:4]} {code[4:]} ({OFFER_S / 60:.0f} min).')
        return 0
    if args.remove:
        accounts.expel(args.remove)
        _audit(folder).note('tablet_removed', tablet=args.remove, by='command line')
    for tablet in accounts.tablets():
        kind = '  (wall)' if tablet.wall else ''
        say(f'{tablet.name}{kind}{"" if tablet.active else "  (must be enrolled anew)"}')
    return 0


def certs_arguments(p: argparse.ArgumentParser) -> None:
    """Arguments of `certs`."""
    cell_arguments(p)
    p.add_argument(
        '--host',
        action='append',
        default=[],
        metavar='HOST',
        help='name or address the tablets use (may be repeated)',
    )


def run_certs(args: Args, say: Say) -> int:
    """Make the console's certificate, or say how long it lasts."""
    folder = folder_of(args).create()
    certs = Certs(folder.tls)
    now = datetime.now(timezone.utc)
    if args.host:
        certs.issue([_clean(h) for h in args.host], load_cell(args.cell).name, now)
        _audit(folder).note('certificate_made', by='command line', hosts=', '.join(args.host))
    if not certs.ready:
        raise ConfigError('There is no certificate yet; name the hosts with --host.')
    say(f'{", ".join(certs.hosts())}: {certs.days_left(now):.0f} days left')
    say(f'Install {certs.ca} on every tablet once. Its SHA-256 must read there:')
    say(certs.fingerprint())
    return 0


def _clean(host: str) -> str:
    try:
        return str(ipaddress.ip_address(host.strip('[]')))
    except ValueError:
        return host
