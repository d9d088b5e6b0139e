"""HTTP routes for everything that is not live. They call the same functions as the socket."""

from __future__ import annotations

from flask import Blueprint, Response, abort, current_app, request

from cobot_ai.app import insight
from cobot_ai.app.proposals import pending, proposal_json
from cobot_ai.app.tuning import now_spec
from cobot_ai.app.what_if import what_if as other_risk
from cobot_ai.core.calendar import zone_of
from cobot_ai.core.tune import words
from cobot_ai.core.types import Json
from cobot_ai.web import instruction, views, wire
from cobot_ai.web.auth import Auth, who_is
from cobot_ai.web.bucket import Buckets
from cobot_ai.web.commands import execute, refusal
from cobot_ai.web.devices import build_of
from cobot_ai.web.openapi import document
from cobot_ai.web.record import DataSets, Figures, SecondLooks
from cobot_ai.web.services import Services, WebSettings

MAX_CASES = 500
MAX_CASE = 2**53
"""Numbers from here on are no cases: JavaScript does not tell them apart."""
IMAGE_TYPES = {b'\x89PNG': 'image/png', b'\xff\xd8\xff': 'image/jpeg'}
Result = Json | tuple[Json, int]


def not_found(what: str) -> tuple[Json, int]:
    """A 404 with a reason the page can show."""
    return {'error': f'no_{what}'}, 404


def blueprint(services: Services, settings: WebSettings, auth: Auth) -> Blueprint:
    """All routes below `/api`."""
    api = Blueprint('api', __name__, url_prefix='/api')
    zone = zone_of(services.spec.timezone)
    buckets = Buckets(settings.rate_hz, settings.burst)
    figures, looks = Figures(services.reader), SecondLooks(services.reader)
    data_sets = DataSets(services, zone)

    @api.url_value_preprocessor
    def bounded(endpoint: str | None, values: Json | None) -> None:
        if (values or {}).get('case', 0) >= MAX_CASE:
            abort(404)

    @api.get('/me')
    def me() -> Json:
        person, role, who = auth.person(), auth.role(), who_is(auth.person())
        return {
            'name': person['name'] if person else '',
            'role': role.name.lower() if role is not None else '',
            'tablet': auth.tablet(),
            'station': who.station if who else '',
            'build': build_of(settings.asset_dir),
            'login': settings.login_required,
            'tls': request.is_secure,
            'simulated': services.simulated,
        }

    @api.get('/snapshot')
    def snapshot() -> Json:
        reader = services.reader
        return wire.snapshot(reader, reader.head(), services.wall_ns(), services.spec)

    @api.get('/cases')
    def cases() -> Json:
        limit = request.args.get('limit', 50, type=int)
        return {'cases': views.case_rows(services.reader, max(1, min(limit, MAX_CASES)))}

    @api.get('/cases/<int:case>')
    def case_doc(case: int) -> Result:
        return views.case_doc(services, case) or not_found('case')

    @api.get('/cases/<int:case>/evidence')
    def evidence(case: int) -> Result:
        return views.evidence_doc(services, case) or not_found('evidence')

    @api.get('/review')
    def review() -> Json:
        return looks.get()

    @api.get('/review/<int:case>')
    def review_evidence(case: int) -> Result:
        return views.evidence_doc(services, case, blind=True) or not_found('evidence')

    @api.get('/sop/<lang>')
    def sop(lang: str) -> Result:
        page = services.sop(lang)
        return {'html': instruction.render(page)} if page is not None else not_found('sop')

    @api.get('/cases/<int:case>/still')
    def still(case: int) -> Response | tuple[Json, int]:
        image = _image(services.still(case))
        if image is None and services.reader.of_case(case):
            return Response(status=204)  # nothing is wrong: this case has no picture
        return image or not_found('still')

    @api.get('/models')
    def models() -> Json:
        return views.models(services)

    @api.get('/history')
    def history() -> Json:
        at_ns = request.args.get('at_ns', None, type=int)
        return {'spans': views.spans(services.reader, at_ns)}

    @api.get('/kpi')
    def kpi() -> Json:
        return figures.get(
            'kpi',
            lambda rows: {
                'figures': insight.kpis(
                    rows, now_spec(services.spec, services.reader), zone, figures.downtime
                ),
                'cases': len(rows),
                'since_ns': rows[0].t_ns if rows else None,
            },
        )

    @api.get('/confusion')
    def confusion() -> Json:
        return figures.get('confusion', insight.confusion)

    @api.get('/what_if')
    def what_if() -> Json:
        spec = now_spec(services.spec, services.reader)
        found = figures.get('what_if', lambda rows: other_risk(rows, spec, zone))
        return {**found, 'proposal': proposal_json(pending(services.reader, spec.digest))}

    @api.get('/data')
    def data() -> Json:
        return data_sets.get()

    @api.get('/vocabulary')
    def vocabulary() -> Json:
        spec = now_spec(services.spec, services.reader)
        return {'words': [{'of': o, 'name': n, 'text': t} for o, n, t in words(spec)]}

    @api.get('/openapi.json')
    def openapi() -> Json:
        return document(current_app)

    @api.get('/stats')
    def stats() -> Json:
        return views.stats(services.reader)

    @api.post('/command')
    def command() -> Result:
        raw = request.get_json(silent=True)
        if not buckets.take(request.remote_addr or '', services.monotonic()):
            return refusal(raw, 'busy', 'too_many'), 429
        role, who = auth.role(), who_is(auth.person())
        why = 'role' if role is None else auth.refused(role, who, raw)
        if why:
            return refusal(raw, 'refused', why), 403
        reply = execute(services, raw, who, settings.command_timeout_s)
        return reply, 400 if reply['status'] == 'invalid' else 200

    return api


def _image(data: bytes | None) -> Response | None:
    """An image with the type its first bytes say; anything else is not served."""
    for magic, mimetype in IMAGE_TYPES.items():
        if data and data.startswith(magic):
            return Response(
                data, mimetype=mimetype, headers={'Cache-Control': 'private, max-age=3600'}
            )
    return None
