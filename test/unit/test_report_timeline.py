"""The timeline of a report: readable with 80 swaps, and every reason on it."""

import re
from html.parser import HTMLParser

from cobot_ai.app.ports import Entry
from cobot_ai.cli.report_timeline import timeline

BEGIN = 1_700_049_600 * 10**9
MINUTE = 60 * 10**9


def story(swaps):
    """A run with so many automatic swaps, then a refusal, a person's swap and a rollback."""
    rows = [('decision', {'verdict': 'ask'})]
    for n in range(swaps):
        rows += [
            ('candidate', {'model': f'{n:064x}', 'passed': True, 'reason': ''}),
            ('promote', {'model': f'{n:064x}', 'by': 'cobot_ai', 'reason': 'auto'}),
            ('decision', {'verdict': 'act'}),
        ]
    check = {'name': 'not_worse', 'passed': False, 'why': 'Worse in <shift 22:00>.'}
    refused = {'model': 'a' * 64, 'passed': False, 'failed': ['not_worse'], 'checks': [check]}
    rows += [
        ('candidate', {**refused, 'reason': 'gate'}),
        ('candidate', {'model': 'b' * 64, 'passed': True, 'reason': 'stale_parent'}),
        ('promote', {'model': 'c' * 64, 'by': 'ann', 'reason': 'person'}),
        ('rollback', {'model': f'{swaps - 1:064x}', 'from': 'c' * 64, 'by': 'bob'}),
    ]
    return [Entry(i + 1, BEGIN + i * MINUTE, k, 0, b) for i, (k, b) in enumerate(rows)]


class Checker(HTMLParser):
    """Every element is closed."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag != 'br' and not (tag in ('rect',) and self.get_starttag_text().endswith('/>')):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_reasons_come_first_and_say_what_happened():
    page = timeline(story(80))
    assert page.startswith('<ul>')
    for sentence in (
        '80 times a version went live by the rule of the cell file',
        '1 time a version went live by a person',
        '1 time a version went live one step back, by a person',
        'not_worse (1)',
        '1 candidates passed but were not used',
    ):
        assert sentence in page[: page.index('<svg')]


def test_long_runs_of_swaps_are_folded_and_nothing_is_lost():
    page = timeline(story(80))
    assert '80 versions one after the other' in page
    folded = page[page.index('<details>') : page.index('</details>')]
    assert folded.count('<tr>') == 81
    shown = re.sub(r'<details>.*?</details>', '', page, flags=re.DOTALL)
    assert shown.count('<tr><td>') == 3, 'a person, a rollback and a refusal stay in sight'
    assert '<details>' not in timeline(story(3))


def test_the_drawing_has_a_bar_for_every_interval_and_a_mark_for_every_refusal():
    page = timeline(story(7))
    assert page.count('class="span"') == 9
    assert page.count('refused at') == 1
    assert '1 acted alone, 0 asked' in page


def test_it_is_whole_html_and_foreign_text_cannot_break_it():
    page = timeline(story(5))
    assert '&lt;shift 22:00&gt;' in page
    assert '<shift' not in page
    checker = Checker()
    checker.feed(page)
    assert checker.open == []


def test_a_run_without_any_model_says_so():
    page = timeline(story(0)[:1])
    assert 'No version ever went live' in page
    assert timeline([]).startswith('<ul>')
