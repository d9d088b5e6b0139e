"""Links lead somewhere, and nothing in the repository points at one machine."""

import re
import subprocess

import pytest
from docs_text import PAGES, ROOT, marked

LINK = re.compile(r'\[[^\]]*\]\(([^)\s]+)\)')
MADE = ('cobot_ai/_web', 'web/node_modules')
TOP = ('cobot_ai/', 'config/', 'launch/', 'web/', 'test/', 'docs/')
NAMES = [str(p.relative_to(ROOT)) for p in PAGES]


def prose(page) -> str:
    return re.sub(r'```.*?```', '', page.read_text(encoding='utf-8'), flags=re.DOTALL)


def anchors(page) -> set[str]:
    heads = re.findall(r'^#+ (.+)$', page.read_text(encoding='utf-8'), re.MULTILINE)
    return {re.sub(r'[^\w\- ]', '', h.lower()).replace(' ', '-') for h in heads}


@pytest.mark.parametrize('page', PAGES, ids=NAMES)
def test_every_relative_link_resolves(page):
    broken = []
    for link in LINK.findall(prose(page)):
        if re.match(r'https?:|mailto:', link):
            continue
        path, _, anchor = link.partition('#')
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


@pytest.mark.parametrize('page', PAGES, ids=NAMES)
def test_every_path_that_is_named_exists(page):
    named = {m for m in marked(prose(page)) if m.startswith(TOP) and ' ' not in m}
    missing = {m for m in named if not m.startswith(MADE) and not list(ROOT.glob(m))}
    assert not missing


def tracked():
    try:
        out = subprocess.run(
            ['git', 'ls-files', '-z'], cwd=ROOT, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip('not a git checkout: the list of tracked files is not known')
    return [ROOT / name for name in out.stdout.split('\0') if name]


def test_nothing_points_at_one_machine_or_one_package_server():
    homes = '|'.join(['/wo' + 'rk', '/ro' + 'ot', '/ho' + r'me/\w', '/Us' + r'ers/\w'])
    servers = '|'.join(['pypi' + r'\.org', 'pythonho' + 'sted', r'registry\.npm' + 'js'])
    pattern = re.compile(rf'(?<![\w.~}}])(?:{homes})(?![\w])|{servers}')
    found = []
    for file in tracked():
        if file.suffix in ('.png', '.ico', '.woff2') or not file.is_file():
            continue
        text = file.read_text(encoding='utf-8')
        found += [f'{file.relative_to(ROOT)}: {m[0]}' for m in pattern.finditer(text)]
    assert not found


def test_pictures_are_small():
    pictures = list((ROOT / 'docs' / 'img').iterdir())
    assert pictures
    assert {p.name: p.stat().st_size for p in pictures if p.stat().st_size > 150_000} == {}
