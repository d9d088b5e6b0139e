"""Section `product`: `cobot_ai replay` of real recordings; silent errors counted a second time.

The report says how often the model was silently wrong. Here the same figure is computed again,
with other code, from the ledger file of the replay and from truth.csv.
"""

from __future__ import annotations

import csv
import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from bench_setup import NoRecordingsError, Setup, table
from figures import bar

from cobot_ai.cli.replay import Options, run_replay
from cobot_ai.store.cellfile import load_cell

RECORDINGS = {
    'lp1': ('robot_failures_lp1', 'wrench_cases'),
    'lp2': ('robot_failures_lp2', 'wrench_cases'),
    'lp3': ('robot_failures_lp3', 'wrench_cases'),
    'lp4': ('robot_failures_lp4', 'wrench_cases'),
    'lp5': ('robot_failures_lp5', 'wrench_cases'),
    'basic_motions': ('basic_motions', 'basic_motions'),
    'ur3_morning': ('ur3_morning', 'ur3_morning'),
    'skab': ('skab', 'skab'),
}
QUICK = ('lp1', 'basic_motions')
COLUMNS = ('cases', 'acted', 'asked', 'merged', 'wrong_alone', 'recomputed', 'models', 'cpu_s')


def run(setup: Setup) -> dict[str, object]:
    """Every recording through the whole loop, with a scripted operator."""
    if setup.tool is None:
        raise NoRecordingsError('needs the converter to_bag.py; name it with COBOT_AI_TO_BAG')
    found = {name: replay(setup, name) for name in (QUICK if setup.quick else RECORDINGS)}
    table('product', COLUMNS, {n: [row[c] for c in COLUMNS] for n, row in found.items()})
    bars = {
        f'{name}: report and ledger agree': bar(
            float(abs(row['wrong_alone'] - row['recomputed'])), 0.0, '<='
        )
        for name, row in found.items()
    }
    table('product', (), {}, bars)
    return {'recordings': found, 'bars': bars}


def replay(setup: Setup, name: str) -> dict[str, Any]:
    """One recording: bag, replay, and the second count."""
    recording, cell = RECORDINGS[name]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        command = [sys.executable, str(setup.tool), str(setup.data / f'{recording}.npz')]
        subprocess.run([*command, str(folder / 'made')], check=True, capture_output=True)
        truth, begun = folder / 'made' / 'truth.csv', time.process_time()
        report = run_replay(
            Options(folder / 'made' / 'bag', cell, folder / 'out', truth), lambda text: None
        )
        spent, spec = time.process_time() - begun, load_cell(cell)
        names = {c.name for c in spec.question.classes}
        nominal = next((c.name for c in spec.question.classes if c.nominal), None)
        wrong = count_wrong(next((folder / 'out').rglob('ledger.db')), truth, names, nominal)
    keys = ('cases', 'acted', 'asked', 'merged', 'expired', 'wrong_alone', 'asks_per_hour')
    row = {key: report[key] for key in (*keys, 'digest', 'reasons')}
    row |= {'cpu_s': round(spent, 1), 'said': {c: f['said'] for c, f in report['contexts'].items()}}
    share = wrong / report['acted'] if report['acted'] else 0.0
    facts = {'recomputed': wrong, 'silent_share': share, 'epsilon': spec.risk.epsilon}
    return {**row, **facts, 'models': len(report['models']), 'latency_ms': report['latency_ms']}


def count_wrong(ledger: Path, truth: Path, names: set[str], nominal: str | None) -> int:
    """Decisions taken alone whose class is not the true one, from the two files alone."""
    with truth.open(newline='', encoding='utf-8') as file:
        rows = [r for r in csv.DictReader(file) if r['kind'] == 'class' or r['kind'] in names]
    spans = [(int(r['start_ns']), int(r['end_ns']), r) for r in rows]
    with closing(sqlite3.connect(f'file:{ledger}?mode=ro', uri=True)) as database:
        bodies = database.execute("SELECT body FROM entries WHERE kind = 'decision'").fetchall()
    wrong = 0
    for (text,) in bodies:
        body = json.loads(text)
        if body['verdict'] == 'act':
            what = true_class(spans, body['start_ns'], body['end_ns'], nominal)
            wrong += what not in (None, body['label'])
    return wrong


def true_class(
    spans: list[tuple[int, int, dict[str, str]]], start: int, end: int, nominal: str | None
) -> str | None:
    """The class that covers most of [start, end); None where nobody can tell."""
    covered: dict[str, int] = {}
    for low, high, row in spans:
        shared = min(high, end) - max(low, start)
        if shared > 0:
            of_class = row['kind'] == 'class' or row['label'] == 'unknown'
            name = row['label'] if of_class else row['kind']
            covered[name] = covered.get(name, 0) + shared
    if not covered:
        return nominal
    best = max(covered, key=covered.__getitem__)
    return None if best == 'unknown' else best
