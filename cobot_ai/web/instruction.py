"""Work instructions: Markdown of the plant, as HTML that can run nothing.

HTML inside the Markdown is shown as text, and what comes out is cleaned once more by a list of
allowed elements: two locks, because the file is written by people the console does not know.
"""

from __future__ import annotations

import nh3
from markdown_it import MarkdownIt

TAGS = {
    'h1', 'h2', 'h3', 'h4', 'p', 'ol', 'ul', 'li', 'strong', 'em', 'code', 'pre', 'blockquote',
    'table', 'thead', 'tbody', 'tr', 'th', 'td', 'hr', 'br', 's',
}  # fmt: skip
MAX_CHARACTERS = 64 * 1024
_MARKDOWN = MarkdownIt('js-default', {'html': False, 'linkify': False})


def render(markdown: str) -> str:
    """HTML of a work instruction: text, lists and tables; no links, no pictures, no scripts."""
    return nh3.clean(
        _MARKDOWN.render(markdown[:MAX_CHARACTERS]), tags=TAGS, attributes={}, link_rel=None
    )
