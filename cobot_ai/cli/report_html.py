"""The report of a replay as one self-contained page (no script, nothing fetched)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from cobot_ai.app.ports import Entry
from cobot_ai.cli.report_timeline import timeline
from cobot_ai.core.types import Json

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;color:#1b1f24}
body{margin:2rem auto;max-width:60rem;padding:0 1rem}
table{border-collapse:collapse;margin:1rem 0;width:100%}
th,td{border-bottom:1px solid #d0d7de;padding:.35rem .6rem;text-align:left}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
svg{width:100%;height:auto;background:#f6f8fa;border-radius:6px}
summary{cursor:pointer;padding:.4rem 0}details table{margin-left:1rem}
.key span{display:inline-block;margin-right:1.5rem}.bad{color:#a40e26;font-weight:600}
"""
WHOLE = 'whole cell'
"""Shown for the context of a cell that keeps none apart."""
WIDTH, HEIGHT, PAD = 900, 260, 36
COLOURS = {'asked': '#9a6700', 'acted': '#1a7f37', 'wrong': '#a40e26'}


def write_html(path: Path, document: Json, entries: Sequence[Entry]) -> None:
    """Write the page."""
    title = escape(f'Replay of {document["bag"]} in cell {document["cell"]}')
    parts = [
        '<!doctype html><html lang="en"><meta charset="utf-8">',
        f'<title>{title}</title><style>{STYLE}</style><h1>{title}</h1>',
        _figures(document),
        *(f'<p class="bad">{escape(text)}</p>' for text in document['remarks']),
        '<h2>Why cases were asked</h2>',
        '<p>Each asked case has one reason, the first that applied (docs/ask.md).</p>',
        _table(('reason', 'cases'), document['reasons'].items()),
        '<h2>Models: what ran when, and why</h2>',
        timeline(entries),
        '<h2>Cases over the run</h2>',
        '<p>Both lines count cases from the first on: amber those that were asked, green those '
        'the model decided alone. Where it learns, amber grows flatter and green steeper.</p>',
        _curve(entries, document),
        '<h2>Per context</h2>',
        '<p>The same figures for each context: thresholds and promises are kept apart.</p>',
        _contexts(document['contexts']),
        _advice(document),
        '<h2>How often the model was right</h2>',
        '<p>Its guess, decided alone or not, beside the truth, else the answer. The guess is of '
        'the version that was live then and had not seen the case: early cases make it look worse '
        'than it is by now, so the newest are counted apart.</p>',
        _guesses(document),
        f'<p>Digest <code>{escape(document["digest"])}</code></p></html>',
    ]
    path.write_text('\n'.join(parts), encoding='utf-8')


SAID = {
    'cases': 'Steps or windows that were judged.',
    'acted': 'Decided by the model alone.',
    'asked': 'Everything else: put to a person, or held.',
    'expired': 'Asked, and nobody answered in time: the fail-safe.',
    'held': 'Ended in the fail-safe, for whatever reason.',
    'wrong_alone': 'Decided alone, and the truth is another class. Unknown without the truth.',
    'asks per hour': 'Asked cases per hour of the recording; one without pauses gives a large one.',
    'models promoted': 'How often another version went live.',
    'candidates refused by the gate': 'Trained, but a named check refused it.',
    'decision latency p50 / p99, ms': 'From a complete step to its decision: half, and 99 of 100.',
    'samples missing / late': 'Samples that should have come; samples older than the one before.',
    'messages that could not be read': 'They count as missing.',
}
"""One sentence for each figure."""


def _figures(d: Json) -> str:
    latency = d['latency_ms']
    values = {k: d[k] for k in ('cases', 'acted', 'asked', 'expired', 'held', 'wrong_alone')} | {
        'asks per hour': d['asks_per_hour'],
        'models promoted': len(d['models']),
        'candidates refused by the gate': d['refused'],
        'decision latency p50 / p99, ms': f'{latency["p50"]} / {latency["p99"]}',
        'samples missing / late': f'{d["missing"]} / {d["late"]}',
        'messages that could not be read': d['dropped'],
    }
    rows = [(name, value, SAID[name]) for name, value in values.items()]
    return _table(('figure', 'value', 'what it is'), rows)


