"""Second opinions through the whole authority: why a case waits, who may judge, taking back."""

from __future__ import annotations

from dataclasses import replace

from bench_cell import Bench
from cells import cell, question, resolve

from cobot_ai.app.follow import Follower
from cobot_ai.app.review import KINDS, Reviews
from cobot_ai.app.second_look import opinions_of, rows
from cobot_ai.app.teach import Dataset
from cobot_ai.store.messages import RosbagsDecoder

AUDITING = replace(cell().risk, audit_first=1.0, audit_last=1.0)
ALONE = replace(cell().risk, audit_first=0.0, audit_last=0.0)


def taught(**changes: object) -> Bench:
    bench = Bench(cell(**changes))
    bench.lessons()
    return bench


def answered(bench: Bench, label: str, by: str = 'ann') -> int:
    case = bench.step('good')
    assert bench.tap(case, label, by=by)['ok']
    bench.wait(5.1)
    return case


def why(bench: Bench, case: int) -> str | None:
    found = bench.authority.memory.reviews.why(case)
    return found['why'] if found else None


def look(bench: Bench, case: int, label: str, by: str = 'eva') -> dict[str, object]:
    return bench.command('review', case=case, label=label, by=by)


def test_every_reason_lists_its_case_and_a_plain_answer_lists_nothing() -> None:
    bench = taught(risk=ALONE)
    acted = bench.step('good')
    assert bench.entries('decision', acted)[0].body['verdict'] == 'act'
    plain = Bench()
    case = answered(plain, 'good')
    assert (why(bench, acted), why(plain, case)) == (None, None)
    assert bench.command('report', case=acted, what='wrong', label='bad', by='ann')['ok']
    assert why(bench, acted) == 'sure'
    assert plain.command('correct', case=case, label='bad', by='ann')['ok']
    assert why(plain, case) == 'corrected'
    assert why(plain, answered(plain, 'not_sure')) == 'unsure'
    torn = answered(plain, 'good')
    plain.tap(torn, 'bad', by='bob', tablet='other')
    assert why(plain, torn) == 'conflict'
    audits = taught(risk=AUDITING)
    assert why(audits, answered(audits, 'good')) == 'second'
    assert why(audits, answered(audits, 'bad')) == 'audit'


def test_what_only_engineers_look_at_is_offered_to_no_worker() -> None:
    bench = taught(risk=AUDITING)
    case = answered(bench, 'good')
    bench.wait(7200.0)
    assert bench.entries('review') == []
    assert bench.authority.state()['waiting'] == 0
    assert case in bench.authority.memory.reviews.second


def test_who_labelled_a_case_cannot_give_the_second_opinion() -> None:
    bench = Bench()
    case = answered(bench, 'good', by='Ann')
    bench.command('correct', case=case, label='bad', by='Bob')
    before = bench.ledger.head()
    for name in ('Ann', ' ann', 'BOB'):
        reply = look(bench, case, 'good', by=name)
        assert (reply['ok'], reply['code']) == (False, 'own_label'), name
    assert bench.ledger.head() == before
    assert look(bench, case, 'good', by='Eva')['ok']
    assert bench.ledger.labels()[case].body['label'] == 'good'
    assert opinions_of(bench.ledger.of_case(case)) == {'ann', 'bob', 'eva'}


def test_a_worker_who_may_not_judge_an_offer_does_not_block_the_others() -> None:
    bench = Bench()
    torn = [answered(bench, 'good') for _ in range(2)]
    for case in torn:
        bench.tap(case, 'bad', by='bob' if case == torn[0] else 'eva', tablet='other')
    bench.wait(3700.0)
    assert bench.authority.state()['review'] == torn[0]
    assert look(bench, torn[0], 'good', by='bob')['code'] == 'own_label'
    bench.wait(120.0)
    assert bench.authority.state()['review'] == torn[1]
    assert look(bench, torn[1], 'bad', by='bob')['ok']


