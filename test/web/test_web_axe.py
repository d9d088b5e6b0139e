"""Accessibility of every screen: axe-core, contrast 7:1, nothing cut off at the side.

The short run takes each screen once, with languages, sizes and themes in turn; the long one takes
all of them.
"""

import itertools
from pathlib import Path

import pytest
from conftest import LANDSCAPE, PORTRAIT
from screenshots import SCREENS, Dresser, opened, pages

pytestmark = [pytest.mark.browser]
AXE = Path(__file__).parents[2] / 'web' / 'node_modules' / 'axe-core' / 'axe.min.js'
LANGS = ('en', 'de', 'ar', 'ja')
SIZES = (LANDSCAPE, PORTRAIT)
THEMES = ('bright', 'dark', 'contrast')
RUN = """
() => axe.run({runOnly: {type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa',
  'wcag22a', 'wcag22aa', 'best-practice']}}).then(r => r.violations.map(v =>
    `${v.id}: ${v.nodes.slice(0, 3).map(n => n.target + ' ' + n.failureSummary).join(' | ')}`))
"""
FAINT = """
() => {
  const parse = text => text.match(/[\\d.]+/g).map(Number);
  const f = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b);
  const ground = e => {
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c.length < 4 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  const found = [];
  const top = document.querySelector('.screen, .andon, .kpis') || document.createElement('p');
  const walk = document.createTreeWalker(top, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    const text = walk.currentNode.textContent.trim();
    if (!text || !e.checkVisibility({visibilityProperty: true})) continue;
    const style = getComputedStyle(e);
    const ink = parse(e.closest('svg') ? style.fill : style.color);
    const [a, b] = [light(ink), light(ground(e))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 7) found.push(`${text}: ${ink} on ${ground(e)}`);
  }
  return found;
}
"""
CUT = """
() => [...document.querySelectorAll(
  '.screen .tap, .screen h1, .wall :not(svg, svg *), .engineer nav a, .engineer h1'
)].filter(e => e.checkVisibility()
  && (e.scrollWidth > e.clientWidth + 2 || e.getBoundingClientRect().right > innerWidth + 1
      || e.getBoundingClientRect().left < -1)).map(e => e.textContent)
"""


def check(browser, lang, size, theme, screens=None):
    if not AXE.exists():
        pytest.skip('NO AXE: run `python web/build.py --force` first')
    problems = {}
    for name, _, page in pages(browser, lang, size, theme, screens):
        if found := violations(page):
            problems[name, lang, size['width'], theme] = found
    assert problems == {}


def violations(page):
    if not page.evaluate('typeof axe === "object"'):
        page.evaluate(AXE.read_text())
    return [*page.evaluate(RUN), *page.evaluate(FAINT), *page.evaluate(CUT)]


TURNS = list(itertools.product(LANGS, SIZES, THEMES))


ALIKE = frozenset(
    ('given', 'instruction', 'more_signals', 'wrong', 'odd', 'andon', 'andon_held', 'proposal',
     'connections', 'pair', 'lite')
)  # fmt: skip
"""Screens made of parts that others show as well: left to the long run."""
BRIEFLY = [name for name in SCREENS if name not in ALIKE]


@pytest.mark.timeout(60)
@pytest.mark.parametrize('name', BRIEFLY)
def test_a_screen_has_no_violation(browser, name):
    number = list(SCREENS).index(name)
    lang, size, theme = TURNS[number * 7 % len(TURNS)]
    check(browser, lang, size, theme, [name])


BRIEF = frozenset({'expired', 'teach', 'queue', 'given'})
"""Screens that end by themselves: set up anew for every dress."""


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize('name', SCREENS)
def test_no_screen_has_a_violation_in_any_dress(browser, name):
    if name in BRIEF:
        for lang, size, theme in TURNS:
            check(browser, lang, size, theme, [name])
        return
    problems = {}
    with opened(browser, name, 'en', LANDSCAPE, 'bright', deadline_s=3000.0) as (_, page):
        dresser = Dresser(page, name)
        for lang, size, theme in TURNS:
            dresser.dress(lang, theme)
            page.set_viewport_size(size)
            if found := violations(page):
                problems[lang, size['width'], theme] = found
    assert problems == {}


@pytest.mark.timeout(60)
def test_a_planted_violation_is_found(browser):
    for _, _, page in pages(browser, 'en', LANDSCAPE, 'bright', ['idle']):
        page.evaluate(AXE.read_text())
        assert page.evaluate(RUN) == [] == page.evaluate(FAINT)
        page.evaluate("document.querySelector('#menu').removeAttribute('aria-label')")
        page.evaluate("document.querySelector('h1').style.color = '#777'")
        assert page.evaluate(RUN) and page.evaluate(FAINT)


@pytest.mark.parametrize(('lang', 'path'), [('en', '/lite'), ('ar', '/login'), ('ja', '/lite')])
def test_pages_without_a_build_have_no_violation(browser, cell, serve, tmp_path, lang, path):
    site = serve(login_required=path == '/login')
    cell.ask()
    page = browser.new_page(locale=lang)
    page.goto(f'{site.url}{path}?lang={lang}')
    page.evaluate(AXE.read_text())
    assert page.evaluate(RUN) == []
    page.close()
