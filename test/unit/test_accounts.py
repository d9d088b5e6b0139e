"""People, their secrets, tablets and their codes; certificates; the audit log."""

import errno
import json
import multiprocessing
import os
import ssl
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cobot_ai.app.doctor import Level
from cobot_ai.cli.doctor import certificate
from cobot_ai.cli.main import main
from cobot_ai.core.errors import ConfigError, StoreError
from cobot_ai.store import audit_log
from cobot_ai.store.account_file import Role
from cobot_ai.store.accounts import OFFER_S, Accounts, check_secret
from cobot_ai.store.audit_log import AuditLog
from cobot_ai.store.certs import Certs
from cobot_ai.store.folder import CellFolder
from cobot_ai.store.ledger import open_ledger

PIN, PASSWORD = '481516', 'grüne Tür am Tor 7'
NOW = datetime(2026, 11, 22, tzinfo=timezone.utc)


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'cell' / 'accounts.json'


# ---------------------------------------------------------------- people


def test_without_people_nobody_gets_in(path):
    assert Accounts(path).people() == []
    assert Accounts(path).check('Maria', '') is None


def test_the_right_secret_and_no_other(path):
    Accounts(path).put('Maria  Ruiz', Role.OPERATOR, PIN)
    accounts = Accounts(path)
    person = accounts.check(' maria ruiz', PIN)
    assert (person.name, person.role) == ('Maria Ruiz', Role.OPERATOR)
    for wrong in ('', '481517', '48151', '481516 ', 'x' * 10_000):
        assert accounts.check('Maria Ruiz', wrong) is None
    assert accounts.check('Otto', PIN) is None


def test_the_file_is_private_and_holds_no_secret(path):
    Accounts(path).put('Maria', Role.OPERATOR, PIN)
    assert path.stat().st_mode & 0o777 == 0o600
    first = json.loads(path.read_text())['people'][0]['hash']
    assert PIN not in path.read_text() and first.startswith('$argon2id$')
    Accounts(path).put('Maria', Role.OPERATOR, PIN)
    assert json.loads(path.read_text())['people'][0]['hash'] != first, 'the salt must be new'


@pytest.mark.parametrize(
    ('role', 'secret'),
    [
        (Role.OPERATOR, ''),
        (Role.OPERATOR, '48151'),
        (Role.OPERATOR, '111111'),
        (Role.OPERATOR, '123456'),
        (Role.OPERATOR, '987654'),
        (Role.AMBASSADOR, '121212'),
        (Role.ENGINEER, '48151623'),
        (Role.ADMIN, 'short pass'),
        (Role.ADMIN, 'x1y2' * 40),
    ],
)
def test_a_weak_secret_is_refused_and_the_old_one_stays(path, role, secret):
    accounts = Accounts(path)
    accounts.put('Maria', role, PASSWORD)
    with pytest.raises(ConfigError, match='characters'):
        accounts.put('Maria', role, secret)
    assert accounts.check('Maria', PASSWORD) is not None


@given(st.text(min_size=0, max_size=5))
def test_short_secrets_never_pass(secret):
    for role in Role:
        with pytest.raises(ConfigError):
            check_secret(role, secret)


@pytest.mark.parametrize('name', ['robot', ' COBOT_AI ', 'ros_service', 'Parameter'])
def test_nobody_is_called_as_the_record_calls_the_machines(path, name):
    with pytest.raises(ConfigError, match='reserved'):
        Accounts(path).put(name, Role.OPERATOR, PIN)


def test_every_change_ends_older_sessions(path):
    accounts = Accounts(path)
    accounts.put('Maria', Role.OPERATOR, PIN)
    epochs = [accounts.person('Maria').epoch]
    accounts.put('Maria', Role.AMBASSADOR, PIN)
    epochs.append(accounts.person('Maria').epoch)
    accounts.set_active('Maria', False)
    epochs.append(accounts.person('Maria').epoch)
    assert epochs == [0, 1, 2]
    assert accounts.check('Maria', PIN) is None


