"""What the no-build page says: a question as plain JSON for its template, and its sentences."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any

from cobot_ai.app.ports import Entry
from cobot_ai.core.types import Json

UNKNOWN_AFTER_MS = 5000.0
"""Without a heartbeat for this long nothing is known about the line."""


@cache
def _all() -> dict[str, dict[str, str]]:
    text = (files('cobot_ai') / 'web' / 'templates' / 'texts.json').read_text('utf-8')
    catalogue: dict[str, dict[str, str]] = json.loads(text)
    return catalogue


LANGUAGES = {
    'en': 'English',
    'de': 'Deutsch',
    'es': 'Español',
    'fr': 'Français',
    'pl': 'Polski',
    'tr': 'Türkçe',
    'ar': 'العربية',
    'hi': 'हिन्दी',
    'ja': '日本語',
    'zh-Hans': '简体中文',
}
RIGHT_TO_LEFT = frozenset({'ar'})


def choose(asked: str | None, accepted: Iterable[str]) -> str:
    """The language of a page: the one that was tapped, else the browser's first that exists.

    Args:
        asked: Language code somebody chose, None when nobody did.
        accepted: Codes the browser accepts, best first, e.g. `zh-CN`.
    """
    for wanted in (asked or '', *accepted):
        base = wanted.split('-')[0].lower()
        if wanted in LANGUAGES or base in LANGUAGES:
            return wanted if wanted in LANGUAGES else base
        if base == 'zh':
            return 'zh-Hans'
    return 'en'


def texts(lang: str) -> dict[str, str]:
    """All sentences of one language, its code under `lang` and its direction under `dir`."""
    direction = 'rtl' if lang in RIGHT_TO_LEFT else 'ltr'
    return {**_all()['en'], **_all().get(lang, {}), 'lang': lang, 'dir': direction}


def local(text: dict[str, str], lang: str, fallback: str) -> str:
    """A plant's text in the reader's language, else English, else any, else the fallback."""
    base = lang.split('-', maxsplit=1)[0]
    near = next((t for code, t in text.items() if code.split('-')[0] == base), None)
    return text.get(lang) or near or text.get('en') or next(iter(text.values()), fallback)


def ask(entries: list[Entry], wall_ns: int, lang: str, key: str) -> Json:
    """A question for the template. It never holds what the model thinks."""
    first = next(e for e in entries if e.kind == 'ask')
    body = first.body
    return {
        'case': first.case,
        'key': key,
        'question': local(body['text'], lang, body['context']),
        'facts': body['facts'],
        'left_s': max(0, round((body['deadline_wall_ns'] - wall_ns) / 1e9)),
        'fail_safe': body['fail_safe'],
        'epoch': _epoch(entries),
        'given': _given(
            entries, {c['name']: local(c['text'], lang, c['name']) for c in body['classes']}
        ),
        'classes': [
            {'name': c['name'], 'text': local(c['text'], lang, c['name'])} for c in body['classes']
        ],
        'open_classes': body['open_classes'],
    }


def _epoch(entries: list[Entry]) -> int:
    return max((e.body['epoch'] for e in entries if e.kind in ('claim', 'undo')), default=0)


def _given(entries: list[Entry], names: dict[str, str]) -> Json | None:
    """The answer that stands inside its undo window, None when there is none."""
    given: Json | None = None
    for entry in entries:
        if entry.kind == 'answer' and entry.body['status'] == 'accepted':
            label = entry.body['label']
            given = {'by': entry.body['by'], 'label': label, 'text': names.get(label, label)}
        elif entry.kind == 'undo':
            given = None
    return given


def reply_text(reply: Json | None, text: dict[str, str]) -> str:
    """One sentence about a reply, empty when there was none."""
    if reply is None:
        return ''
    if reply.get('reason') == 'no_name':
        return text['login.no_name']
    params: dict[str, Any] = {'by': reply.get('by') or '', 'label': reply.get('label') or ''}
    status = {'agreed': 'accepted'}.get(reply['status'], reply['status'])
    return text.get(f'reply.{status}', text['reply.refused']).format(**params)
