"""Whatever the plant or a person writes is shown as text: nothing of it ever runs."""

import re
from dataclasses import replace

import pytest
from other_screens import one
from screenshots import settled
from test_web_card import shown, tap
from web_data import CLASSES, an_evidence

from cobot_ai.core.spec import Action, ClassSpec, ReasonSpec
from cobot_ai.store.account_file import Role
from cobot_ai.web.instruction import TAGS, render

CORPUS = (
    '<script>pwned()</script>',
    '"><img src=x onerror=pwned()>',
    "'><svg/onload=pwned()>",
    'javascript:pwned()',
    '<iframe srcdoc="<script>parent.pwned()</script>">',
    '{{constructor.constructor("pwned()")()}}',
    '</textarea><body onload=pwned()>',
    '<math><mtext><style><img src=x onerror=pwned()></style>',
    '[x](javascript:pwned())',
    '![x](x"onerror="pwned())',
    '<a href="javascript:pwned()">x</a>',
    '\u202e<b onmouseover=pwned()>x',
)
EVIL = ' '.join(CORPUS)[:400]


@pytest.mark.parametrize('text', CORPUS)
def test_a_work_instruction_holds_no_markup_but_its_own(text):
    tags = re.findall(r'<[^>]*>', render(f'# step\n{text}\n\n`{text}`'))
    assert '<h1>' in tags
    assert [t for t in tags if not re.fullmatch(r'</?[a-z][a-z0-9]*>', t)] == [], 'no attributes'
    assert {t.strip('</>') for t in tags} <= TAGS


@pytest.mark.browser
@pytest.mark.timeout(120)
def test_plant_texts_run_nothing_on_any_screen(cell, serve, browser):
    words, facts, evidence = planted(cell)
    context = browser.new_context(service_workers='block')
    page = context.new_page()
    page.set_default_timeout(20_000)
    ran = []
    page.expose_function('pwned', lambda: ran.append('it ran'))
    page.on('dialog', lambda d: (ran.append(d.message), d.dismiss()))
    prefs = '{"tablet":"t","name":"<img src=x onerror=pwned()>","lang":"en"}'
    context.add_init_script(f"localStorage.setItem('cobot_ai.prefs', '{prefs}')")
    site = serve(rate_hz=1e6, burst=1000)
    page.goto(site.url)
    case = cell.ask(evidence=evidence, facts=facts, undo_s=0.5, **words)
    cell.start()
    shown(page, case)
    visit(page, cell)
    marks = "document.querySelectorAll('img:not(.still), iframe, svg[onload], main script').length"
    assert page.evaluate(marks) == 0
    page.goto(site.url + f'/lite?lang={CORPUS[1]}')
    page.goto(site.url + f'/#/engineer/case/{case}')
    page.locator('.case').wait_for()
    assert ran == []
    page.evaluate('pwned()')
    assert ran == ['it ran'], 'a thing that runs is noticed'
    context.close()


@pytest.mark.browser
@pytest.mark.timeout(120)
def test_texts_run_nothing_on_the_wall_and_for_engineers_and_admins(cell, serve, browser):
    words, facts, evidence = planted(cell)
    cell.spec = replace(cell.spec, question=replace(cell.question, **words))
    cell.accounts.put(EVIL[:80], Role.OPERATOR, '918273')
    cell.audit.note(CORPUS[1], who=EVIL, path=EVIL)
    cell.go_live(cell.model())
    cell.plan = {'model': CORPUS[1], 'at_ns': None, 'by': EVIL}
    cell.start()
    cell.ask(facts=facts, **words)
    case = one(cell, 1, {'verdict': 'ask', 'probs': {EVIL: 1.0}}, CORPUS[1], 1.0)
    torn = one(cell, 2, {'verdict': 'ask'}, CORPUS[1], 1.0)
    cell.ledger._evidence[torn] = {**evidence, 'still': None}
    refused = {'name': EVIL, 'recording': '', 'ok': False, 'code': 'no_label'}
    cell._write('import', {**refused, 'params': {'names': EVIL}})
    cell.drop = {'waiting': [EVIL], 'n': 1, 'ready': 0, 'taken': 0, 'refused': 1}
    place = {'context': EVIL, 'revision': 2, 'source': 'conflict'}
    cell._write('label', {'label': None, 'by': EVIL, **place}, torn)
    context = browser.new_context(service_workers='block', locale='en')
    page = context.new_page()
    page.set_default_timeout(20_000)
    ran = []
    page.expose_function('pwned', lambda: ran.append('it ran'))
    site = serve()
    for path, seen in {
        '/wall': '.andon .asked',
        '/wall/kpi': '.kpi .value',
        '/#/engineer/models': '.planned:has-text("Planned by")',
        '/#/engineer/confusion': '.confusion td button',
        '/#/engineer/data': '.data tr:has-text("<script>")',
        '/#/engineer/review': '.look canvas',
        '/#/engineer/vocabulary': '.vocabulary td input',
        f'/#/engineer/case/{case}': '.case .probs',
        '/#/admin/people': 'tr:has-text("<script>")',
        '/#/admin/audit': 'tr:has-text("<script>")',
    }.items():
        page.goto('about:blank')
        page.goto(site.url + path)
        page.locator(seen).first.wait_for()
        marks = "document.querySelectorAll('main img, iframe, svg[onload], main script').length"
        assert page.evaluate(marks) == 0, path
    assert ran == []
    context.close()


def planted(cell):
    """Every text of the plant is evil: words of the question, facts, channels, instruction."""
    cell.name = EVIL[:80]
    cell.instruction = '\n\n'.join(CORPUS)
    evil = {'en': EVIL}
    classes = (
        *(ClassSpec(c.name, c.action, c.nominal, text=evil) for c in CLASSES),
        ClassSpec(CORPUS[1], Action.REJECT, text={'en': CORPUS[2]}),
    )
    evidence = an_evidence(still='camera')
    for channel, text in zip(evidence['channels'], CORPUS, strict=False):
        channel.update(name=text, unit=text, text={'en': text})
    words = {'text': evil, 'classes': classes, 'sop': 'x.md', 'open_classes': True}
    words['reasons'] = tuple(ReasonSpec(text[:60], evil) for text in CORPUS[:8])
    return words, {text[:40]: text for text in CORPUS}, evidence


def visit(page, cell):
    """Every screen a worker can reach from a question."""
    page.locator('#sop').click()
    page.locator('.sop p').first.wait_for()
    settled(page)
    page.locator('#queue').click()
    page.locator('.queue li').first.wait_for()
    settled(page)
    page.locator('#queue').click()
    page.locator('.card .answer').first.wait_for()
    settled(page)
    tap(page, 'Other')
    settled(page)
    page.locator('.new-label input').fill(CORPUS[1])
    page.locator('.new-label button').click()
    page.locator('.teach').wait_for()
    settled(page)
    page.locator('.reason').first.click()
    cell.held = True
    page.locator('.held-why').wait_for()
    settled(page)
    page.locator('#report').click()
    page.locator('.choices').wait_for()
    settled(page)
    page.locator('.choices .row').first.click()
    page.locator('#just-wrong').wait_for()
