"""The OpenAPI document: every route is in it, its references lead somewhere, real answers fit."""

import json
import re

import pytest
from web_people import enrol, log_in

from cobot_ai.web.app import create_app
from cobot_ai.web.openapi import TABLE
from cobot_ai.web.roles import ROUTES
from cobot_ai.web.services import WebSettings


@pytest.fixture
def client(cell, tmp_path):
    app = create_app(cell.services(), WebSettings(tmp_path, login_required=True)).app
    client = enrol(app.test_client())
    log_in(client)  # an operator
    return client


@pytest.fixture
def doc(client):
    return client.get('/api/openapi.json').get_json()


def test_every_route_is_in_it_with_its_role(client, doc):
    rules = {
        (re.sub(r'<(?:\w+:)?(\w+)>', r'{\1}', str(rule)), method.lower(), rule.endpoint)
        for rule in client.application.url_map.iter_rules()
        for method in rule.methods & {'GET', 'POST', 'PUT', 'DELETE', 'PATCH'}
    }
    said = {
        (path, method, tuple(o['operationId'].split('.')[:2]))
        for path, methods in doc['paths'].items()
        for method, o in methods.items()
    }
    assert said == {(path, method, tuple(e.split('.'))) for path, method, e in rules}
    assert doc['paths']['/api/what_if']['get']['x-least-role'] == 'engineer'
    assert doc['paths']['/api/admin/people']['post']['x-least-role'] == 'admin'
    assert {e for e in ROUTES if e.startswith('api.')} <= set(TABLE), 'a route of the API has types'
    identities = [o['operationId'] for m in doc['paths'].values() for o in m.values()]
    assert len(identities) == len(set(identities))


def test_every_reference_leads_to_a_schema_and_every_model_is_used(doc):
    text = json.dumps(doc)
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', text))
    assert names <= set(doc['components']['schemas'])
    assert {'Figure', 'ModelRow', 'Answer'} <= names
    assert doc['openapi'].startswith('3.1')


def test_a_command_is_described_as_the_console_checks_it(doc):
    body = doc['paths']['/api/command']['post']['requestBody']['content']['application/json']
    kinds = body['schema']['discriminator']['mapping']
    assert {'answer', 'promote', 'word'} <= set(kinds)
    assert doc['components']['schemas']['Answer']['additionalProperties'] is False
