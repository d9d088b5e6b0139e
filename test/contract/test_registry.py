"""What every model registry promises: the one on disk and the one in memory."""

import fakes
import pytest
from model_versions import version

from cobot_ai.core.errors import ModelError
from cobot_ai.store.registry import ModelFolder


@pytest.fixture(params=['memory', 'folder'])
def registry(request, tmp_path):
    return fakes.MemoryRegistry() if request.param == 'memory' else ModelFolder(tmp_path / 'm')


def test_starts_without_a_live_version(registry):
    assert registry.current() is None
    assert registry.versions() == []


def test_a_stored_version_is_read_back_and_not_live(registry):
    blob, manifest = version(1)
    digest = registry.put(blob, manifest)
    assert digest == manifest.digest
    assert registry.get(digest) == (blob, manifest)
    assert registry.put(blob, manifest) == digest
    assert registry.current() is None


def test_versions_come_oldest_first(registry):
    digests = [registry.put(*version(n)) for n in range(1, 6)]
    assert registry.versions() == digests


def test_promote_and_back(registry):
    first, second = (registry.put(*version(n)) for n in (1, 2))
    for digest in (first, second, first):
        registry.promote(digest)
        assert registry.current() == digest


@pytest.mark.parametrize('name', ['0' * 64, '', '../../etc/passwd', 'a' * 63 + '/', 'A' * 64])
def test_an_unknown_version_is_refused_and_the_old_one_stays(registry, name):
    digest = registry.put(*version(1))
    registry.promote(digest)
    with pytest.raises(ModelError):
        registry.get(name)
    with pytest.raises(ModelError):
        registry.promote(name)
    assert registry.current() == digest


def test_forgetting_takes_one_version_and_never_the_live_one(registry):
    kept, gone = (registry.put(*version(n)) for n in (1, 2))
    registry.promote(kept)
    for digest in (gone, kept, 'f' * 64):
        registry.forget(digest)
    assert registry.versions() == [kept]
    assert registry.get(kept)
    with pytest.raises(ModelError):
        registry.get(gone)
