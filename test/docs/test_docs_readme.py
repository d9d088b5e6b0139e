"""What the README shows works as it is shown."""

import json
import re
import shlex

import pytest
import yaml
from docs_text import PAGES, ROOT

from cobot_ai import __version__
from cobot_ai.app.judgement import Resolved
from cobot_ai.core.config import parse_cell
from cobot_ai.core.spec import Action
from cobot_ai.store.messages import check_paths

README = (ROOT / 'README.md').read_text(encoding='utf-8')
LANGUAGES = ('en', 'de', 'es', 'fr', 'pl', 'tr', 'ar', 'hi', 'ja', 'zh-Hans')


def cells() -> list[str]:
    texts = [p.read_text(encoding='utf-8') for p in PAGES]
    blocks = [b for t in texts for b in re.findall(r'```yaml\n(.*?)```', t, re.DOTALL)]
    return [b for b in blocks if b.startswith('name:')]


@pytest.mark.parametrize('text', cells())
def test_a_cell_file_that_is_shown_is_accepted(text):
    spec = parse_cell(yaml.safe_load(text))
    for stream in spec.streams:
        check_paths(stream)


def test_the_step_messages_that_are_shown_carry_the_facts_of_the_cell_that_is_shown():
    spec = parse_cell(yaml.safe_load(cells()[0]))
    lines = README.replace('\\\n', ' ').splitlines()
    begin, end = (yaml.safe_load(shlex.split(line)[-1]) for line in lines if 'topic pub' in line)
    assert (begin['name'], end['name']) == ('begin', 'end')
    facts = {pair['key'] for pair in begin['values']}
    assert facts == {*spec.step.context, *spec.step.group}


def test_the_responses_that_are_shown_are_what_the_monitor_says():
    shown = re.findall(r'^success: (true|false) +message: (.+)$', README, re.MULTILINE)
    assert len(shown) == 2
    for success, message in shown:
        facts = dict(pair.split('=') for pair in message.split())
        label = '' if facts['class'] == 'none' else facts['class']
        go = success == 'true'
        said = Resolved(int(facts['case']), facts['outcome'], label, facts['action'], go)
        assert said.text == message
        assert go == (Action(facts['action']) is Action.CONTINUE)


def test_one_version_everywhere():
    package = re.search(r'<version>(.+)</version>', (ROOT / 'package.xml').read_text())
    setup = re.search(r"^VERSION = '(.+)'", (ROOT / 'setup.py').read_text(), re.MULTILINE)
    change = re.search(r'^## (\S+)', (ROOT / 'CHANGELOG.md').read_text(), re.MULTILINE)
    page = json.loads((ROOT / 'web' / 'package.json').read_text())['version']
    assert {package[1], setup[1], change[1], page} == {__version__}


def test_all_languages_say_the_same_things():
    folder = ROOT / 'web' / 'locales'
    assert {f.stem for f in folder.glob('*.json')} == set(LANGUAGES)
    pages = [json.loads((folder / f'{name}.json').read_text('utf-8')) for name in LANGUAGES]
    lite = json.loads((ROOT / 'cobot_ai' / 'web' / 'templates' / 'texts.json').read_text('utf-8'))
    for of in (pages, [lite[name] for name in LANGUAGES]):
        assert all(set(one) == set(of[0]) for one in of)
        assert all(text.strip() for one in of for text in one.values())
