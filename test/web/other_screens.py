"""The screens of wall, engineer and admin, for pictures and for axe: where, and what was there."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from web_data import FACTS, a_case, an_evidence, decision_body
from web_fakes import FakeCell

from cobot_ai.app.ports import Draft
from cobot_ai.core.types import Decision, Verdict, Why

SHIFT_NS = 8 * 3600 * 10**9
SHIFTS = 8
NAMES = ('seated', 'misaligned', 'missing')


def record(cell: FakeCell, shifts: int = SHIFTS, each: int = 60) -> None:
    """Fill the ledger with the cases of some shifts: surer, and asked less, as time goes."""
    rng = np.random.default_rng(5)
    begin = time.time_ns() - shifts * SHIFT_NS
    for k in range(shifts * each):
        sure = float(np.clip(rng.normal(0.78 + 0.2 * k / (shifts * each), 0.14), 0.34, 0.999))
        guess = NAMES[rng.choice(3, p=[0.8, 0.14, 0.06])]
        right = sure > 0.9 or rng.random() < sure
        label = guess if right else NAMES[(NAMES.index(guess) + 1) % 3]
        alone = sure > 0.95
        verdict = 'act' if alone and rng.random() > 0.3 else 'ask'
        why = 'audit' if alone and verdict == 'ask' else 'sure' if alone else 'below_threshold'
        rest = (1 - sure) / 2
        probs = {n: sure if n == guess else rest for n in NAMES}
        facts = {'probs': probs, 'confidence': sure, 'why': why, 'verdict': verdict}
        by = 'Otto' if k % 3 else 'Maria'
        one(cell, begin + k * SHIFT_NS // each, facts, label, float(rng.gamma(4, 2)), by)


def one(
    cell: FakeCell, t_ns: int, facts: Any, label: str | None, wait_s: float, by: str = 'Maria'
) -> int:
    """One past case, with its answer where it was asked; its number."""
    number = cell.ledger.next_case()
    case = a_case(number, FACTS)
    acted = label if facts['verdict'] == 'act' else None
    body = {**decision_body(case, facts['verdict'], acted), **facts}

    def write(kind: str, after_s: float, **facts: Any) -> None:
        cell.ledger.commit([Draft(kind, facts, number)], t_ns + int(after_s * 1e9))

    write('decision', 0, **body)
    if label is None:
        write('ask', 0, **cell.desk.ask_body(case, _decision(number)))
    elif acted is None:
        who, done = {'by': by, 'tablet': f'tablet-{by}'}, {'action': 'continue', 'go': True}
        write('ask', 0, **cell.desk.ask_body(case, _decision(number)))
        write('answer', wait_s, status='accepted', label=label, epoch=0, **who)
        revision = {'source': 'answer', 'context': body['context'], 'revision': 1}
        if facts.get('why') == 'audit':
            guess = max(body['probs'], key=lambda name: body['probs'][name])
            revision['audit'] = {'guess': guess, 'confidence': body['confidence'], 'share': 0.3}
        write('label', wait_s, label=label, by=by, **revision)
        write('resolution', wait_s, outcome='answered', label=label, by=by, **done)
    return number


def _decision(number: int) -> Any:
    return Decision(number, Verdict.ASK, Why.BELOW_THRESHOLD)


def andon(cell: FakeCell, page: Any) -> None:
    page.locator('.andon.running').wait_for()


def andon_asks(cell: FakeCell, page: Any) -> None:
    cell.ask()
    page.locator('.andon.asking').wait_for()


def andon_held(cell: FakeCell, page: Any) -> None:
    cell._write('hold', {'by': 'cobot_ai', 'phase': 'held', 'confirmed': True})
    cell.held = True
    page.locator('.andon.held').wait_for()


def andon_unknown(cell: FakeCell, page: Any) -> None:
    page.locator('.andon.running').wait_for()
    cell.frozen = True
    cell._beat -= 6
    page.locator('.andon.unknown').wait_for()


def wall_kpi(cell: FakeCell, page: Any) -> None:
    page.locator('.kpi .value').first.wait_for()


def models(cell: FakeCell, page: Any) -> None:
    versions(cell)
    page.locator('.compare').wait_for()
    page.locator('.planned', has_text='·').or_(page.locator('.plan')).first.wait_for()


def versions(cell: FakeCell) -> list[str]:
    """A live version, a refused one and one that waits."""
    found = [cell.model(), cell.model(passed=False, seed=1, case=1), cell.model(seed=2)]
    cell.go_live(found[0])
    return found


def confusion(cell: FakeCell, page: Any) -> None:
    page.locator('.confusion td.wrong button').first.click()
    page.locator('.cases a').first.wait_for()


def data_sets(cell: FakeCell, page: Any) -> None:
    put_in(cell)
    cell.go_live(cell.model())
    page.locator('.data', has_text='line7.bag').wait_for()
    page.locator('.data td button').first.click()
    page.locator('.cases a').first.wait_for()


def put_in(cell: FakeCell) -> None:
    """Recordings: one that was taken in and three that were refused."""
    place = {'context': 'operation=insert/part=peg_b', 'facts': {}, 'start_ns': 1, 'end_ns': 2}
    for _ in range(3):
        case = cell.ledger.next_case()
        body = {'name': 'tuesday.seated.mcap', 'recording': 'a' * 64, 'ok': True, 'reason': ''}
        cell._write('import', {**body, **place, 'by': 'nils', 'group': f'case={case}'}, case)
        label = {'label': 'seated', 'by': 'nils', 'source': 'import', 'revision': 1}
        cell._write('label', {**label, 'context': place['context'], 'group': ''}, case)
    for name, code, params in (
        ('monday.mcap', 'no_label', {'names': 'seated, misaligned, missing'}),
        ('line7.bag.missing', 'lacks_topic', {'topic': '/wrench'}),
        ('old.seated.mcap', '', {}),
    ):
        body = {'name': name, 'recording': '', 'ok': False, 'reason': 'a sentence of the monitor'}
        cell._write('import', {**body, 'code': code, 'params': params})
    cell.drop = {'waiting': ['friday.mcap'], 'n': 1, 'ready': 0, 'taken': 1, 'refused': 3}


def label_review(cell: FakeCell, page: Any) -> None:
    page.locator('.look canvas').first.wait_for()


def unsettled(cell: FakeCell) -> None:
    """Cases that wait for a second opinion, one for every reason, with what is on their card."""
    sure = {'probs': {'seated': 0.97, 'misaligned': 0.02, 'missing': 0.01}, 'confidence': 0.97}
    now = time.time_ns()
    one(cell, now, {**sure, 'verdict': 'ask', 'why': 'audit'}, 'misaligned', 4.0, by='Otto')
    one(cell, now, {**sure, 'verdict': 'ask', 'why': 'burn_in'}, 'missing', 6.0, by='Otto')
    doubt = {'probs': {'seated': 0.5, 'misaligned': 0.4, 'missing': 0.1}, 'confidence': 0.5}
    asked = {**doubt, 'verdict': 'ask', 'why': 'below_threshold'}
    for label, source in ((None, 'conflict'), ('seated', 'correction')):
        case = one(cell, now, asked, 'missing', 5.0, by='Otto')
        body = {'label': label, 'by': 'Nils', 'source': source, 'revision': 2}
        cell._write('label', {**body, 'context': 'operation=insert/part=peg_a'}, case)
    case = one(cell, now, asked, None, 7.0, by='Otto')
    cell._write(
        'resolution', {'outcome': 'unsure', 'label': None, 'action': 'hold', 'go': False}, case
    )
    for case in cell.reviews.listed():
        still = 'camera' if case % 2 else None
        cell.ledger._evidence[case] = an_evidence(seed=case, still=still)


def what_if(cell: FakeCell, page: Any) -> None:
    page.locator('.plot canvas').wait_for()


def vocabulary(cell: FakeCell, page: Any) -> None:
    page.locator('.vocabulary td input').first.wait_for()


def people(cell: FakeCell, page: Any) -> None:
    page.locator('tbody tr').nth(3).wait_for()


def tablets(cell: FakeCell, page: Any) -> None:
    page.locator('#station').fill('Station 4')
    page.locator('form.controls button').click()
    page.locator('.code').wait_for()


def decisions(cell: FakeCell, page: Any) -> None:
    page.locator('tbody tr').nth(3).wait_for()


def case(cell: FakeCell, page: Any) -> None:
    """A case with its neighbours in time beside it."""
    number = cell.ask()
    page.goto(page.url.split('#')[0] + f'#/engineer/case/{number}')
    page.locator('.all-signals canvas').first.wait_for()


def proposal(cell: FakeCell, page: Any) -> None:
    what_if(cell, page)
    change = {'kind': 'propose', 'key': 'propose-1', 'name': 'risk.epsilon', 'value': 0.02}
    cell.submit({**change, 'by': 'Eva', 'tablet': 't'}, 1)
    page.locator('.propose .alarm').wait_for()


def connections(cell: FakeCell, page: Any) -> None:
    page.locator('tbody tr').first.wait_for()


def lite(cell: FakeCell, page: Any) -> None:
    cell.ask()
    page.reload()
    page.locator('form').first.wait_for()


def pair(cell: FakeCell, page: Any) -> None:
    page.locator('form').first.wait_for()


def audit(cell: FakeCell, page: Any) -> None:
    cell.audit.note('wrong_pin', who='Maria', tablet='Station 3', address='10.0.0.7')
    cell.audit.note('role', who='Maria', tablet='Station 3', path='/api/models')
    cell.audit.note('person_set', by='Ada', who='Nils', role='operator')
    page.locator('tbody tr').nth(2).wait_for()


Show = Callable[[FakeCell, Any], None]
OTHERS: dict[str, tuple[str, Show]] = {
    'andon': ('/wall', andon),
    'andon_asks': ('/wall', andon_asks),
    'andon_held': ('/wall', andon_held),
    'andon_unknown': ('/wall', andon_unknown),
    'wall_kpi': ('/wall/kpi', wall_kpi),
    'models': ('/#/engineer/models', models),
    'confusion': ('/#/engineer/confusion', confusion),
    'label_review': ('/#/engineer/review', label_review),
    'data_sets': ('/#/engineer/data', data_sets),
    'what_if': ('/#/engineer/what_if', what_if),
    'vocabulary': ('/#/engineer/vocabulary', vocabulary),
    'proposal': ('/#/engineer/what_if', proposal),
    'decisions': ('/#/engineer', decisions),
    'case': ('/#/engineer', case),
    'people': ('/#/admin/people', people),
    'tablets': ('/#/admin/tablets', tablets),
    'audit': ('/#/admin/audit', audit),
    'connections': ('/#/admin/connections', connections),
    'lite': ('/lite', lite),
    'pair': ('/pair', pair),
}
PLAIN = frozenset({'lite', 'pair'})
"""Pages without a build."""
RECORDED = {
    **dict.fromkeys(
        ('wall_kpi', 'confusion', 'label_review', 'data_sets', 'what_if', 'proposal'), SHIFTS
    ),
    'decisions': 1,  # a list of eight takes seconds per picture and shows nothing more
}
"""Screens that need a record, and of how many shifts."""
