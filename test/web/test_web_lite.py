"""The page without any build: same services, same rules."""

import re

import pytest

from cobot_ai.web.app import create_app
from cobot_ai.web.lite import LANGUAGES, texts
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
    assert 'Maria answered Seated' in client.get('/lite').text


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
    assert '<script>' not in page and '&lt;script&gt;' in page


def test_an_old_state_is_unknown(cell, client):
    assert 'Checked 0 s ago' in client.get('/lite').text
    cell.frozen = True
    cell._beat -= 6
    assert 'State unknown' in client.get('/lite').text


def test_language_follows_the_browser(cell, client):
    cell.ask()
    page = client.get('/lite', headers={'Accept-Language': 'de'}).text
    assert 'Sitzt der Stift ganz im Loch?' in page and 'der Roboter wartet' in page


@pytest.mark.parametrize('lang', [*LANGUAGES])
def test_every_language_is_a_tap_away_on_every_page_without_a_build(cell, client, lang):
    cell.ask()
    page = client.get(f'/lite?lang={lang}').text
    direction = 'rtl' if lang == 'ar' else 'ltr'
    assert f'<html lang="{lang}" dir="{direction}"' in page
    assert f'lang="{lang}"' in client.get('/lite').text, 'it is remembered'
    assert texts(lang)['not_sure'] in page
    assert set(texts(lang)) == set(texts('en'))


def test_the_login_speaks_the_readers_language(cell, tmp_path):
    client = create_app(
        cell.services(), WebSettings(tmp_path, login_required=True)
    ).app.test_client()
    page = client.get('/login', headers={'Accept-Language': 'zh-CN,zh;q=0.9'}).text
    assert '谁在使用平板' in page
    wrong = client.post('/login?lang=pl', data={'name': 'Ola', 'pin': '0'}).text
    assert 'Błędny PIN lub hasło.' in wrong


def test_an_answer_is_taken_back_with_a_form(cell, client):
    case = cell.ask(undo_s=60.0)
    client.post('/lite', data=form(client, 'seated'))
    page = client.get('/lite').text
    fields = dict(re.findall(r'name="(case|epoch|key|by)" value="([^"]*)"', page))
    assert 'taken back' in client.post('/lite', data={**fields, 'undo': '1'}).text
    assert len(cell.of_kind(case, 'undo')) == 1
    assert cell.settled == []


def test_forms_have_a_budget_per_device(cell, tmp_path):
    settings = WebSettings(tmp_path, assets=tmp_path / 'none', rate_hz=0.001, burst=3)
    client = create_app(cell.services(), settings).app.test_client()
    cell.ask()
    codes = [client.post('/lite', data=form(client, 'seated')).status_code for _ in range(5)]
    assert codes == [200, 200, 200, 429, 429]
    other = {'environ_base': {'REMOTE_ADDR': '10.0.0.9'}}
    assert client.post('/lite', data={}, **other).status_code != 429, 'nobody else pays for it'


def test_without_a_name_it_says_what_is_missing(cell, client):
    case = cell.ask()
    told = client.post('/lite', data={**form(client, 'seated'), 'by': ' '}).text
    assert 'Please enter your name' in told and cell.of_kind(case, 'answer') == []
