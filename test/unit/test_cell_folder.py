"""The data folder belongs to its owner alone, also where it was there before."""

import errno
import os
import stat
from pathlib import Path

import pytest

from cobot_ai.core.errors import StoreError
from cobot_ai.store.folder import CellFolder
from cobot_ai.store.ledger import open_ledger


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_folder_that_was_there_is_closed_to_others(tmp_path):
    root = tmp_path / 'cell'
    root.mkdir()
    root.chmod(0o755)
    folder = CellFolder(root).create()
    assert mode(root) == 0o700
    ledger = open_ledger(folder.ledger)
    assert {mode(f) for f in root.iterdir() if f.is_file()} == {0o600}
    ledger.close()


def test_a_folder_that_everybody_shares_is_refused(tmp_path):
    tmp_path.chmod(0o1777)
    with pytest.raises(StoreError, match='folder of its own'):
        CellFolder(tmp_path).create()
    assert mode(tmp_path) == 0o1777


@pytest.mark.parametrize('call', ['mkdir', 'chmod'])
def test_a_folder_that_cannot_be_made_or_closed_says_what_to_do(tmp_path, monkeypatch, call):
    def refused(*args, **more):
        raise PermissionError(errno.EPERM, 'Operation not permitted')

    tmp_path.chmod(0o755)
    monkeypatch.setattr(Path, call, refused)
    with pytest.raises(
        StoreError, match=r'not permitted\. Give another folder \(--data-dir.*chown'
    ):
        CellFolder(tmp_path).create()


def test_a_folder_that_cannot_be_written_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(os, 'access', lambda path, mode: False)
    with pytest.raises(StoreError, match=r'not writable.*Give another folder'):
        CellFolder(tmp_path / 'cell').create()
