"""What the demo says to people."""

import webbrowser

import pytest

from cobot_ai.cli.demo import open_page

URL = 'http://127.0.0.1:8080'


@pytest.mark.parametrize(('opened', 'said'), [(True, 0), (False, 1)])
def test_without_a_browser_the_demo_says_which_address_to_open(monkeypatch, opened, said):
    heard = []
    monkeypatch.setattr(webbrowser, 'open', lambda url: opened)
    open_page(URL, heard.append)
    assert len(heard) == said
    assert all(URL in line for line in heard)
