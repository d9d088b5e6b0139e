"""What every store of windows promises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import MemoryWindows

from cobot_ai.core.types import ChannelNote, Missing, Problem, Still, Window
from cobot_ai.store.windows import WindowFolder

NOTE = ChannelNote('a.x', Problem.GAP, Missing.MASK, 0.25, 'mm')
PICTURE = Still(np.array([0.5, -1.0], np.float32), 'b' * 64)


def window(**more: Any) -> Window:
    rng = np.random.default_rng(1)
    values, mask = rng.normal(size=(2, 9)).astype(np.float32), rng.random((2, 9)) > 0.2
    return Window(('a.x', 'a.y'), values, mask, 10**18, 10**18 + 7, **more)


def same(one: Window | None, other: Window) -> bool:
    assert one is not None
    assert (one.values.dtype, one.mask.dtype) == (other.values.dtype, other.mask.dtype)
    stills = [(s.by, s.values.tobytes()) if s else None for s in (one.still, other.still)]
    facts = [(w.channels, w.start_ns, w.end_ns, w.notes) for w in (one, other)]
    data = [(w.values.tobytes(), w.mask.tobytes()) for w in (one, other)]
    return all(a == b for a, b in (stills, facts, data))


@pytest.fixture(params=['memory', 'folder'])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    return MemoryWindows() if request.param == 'memory' else WindowFolder(tmp_path / 'windows')


def test_a_window_comes_back_bit_for_bit(store: Any) -> None:
    for case, made in enumerate((window(), window(notes=(NOTE,), still=PICTURE)), 1):
        store.save(case, 'form', made)
        store.save(case, 'form', made)
        assert same(store.load(case, 'form'), made)


def test_a_window_of_another_form_is_none_and_is_replaced(store: Any) -> None:
    store.save(1, 'old', window())
    assert store.load(1, 'new') is None
    store.save(1, 'new', window(notes=(NOTE,)))
    assert store.load(1, 'old') is None
    assert same(store.load(1, 'new'), window(notes=(NOTE,)))


def test_what_was_forgotten_is_gone(store: Any) -> None:
    store.save(1, 'form', window())
    store.save(2, 'form', window())
    store.forget(1)
    store.forget(3)
    assert store.load(1, 'form') is None
    assert store.load(2, 'form') is not None


def test_a_damaged_file_is_none_and_is_written_again(tmp_path: Path) -> None:
    store = WindowFolder(tmp_path)
    store.save(1, 'form', window())
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    for damaged in (b'', whole[:200], whole[:-30], b'x' * len(whole)):
        file.write_bytes(damaged)
        assert store.load(1, 'form') is None
        store.save(1, 'form', window())
        assert same(store.load(1, 'form'), window())


def test_no_damaged_byte_is_more_than_a_window_that_is_gone(tmp_path: Path) -> None:
    store = WindowFolder(tmp_path)
    store.save(1, 'form', window())
    (file,) = tmp_path.iterdir()
    whole, listed = file.read_bytes(), file.read_bytes().index(b'PK\x01\x02')
    for place in range(listed, listed + 60):  # where zip says how a file was packed
        for bit in (0x01, 0x20, 0x40):
            file.write_bytes(whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1 :])
            found = store.load(1, 'form')
            assert found is None or same(found, window())


def test_a_disk_that_refuses_costs_nothing_and_a_look_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / 'full').write_text('a file where the folder should be')
    WindowFolder(tmp_path / 'full').save(1, 'form', window())
    store, look = WindowFolder(tmp_path / 'w'), WindowFolder(tmp_path / 'w', write=False)
    look.save(1, 'form', window())
    assert store.load(1, 'form') is None
    store.save(1, 'form', window())
    look.forget(1)
    assert same(look.load(1, 'form'), window())
