"""Ingest, fusion, latency, burst and replay, each against its bar; within ten minutes.

Run: `python benchmarks/ingest.py [--json FILE] [--quick] [--only ingest,fusion,...]`. CPU figures
are process CPU time (user and system, the threads of the middleware included), so that other work
on the machine disturbs them little; speeds and latencies are on the wall, and the load average
stands beside them.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ingest_fusion import fusion
from ingest_latency import latency
from ingest_replay import replay
from ingest_setup import own_graph
from ingest_streams import burst, ingest

BARS: tuple[tuple[str, str, str, float], ...] = (
    ('ingest', 'cpu_ratio', '<=', 0.2),
    ('ingest', 'lost_x3_busy', '<=', 0),
    ('fusion', 'speedup', '>=', 50),
    ('fusion', 'used', '>=', 1),
    ('latency', 'p99_ms', '<=', 15),
    ('latency', 'retraining_ratio', '<=', 1.2),
    ('replay', 'speed_no_dds', '>=', 100),
    ('replay', 'speed_dds', '>=', 15),
    ('replay', 'same_digest', '>=', 1),
)


def main() -> int:
    """Run the sections, print the bars and write the figures."""
    options = _options()
    quick = options.quick
    sections: dict[str, Callable[[], dict[str, Any]]] = {
        'ingest': lambda: ingest(5.0 if quick else 7.0, 1 if quick else 3),
        'fusion': lambda: fusion(4.0 if quick else 8.0, 1 if quick else 3),
        'latency': lambda: latency(40 if quick else 200),
        'burst': lambda: burst(8.0 if quick else 60.0),
        'replay': lambda: replay(60 if quick else 120, 1 if quick else 3),
    }
    report: dict[str, Any] = {'schema': 1, 'quick': quick}
    begun = time.monotonic()
    with own_graph():
        for name in options.only.split(','):
            report[name] = {**sections[name](), 'load': round(os.getloadavg()[0], 1)}
    report['seconds'] = round(time.monotonic() - begun)
    print(f'\n{"figure":28s}{"measured":>12s}{"bar":>12s}')
    for section, key, sign, bar in BARS:
        if section in report:
            value = float(report[section][key])
            held = value <= bar if sign == '<=' else value >= bar
            print(
                f'{section + "." + key:28s}{value:12.3f}{sign + " " + format(bar, "g"):>12s}',
                end='',
            )
            print('' if held else '   MISSED')
    if options.json:
        Path(options.json).write_text(json.dumps(report, indent=1) + '\n', encoding='utf-8')
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--json', default='')
    parser.add_argument('--quick', action='store_true', help='shorter runs, one of each')
    parser.add_argument('--only', default='ingest,fusion,latency,burst,replay')
    return parser.parse_args()


if __name__ == '__main__':
    sys.exit(main())
