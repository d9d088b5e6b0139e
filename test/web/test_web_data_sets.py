"""What the model was and will be taught from, at a page; every number opens its cases."""

import pytest
from other_screens import put_in, unsettled
from test_web_card import until

from cobot_ai.web.app import create_app
from cobot_ai.web.schemas_figures import DataDoc
from cobot_ai.web.services import WebSettings


@pytest.mark.browser
@pytest.mark.timeout(90)
def test_every_number_opens_its_cases_and_a_refusal_says_why(cell, tablet):
    unsettled(cell)
    put_in(cell)
    page = tablet('Eva', path='/#/engineer/data')
    page.get_by_role('button', name='operation=insert/part=peg_b, Seated: 3').click()
    cases = page.locator('.chosen').first.locator('a')
    assert len(cases.all_inner_texts()) == 3
    page.locator('tr', has_text='line7').get_by_text('it lacks the topic /wrench').wait_for()
    page.locator('tr', has_text='old.seated').get_by_text('refused; the reason lies').wait_for()
    assert 'a sentence of the monitor' not in page.content()
    page.get_by_text('waiting 1, on their way 0').wait_for()
    page.get_by_role('button', name='Who, as a group').click()
    names = page.locator('.data table').first.locator('tbody th').all_inner_texts()
    assert names == ['without an account', 'Ambassador', 'Recording'], 'groups, no names'
    cases.first.focus()
    page.get_by_role('button', name='Week').press('Enter')
    until(page, lambda: page.locator('meter').count() == 1)


def test_the_document_fits_its_schema_and_follows_the_ledger(cell, tmp_path):
    client = create_app(cell.services(), WebSettings(tmp_path)).app.test_client()
    empty = DataDoc.model_validate(client.get('/api/data').json)
    assert (empty.labels, empty.drop) == (0, None)
    put_in(cell)
    full = DataDoc.model_validate(client.get('/api/data').json)
    assert full.labels == 3 and full.drop is not None and full.drop.refused == 3