def test_a_second_person_who_differs_on_an_audit_makes_it_a_conflict() -> None:
    bench = taught(risk=AUDITING)
    case = answered(bench, 'good')
    assert look(bench, case, 'bad')['ok']
    assert bench.ledger.labels()[case].body['label'] is None
    assert (bench.ledger.labels()[case].body['said'], why(bench, case)) == ('bad', 'conflict')
    assert look(bench, case, 'good', by='third')['ok']
    assert (bench.ledger.labels()[case].body['label'], why(bench, case)) == ('good', None)


def test_a_look_is_taken_back_by_whoever_gave_it_and_by_nobody_else() -> None:
    bench = Bench()
    case = answered(bench, 'good')
    bench.command('correct', case=case, label='bad', by='ann')
    assert look(bench, case, 'good')['ok']
    assert why(bench, case) is None
    assert bench.command('unreview', case=case, by='bob')['code'] == 'no_look'
    assert bench.command('unreview', case=case, by='eva')['ok']
    label = bench.ledger.labels()[case].body
    assert (label['label'], label['by'], label['source']) == ('bad', 'ann', 'correction')
    assert (label['undone'], label['revision'], why(bench, case)) == ('eva', 4, 'corrected')
    assert bench.command('unreview', case=case, by='eva')['code'] == 'no_look'
    assert look(bench, case, 'bad')['ok'], 'and it can be given anew'


def test_not_sure_and_a_first_label_are_taken_back_too() -> None:
    bench = Bench()
    unsure = answered(bench, 'not_sure')
    assert look(bench, unsure, 'not_sure')['ok']
    assert why(bench, unsure) is None
    assert bench.command('unreview', case=unsure, by='eva')['ok']
    assert why(bench, unsure) == 'unsure'
    assert look(bench, unsure, 'bad')['ok']
    assert bench.command('unreview', case=unsure, by='eva')['ok']
    assert (bench.ledger.labels()[unsure].body['label'], why(bench, unsure)) == (None, 'unsure')


def test_a_repeated_key_gets_the_same_reply_and_one_entry() -> None:
    bench = Bench(cell(question=question()))
    case = answered(bench, 'not_sure')
    command = {'kind': 'review', 'key': 'k' * 8, 'by': 'eva', 'tablet': 't', 'case': case}
    first = bench.authority.command({**command, 'label': 'bad'})
    head = bench.ledger.head()
    assert bench.authority.command({**command, 'label': 'good'}) == first
    assert bench.ledger.head() == head


def test_a_confirmed_correction_stays_golden_and_an_overruled_one_does_not() -> None:
    bench = Bench()
    cases = [answered(bench, 'good') for _ in range(2)]
    for case in cases:
        bench.command('correct', case=case, label='bad', by='ann')
    look(bench, cases[0], 'bad')
    look(bench, cases[1], 'good')
    dataset = Dataset(bench.ledger, bench.clips, bench.spec, RosbagsDecoder(), resolve)
    dataset.refresh()
    assert cases[0] in dataset.golden
    assert cases[1] not in dataset.golden


def test_a_case_the_model_acted_on_keeps_its_evidence_for_the_second_person() -> None:
    bench = taught(risk=ALONE)
    case = bench.step('good')
    assert bench.ledger.evidence(case) is None
    bench.command('report', case=case, what='wrong', label='bad', by='ann')
    assert bench.ledger.evidence(case) is not None


def test_the_list_of_a_restart_and_of_the_console_are_the_same_and_tell_no_opinion() -> None:
    bench = Bench()
    case = answered(bench, 'good', by='Ann')
    bench.command('correct', case=case, label='bad', by='Ann')
    answered(bench, 'not_sure')
    fold = Reviews()
    follower = Follower(bench.ledger, KINDS, 20_000, fold.take)
    follower.catch_up()
    look(bench, case, 'good')
    bench.command('unreview', case=case, by='eva')
    follower.catch_up()
    again = Bench(bench.spec, bench.ledger, bench.registry, bench.clips)
    assert fold.listed() == again.authority.memory.reviews.listed() == [1, 2]
    (row, _) = rows(bench.ledger, fold, 5)
    assert (row['why'], row['by']) == ('corrected', ['ann'])
    assert set(row) == {'case', 'why', 't_ns', 'context', 'facts', 'by'}
