"""What people say about a case that is over: written down, learnt from, and never motion."""

import pytest
from bench_cell import Bench
from cells import cell

from cobot_ai.core.config import parse_cell, spec_to_json
from cobot_ai.core.errors import ConfigError
from cobot_ai.store.instructions import read_instruction


def kinds(bench: Bench, case: int) -> list[str]:
    return [e.kind for e in bench.ledger.of_case(case)]


def moves(bench: Bench) -> int:
    return len([e for e in bench.ledger.since(0, 10_000) if e.kind in ('hold', 'resume')])


def test_a_cause_is_written_down_and_changes_nothing_else() -> None:
    bench = Bench()
    case = bench.teach('bad')
    before, moved = kinds(bench, case), moves(bench)
    assert bench.command('reason', case=case, reason='dirt')['ok']
    assert kinds(bench, case) == [*before, 'reason']
    assert bench.entries('reason', case)[0].body['reason'] == 'dirt'
    assert moves(bench) == moved


def test_a_step_reported_wrong_gets_the_label_that_was_right() -> None:
    bench = Bench()
    case, moved = bench.teach('good'), moves(bench)
    assert bench.command('report', case=case, what='wrong', label='bad')['ok']
    label = bench.entries('label', case)[-1].body
    assert (label['label'], label['source'], label['revision']) == ('bad', 'correction', 2)
    assert moves(bench) == moved


def test_a_step_reported_wrong_without_a_label_waits_for_somebody_who_knows() -> None:
    bench = Bench()
    case = bench.teach('good')
    assert bench.command('report', case=case, what='wrong')['ok']
    label = bench.entries('label', case)[-1].body
    assert (label['label'], label['source']) == (None, 'report')


def test_something_odd_belongs_to_no_step() -> None:
    bench = Bench()
    reply = bench.command('report', case=0, what='odd', reason='sensor')
    assert reply['ok']
    assert bench.entries('report', 0)[0].body['reason'] == 'sensor'
    assert bench.command('report', case=0, what='wrong')['status'] == 'refused'


def test_what_cannot_be_reported_is_refused_and_leaves_no_trace() -> None:
    bench = Bench()
    open_case = bench.step('good')
    for facts in (
        {'case': open_case, 'what': 'wrong', 'label': 'bad'},
        {'case': 99, 'what': 'wrong'},
        {'case': 99, 'what': 'odd'},
        {'case': open_case, 'what': 'wrong', 'label': 'nonsense'},
    ):
        before = bench.ledger.head()
        assert bench.command('report', **facts)['status'] == 'refused', facts
        assert bench.ledger.head() == before
    assert bench.command('reason', case=99, reason='dirt')['status'] == 'refused'


def test_the_same_report_sent_twice_is_one() -> None:
    bench = Bench()
    case = bench.teach('good')
    command = {'kind': 'report', 'key': 'one-tap-1', 'by': 'ana', 'tablet': 't'}
    command |= {'case': case, 'what': 'wrong'}
    first = bench.authority.command(command)
    assert bench.authority.command(command)['seq'] == first['seq']
    assert len(bench.entries('report', case)) == 1


def test_why_it_is_held_is_told_in_keys_and_figures() -> None:
    bench = Bench()
    case = bench.step('good')
    bench.command('hold', by='ana')
    assert bench.authority.state()['held_for'] == [
        {'key': 'case', 'n': case},
        {'key': 'person', 'by': 'ana'},
    ]
    assert bench.command('resume')['code'] == 'question_open'


@pytest.mark.parametrize(
    ('change', 'told'),
    [
        (
            {'text': {'en': 'one two three four five six seven eight nine ten eleven twelve x'}},
            '12',
        ),
        ({'text': {'ja': 'あ' * 91}}, 'question.text.ja'),
        ({'reasons': [{'name': str(n)} for n in range(9)]}, '8 at most'),
        ({'reasons': [{'name': 'a'}, {'name': 'a'}]}, 'twice'),
    ],
)
def test_a_question_is_read_at_a_glance(change: dict[str, object], told: str) -> None:
    doc = spec_to_json(cell())
    doc['question'] = {**doc['question'], **change}
    with pytest.raises(ConfigError, match=told):
        parse_cell(doc)


def test_the_work_instruction_is_read_beside_the_cell_file_and_nowhere_else(tmp_path) -> None:
    plant = tmp_path / 'plant'
    plant.mkdir()
    (plant / 'insert.md').write_text('press')
    (plant / 'insert.de.md').write_text('drücken')
    (tmp_path / 'secret.md').write_text('secret')
    (plant / 'link.md').symlink_to(tmp_path / 'secret.md')
    assert read_instruction(plant, 'insert.md', 'de') == 'drücken'
    assert read_instruction(plant, 'insert.md', 'ja') == 'press'
    assert read_instruction(plant, 'insert.md', '../../secret') == 'press'
    assert read_instruction(plant, 'link.md', 'en') is None
    assert read_instruction(plant, 'none.md', 'en') is None
    assert read_instruction(plant, '', 'en') is None
