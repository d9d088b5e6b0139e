"""The benchmarks of learning and asking. One command writes one file with fixed places.

Run: `python benchmarks/learning.py [--json FILE] [--only SECTION,...] [--quick]`
"""

from __future__ import annotations

import os

for _name in ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'NUMBA_NUM_THREADS', 'MKL_NUM_THREADS'):
    os.environ[_name] = '1'  # before numpy: every model gets one thread

import argparse
import importlib
import json
import platform
import sys
import time
import traceback
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bench_setup import NoRecordingsError, Setup, find_tool
from data import find_recordings
from figures import rounded

SCHEMA = 2
SECTIONS = {
    'robot_failures': ('accuracy', 'run_robot_failures'),
    'aeon': ('accuracy', 'run_aeon'),
    'pump': ('accuracy', 'run_pump'),
    'guarantee': ('guarantee', 'run'),
    'one_class': ('one_class', 'run'),
    'streams': ('streams', 'run'),
    'unknown_context': ('contexts', 'run'),
    'dead_channel': ('channels', 'run'),
    'speed': ('speed', 'run'),
    'product': ('product', 'run'),
}
"""Section -> module and function; a section is imported only when it runs."""
PACKAGES = ('numpy', 'onnxruntime', 'onnx', 'aeon', 'scikit-learn', 'modAL-python', 'river')


def main() -> int:
    """Run the sections, print their tables and write the figures after each."""
    options = _options()
    recordings = find_recordings(options.data)
    setup = Setup(recordings, options.quick, options.seed, find_tool(), options.plot)
    document = header(setup)
    for name in options.only.split(',') if options.only else SECTIONS:
        begin, used = time.monotonic(), _cpu_seconds()
        found = section(name, setup)
        spent = {
            'minutes': (time.monotonic() - begin) / 60,
            'cpu_minutes': (_cpu_seconds() - used) / 60,
        }
        document[name] = {**found, **spent}
        if options.json is not None:  # after each section: a run that is cut short is not lost
            write(options.json, document)
    missed = [
        f'{name}: {key}'
        for name, part in document.items()
        if isinstance(part, dict)
        for key, found in part.get('bars', {}).items()
        if not found['met']
    ]
    print('\nmissed bars: ' + (', '.join(missed) if missed else 'none'))
    for why in ('left_out', 'failed'):
        there = {n: p[why] for n, p in document.items() if isinstance(p, dict) and p.get(why)}
        for name, text in there.items():
            print(f'{why.replace("_", " ")}: {name}: {text}')
    return int(any('failed' in part for part in document.values() if isinstance(part, dict)))


def section(name: str, setup: Setup) -> dict[str, Any]:
    """One section; what it lacks, or its failure, instead of figures."""
    module, function = SECTIONS[name]
    try:
        return dict(getattr(importlib.import_module(module), function)(setup))
    except NoRecordingsError as e:
        print(f'\n{name}: left out: {e}.')
        return {'left_out': str(e), 'bars': {}}
    except (Exception, SystemExit) as e:  # the other sections must not be lost
        traceback.print_exc()
        return {'failed': f'{type(e).__name__}: {e}', 'bars': {}}


def header(setup: Setup) -> dict[str, Any]:
    """What the figures were measured with."""
    return {
        'schema': SCHEMA,
        'quick': setup.quick,
        'note': 'A quick cut: fewer repeats, sets and seeds; no figure of it is final.'
        if setup.quick
        else 'The full run.',
        'seeds': {'first': setup.seed},
        'recordings': setup.recordings is not None,
        'machine': {
            'load': os.getloadavg()[0],
            'cpu': _cpu(),
            'cores': os.cpu_count(),
            'python': platform.python_version(),
            'versions': {p: _version(p) for p in PACKAGES},
            'threads': 1,
        },
    }


def write(file: Path, document: dict[str, Any]) -> None:
    """Write the figures, six significant digits."""
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(rounded(document), indent=1, allow_nan=False)
    file.write_text(text + '\n', encoding='utf-8')


def _cpu_seconds() -> float:
    """Processor time of this process and of the children that ended."""
    return sum(os.times()[:4])


def _cpu() -> str:
    try:
        lines = Path('/proc/cpuinfo').read_text(encoding='utf-8').splitlines()
    except OSError:
        return platform.processor()
    return next((x.split(':', 1)[1].strip() for x in lines if x.startswith('model name')), '')


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--data', default='', help='folder of the recordings (COBOT_AI_DATA)')
    parser.add_argument('--json', type=Path, help='file to write the figures to')
    parser.add_argument('--only', default='', help=f'sections, of: {", ".join(SECTIONS)}')
    parser.add_argument('--plot', type=Path, help='SVG file for the figure of the guarantee')
    parser.add_argument('--seed', type=int, default=0, help='first seed')
    quick = os.environ.get('QUICK', '') not in ('', '0')
    parser.add_argument('--quick', action='store_true', default=quick, help='a cut (QUICK=1)')
    options = parser.parse_args()
    if wrong := set(filter(None, options.only.split(','))) - set(SECTIONS):
        parser.error(f'no such section: {", ".join(sorted(wrong))}')
    return options


if __name__ == '__main__':
    sys.exit(main())