def test_the_last_admin_stays(path):
    accounts = Accounts(path)
    accounts.put('Ada', Role.ADMIN, PASSWORD)
    with pytest.raises(ConfigError, match='last admin'):
        accounts.set_active('Ada', False)
    with pytest.raises(ConfigError, match='last admin'):
        accounts.put('Ada', Role.OPERATOR, PIN)
    accounts.put('Bo', Role.ADMIN, PASSWORD)
    accounts.set_active('Ada', False)
    assert not accounts.person('Ada').active


@pytest.mark.parametrize('content', ['', '[]', '{"schema": 2}', '{"schema": 2, "people": [1]}'])
def test_a_damaged_file_is_an_error_not_an_open_door(path, content):
    Accounts(path).put('Maria', Role.OPERATOR, PIN)
    path.write_text(content)
    with pytest.raises(StoreError, match='damaged'):
        Accounts(path).check('Maria', PIN)


def test_the_file_of_an_older_version_says_what_to_do(path):
    path.parent.mkdir()
    path.write_text('{"schema": 1, "hash": "x"}')
    path.chmod(0o600)
    with pytest.raises(StoreError, match='people CELL --add'):
        Accounts(path).people()


def test_a_file_that_others_can_read_is_refused(path):
    Accounts(path).put('Maria', Role.OPERATOR, PIN)
    path.chmod(0o644)
    with pytest.raises(StoreError, match='Others can read'):
        Accounts(path).check('Maria', PIN)


def _enrol_some(path, who):
    for i in range(5):
        Accounts(path).offer(f'{who} {i}', 0.0)


def test_console_and_command_line_write_at_once_and_nothing_is_lost(path):
    jobs = [multiprocessing.Process(target=_enrol_some, args=(path, w)) for w in 'abc']
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert len(json.loads(path.read_text())['offers']) == 15


# ---------------------------------------------------------------- tablets


def test_a_code_enrols_one_tablet_once(path):
    accounts = Accounts(path)
    code = accounts.offer('Station 3', 100.0)
    name, token = accounts.enrol(f' {code[:4].lower()} {code[4:]}', 101.0)
    assert name == 'Station 3'
    assert accounts.tablet(token).name == 'Station 3'
    assert accounts.enrol(code, 102.0) is None
    assert accounts.tablet('') is None and accounts.tablet(token + 'x') is None
    assert token not in path.read_text() and code not in path.read_text()


def test_a_code_ends_after_ten_minutes(path):
    accounts = Accounts(path)
    code = accounts.offer('Station 3', 100.0)
    assert accounts.enrol(code, 100.0 + OFFER_S) is None
    code = accounts.offer('Station 3', 100.0)
    assert accounts.enrol(code, 99.0 + OFFER_S) is not None


def test_a_lost_tablet_is_worth_nothing_and_a_new_one_takes_its_place(path):
    accounts = Accounts(path)
    _, lost = accounts.enrol(accounts.offer('Station 3', 0.0), 1.0)
    accounts.expel('station 3')
    assert accounts.tablet(lost) is None
    _, new = accounts.enrol(accounts.offer('Station 3', 0.0), 1.0)
    assert accounts.tablet(new) is not None and accounts.tablet(lost) is None
    with pytest.raises(ConfigError, match='no tablet'):
        accounts.expel('Station 9')


# ---------------------------------------------------------------- certificates


def test_a_browser_that_trusts_the_authority_accepts_the_console(tmp_path):
    certs = Certs(tmp_path / 'tls')
    assert not certs.ready
    certs.issue(['192.168.10.5', 'cell-1.local'], 'cell_1', NOW)
    assert certs.ready and certs.hosts() == ['192.168.10.5', 'cell-1.local']
    assert 820 < certs.days_left(NOW) < 830
    for key in (certs.ca_key, certs.host_key):
        assert key.stat().st_mode & 0o077 == 0
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certs.host, certs.host_key)
    assert shake_hands(server, certs, '192.168.10.5') is None
    assert 'mismatch' in shake_hands(server, certs, '192.168.10.6')


