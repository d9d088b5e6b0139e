"""Figures for Prometheus, made from the monitor's last state at every scrape."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from cobot_ai.core.types import Json
from cobot_ai.store.files import write_durably
from cobot_ai.web.auth import Auth
from cobot_ai.web.services import Services

TOKEN_FILE = 'metrics_token'  # noqa: S105  # nosec B105  # a file name
COUNTERS = {
    'cases': 'Cases judged since the monitor started.',
    'acted': 'Cases decided alone.',
    'asked': 'Cases that were asked.',
    'expired': 'Questions nobody answered in time.',
}
GAUGES = {
    'asks_last_hour': 'Questions put in the last hour.',
    'maintenance': '1 during a maintenance break.',
    'auto_paused': '1 while automatic swaps of the model are off.',
    'head': 'Sequence number of the newest ledger entry.',
}


class _State(Collector):
    """One state of the monitor as metrics.

    Args:
        state: What `~/state` says; empty before the first one. age_ms: How old it is.
    """

    def __init__(self, state: Json, age_ms: float) -> None:
        self._state, self._age_s = state, age_ms / 1e3
        self._cell = str(state.get('cell', ''))

    def collect(self) -> Iterator[Metric]:
        """All metrics."""
        state = self._state
        age = "Age of the monitor's last state, seconds; +Inf when there never was one."
        yield self._gauge('state_age_seconds', age, self._age_s)
        if not state:
            return
        yield from self._counters(state)
        for name, text in GAUGES.items():
            yield self._gauge(name, text, state.get(name) or 0)
        yield self._gauge('open_asks', 'Questions open now.', len(state.get('open_asks') or ()))
        yield self._gauge('held', '1 while the process is held.', bool(state.get('held')))
        yield self._gauge('model_live', '1 when a model is live.', bool(state.get('model')))
        yield from self._audits(state.get('audits') or {})
        yield self._streams(state.get('streams') or {})

    def _counters(self, state: Json) -> Iterator[Metric]:
        for name, text in COUNTERS.items():
            family = CounterMetricFamily(f'cobot_ai_{name}', text, labels=['cell'])
            family.add_metric([self._cell], float(state.get(name) or 0))
            yield family

    def _audits(self, audits: Json) -> Iterator[Metric]:
        texts = {
            'total': 'Audits so far.',
            'failed': 'Audits that found a silent error.',
            'bound': 'Upper bound of the share of silent errors that the audits prove.',
        }
        for name, text in texts.items():
            if audits.get(name) is not None:
                yield self._gauge(f'audits_{name}', text, audits[name])

    def _streams(self, streams: Json) -> Metric:
        text = 'Messages of a stream by what happened to them (docs/operations.md).'
        labels = ['cell', 'stream', 'count']
        family = CounterMetricFamily('cobot_ai_stream_messages', text, labels=labels)
        for stream, counts in streams.items():
            for name, value in counts.items():
                family.add_metric([self._cell, stream, name], float(value))
        return family

    def _gauge(self, name: str, text: str, value: Any) -> Metric:
        family = GaugeMetricFamily(f'cobot_ai_{name}', text, labels=['cell'])
        family.add_metric([self._cell], float(value))
        return family


def exposition(state: Json, age_ms: float) -> bytes:
    """The metrics of a state in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(_State(state, age_ms))
    return generate_latest(registry)


def load_token(folder: Path) -> str:
    """The token a scraper shows where a login is needed; made at first use."""
    path = folder / TOKEN_FILE
    if not path.exists():
        write_durably(path, secrets.token_hex(24).encode())
    return path.read_text().strip()


def blueprint(services: Services, folder: Path, auth: Auth) -> Blueprint:
    """Route `/metrics`: for whoever is logged in, or shows the token."""
    routes = Blueprint('metrics', __name__)
    token = load_token(folder)

    @routes.get('/metrics')
    def metrics() -> Response:
        shown = request.headers.get('Authorization', '').removeprefix('Bearer ')
        if not auth.allowed() and not hmac.compare_digest(shown.encode(), token.encode()):
            return Response(status=401, headers={'WWW-Authenticate': 'Bearer'})
        return Response(exposition(*services.pulse()), content_type=CONTENT_TYPE_LATEST)

    return routes
