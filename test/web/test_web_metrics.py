"""What Prometheus reads, and who may read it."""

import math

import pytest
from prometheus_client.parser import text_string_to_metric_families

from cobot_ai.web.app import create_app
from cobot_ai.web.metrics import exposition, load_token
from cobot_ai.web.services import WebSettings

STATE = {
    'cell': 'c1',
    'cases': 12,
    'acted': 8,
    'asked': 4,
    'expired': 1,
    'held': 'case 3',
    'model': 'abc',
    'open_asks': [12],
    'audits': {'total': 5, 'failed': 0, 'bound': 0.37},
    'streams': {'wrench': {'received': 1000, 'lost': 2}},
}


def values(text):
    """(name, labels without the cell) -> value."""
    families = text_string_to_metric_families(text.decode())
    return {
        (s.name, *(v for k, v in sorted(s.labels.items()) if k != 'cell')): s.value
        for family in families
        for s in family.samples
    }


def test_a_state_becomes_metrics():
    found = values(exposition(STATE, 500.0))
    assert found['cobot_ai_cases_total',] == 12
    assert found['cobot_ai_open_asks',] == 1
    assert found['cobot_ai_held',] == 1
    assert found['cobot_ai_audits_bound',] == 0.37
    assert found['cobot_ai_state_age_seconds',] == 0.5
    assert found['cobot_ai_stream_messages_total', 'lost', 'wrench'] == 2


def test_without_a_monitor_only_the_age_is_there():
    assert values(exposition({}, math.inf)) == {('cobot_ai_state_age_seconds',): math.inf}


@pytest.mark.parametrize(
    ('login', 'bearer', 'code'),
    [
        (False, '', 200),
        (True, '', 401),
        (True, 'Bearer wrong', 401),
        (True, 'TOKEN', 200),
    ],
)
def test_beyond_loopback_a_scraper_needs_the_token(cell, tmp_path, login, bearer, code):
    client = create_app(cell.services(), WebSettings(tmp_path, login)).app.test_client()
    shown = f'Bearer {load_token(tmp_path)}' if bearer == 'TOKEN' else bearer
    assert client.get('/metrics', headers={'Authorization': shown}).status_code == code
    assert (tmp_path / 'metrics_token').stat().st_mode & 0o077 == 0
