"""What every store of features promises, and what the fitter makes of it."""

import model_cases
import numpy as np
import pytest

from cobot_ai.core.spec import ModelSpec
from cobot_ai.model import cache
from cobot_ai.model.fitter import OnnxFitter
from cobot_ai.store.features import FeatureFolder


class Memory:
    """Features in memory."""

    def __init__(self):
        self.rows = {}

    def load(self, bank, keys):
        return {k: self.rows[bank, k] for k in keys if (bank, k) in self.rows}

    def save(self, bank, rows):
        self.rows |= {(bank, k): row for k, row in rows.items()}

    def keep(self, cases):
        wanted = {c.to_bytes(8, 'big') for c in cases}
        self.rows = {k: r for k, r in self.rows.items() if k[1][:8] in wanted}


@pytest.fixture(params=['memory', 'folder'])
def store(request, tmp_path):
    return Memory() if request.param == 'memory' else FeatureFolder(tmp_path / 'features')


def key(case, rest=b''):
    return case.to_bytes(8, 'big') + rest.ljust(24, b'x')


def test_what_was_saved_is_found_by_bank_and_key(store):
    store.save('a', {key(1): b'one', key(2): b'two'})
    store.save('b', {key(1): b'other'})
    assert store.load('a', [key(1), key(2), key(3)]) == {key(1): b'one', key(2): b'two'}
    assert store.load('b', [key(1), key(2)]) == {key(1): b'other'}
    assert store.load('c', [key(1)]) == {}


def test_forgotten_cases_leave_the_store(store):
    for bank in ('a', 'b'):
        store.save(bank, {key(1): b'one', key(2): b'two', key(2, b'y'): b'again'})
    store.keep([1])
    for bank in ('a', 'b'):
        assert store.load(bank, [key(1), key(2), key(2, b'y')]) == {key(1): b'one'}


def test_a_second_fit_computes_nothing_and_gives_the_same_bytes(store, monkeypatch):
    cases, spec = model_cases.cases(40), ModelSpec()
    plain = OnnxFitter().fit(cases, spec)
    first = OnnxFitter(features=store).fit(cases, spec)
    computed = []
    real = cache.compute
    monkeypatch.setattr(cache, 'compute', lambda b, t: computed.append(t.ids) or real(b, t))
    again = OnnxFitter(features=store).fit(cases, spec)
    assert computed == []
    assert plain.blob == first.blob == again.blob
    OnnxFitter(features=store).update(again, model_cases.cases(41), spec)
    OnnxFitter(features=store).update(again, cases, spec)
    assert computed == [(41,)]


def test_the_same_number_with_another_window_is_another_row(store):
    cases, spec = model_cases.cases(40), ModelSpec()
    other = model_cases.cases(40, seed=1)
    OnnxFitter(features=store).fit(cases, spec)
    assert OnnxFitter(features=store).fit(other, spec).blob == OnnxFitter().fit(other, spec).blob


def test_rows_survive_a_restart_and_a_torn_end_is_cut_off(tmp_path):
    store = FeatureFolder(tmp_path)
    rows = {key(i): bytes([i]) * 50 for i in range(9)}
    store.save('a', rows)
    file = tmp_path / 'a.rows'
    whole = file.read_bytes()
    assert FeatureFolder(tmp_path).load('a', rows) == rows
    for cut in (1, 49, 60, 91, len(whole) - 1):
        file.write_bytes(whole[:-cut])
        left = FeatureFolder(tmp_path)
        found = left.load('a', rows)
        assert found == {k: rows[k] for k in found}
        assert len(found) == (len(whole) - cut) // 90
        left.save('a', rows)
        assert FeatureFolder(tmp_path).load('a', rows) == rows


def test_a_damaged_row_is_not_believed(tmp_path):
    store = FeatureFolder(tmp_path)
    store.save('a', {key(1): b'one' * 20, key(2): b'two' * 20})
    data = bytearray((tmp_path / 'a.rows').read_bytes())
    data[130] ^= 1
    (tmp_path / 'a.rows').write_bytes(data)
    assert set(FeatureFolder(tmp_path).load('a', [key(1), key(2)])) == {key(1)}


def test_a_disk_that_refuses_costs_only_time(tmp_path):
    (tmp_path / 'file').write_text('in the way')
    store = FeatureFolder(tmp_path / 'file' / 'features')
    store.save('a', {key(1): b'one'})
    assert store.load('a', [key(1)]) == {key(1): b'one'}
    assert np.array_equal(
        OnnxFitter(features=store).fit(model_cases.cases(20), ModelSpec()).scores,
        OnnxFitter().fit(model_cases.cases(20), ModelSpec()).scores,
    )


def test_only_the_newest_banks_are_kept(tmp_path):
    store = FeatureFolder(tmp_path)
    for bank in 'abcd':
        store.save(bank, {key(1): b'row'})
    assert len(list(tmp_path.glob('*.rows'))) == 2
    assert store.load('d', [key(1)])
