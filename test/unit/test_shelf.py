"""A version that is loaded before it is wanted, and is checked all the same."""

from types import SimpleNamespace

import pytest

from cobot_ai.app.shelf import Shelf
from cobot_ai.core.errors import ModelError


class Registry:
    def __init__(self):
        self.read, self.gone = [], []
        gates = SimpleNamespace(passed=True)
        self.there = {d: (d.encode(), SimpleNamespace(gates=gates)) for d in ('a', 'b')}
        self.put = self.promote = self.current = None

    def get(self, digest):
        self.read.append(digest)
        if digest not in self.there:
            raise ModelError(f'{digest} is damaged')
        return self.there[digest]

    def versions(self):
        return sorted(self.there)

    def forget(self, digest):
        self.gone.append(digest)


@pytest.fixture
def loaded():
    return []


@pytest.fixture
def registry():
    return Registry()


@pytest.fixture
def shelf(registry, loaded):
    def load(blob, manifest):
        loaded.append(blob)
        return f'scorer of {blob.decode()}'

    return Shelf(registry, load)


def test_what_was_prepared_is_neither_read_nor_loaded_again(shelf, registry, loaded):
    shelf.prepare('a')
    assert shelf.load(*shelf.get('a')) == 'scorer of a'
    assert (registry.read, loaded) == (['a'], [b'a'])


def test_every_other_version_is_read_and_loaded_as_ever(shelf, registry, loaded):
    shelf.prepare('a')
    assert shelf.load(*shelf.get('b')) == 'scorer of b'
    assert (registry.read, loaded) == (['a', 'b'], [b'a', b'b'])


def test_a_refused_version_is_not_loaded(shelf, registry, loaded):
    registry.there['a'][1].gates.passed = False
    shelf.prepare('a')
    assert not loaded


def test_a_damaged_version_leaves_nothing_at_hand(shelf, registry):
    shelf.prepare('a')
    with pytest.raises(ModelError):
        shelf.prepare('c')
    shelf.get('a')
    assert registry.read == ['a', 'c', 'a']


def test_a_forgotten_version_is_gone(shelf, registry):
    shelf.prepare('a')
    shelf.forget('a')
    shelf.get('a')
    assert (registry.read, registry.gone) == (['a', 'a'], ['a'])
