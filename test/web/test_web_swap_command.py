"""The command line reaches a running cell through its console, as the page does."""

import argparse
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from cobot_ai.cli import versions
from cobot_ai.cli.main import main
from cobot_ai.core.errors import CobotAiError


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
    url = f'http://127.0.0.1:{site.port}'
    assert main(['swap', 'wrench_cases', '--by', 'robot', '--url', url]) == 1
    assert 'The cell refused: reserved_name' in capsys.readouterr().err


def test_a_refusal_of_the_monitor_is_told_in_its_words(site, capsys):
    first = site.cell.model()
    site.cell.go_live(first)
    command = {'kind': 'rollback', 'model': 'f' * 64}
    args = argparse.Namespace(by='ann', url=f'http://127.0.0.1:{site.port}')
    with pytest.raises(CobotAiError, match='This version is not live any more'):
        versions.send(command, args, print)


def test_without_an_answer_it_is_sent_again_under_its_key_and_not_called_refused(site, capsys):
    site.cell.silent = True
    assert run(site, 'rollback', 'wrench_cases') == 1
    assert 'whether it was carried out is not known' in capsys.readouterr().err
    assert len(site.cell.commands) == versions.AGAIN + 1
    assert len({c['key'] for c in site.cell.commands}) == 1


@pytest.mark.parametrize('body', [b'<html>', b'[1]'])
@pytest.mark.parametrize('status', [200, 501])
def test_another_web_server_is_no_console(body, status, capsys):
    class Other(BaseHTTPRequestHandler):
        def do_POST(self):
            self.send_response(status)
            self.send_header('Content-Length', str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    with HTTPServer(('127.0.0.1', 0), Other) as server:
        Thread(target=server.handle_request, daemon=True).start()
        url = f'http://127.0.0.1:{server.server_port}'
        assert main(['rollback', 'wrench_cases', '--by', 'ann', '--url', url]) == 1
    assert 'is no console of cobot_ai' in capsys.readouterr().err