def _contexts(contexts: Json) -> str:
    names = ('cases', 'acted', 'asked', 'expired', 'held', 'wrong_alone')
    rows = [(c or WHOLE, *(f[n] for n in names)) for c, f in contexts.items()]
    first = ('never' if f['first_alone'] is None else f['first_alone'] for f in contexts.values())
    why = [(c or WHOLE, n, f['said']) for (c, f), n in zip(contexts.items(), first, strict=True)]
    head = ('context', 'first case alone', 'why, at the end of the run')
    return _table(('context', *names), rows) + _table(head, why)


def _advice(document: Json) -> str:
    """Where to go on reading when more was asked than decided alone."""
    if document['asked'] <= document['acted']:
        return ''
    return (
        '<p>Most was asked. What to try, in which order: docs/replay.md, “Everything was asked: '
        'what to try, in this order”. The table below is its fourth point.</p>'
    )


def _guesses(document: Json) -> str:
    """Right guesses per context: of all its cases, the newest, and each class."""
    found = {'all': document['guessed']} if len(document['contexts']) > 1 else {}
    found |= {c or WHOLE: f['guessed'] for c, f in document['contexts'].items()}
    rows = [(c, name, *_share(n)) for c, f in found.items() for name, n in _parts(f).items()]
    return _table(('context', 'cases', 'right', 'of', 'share'), rows)


def _parts(found: Json) -> Json:
    parts = {'all': found}
    if found['newest']['of'] < found['of']:
        parts[f'the newest {found["newest"]["of"]}'] = found['newest']
    return parts | {f'really {label}': n for label, n in found['classes'].items()}


def _share(n: Json) -> tuple[int, int, str]:
    return n['right'], n['of'], f'{n["right"] / n["of"]:.0%}' if n['of'] else '-'


def _curve(entries: Iterable[Entry], document: Json) -> str:
    """Cumulative asked and acted cases, with a tick where a new model went live."""
    asked, acted, swaps = [0], [0], []
    for e in entries:
        if e.kind == 'decision':
            act = e.body['verdict'] == 'act'
            asked.append(asked[-1] + (not act))
            acted.append(acted[-1] + act)
        elif e.kind == 'promote':
            swaps.append(len(asked) - 1)
    most = max(1, len(asked) - 1)
    lines = [_line(v, most, COLOURS[k]) for k, v in (('asked', asked), ('acted', acted))]
    ticks = [
        f'<line x1="{_x(s, most):.1f}" x2="{_x(s, most):.1f}" y1="{HEIGHT - PAD}" '
        f'y2="{HEIGHT - PAD + 8}" stroke="#57606a"/>'
        for s in swaps
    ]
    axis = f'<text x="{PAD}" y="{HEIGHT - 8}">0</text>'
    axis += f'<text x="{WIDTH - PAD}" y="{HEIGHT - 8}" text-anchor="end">{most} cases</text>'
    axis += f'<text x="4" y="{PAD - 8}">{most}</text>'
    key = (
        f'<p class="key"><span style="color:{COLOURS["asked"]}">— asked</span>'
        f'<span style="color:{COLOURS["acted"]}">— acted alone</span>'
        '<span>| below the axis: a new model went live</span></p>'
    )
    drawing = ''.join([*lines, *ticks, axis])
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img">{drawing}</svg>{key}'


def _x(i: int, most: int) -> float:
    return PAD + (WIDTH - 2 * PAD) * i / most


def _line(values: Sequence[int], most: int, colour: str) -> str:
    height = HEIGHT - 2 * PAD
    points = ' '.join(
        f'{_x(i, most):.1f},{HEIGHT - PAD - height * v / most:.1f}' for i, v in enumerate(values)
    )
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2.5"/>'


def _table(head: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    def cell(tag: str, value: object) -> str:
        number = ' class="n"' if isinstance(value, int | float) else ''
        return f'<{tag}{number}>{escape("unknown" if value is None else str(value))}</{tag}>'

    body = ''.join('<tr>' + ''.join(cell('td', v) for v in row) + '</tr>' for row in rows)
    return f'<table><tr>{"".join(cell("th", h) for h in head)}</tr>{body}</table>'
