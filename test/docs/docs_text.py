"""Reads the documentation and the source for the tests that compare the two."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / 'docs'
PAGES = sorted([*ROOT.glob('*.md'), *DOCS.rglob('*.md')])


def section(page: str, title: str) -> str:
    """Text under a heading of a page of docs/, up to the next heading of its rank or higher."""
    text = (DOCS / page).read_text(encoding='utf-8')
    head = re.search(rf'^(#+) {re.escape(title)}.*$', text, re.MULTILINE)
    assert head, f'docs/{page} has no section "{title}"'
    rest = text[head.end() :]
    after = re.search(rf'^#{{1,{len(head[1])}}} ', rest, re.MULTILINE)
    return rest[: after.start()] if after else rest


def rows(text: str) -> Iterator[list[str]]:
    """Cells of every table row, header rows included."""
    for line in text.splitlines():
        if line.startswith('|') and not line.startswith('|--'):
            yield [cell.strip() for cell in line.strip('|').split('|')]


def marked(text: str) -> set[str]:
    """Everything in back quotes."""
    return set(re.findall(r'`([^`\n]+)`', text))


def first_column(text: str) -> set[str]:
    """Everything in back quotes in the first column of the tables."""
    return {name for row in rows(text) for name in marked(row[0])}


def tree(path: str) -> ast.Module:
    """Syntax tree of a source file."""
    return ast.parse((ROOT / path).read_text(encoding='utf-8'))


def calls(path: str, name: str) -> Iterator[ast.Call]:
    """Calls of a function or method of this name in a source file."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            called = node.func
            found = called.attr if isinstance(called, ast.Attribute) else getattr(called, 'id', '')
            if found == name:
                yield node


def texts(node: ast.AST) -> set[str]:
    """All text constants below a node."""
    return {
        n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)
    }


def first_texts(path: str, name: str) -> set[str]:
    """Text constants that are the first argument of calls of this name in a source file."""
    firsts = (c.args[0] for c in calls(path, name) if c.args)
    return {n.value for n in firsts if isinstance(n, ast.Constant) and isinstance(n.value, str)}
