"""A truth.csv as people really make them."""

import pytest

from cobot_ai.app.operator import unread
from cobot_ai.core.errors import DataError
from cobot_ai.store.cellfile import load_cell
from cobot_ai.store.drop import read_answers

HEAD = 'piece,kind,label,start_ns,end_ns'
ROW = 'P1,class,normal,5,9'


@pytest.mark.parametrize(
    'text',
    [
        f'{HEAD}\n{ROW}\n',
        f'\ufeff{HEAD}\r\n{ROW}\r\n',
        f'{HEAD}\n{ROW}\n'.replace(',', ';'),
        f'{HEAD}\n{ROW}\n'.replace(',', '\t'),
        f'{HEAD}\n{ROW}\n'.replace(',', ', '),
        f'{HEAD}\n\n{ROW}\n\n',
        'end_ns,start_ns,label,kind\n9,5,normal,class',
    ],
)
def test_tables_of_any_program_are_read_alike(tmp_path, text):
    file = tmp_path / 'truth.csv'
    file.write_bytes(text.encode())
    [found] = read_answers(file)
    assert (found.kind, found.label, found.start_ns, found.end_ns) == ('class', 'normal', 5, 9)
    assert found.more == {}


@pytest.mark.parametrize(
    ('text', 'says'),
    [
        ('', 'first line'),
        (ROW, 'first line'),
        (f'{HEAD}\nP1,class,normal,5.0,9', '`5.0` is no whole number of nanoseconds'),
        (f'{HEAD}\nP1,class,normal,5', 'Line 2'),
        (f'{HEAD}\nP1,class,normal,9,5', 'Line 2'),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path, text, says):
    file = tmp_path / 'truth.csv'
    file.write_text(text)
    with pytest.raises(DataError, match=says):
        read_answers(file)


def test_kinds_that_count_for_nothing_are_named(tmp_path):
    file = tmp_path / 'truth.csv'
    file.write_text(
        f'{HEAD}\n{ROW}\n1,Class,bad,5,9\n2,cycle,3,5,9\n3,cycle,4,5,9\n4,collision,x,5,9'
    )
    assert unread(read_answers(file), load_cell('wrench_cases')) == {
        'Class': 1,
        'cycle': 2,
        'collision': 1,
    }
