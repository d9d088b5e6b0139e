"""The PIN file."""

import json

import pytest

from cobot_ai.core.errors import ConfigError, StoreError
from cobot_ai.store.accounts import Accounts


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'cell' / 'accounts.json'


def test_without_a_pin_nobody_gets_in(path):
    assert not Accounts(path).has_pin
    assert not Accounts(path).check_pin('')


def test_the_right_pin_and_no_other(path):
    Accounts(path).set_pin('48151623')
    accounts = Accounts(path)
    assert accounts.has_pin
    assert accounts.check_pin('48151623')
    for wrong in ('', '48151624', '4815162', '48151623 ', 'x' * 10_000):
        assert not accounts.check_pin(wrong)
    accounts.set_pin('grüne Tür 7')
    assert accounts.check_pin('grüne Tür 7')
    assert not accounts.check_pin('48151623')


def test_the_file_is_private_and_holds_no_pin(path):
    Accounts(path).set_pin('48151623')
    assert path.stat().st_mode & 0o777 == 0o600
    assert '48151623' not in path.read_text()
    first = json.loads(path.read_text())
    Accounts(path).set_pin('48151623')
    assert json.loads(path.read_text())['hash'] != first['hash'], 'the salt must be new'


@pytest.mark.parametrize('pin', ['', '1234567', '1' * 8, '12121212', 'x1y2' * 40])
def test_a_weak_pin_is_refused_and_the_old_one_stays(path, pin):
    Accounts(path).set_pin('48151623')
    with pytest.raises(ConfigError, match='8 to 128 characters'):
        Accounts(path).set_pin(pin)
    assert Accounts(path).check_pin('48151623')


@pytest.mark.parametrize(
    'content', ['', '[]', '{"n": 1}', '{"n": 2, "r": 8, "p": 1, "salt": "", "hash": ""}']
)
def test_a_damaged_file_is_an_error_not_an_open_door(path, content):
    Accounts(path).set_pin('48151623')
    path.write_text(content)
    with pytest.raises(StoreError, match='delete it and set the PIN again'):
        Accounts(path).check_pin('48151623')


def test_a_file_that_others_can_read_is_refused(path):
    Accounts(path).set_pin('48151623')
    path.chmod(0o644)
    with pytest.raises(StoreError, match='Others can read'):
        Accounts(path).check_pin('48151623')
