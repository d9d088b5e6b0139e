"""Pictures of every screen, to look at: `python test/web/screenshots.py [FOLDER]`.

By default in four languages and both ways to hold a tablet, into `artifacts/screenshots`.
"""

from __future__ import annotations

import argparse
import io
import itertools
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

sys.path.append(str(Path(__file__).resolve().parents[1]))
from conftest import CHROMIUM, CHROMIUM_FLAGS, LANDSCAPE, LOW, PORTRAIT, serving
from other_screens import OTHERS, PLAIN, RECORDED, record, unsettled
from PIL import Image, ImageDraw
from playwright.sync_api import Error, sync_playwright
from web_data import CLASSES, QUESTION, an_evidence
from web_fakes import FakeCell

from cobot_ai.core.spec import Action, ClassSpec

SIZES = {'landscape': LANDSCAPE, 'portrait': PORTRAIT, 'low': LOW}
FOUR = (
    *CLASSES,
    ClassSpec(
        'scratched',
        Action.REJECT,
        text={'en': 'Scratched surface', 'de': 'Oberfläche zerkratzt', 'ja': '表面に傷',
              'ar': 'سطح مخدوش', 'zh-Hans': '表面划伤', 'fr': 'Surface rayée'},
    ),
)  # fmt: skip
INSTRUCTION = """# Insert the peg
1. Take a peg from tray **A**; look for burrs.
2. Press until it clicks.
3. The collar must touch the plate all around.

| gap | do |
|---|---|
| none | good |
| up to 0.5 mm | press again |
"""


def still() -> bytes:
    """A picture of a part, drawn: what a camera above the fixture would see."""
    noise = np.random.default_rng(3).normal(150, 6, (360, 480, 1)).clip(0, 255).astype(np.uint8)
    image = Image.fromarray(np.repeat(noise, 3, axis=2))
    draw = ImageDraw.Draw(image)
    draw.rectangle((120, 140, 360, 300), fill=(96, 104, 112))
    draw.ellipse((200, 170, 280, 250), fill=(40, 44, 48))
    draw.polygon([(215, 60), (275, 70), (262, 230), (218, 225)], fill=(196, 160, 90))
    file = io.BytesIO()
    image.save(file, 'PNG')
    return file.getvalue()


def history(cell: FakeCell) -> None:
    """Two earlier cases of the context: one good, one bad."""
    for seed, label in ((1, 'seated'), (2, 'misaligned')):
        case = cell.ask(undo_s=0.0, evidence=an_evidence(seed=seed, odd=label != 'seated'))
        who = {'case': case, 'by': 'Maria', 'tablet': 'tablet-Maria', 'epoch': 0}
        cell.submit({'kind': 'answer', 'key': f'past-{seed:04d}', 'label': label, **who}, 1)
        with cell.lock:
            cell.desk.tick()


def question(cell: FakeCell, **more: Any) -> int:
    case = cell.ask(classes=FOUR, evidence=an_evidence(still='camera'), sop='insert.md', **more)
    cell.stills[case] = still()
    return case


def card(cell: FakeCell, page: Any) -> None:
    question(cell)
    page.locator('.trace').first.wait_for()


def given(cell: FakeCell, page: Any) -> None:
    question(cell, undo_s=30.0)
    page.locator('.trace').first.wait_for()
    tap(page, page.locator('.answer').nth(1), '#undo')


def expired(cell: FakeCell, page: Any) -> None:
    page.locator('.idle').wait_for()
    cell.held = True
    question(cell, deadline_s=2.5)
    page.locator('.expired .hold').wait_for()


def instruction(cell: FakeCell, page: Any) -> None:
    card(cell, page)
    tap(page, page.locator('#sop'), '.sop h1')


def more_signals(cell: FakeCell, page: Any) -> None:
    card(cell, page)
    settled(page)
    page.locator('#more-signals').click()


def unknown(cell: FakeCell, page: Any) -> None:
    card(cell, page)
    cell.frozen = True
    cell._beat -= 6
    page.locator('.screen.unknown').wait_for()


def queue(cell: FakeCell, page: Any) -> None:
    card(cell, page)
    question(cell, deadline_s=25.0)
    tap(page, page.locator('#queue'), '.queue li + li')


def idle(cell: FakeCell, page: Any) -> None:
    page.locator('.idle .queue li').nth(1).wait_for()


def held(cell: FakeCell, page: Any) -> None:
    cell.held = True
    cell.load['asks_last_hour'] = 9
    page.locator('.held-why h2').wait_for()


def menu(cell: FakeCell, page: Any) -> None:
    tap(page, page.locator('#menu'), '.menu')


def teach(cell: FakeCell, page: Any) -> None:
    question(cell, undo_s=0.2)
    page.locator('.trace').first.wait_for()
    tap(page, page.locator('.answer').nth(1), '.teach')


def report(cell: FakeCell, page: Any) -> None:
    cell.act()
    page.locator('.idle').wait_for()
    tap(page, page.locator('#report'), '.choices')


def wrong(cell: FakeCell, page: Any) -> None:
    report(cell, page)
    tap(page, page.locator('.choices .row').first, '#just-wrong')


def odd(cell: FakeCell, page: Any) -> None:
    report(cell, page)
    tap(page, page.locator('#odd'), '.reasons')


