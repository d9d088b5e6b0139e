"""The classes of a first cell file, from the answers of a recording."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence

from cobot_ai.app.operator import UNKNOWN, Interval
from cobot_ai.core.types import Json

QUESTION: Json = {
    'text': {'en': 'Is this step good?'},
    'classes': [
        {'name': 'good', 'action': 'continue', 'nominal': True, 'text': {'en': 'Good'}},
        {'name': 'bad', 'action': 'stop', 'text': {'en': 'Not good'}},
    ],
    'deadline_s': 60,
    'fail_safe': 'hold',
}
SAME = 4
"""So many intervals of one kind, each with another label, are a numbering."""
NORMAL = 'normal'
"""Name of what was true between events."""
GOOD = frozenset(
    (
        *('good', 'ok', 'okay', 'io', 'normal', 'nominal', 'pass', 'passed', 'correct', 'healthy'),
        *('fine', 'success', 'gut', 'ordnung', 'bon', 'bonne', 'correcto', 'bueno', 'conforme'),
    )
)
"""Words that name a good step."""
NO = frozenset(('no', 'not', 'non', 'nicht', 'without', 'ohne', 'sin', 'sans'))
BAD = frozenset(
    ('fault', 'defect', 'error', 'failure', 'anomaly', 'damage', 'leak', 'collision', 'fehler')
)
"""With a word of `NO` before one of these a step is good as well."""


def question(truth: Sequence[Interval]) -> Json:
    """The template, or with truth: its labels, the good ones first."""
    labels, (good, _) = _labels(truth), good_ones(truth)
    if not labels:
        return QUESTION
    names = sorted(labels, key=lambda label: (label not in good, label))
    classes = [_class(n, n in good) for n in names]
    return {**QUESTION, 'classes': classes, 'open_classes': len(classes) < 2}


def good_ones(truth: Sequence[Interval]) -> tuple[set[str], str]:
    """Labels that are taken for good, and why that is a guess; '' where a label says so."""
    labels = _labels(truth)
    good = {label for label in labels if _is_good(label)}
    if good or not labels:
        return good, ''
    if '0' in labels and all(re.fullmatch(r'-?\d+', label) for label in labels):
        return {'0'}, 'no label says what is good, `0` is taken for it'
    often = max(sorted(labels), key=lambda label: labels[label])
    return {often}, f'no label says what is good, `{often}` is taken because it comes most often'


def counted(truth: Sequence[Interval]) -> list[Interval]:
    """Intervals whose labels (or kinds) become classes."""
    named = [i for i in truth if i.kind == 'class']
    return named or [i for i in truth if i.kind not in numberings(truth)]


def numberings(truth: Sequence[Interval]) -> list[str]:
    """Kinds that number something (cycle 1, 2, 3 ...) instead of saying that it happened."""
    names: dict[str, list[str]] = {}
    for interval in truth:
        names.setdefault(interval.kind, []).append(interval.label)
    events = {kind: labels for kind, labels in names.items() if kind != 'class'}
    return [k for k, n in events.items() if len(n) > SAME and len(set(n)) > 0.8 * len(n)]


def _labels(truth: Sequence[Interval]) -> Counter[str]:
    """How often each class comes; between events everything was normal."""
    if any(i.kind == 'class' and i.label != UNKNOWN for i in truth):
        return Counter(i.label for i in truth if i.kind == 'class' and i.label != UNKNOWN)
    numbered = numberings(truth)
    found = Counter(i.kind for i in truth if i.kind != 'class' and i.kind not in numbered)
    return found + Counter({NORMAL: 1}) if found else found


def _is_good(label: str) -> bool:
    words = re.findall(r'[a-z0-9]+', label.lower())
    joined = ''.join(words) if all(len(w) == 1 for w in words) else ''  # i.O. is one word
    return (_says(words, GOOD) and not _says(words, NO)) or joined in GOOD or _denied(words)


def _says(words: Collection[str], known: Collection[str]) -> bool:
    return any(word in known for word in words)


def _denied(words: Sequence[str]) -> bool:
    """No fault, without defect ..."""
    return len(words) == 2 and words[0] in NO and words[1] in BAD


def _class(name: str, good: bool) -> Json:
    action = {'action': 'continue', 'nominal': True} if good else {'action': 'stop'}
    text = name.replace('_', ' ')
    return {'name': name, **action, 'text': {'en': text.capitalize() if text.islower() else text}}
