"""The eight faults that only eyes had found, each as a test; numbers as in the study of the page.

Fault 1 is in test_web_live.py, 3 and 4 are in test_web_card.py.
"""

import pytest
from conftest import LANDSCAPE, PORTRAIT
from test_web_card import boxes, inside, settled, shown, tap
from web_data import PNG, an_evidence

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]
WRITTEN = """
window.written = [];
const fill = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, ...at) {
  window.written.push([this.canvas.getAttribute('aria-label'), this.direction, text]);
  return fill.call(this, text, ...at);
};
"""


def open_card(cell, tablet, **more):
    page = tablet(**more)
    page.add_init_script(WRITTEN)
    page.reload()
    case = cell.ask()
    shown(page, case)
    page.locator('.trace').first.wait_for()
    return page


def test_fault_2_a_plot_reads_left_to_right_in_an_arabic_page(cell, tablet):
    page = open_card(cell, tablet, lang='ar')
    assert page.locator('html').get_attribute('dir') == 'rtl'
    written = page.evaluate('window.written')
    assert written and {direction for _, direction, _ in written} == {'ltr'}
    numbers = [text for _, _, text in written]
    assert any(text.startswith(('-', '−', '\u200e-')) for text in numbers)  # noqa: RUF001
    assert not any(text.rstrip('\u200f').endswith('-') for text in numbers)
    directions = page.eval_on_selector_all(
        '.trace, .facts bdi, .side-by-side', 'all => all.map(e => getComputedStyle(e).direction)'
    )
    assert set(directions) == {'ltr'}, 'plots and part numbers keep their own direction'
    answers = boxes(page, '.answer')
    assert answers[0][0] > answers[-1][0], 'the page itself is mirrored'


def test_fault_5_japanese_breaks_between_words_only(cell, tablet):
    page = tablet(lang='ja', size={'width': 600, 'height': 900})
    shown(page, cell.ask())
    broken = page.evaluate("""() => {
      const words = document.querySelector('h1 .words');
      const found = [];
      let lines = 0;
      for (let width = 120; width < 420; width += 10) {
        words.closest('h1').style.width = `${width}px`;
        lines = Math.max(lines, words.getClientRects().length);
        for (const piece of words.childNodes) {
          if (piece.nodeType !== Node.TEXT_NODE) continue;
          const tops = new Set();
          for (let i = 0; i < piece.length; i++) {
            const range = document.createRange();
            range.setStart(piece, i);
            range.setEnd(piece, i + 1);
            tops.add(Math.round(range.getBoundingClientRect().top));
          }
          if (piece.length > 6) continue;  // longer than a narrow line: it may break
          if (tops.size > 1) found.push([width, piece.textContent]);
        }
      }
      return { found, lines, pieces: words.childNodes.length };
    }""")
    assert broken['pieces'] > 5 and broken['lines'] > 1, 'it is broken somewhere'
    assert broken['found'] == []


def test_fault_6_axis_labels_differ_sensors_have_names_and_undo_never_exceeds_its_window(
    cell, tablet
):
    page = open_card(cell, tablet, lang='de')
    by_plot = {}
    for name, _, text in page.evaluate('window.written'):
        by_plot.setdefault(name, []).append(text)
    assert set(by_plot) == {'Einpresskraft', 'Seitenkraft'}
    for texts in by_plot.values():
        newest = texts[-4:]
        assert len(set(newest)) == 4, newest
    page.evaluate("""() => {
      window.undo = [];
      const look = () => {
        const text = document.querySelector('#undo')?.textContent;
        if (text) window.undo.push(Number(text.replace(/\\D/g, '')));
      };
      new MutationObserver(look).observe(document, {subtree: true, childList: true,
        characterData: true});
    }""")
    tap(page, 'Sitzt richtig')
    page.locator('#undo').wait_for()
    page.wait_for_timeout(1300)
    seconds = page.evaluate('window.undo')
    assert seconds and max(seconds) == 5, seconds


LUMINANCE = """
element => {
  const [r, g, b] = getComputedStyle(element).backgroundColor.match(/[\\d.]+/g).map(Number);
  const f = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b);
}
"""


@pytest.mark.parametrize('theme', ['bright', 'dark', 'contrast'])
def test_fault_7_good_and_bad_differ_without_colour(cell, tablet, theme):
    page = tablet()
    page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
    shown(page, cell.ask())
    good = page.locator('.answer.good').evaluate(LUMINANCE)
    bad = page.locator('.answer.bad').first.evaluate(LUMINANCE)
    assert (good + 0.05) / (bad + 0.05) >= 2
    shapes = page.eval_on_selector_all('.answer .glyph path', 'all => all.map(e => e.outerHTML)')
    assert len(set(shapes[:3])) == 3, 'each answer has a shape of its own'


@pytest.mark.parametrize('size', [LANDSCAPE, PORTRAIT], ids=['landscape', 'portrait'])
def test_fault_8_the_room_beside_the_question_shows_the_part_and_past_cases(cell, tablet, size):
    for label in ('seated', 'misaligned'):
        past = cell.ask(undo_s=0.0)
        who = {'case': past, 'by': 'Ana', 'tablet': 'other', 'epoch': 0, 'key': f'past-{label}'}
        cell.submit({'kind': 'answer', 'label': label, **who}, 1)
        with cell.lock:
            cell.desk.tick()
    page = tablet(size=size)
    case = cell.ask(evidence=an_evidence(still='camera'))
    page.wait_for_timeout(300)  # the picture is stored a moment after the question
    cell.stills[case] = PNG
    shown(page, case)
    page.locator('img.still:not(.coming)').wait_for()
    (place,) = boxes(page, '.question')
    assert inside(boxes(page, 'img.still')[0], place)
    good, bad = page.locator('.columns .past').all_inner_texts()
    assert 'Good before' in good and 'Seated' in good
    assert 'Bad before' in bad and 'Misaligned' in bad
    plots = boxes(page, '.signal:first-child .trace, .signal .trace')
    assert page.locator('.signal').first.locator('canvas.trace').count() == 3
    assert all(box[3] - box[1] >= 40 for box in plots), plots
    settled(page)
