"""The timeline of a report: which version ran when, why it changed, and what the gate refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from html import escape
from itertools import groupby

from cobot_ai.app import history
from cobot_ai.app.history import Span
from cobot_ai.app.ports import Entry

WIDTH, PAD = 900, 36
BINS = 120
"""Columns of the decisions over time."""
FOLD = 3
"""More swaps in a row for the same reason are folded into one line."""
WHY = {
    'auto': 'by the rule of the cell file (model.swap)',
    'person': 'by a person',
    'scheduled': 'as somebody had planned',
    'recovered': 'because the live file was damaged',
    'rollback': 'one step back, by a person',
}
SHADES = ('#a5c8f0', '#5b8fd0')
ACTED, ASKED, REFUSED, INK = '#1a7f37', '#9a6700', '#a40e26', '#57606a'


@dataclass(frozen=True, slots=True)
class _Scale:
    """Time to x."""

    begin: int
    end: int

    def x(self, t_ns: int) -> float:
        share = (t_ns - self.begin) / max(1, self.end - self.begin)
        return PAD + (WIDTH - 2 * PAD) * min(1.0, max(0.0, share))


def timeline(entries: Sequence[Entry]) -> str:
    """The section of the page: reasons first, then the drawing, then every interval."""
    spans = history.spans(entries)
    refused = [e for e in entries if e.kind == 'candidate' and not e.body['passed']]
    waiting = [e for e in entries if e.kind == 'candidate' and e.body.get('reason')]
    parts = [_reasons(spans, refused, waiting)]
    if entries:
        parts.append(_drawing(entries, spans, refused))
    if spans:
        parts.append(_intervals(spans, entries[-1].t_ns))
    if refused:
        parts.append(_refusals(refused))
    return '\n'.join(parts)


# ---------------------------------------------------------------- reasons


def _reasons(spans: Sequence[Span], refused: Sequence[Entry], waiting: Sequence[Entry]) -> str:
    lines = [
        f'{count} {_times(count)} a version went live {WHY.get(why, why)}.'
        for why, count in Counter(s.why for s in spans).most_common()
    ]
    if not spans:
        lines = ['No version ever went live: everything was asked.']
    failed = Counter(name for e in refused for name in e.body['failed'])
    if refused:
        named = ', '.join(f'{escape(name)} ({n})' for name, n in failed.most_common())
        lines.append(
            f'The gate refused {len(refused)} candidates; checks that failed (a candidate can fail '
            f'several): {named}.'
        )
    stale = sum(e.body['reason'] == 'stale_parent' for e in waiting)
    if stale:
        lines.append(
            f'{stale} candidates passed but were not used: while each was trained, another version '
            'went live, so it had been compared with the wrong one.'
        )
    return '<ul>' + ''.join(f'<li>{line}</li>' for line in lines) + '</ul>'


def _times(count: int) -> str:
    return 'time' if count == 1 else 'times'


# ---------------------------------------------------------------- drawing


def _drawing(entries: Sequence[Entry], spans: Sequence[Span], refused: Sequence[Entry]) -> str:
    scale = _Scale(entries[0].t_ns, entries[-1].t_ns)
    parts = [
        *_decisions(entries, scale),
        *_bars(spans, scale),
        *(_mark(e, scale) for e in refused),
        f'<text x="{PAD}" y="188">{_clock(scale.begin)}</text>',
        f'<text x="{WIDTH - PAD}" y="188" text-anchor="end">{_clock(scale.end)}</text>',
    ]
    said = (
        '<p>Left to right is the time of the recording. Columns on top: decisions, green where '
        'the model acted alone, amber where a person was asked; the tallest column has the most '
        'decisions in one stretch of time. Blue bar: the version that was live, changing its '
        'shade at every swap; a red edge is a rollback, a dark edge the swap of a person. Red '
        'triangles below: candidates the gate refused. Point at anything for its figures.</p>'
    )
    drawing = ''.join(parts)
    return f'<svg viewBox="0 0 {WIDTH} 196" role="img" id="timeline">{drawing}</svg>{said}'


def _decisions(entries: Sequence[Entry], scale: _Scale) -> Iterable[str]:
    width = (WIDTH - 2 * PAD) / BINS
    acted, asked = [0] * BINS, [0] * BINS
    for entry in entries:
        if entry.kind == 'decision':
            place = min(BINS - 1, int((scale.x(entry.t_ns) - PAD) / width))
            (acted if entry.body['verdict'] == 'act' else asked)[place] += 1
    most = max(1, *(a + b for a, b in zip(acted, asked, strict=True)))
    for i, (alone, person) in enumerate(zip(acted, asked, strict=True)):
        if not alone + person:
            continue
        tall, low = 80 * (alone + person) / most, 80 * person / most
        where = f'x="{PAD + i * width:.1f}" width="{width - 1:.1f}"'
        yield (
            f'<g><title>{alone} acted alone, {person} asked</title>'
            f'<rect {where} y="{100 - tall:.1f}" height="{tall - low:.1f}" fill="{ACTED}"/>'
            f'<rect {where} y="{100 - low:.1f}" height="{low:.1f}" fill="{ASKED}"/></g>'
        )


def _bars(spans: Sequence[Span], scale: _Scale) -> Iterable[str]:
    edges = {'rollback': REFUSED, 'person': INK, 'scheduled': INK}
    for i, span in enumerate(spans):
        begin, end = scale.x(span.from_ns), scale.x(span.to_ns or scale.end)
        told = f'{span.model[:12]}: {WHY.get(span.why, span.why)}, from {_clock(span.from_ns)}'
        edge = edges.get(span.why, '')
        line = f'<rect x="{begin:.1f}" y="108" width="3" height="36" fill="{edge}"/>'
        yield (
            f'<g class="span"><title>{escape(told)}</title><rect x="{begin:.1f}" y="112" '
            f'width="{max(0.5, end - begin):.1f}" height="28" fill="{SHADES[i % 2]}"/>'
            f'{line if edge else ""}</g>'
        )


def _mark(entry: Entry, scale: _Scale) -> str:
    x, failed = scale.x(entry.t_ns), ', '.join(entry.body['failed'])
    return (
        f'<path d="M{x:.1f} 148l5 10h-10z" fill="{REFUSED}">'
        f'<title>refused at {_clock(entry.t_ns)}: {escape(failed)}</title></path>'
    )


# ---------------------------------------------------------------- tables


def _intervals(spans: Sequence[Span], end_ns: int) -> str:
    """One row for each interval; long runs for the same reason are folded into one line."""
    parts = ['<p>Each line is a version and the time it was live; the end is not part of it.</p>']
    for why, run in groupby(spans, key=lambda s: s.why):
        rows = list(run)
        table = _table(rows)
        if len(rows) <= FOLD:
            parts.append(table)
            continue
        last = rows[-1].to_ns or end_ns
        said = (
            f'{_clock(rows[0].from_ns)} to {_clock(last)}: {len(rows)} versions one after the '
            f'other, each {WHY.get(why, why)}'
        )
        parts.append(f'<details><summary>{escape(said)}</summary>{table}</details>')
    return '\n'.join(parts)


def _table(spans: Sequence[Span]) -> str:
    rows = ''.join(
        f'<tr><td>{_clock(s.from_ns)}</td><td>{_clock(s.to_ns) if s.to_ns else "the end"}</td>'
        f'<td><code>{escape(s.model[:12])}</code></td><td>{escape(WHY.get(s.why, s.why))}</td>'
        f'<td>{escape(s.by)}</td></tr>'
        for s in spans
    )
    head = ''.join(f'<th>{h}</th>' for h in ('from (UTC)', 'to', 'version', 'why', 'who'))
    return f'<table><tr>{head}</tr>{rows}</table>'


def _refusals(refused: Sequence[Entry]) -> str:
    rows = ''.join(
        f'<tr><td>{_clock(e.t_ns)}</td><td><code>{escape(e.body["model"][:12])}</code></td><td>'
        + '<br>'.join(
            f'<b>{escape(c["name"])}</b>: {escape(c["why"])}'
            for c in e.body['checks']
            if not c['passed']
        )
        + '</td></tr>'
        for e in refused
    )
    table = f'<table><tr><th>when (UTC)</th><th>version</th><th>why</th></tr>{rows}</table>'
    said = f'{len(refused)} candidates the gate refused, each with the check and its figures'
    if len(refused) <= FOLD:
        return f'<p>{said}:</p>{table}'
    return f'<details><summary>{said}</summary>{table}</details>'


def _clock(t_ns: int) -> str:
    return datetime.fromtimestamp(t_ns / 1e9, timezone.utc).strftime('%F %T')
