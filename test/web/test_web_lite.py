"""The page without any build: same services, same rules."""

import re

import pytest

from cobot_ai.web.app import create_app
from cobot_ai.web.services import WebSettings


@pytest.fixture
def client(cell, tmp_path):
    app = create_app(cell.services(), WebSettings(tmp_path, assets=tmp_path / 'none')).app
    return app.test_client()


def form(client, label):
    page = client.get('/lite').text
    fields = dict(re.findall(r'name="(case|epoch|key)" value="([^"]*)"', page))
    return {**fields, 'label': label, 'by': 'Maria'}


def test_without_a_built_page_the_simple_one_is_shown(client):
    assert client.get('/').headers['Location'] == '/lite'


def test_a_question_is_answered_with_a_form(cell, client):
    case = cell.ask()
    page = client.get('/lite').text
    assert 'Is the peg fully seated?' in page and 'Seated' in page and 'the robot waits' in page
    done = client.post('/lite', data=form(client, 'seated')).text
    assert 'Your answer was accepted' in done
    assert cell.of_kind(case, 'answer')[0]['label'] == 'seated'
    assert 'Maria answered seated' in client.get('/lite').text


def test_the_same_form_sent_twice_is_one_answer(cell, client):
    case = cell.ask()
    fields = form(client, 'seated')
    client.post('/lite', data=fields)
    assert 'Your answer was accepted' in client.post('/lite', data=fields).text
    assert len(cell.of_kind(case, 'answer')) == 1


def test_a_conflict_and_a_late_answer_are_explained(cell, client):
    cell.ask(undo_s=60.0)
    fields = form(client, 'seated')
    client.post('/lite', data=fields)
    told = client.post('/lite', data={**fields, 'key': 'another-key', 'label': 'missing'}).text
    assert 'Maria answered seated first' in told
    case = cell.ask(deadline_s=0.0)
    cell.desk.tick()
    late = {'case': case, 'key': 'late-key', 'label': 'missing', 'by': 'Ana', 'epoch': 0}
    assert 'Time was up' in client.post('/lite', data=late).text


def test_what_the_model_thinks_is_not_on_the_page(cell, client):
    cell.ask()
    page = client.get('/lite').text
    assert '0.7' not in page and '0.18' not in page


def test_plant_texts_cannot_run(cell, client):
    evil = '<script>alert(1)</script>'
    cell.ask(text={'en': evil}, facts={'part': evil})
    page = client.get('/lite').text
    assert '<script' not in page and '&lt;script&gt;' in page


def test_an_old_state_is_unknown(cell, client):
    assert 'Checked 0 s ago' in client.get('/lite').text
    cell.frozen = True
    cell._beat -= 6
    assert 'State unknown' in client.get('/lite').text


def test_language_follows_the_browser(cell, client):
    cell.ask()
    page = client.get('/lite', headers={'Accept-Language': 'de'}).text
    assert 'Sitzt der Stift ganz im Loch?' in page and 'der Roboter wartet' in page
