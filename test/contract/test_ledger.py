"""What every ledger promises: the real one and the one in memory."""

import fakes
import pytest

from cobot_ai.app.ports import Draft
from cobot_ai.core.errors import ConflictError, StoreError
from cobot_ai.store.ledger import open_ledger


@pytest.fixture(params=['memory', 'file'])
def ledger(request, tmp_path):
    if request.param == 'memory':
        yield fakes.MemoryLedger()
        return
    ledger = open_ledger(tmp_path / 'ledger.db')
    yield ledger
    ledger.close()


def test_starts_empty(ledger):
    assert ledger.head() == 0
    assert ledger.since(0) == []
    assert ledger.open_cases() == []
    assert ledger.labels() == {}
    assert ledger.by_key('x') is None
    assert ledger.evidence(1) is None
    assert ledger.ledger_id


def test_entries_are_numbered_without_gaps_and_read_back_as_written(ledger):
    body = {'text': 'Bolzen ü\u0000"', 'n': [1, 2.5, None, True], 'deep': {'a': {}}}
    first = ledger.commit([Draft('decision', body, case=7), Draft('fault', {})], t_ns=123)
    second = ledger.commit([Draft('start', {'big': 2**62})], t_ns=124)
    assert [e.seq for e in first + second] == [1, 2, 3]
    assert ledger.since(0) == first + second
    assert first[0].body == body
    assert (first[0].kind, first[0].case, first[0].t_ns, first[1].case) == ('decision', 7, 123, 0)
    assert ledger.head() == 3
    assert ledger.commit([], 1) == []


def test_since_pages_in_order(ledger):
    for i in range(12):
        ledger.commit([Draft('decision', {'i': i}, case=i + 1)], t_ns=i)
    assert [e.seq for e in ledger.since(0, limit=5)] == [1, 2, 3, 4, 5]
    assert [e.body['i'] for e in ledger.since(5, limit=5)] == [5, 6, 7, 8, 9]
    assert [e.seq for e in ledger.since(10)] == [11, 12]
    assert ledger.since(12) == []


def test_entries_of_a_case_and_the_newest_of_a_kind(ledger):
    for i in range(1, 4):
        ledger.commit([Draft('decision', {'i': i}, case=i), Draft('ask', {}, case=i)], t_ns=i)
    assert [(e.kind, e.case) for e in ledger.of_case(2)] == [('decision', 2), ('ask', 2)]
    assert [e.body['i'] for e in ledger.last('decision')] == [3]
    assert [e.body['i'] for e in ledger.last('decision', 2)] == [3, 2]
    assert ledger.last('promote') == []


def test_open_cases_are_asked_and_not_resolved(ledger):
    for case in (1, 2, 3):
        ledger.commit([Draft('ask', {}, case=case)], t_ns=1)
    ledger.commit([Draft('resolution', {'outcome': 'answered'}, case=2)], t_ns=2)
    ledger.commit([Draft('decision', {}, case=4)], t_ns=3)
    assert ledger.open_cases() == [1, 3]


def test_the_newest_label_of_a_case_counts(ledger):
    for case, label in ((1, 'ok'), (2, 'jam'), (1, 'slip')):
        ledger.commit([Draft('label', {'label': label}, case=case)], t_ns=1)
    assert {case: e.body['label'] for case, e in ledger.labels().items()} == {1: 'slip', 2: 'jam'}


def test_one_resolution_per_case_and_the_whole_commit_is_refused(ledger):
    ledger.commit([Draft('resolution', {'label': 'ok'}, case=5)], t_ns=1)
    with pytest.raises(ConflictError):
        ledger.commit(
            [Draft('answer', {}, case=5), Draft('resolution', {'label': 'jam'}, case=5)], t_ns=2
        )
    assert [e.kind for e in ledger.since(0)] == ['resolution']
    ledger.commit([Draft('resolution', {}, case=6), Draft('answer', {}, case=5)], t_ns=3)
    assert ledger.head() == 3


def test_a_key_is_used_once_and_finds_its_entry(ledger):
    (entry,) = ledger.commit([Draft('answer', {'label': 'ok'}, case=5, key='tap-1')], t_ns=1)
    assert ledger.by_key('tap-1') == entry
    with pytest.raises(ConflictError):
        ledger.commit([Draft('fault', {}), Draft('answer', {}, case=5, key='tap-1')], t_ns=2)
    assert ledger.head() == 1
    ledger.commit([Draft('fault', {}), Draft('fault', {})], t_ns=3)
    assert ledger.by_key('') is None


def test_evidence_is_stored_with_its_ask(ledger):
    document = {'channels': [{'name': 'fx', 'value': [1.0, None]}]}
    ledger.commit([Draft('ask', {'why': 'no_model'}, case=3)], 1, {3: document})
    assert ledger.evidence(3) == document
    assert ledger.has_evidence(3)
    assert not ledger.has_evidence(4)
    assert ledger.of_case(3)[0].body['why'] == 'no_model'


def test_case_numbers_are_never_given_twice(ledger):
    assert [ledger.next_case() for _ in range(3)] == [1, 2, 3]
    ledger.commit([Draft('decision', {}, case=3)], t_ns=1)
    assert ledger.next_case() == 4


@pytest.mark.parametrize('value', [float('nan'), float('inf'), b'x', {1, 2}])
def test_what_is_no_json_is_refused(ledger, value):
    with pytest.raises((StoreError, ValueError, TypeError)):
        ledger.commit([Draft('decision', {'x': value}, case=1)], t_ns=1)
    assert ledger.head() == 0