@pytest.mark.parametrize(
    'host', ['192.168.1.300', 'https://x:80', 'a b', 'cell:8080', '-x', 'a..b', '', '10.0.0', '*']
)
def test_a_host_that_is_none_is_refused_and_the_certificate_stays(tmp_path, host):
    certs = Certs(tmp_path / 'tls')
    certs.issue(['fe80::1', 'Zelle-1.local', 'größe.de'], 'cell_1', NOW)
    before = certs.host.read_bytes()
    with pytest.raises(ConfigError, match='neither a host name nor an address'):
        certs.issue(['10.0.0.1', host], 'cell_1', NOW)
    assert certs.host.read_bytes() == before


@pytest.mark.parametrize(
    ('days', 'level'), [(1, Level.OK), (770, Level.WARNING), (900, Level.ERROR)]
)
def test_the_doctor_says_how_long_the_certificate_lasts(tmp_path, days, level):
    certs = Certs(tmp_path / 'tls')
    assert certificate(certs, NOW) == []
    certs.issue(['10.0.0.1'], 'cell_1', NOW)
    (found,) = certificate(certs, NOW + timedelta(days=days))
    assert found.level is level
    certs.host.write_text('damaged')
    assert certificate(certs, NOW)[0].level is Level.ERROR


def shake_hands(server, certs, host):
    """What a client objects to when it meets the console as `host`."""
    client = ssl.create_default_context(cafile=certs.ca)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = client.wrap_bio(to_client, to_server, server_hostname=host)
    two = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (one, two):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError as e:
                return str(e)
    return None


def test_a_renewal_keeps_the_authority_that_the_tablets_trust(tmp_path):
    certs = Certs(tmp_path)
    certs.issue(['10.0.0.1'], 'cell_1', NOW)
    before = certs.fingerprint(), certs.host.read_bytes()
    certs.issue(['10.0.0.1', '10.0.0.2'], 'cell_1', NOW + timedelta(days=700))
    assert certs.fingerprint() == before[0]
    assert certs.host.read_bytes() != before[1]
    assert certs.days_left(NOW + timedelta(days=700)) > 800


@pytest.mark.parametrize('hosts', [[], ['a..b']])
def test_a_host_that_is_none_is_refused(tmp_path, hosts):
    with pytest.raises(ConfigError):
        Certs(tmp_path).issue(hosts, 'cell_1', NOW)


# ---------------------------------------------------------------- the audit log


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def test_lines_are_chained_and_a_changed_one_is_found(tmp_path):
    log = AuditLog(tmp_path / 'audit.jsonl', Clock())
    for i in range(5):
        log.note('wrong_pin', who=f'Person {i}', address='10.0.0.7')
    assert log.intact()
    assert [line['who'] for line in log.newest(2)] == ['Person 4', 'Person 3']
    text = (tmp_path / 'audit.jsonl').read_text()
    (tmp_path / 'audit.jsonl').write_text(text.replace('Person 2', 'Person X'))
    assert not AuditLog(tmp_path / 'audit.jsonl', Clock()).intact()


def test_two_consoles_write_one_chain(tmp_path, monkeypatch):
    monkeypatch.setattr(audit_log, 'MAX_BYTES', 2000)
    logs = [AuditLog(tmp_path / 'audit.jsonl', Clock()) for _ in range(2)]
    for n in range(40):
        logs[n % 3 % 2].note('wrong_pin', who=f'Person {n}')
        assert AuditLog(tmp_path / 'audit.jsonl', Clock()).intact(), n
    assert logs[0].newest(1)[0]['who'] == 'Person 39'


def test_a_full_disk_refuses_nobody_and_breaks_no_chain(tmp_path, monkeypatch):
    log = AuditLog(tmp_path / 'audit.jsonl', Clock())
    log.note('login', who='ann')
    opened = os.open

    def full(*args, **more):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(os, 'open', full)
    log.note('wrong_pin', who='bob')
    log.note('wrong_pin', who='eve')
    monkeypatch.setattr(os, 'open', opened)
    with (tmp_path / 'audit.jsonl').open('a') as file:
        file.write('{"what": "wrong_p')  # as far as the disk let it
    log.note('login', who='carl')
    log.note('login', who='dora')
    assert log.intact()
    assert [(e['who'], e.get('lost')) for e in log.newest()] == [
        *(('dora', None), ('carl', 2), ('ann', None))
    ]
    assert AuditLog(tmp_path / 'audit.jsonl', Clock()).intact()


