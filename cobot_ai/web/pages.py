"""The built page, its assets, the health check and the no-build page `/lite`."""

from __future__ import annotations

import secrets
from pathlib import Path

from flask import Blueprint, Response, redirect, request, send_from_directory
from werkzeug.wrappers import Response as AnyResponse

from cobot_ai.app.ports import Entry
from cobot_ai.core.types import Json
from cobot_ai.web import lite, wire
from cobot_ai.web.auth import Auth, who_is
from cobot_ai.web.bucket import Buckets
from cobot_ai.web.commands import execute
from cobot_ai.web.plain import language, page_in
from cobot_ai.web.services import Services, WebSettings

YEAR_S = 365 * 24 * 3600
TEMPLATES = Path(__file__).parent / 'templates'


def blueprint(services: Services, settings: WebSettings, auth: Auth) -> Blueprint:
    """Routes for people without anything built, and for the built page."""
    pages = Blueprint('pages', __name__)
    folder = settings.asset_dir

    @pages.get('/')
    def index() -> AnyResponse:
        if not (folder / 'index.html').is_file():
            return redirect('/lite')
        page = send_from_directory(folder, 'index.html', max_age=0)
        page.headers['Cache-Control'] = 'no-cache'
        return page

    @pages.get('/wall')
    @pages.get('/wall/<page>')
    def wall(page: str = '') -> AnyResponse:
        return redirect(f'/#/wall/{page}' if page == 'kpi' else '/#/wall')

    @pages.get('/assets/<path:name>')
    def asset(name: str) -> Response:
        file = send_from_directory(folder / 'assets', name, max_age=YEAR_S)
        file.headers['Cache-Control'] = f'public, max-age={YEAR_S}, immutable'
        return file

    @pages.get('/sw.js')
    def offline() -> Response:
        return _as_it_is(folder, 'sw.js', 'text/javascript')

    @pages.get('/manifest.webmanifest')
    def manifest() -> Response:
        return _as_it_is(folder, 'manifest.webmanifest', 'application/manifest+json')

    @pages.get('/icon.svg')
    def icon() -> Response:
        return _as_it_is(folder, 'icon.svg', 'image/svg+xml')

    @pages.get('/lite.js')
    def lite_script() -> Response:
        return _as_it_is(TEMPLATES, 'lite.js', 'text/javascript')

    @pages.get('/plain.css')
    def style() -> Response:
        return send_from_directory(TEMPLATES, 'plain.css', max_age=0)

    @pages.get('/healthz')
    def healthz() -> Json:
        state, age_ms = services.pulse()
        if not auth.allowed():
            state = {}  # whoever is not logged in learns that it runs, nothing more
        return {'ok': True, 'seq': services.reader.head(), **wire.pulse(state, age_ms)}

    buckets = Buckets(settings.rate_hz, settings.burst)

    @pages.get('/lite')
    def lite_page() -> Response:
        return _lite(services, None)

    @pages.post('/lite')
    def lite_answer() -> tuple[Response, int] | Response:
        if not buckets.take(request.remote_addr or '', services.monotonic()):
            return _lite(services, {'status': 'busy'}), 429
        return _lite(services, _answer(services, settings, auth))

    return pages


def _as_it_is(folder: Path, name: str, mimetype: str) -> Response:
    """A file at the top of the built page; asked for again at every start."""
    file = send_from_directory(folder, name, mimetype=mimetype, max_age=0)
    file.headers['Cache-Control'] = 'no-cache'
    return file


def _lite(services: Services, reply: Json | None) -> Response:
    lang = language()
    _, age_ms = services.pulse()
    return page_in(
        lang,
        'lite.html',
        asks=[_ask(services, c, lang) for c in services.reader.open_cases()],
        age_s=round(age_ms / 1000) if age_ms < lite.UNKNOWN_AFTER_MS else None,
        reply=lite.reply_text(reply, lite.texts(lang)),
    )


def _ask(services: Services, case: int, lang: str) -> Json:
    entries: list[Entry] = services.reader.of_case(case)
    document = lite.ask(entries, services.wall_ns(), lang, secrets.token_hex(12))
    return {**document, 'still': services.still(case) is not None}


def _answer(services: Services, settings: WebSettings, auth: Auth) -> Json:
    """Claim, then answer with the epoch the claim gave: the two steps of the real page."""
    form, who = request.form, who_is(auth.person())
    by = form.get('by', '')[:80]
    base = {'by': by, 'tablet': 'lite', 'case': form.get('case', 0, type=int)}
    key = form.get('key', '')
    if who is None and not by.strip():
        return {'status': 'refused', 'reason': 'no_name'}

    def send(command: Json) -> Json:
        return execute(services, command, who, settings.command_timeout_s)

    if 'undo' in form:
        return send({**base, 'kind': 'undo', 'key': key, 'epoch': form.get('epoch', 0, type=int)})
    claim = send({**base, 'kind': 'claim', 'key': f'{key}.c'})
    epoch = claim.get('epoch')
    return send(
        {
            **base,
            'kind': 'answer',
            'key': key,
            'label': form.get('label', ''),
            'epoch': epoch if isinstance(epoch, int) else form.get('epoch', 0, type=int),
        }
    )