def correction(cell: FakeCell, page: Any) -> None:
    idle(cell, page)
    tap(page, page.locator('.idle .queue .tap').first, '.card.plain')


SCREENS: dict[str, Callable[[FakeCell, Any], None]] = {
    f.__name__: f
    for f in (
        card, given, expired, instruction, more_signals, unknown, queue, idle, held, menu, teach,
        report, wrong, odd, correction,
    )
} | {name: show for name, (_, show) in OTHERS.items()}  # fmt: skip


def settled(page: Any) -> None:
    page.locator('body:not(.settling)').wait_for()


def tap(page: Any, button: Any, shows: str) -> None:
    """A tap until it shows something: one upon a change does not count, so people tap again."""
    for _ in range(10):
        settled(page)
        with suppress(Error):
            button.click(timeout=2000)
            page.locator(shows).first.wait_for(timeout=2000)
            return
    raise AssertionError(f'{shows} is not shown')


def cell_of(
    name: str = 'Cell 7', shifts: int = 0, deadline_s: float = QUESTION.deadline_s
) -> FakeCell:
    """A cell with some shifts on record."""
    cell = FakeCell(question=replace(QUESTION, deadline_s=deadline_s), name=name)
    if shifts:
        record(cell, shifts)
        unsettled(cell)
    cell.instruction = INSTRUCTION
    history(cell)
    cell.start(shadow=False)
    return cell


@contextmanager
def opened(
    browser: Any, name: str, lang: str, size: Any, theme: str, **more: Any
) -> Iterator[tuple[FakeCell, Any]]:
    """One screen with a cell and a page of its own."""
    cell = cell_of(shifts=RECORDED.get(name, 0), **more)
    with tempfile.TemporaryDirectory() as folder, serving(cell, Path(folder)) as site:
        context = browser.new_context(
            viewport=size, has_touch=True, locale=lang, service_workers='block'
        )
        context.add_init_script(
            f"localStorage.getItem('{KEY}') ?? "
            f"localStorage.setItem('{KEY}', '{prefs(lang, theme)}')"
        )
        page = context.new_page()
        page.goto(site.url + OTHERS.get(name, ('', None))[0])
        SCREENS[name](cell, page)
        settled(page)
        yield cell, page
        context.close()
    cell.stop()


def pages(
    browser: Any, lang: str, size: Any, theme: str, names: Iterable[str] | None = None
) -> Iterator[tuple[str, FakeCell, Any]]:
    """Every screen (or the named ones), each with a cell and a page of its own."""
    for name in names or SCREENS:
        with opened(browser, name, lang, size, theme) as (cell, page):
            yield name, cell, page


KEY = 'cobot_ai.prefs'


def prefs(lang: str, theme: str) -> str:
    return f'{{"tablet":"tablet-Maria","name":"Maria","lang":"{lang}","theme":"{theme}"}}'


class Dresser:
    """Another window of the same tablet: what it changes, the first one follows."""

    def __init__(self, page: Any, name: str) -> None:
        self._page, self._plain = page, name in PLAIN
        if not self._plain:
            self._other = page.context.new_page()
            self._other.goto(page.url.split('#')[0] + 'plain.css')

    def dress(self, lang: str, theme: str) -> None:
        if self._plain:
            self._page.goto(f'{self._page.url.split("?")[0]}?lang={lang}')
            return
        self._other.evaluate('p => localStorage.setItem(...p)', [KEY, prefs(lang, theme)])
        self._page.locator(f'html[lang="{lang}"][data-theme="{theme}"]').wait_for()


def portray(options: argparse.Namespace, names: list[str]) -> None:
    """Pictures of some screens: each is set up once and then seen in every dress."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=CHROMIUM_FLAGS)
        lang, theme = options.lang[0], options.theme[0]
        for name in names:
            with opened(browser, name, lang, SIZES[options.size[0]], theme) as (_, page):
                shoot(options, name, page)
        browser.close()


def shoot(options: argparse.Namespace, name: str, page: Any) -> None:
    dresser = Dresser(page, name)
    for lang, theme in itertools.product(options.lang, options.theme):
        dresser.dress(lang, theme)
        for size in options.size:
            page.set_viewport_size(SIZES[size])
            page.evaluate(
                '() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))'
            )
            path = options.folder / f'{name}-{lang}-{size}-{theme}.png'
            page.screenshot(path=path, full_page='/#/' in OTHERS.get(name, ('', None))[0])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument('folder', nargs='?', type=Path, default=Path('artifacts/screenshots'))
    parser.add_argument('--lang', nargs='+', default=['en', 'de', 'ar', 'ja'])
    parser.add_argument('--size', nargs='+', default=['landscape', 'portrait'])
    parser.add_argument('--theme', nargs='+', default=['bright'])
    parser.add_argument('--screen', nargs='+', default=list(SCREENS))
    parser.add_argument('--jobs', type=int, default=3, help='browsers at the same time')
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    parts = [part for i in range(options.jobs) if (part := options.screen[i :: options.jobs])]
    with ProcessPoolExecutor(len(parts), get_context('spawn')) as pool:
        list(pool.map(portray, [options] * len(parts), parts))
    sys.stdout.write(f'{options.folder}\n')


if __name__ == '__main__':
    main()