def test_a_flood_is_counted_not_written(tmp_path):
    clock = Clock()
    log = AuditLog(tmp_path / 'audit.jsonl', clock)
    for _ in range(1000):
        log.note('wrong_pin', address='10.0.0.7')
    assert len(log.newest()) == 1
    clock.now += 61
    log.count_out()
    assert log.newest()[0]['repeated'] == 999, 'also when nothing comes after it'
    log.count_out()
    assert len(log.newest()) == 2 and log.intact()


def test_whoever_knocks_cannot_push_out_what_others_did(tmp_path):
    clock = Clock()
    log = AuditLog(tmp_path / 'audit.jsonl', clock)
    for i in range(400):
        log.note('wrong_pin', who=f'guess {i}', address='10.0.0.7')
    log.note('wrong_pin', who='Maria', address='10.0.0.8')
    log.note('person_set', who='Otto', by='Ada')
    whats = [line['what'] for line in log.newest()]
    assert whats.count('wrong_pin') == audit_log.MOST_LINES + 1 and 'person_set' in whats
    clock.now += 61
    log.count_out()
    (told,) = [line for line in log.newest() if line.get('repeated')]
    assert (told['what'], told['of'], told['address']) == ('flood', 'wrong_pin', '10.0.0.7')
    assert told['repeated'] == 400 - audit_log.MOST_LINES - 1
    log.note('wrong_pin', who='Otto', address='10.0.0.7')
    assert log.newest()[0]['who'] == 'Otto', 'the next minute begins anew'


@settings(max_examples=20)
@given(cut=st.integers(1, 60))
def test_a_cut_line_costs_only_itself(tmp_path_factory, cut):
    file = tmp_path_factory.mktemp('log') / 'audit.jsonl'
    log = AuditLog(file, Clock())
    log.note('role', who='Maria')
    log.note('role', who='Otto')
    file.write_bytes(file.read_bytes()[:-cut])
    again = AuditLog(file, Clock())
    again.note('login', who='Ada')
    whos = [line['who'] for line in again.newest()]
    assert whos[0] == 'Ada' and whos[-1] == 'Maria'


def test_the_log_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(audit_log, 'MAX_BYTES', 1000)
    clock = Clock()
    log = AuditLog(tmp_path / 'audit.jsonl', clock)
    for i in range(100):
        log.note('role', who=f'{i}')
    sizes = [f.stat().st_size for f in tmp_path.glob('*.jsonl')]
    assert len(sizes) == 2 and max(sizes) < 1300


def test_verify_walks_the_audit_log_too(tmp_path, capsys):
    folder = CellFolder(tmp_path)
    open_ledger(folder.ledger).close()
    log = AuditLog(folder.audit, Clock())
    for n in range(4):
        log.note('person_set', who=f'Person {n}')
    command = ['verify', 'demo', '--data-dir', str(tmp_path)]
    assert main(command) == 0
    assert 'audit log audit.jsonl: intact' in capsys.readouterr().out
    whole = folder.audit.read_text()
    for damage in (
        whole.replace('Person 1', 'Person X'),
        '\n'.join(whole.splitlines()[i] for i in (0, 2, 3)),
        whole.replace('"prev"', '"before"'),
    ):
        folder.audit.write_text(damage)
        assert main(command) == 1
        said = capsys.readouterr().out
        assert 'ledger: 0 entries' in said and 'audit.jsonl: a line was changed' in said
    folder.audit.rename(folder.audits[0])  # it is full, and the present one is new
    AuditLog(folder.audit, Clock()).note('login')
    assert main(command) == 1
    assert 'audit.1.jsonl: a line was changed' in capsys.readouterr().out
