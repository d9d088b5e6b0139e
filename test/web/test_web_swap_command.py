"""The command line reaches a running cell through its console, as the page does."""

import pytest

from cobot_ai.cli.main import main


def run(site, *args):
    return main([*args, '--by', 'ann', '--url', f'http://127.0.0.1:{site.port}'])


def test_rollback_swap_and_cancel_are_the_pages_commands(site, capsys):
    site.cell.go_live(site.cell.model())
    site.cell.go_live(site.cell.model(seed=1))
    assert run(site, 'rollback', 'wrench_cases') == 0
    assert run(site, 'swap', 'wrench_cases', '--at', '14:00') == 0
    assert run(site, 'swap', 'wrench_cases', '--cancel') == 0
    assert 'done, ledger entry' in capsys.readouterr().out
    sent = [{k: c.get(k) for k in ('kind', 'at', 'by', 'tablet')} for c in site.cell.commands]
    assert sent == [
        {'kind': 'rollback', 'at': None, 'by': 'ann', 'tablet': 'cli'},
        {'kind': 'schedule', 'at': '14:00', 'by': 'ann', 'tablet': 'cli'},
        {'kind': 'unschedule', 'at': None, 'by': 'ann', 'tablet': 'cli'},
    ]


@pytest.mark.parametrize(
    ('args', 'says'),
    [
        (['rollback', 'wrench_cases', '--url', 'http://127.0.0.1:1'], 'No console answers'),
        (['rollback', 'wrench_cases', '--url', 'file:///etc/passwd'], 'must begin with http'),
        (['swap', 'wrench_cases', '--at', 'now'], 'give --model'),
        (['rollback', 'no_such_cell'], 'no cell file'),
    ],
)
def test_what_cannot_be_done_is_one_sentence(args, says, capsys):
    assert main([*args, '--by', 'ann']) == 1
    assert says in capsys.readouterr().err


def test_a_refusal_of_the_cell_is_told(site, capsys):
    site.cell.silent = True
    assert run(site, 'swap', 'wrench_cases', '--at', 'break') == 1
    assert 'The cell refused: no_reply' in capsys.readouterr().err
