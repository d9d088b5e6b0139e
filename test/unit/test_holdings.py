"""What there is to learn from: slices, growth, what is missing, recordings."""

from __future__ import annotations

from datetime import timezone
from typing import Any

import pytest
from cells import cell
from fakes import MemoryLedger

from cobot_ai.app.holdings import Holdings, document
from cobot_ai.app.ports import Draft
from cobot_ai.core.types import Json

DAY_NS = 86_400 * 10**9
MONDAY_NS = 1_770_000_000 * 10**9 // DAY_NS * DAY_NS
INSERT = 'operation=insert'


class Book:
    """A ledger that is written by hand."""

    def __init__(self) -> None:
        self.ledger = MemoryLedger()
        self.holdings = Holdings(self.ledger)

    def decided(self, t_ns: int = MONDAY_NS, lost: str = '', context: str = INSERT) -> int:
        case = self.ledger.next_case()
        note = {'channel': lost, 'problem': 'gap', 'action': 'mask', 'share': 1.0}
        body = {'context': context, 'notes': [note] if lost else []}
        self.ledger.commit([Draft('decision', body, case)], t_ns)
        return case

    def label(self, case: int, label: str | None, t_ns: int = MONDAY_NS, **more: Any) -> None:
        body = {'label': label, 'by': 'ann', 'source': 'answer', 'context': INSERT, 'revision': 1}
        self.ledger.commit([Draft('label', {**body, **more}, case)], t_ns)

    def imported(self, name: str, ok: bool = True, **why: Any) -> int:
        case = self.ledger.next_case() if ok else 0
        body = {'name': name, 'recording': name if ok else '', 'ok': ok, 'by': 'nils', **why}
        place = {'context': INSERT, 'start_ns': MONDAY_NS}
        self.ledger.commit([Draft('import', {**body, **place}, case)], MONDAY_NS)
        return case

    def doc(self) -> Json:
        self.holdings.refresh()
        roles = {'ann': 'operator', 'eva': 'engineer'}
        return document(self.holdings, cell(), timezone.utc, None, lambda name: roles.get(name, ''))

    def rows(self, of: str) -> dict[str, Json]:
        (found,) = [s['rows'] for s in self.doc()['slices'] if s['of'] == of]
        return {row['name']: row for row in found}


@pytest.fixture
def book() -> Book:
    return Book()


def test_a_label_is_counted_in_every_slice_and_opens_its_case(book: Book) -> None:
    case = book.decided(MONDAY_NS + 9 * 3600 * 10**9, lost='wrench.fz')
    book.label(case, 'good')
    doc = book.doc()
    assert (doc['labels'], doc['decided'], doc['live']) == (1, 1, None)
    for of, name in (
        ('context', INSERT),
        ('shift', '08:00'),
        ('sensors', 'wrench.fz'),
        ('source', 'operator'),
        ('role', 'operator'),
    ):
        (row,) = [r for s in doc['slices'] if s['of'] == of for r in s['rows']]
        assert (row['name'], row['n'], row['taught']) == (name, 1, 0), of
        assert row['classes'] == [{'label': 'good', 'n': 1, 'cases': [case]}]


def test_where_a_label_comes_from_is_told_apart(book: Book) -> None:
    audit = {'audit': {'guess': 'good', 'confidence': 0.9}}
    for more in ({}, {'source': 'late'}, audit, {'source': 'correction'}, {'source': 'report'}):
        book.label(book.decided(), 'good', **more)
    book.label(book.decided(), 'bad', source='review', by='eva')
    book.label(book.imported('x.good.mcap'), 'good', source='import', by='nils')
    found = {name: row['n'] for name, row in book.rows('source').items()}
    assert found == {'operator': 2, 'audit': 1, 'correction': 2, 'review': 1, 'import': 1}
    who = {name: row['n'] for name, row in book.rows('role').items()}
    assert who == {'operator': 5, 'engineer': 1, 'import': 1}, 'groups, no names'
    assert 'ann' not in str(book.doc()) and 'nils' not in str(book.doc())


def test_a_later_label_replaces_the_earlier_and_a_withdrawn_one_is_listed(book: Book) -> None:
    first, second = book.decided(), book.decided()
    book.label(first, 'good')
    book.label(second, 'good')
    assert book.doc()['labels'] == 2
    book.label(first, 'bad', revision=2)
    book.label(second, None, revision=2)
    doc = book.doc()
    assert (doc['labels'], doc['withdrawn']) == (1, [second])
    assert [c['label'] for c in book.rows('context')[INSERT]['classes']] == ['bad']
    book.label(second, 'good', revision=3)
    assert (book.doc()['labels'], book.doc()['withdrawn']) == (2, [])


def test_growth_is_counted_by_week(book: Book) -> None:
    for week, n in enumerate((3, 1, 2)):
        for _ in range(n):
            book.label(book.decided(), 'good', MONDAY_NS + 7 * week * DAY_NS)
    assert [row['n'] for row in book.rows('week').values()] == [3, 1, 2]


def test_every_context_says_what_it_lacks(book: Book) -> None:
    book.label(book.decided(), 'good')
    book.decided(context='operation=press')
    rows = {row['context']: row for row in book.doc()['contexts']}
    assert (rows[INSERT]['cases'], rows[INSERT]['labels']) == (1, 1)
    assert rows['operation=press']['labels'] == 0
    assert rows[INSERT]['needed'] == cell().risk.min_answers
    assert (rows[INSERT]['missing'], rows[INSERT]['taught']) == (None, None), 'no model yet'


def test_recordings_have_their_cases_or_the_key_of_why_not(book: Book) -> None:
    cases = [book.imported('x.good.mcap') for _ in range(2)]
    book.imported('y.mcap', ok=False, code='no_label', params={'names': 'good, bad'})
    taken, refused = sorted(book.doc()['recordings'], key=lambda r: not r['ok'])
    assert (taken['n'], taken['cases']) == (2, cases)
    assert (refused['code'], refused['params']) == ('no_label', {'names': 'good, bad'})


def test_a_restart_comes_to_the_same_figures(book: Book) -> None:
    for n in range(5):
        book.label(book.decided(lost='a' if n % 2 else ''), 'good')
    book.imported('x.good.mcap')
    before = book.doc()
    book.holdings = Holdings(book.ledger)
    assert book.doc() == before
