"""Pages that need no build: their language, and how they are made."""

from __future__ import annotations

from flask import Response, render_template, request

from cobot_ai.web import lite

YEAR_S = 365 * 24 * 3600
LANGUAGE_COOKIE = 'cobot_ai_lang'


def language() -> str:
    """The reader's language: just tapped, tapped before, or the browser's."""
    asked = request.args.get('lang') or request.cookies.get(LANGUAGE_COOKIE)
    return lite.choose(asked, (code for code, _ in request.accept_languages))


def page_in(lang: str, template: str, **values: object) -> Response:
    """A page without a build in a language, which is kept for the next one."""
    text = lite.texts(lang)
    html = render_template(template, t=text, languages=lite.LANGUAGES, **values)
    page = Response(html, mimetype='text/html')
    page.set_cookie(LANGUAGE_COOKIE, lang, max_age=YEAR_S, samesite='Strict', httponly=True)
    return page
