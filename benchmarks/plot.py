"""The figure of docs/risk.md, written as plain SVG: promised against measured silent errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

COLOURS = {
    'cross-fit certified (ours)': '#0b6e4f',
    'cross-fit expected (ours)': '#5fad56',
    'split certified': '#4477aa',
    'single option (KnowNo)': '#aa3377',
    'fixed 0.8': '#cc6677',
    'fixed 0.9': '#ddaa33',
    'fixed 0.95': '#999933',
    'never ask': '#777777',
}
LEGEND = (
    'dot: all resplits together',
    'line: up to the 95th percentile',
    'above dashes: promise broken',
)
WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 340, 300, 52, 40, 30


def draw_guarantee(rows: Sequence[Mapping[str, Any]], sets: Sequence[str], file: Path) -> None:
    """One panel per set; a dot is the mean over the resplits, a line reaches to the 95th percent.

    Args:
        rows: Rows of the guarantee section. sets: Names of the panels. file: Where to write.
    """
    parts = [_panel(i, name, [r for r in rows if r['set'] == name]) for i, name in enumerate(sets)]
    width = len(sets) * WIDTH + 190
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" '
        'font-family="sans-serif" font-size="11">'
        f'<rect width="{width}" height="{HEIGHT}" fill="white"/>'
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    text = '\n'.join([head, *parts, _legend(len(sets) * WIDTH), '</svg>\n'])
    file.write_text(text, encoding='utf-8')


def _panel(index: int, name: str, rows: Sequence[Mapping[str, Any]]) -> str:
    epsilons = sorted({r['epsilon'] for r in rows})
    most = max(0.12, *(r['worst_5_percent'] for r in rows)) * 1.05
    wide, tall = WIDTH - LEFT - 20, HEIGHT - TOP - BOTTOM

    def x(value: float) -> float:
        return index * WIDTH + LEFT + wide * value / (max(epsilons) * 1.15)

    def y(value: float) -> float:
        return TOP + tall * (1 - value / most)

    turn = f'translate({x(0) - 36},{y(0)}) rotate(-90)'
    shapes = [
        f'<text x="{x(0)}" y="18" font-weight="bold">{name}</text>',
        _line(x(0), y(0), x(max(epsilons) * 1.15), y(0), '#000'),
        _line(x(0), y(0), x(0), TOP, '#000'),
        _line(x(0), y(0), x(max(epsilons) * 1.15), y(max(epsilons) * 1.15), '#000', dash=True),
        f'<text x="{x(0)}" y="{HEIGHT - 6}">promised: at most this share wrong</text>',
        f'<text transform="{turn}">measured silent errors</text>',
    ]
    shapes += [_tick(x(e) - 8, y(0) + 14, e) for e in epsilons]
    step = 0.05 if most > 0.16 else 0.02
    shapes += [_tick(x(0) - 26, y(step * n) + 4, step * n) for n in range(int(most / step) + 1)]
    names = [rule for rule in COLOURS if any(r['rule'] == rule for r in rows)]
    for row in (r for r in rows if r['rule'] in names):
        place = x(row['epsilon']) + 5 * (names.index(row['rule']) - len(names) / 2)
        colour = COLOURS[row['rule']]
        dot = y(row['silent_error'])
        shapes.append(_line(place, dot, place, min(dot, y(row['worst_5_percent'])), colour))
        shapes.append(
            f'<circle cx="{place:.1f}" cy="{dot:.1f}" r="3.2" fill="{colour}">'
            f'<title>{row["rule"]}: {row["silent_error"]:.4f} of what it acted on, '
            f'acts on {row["coverage"]:.0%}</title></circle>'
        )
    return '\n'.join(shapes)


def _legend(left: int) -> str:
    out = []
    for i, (name, colour) in enumerate(COLOURS.items()):
        y = TOP + 18 * i
        out.append(f'<circle cx="{left + 8}" cy="{y - 4}" r="4" fill="{colour}"/>')
        out.append(f'<text x="{left + 18}" y="{y}">{name}</text>')
    low = TOP + 18 * len(COLOURS) + 8
    for i, line in enumerate(LEGEND):
        out.append(f'<text x="{left + 4}" y="{low + 15 * i}" fill="#444">{line}</text>')
    return '\n'.join(out)


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, dash: bool = False) -> str:
    style = ' stroke-dasharray="4 3"' if dash else ' stroke-width="1.4"'
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"{style}/>'
    )


def _tick(x: float, y: float, value: float) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="#444">{value * 100:g}%</text>'
