"""The OpenAPI 3.1 document of the console, made from its routes and its pydantic models."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from flask import Flask
from pydantic import BaseModel, TypeAdapter
from werkzeug.routing import Rule

from cobot_ai import __version__
from cobot_ai.core.types import Json
from cobot_ai.store.account_file import Role
from cobot_ai.web import admin_api as admin
from cobot_ai.web import (
    schemas,
    schemas_admin,
    schemas_entries,
    schemas_evidence,
    schemas_figures,
)
from cobot_ai.web import schemas_api as docs
from cobot_ai.web.auth import OPEN_ENDPOINTS
from cobot_ai.web.roles import ROUTES

REF = '#/components/schemas/{model}'
METHODS = ('GET', 'POST')
TYPES = {'int': 'integer'}


class Route(NamedTuple):
    """What a route takes and gives: models for JSON, else the media type."""

    gives: type[BaseModel] | str
    takes: Any = None
    query: tuple[str, ...] = ()


TABLE: dict[str, Route] = {
    'api.me': Route(docs.MeDoc),
    'api.snapshot': Route(schemas_entries.Snapshot),
    'api.cases': Route(docs.CaseList, query=('limit',)),
    'api.case_doc': Route(docs.CaseDoc),
    'api.evidence': Route(schemas_evidence.Evidence),
    'api.still': Route('image/*'),
    'api.sop': Route(docs.SopDoc),
    'api.data': Route(schemas_figures.DataDoc),
    'api.review': Route(docs.ReviewList),
    'api.review_evidence': Route(schemas_evidence.Evidence),
    'api.models': Route(docs.ModelDoc),
    'api.history': Route(docs.HistoryDoc, query=('at_ns',)),
    'api.kpi': Route(schemas_figures.KpiDoc),
    'api.confusion': Route(schemas_figures.ConfusionDoc),
    'api.what_if': Route(schemas_figures.WhatIfDoc),
    'api.vocabulary': Route(docs.VocabularyDoc),
    'api.stats': Route(schemas_figures.StatsDoc),
    'api.command': Route(schemas.Reply, schemas.COMMAND),
    'api.openapi': Route('application/json'),
    'admin.people': Route(schemas_admin.PeopleDoc),
    'admin.set_person': Route(schemas_admin.DoneDoc, TypeAdapter(admin.SetPerson)),
    'admin.set_active': Route(schemas_admin.DoneDoc, TypeAdapter(admin.SetActive)),
    'admin.tablets': Route(schemas_admin.TabletsDoc),
    'admin.offer_tablet': Route(schemas_admin.OfferDoc, TypeAdapter(admin.Pairing)),
    'admin.remove_tablet': Route(schemas_admin.DoneDoc, TypeAdapter(admin.Station)),
    'admin.reload_tablet': Route(schemas_admin.DoneDoc, TypeAdapter(admin.Station)),
    'admin.connected': Route(schemas_admin.ConnectionsDoc),
    'admin.audit': Route(schemas_admin.AuditLogDoc),
    'metrics.metrics': Route('text/plain'),
    'pages.healthz': Route('application/json'),
    'pages.asset': Route('application/octet-stream'),
    'pages.offline': Route('text/javascript'),
    'pages.lite_script': Route('text/javascript'),
    'pages.manifest': Route('application/manifest+json'),
    'pages.icon': Route('image/svg+xml'),
    'pages.style': Route('text/css'),
}
"""Flask endpoint -> what it takes and gives. What is not here is a page for people."""
PAGE = Route('text/html')


def document(app: Flask) -> Json:
    """The whole document: every route, with its models and the least role that may use it.

    Args:
        app: The console with all its routes.
    """
    schemas_of, defs = _schemas()
    paths: dict[str, Json] = {}
    for rule in sorted(app.url_map.iter_rules(), key=str):
        for method in sorted((rule.methods or set()) & set(METHODS)):
            path = re.sub(r'<(?:\w+:)?(\w+)>', r'{\1}', str(rule))
            paths.setdefault(path, {})[method.lower()] = _operation(rule, schemas_of)
    return {
        'openapi': '3.1.0',
        'info': {'title': 'cobot_ai console', 'version': __version__},
        'paths': paths,
        'components': {
            'schemas': defs,
            'securitySchemes': {
                'login': {
                    'type': 'apiKey',
                    'in': 'cookie',
                    'name': app.config['SESSION_COOKIE_NAME'],
                }
            },
        },
    }


def _schemas() -> tuple[dict[tuple[str, str], Json], Json]:
    """Schema of what each endpoint gives and takes, and the definitions they share."""
    inputs: list[tuple[str, Any, TypeAdapter[Any]]] = []
    for endpoint, route in TABLE.items():
        if not isinstance(route.gives, str):
            inputs.append((endpoint, 'serialization', TypeAdapter(route.gives)))
        if route.takes is not None:
            inputs.append((endpoint, 'validation', route.takes))
    found, rest = TypeAdapter.json_schemas(inputs, ref_template=REF)
    named: dict[tuple[str, str], Json] = {(str(key), mode): s for (key, mode), s in found.items()}
    return named, rest.get('$defs', {})


def _operation(rule: Rule, schemas_of: dict[tuple[str, str], Json]) -> Json:
    endpoint = rule.endpoint
    route = TABLE.get(endpoint, PAGE)
    gives = schemas_of.get((endpoint, 'serialization'))
    media = 'application/json' if gives else str(route.gives)
    open_to_all = endpoint in OPEN_ENDPOINTS
    least = '' if open_to_all else ROUTES.get(endpoint, Role.ADMIN).name.lower()
    operation: Json = {
        'operationId': f'{endpoint}.{_suffix(rule)}' if _suffix(rule) else endpoint,
        'tags': [endpoint.partition('.')[0]],
        'x-least-role': least,
        'security': [] if open_to_all else [{'login': []}],
        'parameters': [*_in_path(rule), *_in_query(route)],
        'responses': {'200': {'description': 'OK', 'content': {media: _schema(gives)}}},
    }
    if not open_to_all:
        operation['responses'] |= {
            '401': {'description': 'Not logged in.'},
            '403': {'description': 'Not for this role, or sent from a foreign page.'},
        }
    if takes := schemas_of.get((endpoint, 'validation')):
        body = {'application/json': {'schema': takes}}
        operation['requestBody'] = {'required': True, 'content': body}
    return operation


def _suffix(rule: Rule) -> str:
    """Tells apart the paths of one endpoint."""
    return '.'.join(sorted(rule.arguments)) if rule.endpoint == 'pages.wall' else ''


def _schema(gives: Json | None) -> Json:
    return {'schema': gives} if gives else {}


def _in_path(rule: Rule) -> list[Json]:
    kinds = dict(re.findall(r'<(\w+):(\w+)>', str(rule)))
    of = {name: TYPES.get(kind, 'string') for kind, name in kinds.items()}
    return [
        {'name': name, 'in': 'path', 'required': True, 'schema': {'type': of.get(name, 'string')}}
        for name in sorted(rule.arguments)
    ]


def _in_query(route: Route) -> list[Json]:
    return [
        {'name': name, 'in': 'query', 'required': False, 'schema': {'type': 'integer'}}
        for name in route.query
    ]
