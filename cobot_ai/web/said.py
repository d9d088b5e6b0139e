"""What a gate check says, as a message key with parameters: the page has the sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cobot_ai.core.types import Json

Said = tuple[str, Json]
Teller = Callable[[bool, Json, int], Said]
NOTHING: Said = ('none', {})
FILE = ('size', 'parse', 'external_data', 'operators', 'weights', 'shapes', 'trial')
"""Checks of the file: passed or refused, without figures."""


def said(check: Mapping[str, Any]) -> Json:
    """The key below `check.` and its parameters; lists are names the page joins.

    Args:
        check: A check as the manifest and the ledger hold it (`core.gates.Check`).
    """
    name, passed = str(check['name']), bool(check['passed'])
    figures: Json = check.get('figures') or {}
    if figures.get('off') or figures.get('measured') is False:
        return {'key': 'off' if figures.get('off') else 'unmeasured', 'params': {}}
    if name in FILE:
        return {'key': name if passed else 'refused', 'params': {}}
    tell = TELLERS.get(name, _nothing)
    key, params = tell(passed, figures, len(check.get('cases') or ()))
    return {'key': key, 'params': params}


def _nothing(_: bool, __: Json, ___: int) -> Said:
    return NOTHING


def _enough_labels(passed: bool, f: Json, _: int) -> Said:
    lacking = f.get('lacking') or []
    n = {'total': f.get('total', 0), 'n': len(f.get('labels') or ())}
    if passed or lacking:
        return ('enough_labels', n) if passed else ('too_few', {**n, 'names': lacking})
    return 'too_few_all', n


def _classes(passed: bool, f: Json, _: int) -> Said:
    return ('classes', {'n': len(f['classes'])}) if passed else ('lost', {'names': f['lost']})


def _one_class(_: bool, f: Json, __: int) -> Said:
    return 'one_class', {'class': f['class']}


def _inputs(passed: bool, f: Json, _: int) -> Said:
    n = {'n': len(f['channels']), 'samples': f['samples']}
    return ('inputs' if passed else 'inputs_other'), n


def _memory(_: bool, f: Json, __: int) -> Said:
    return ('memory', {'mb': f['peak_mb'], 'limit': f['limit_mb']}) if f else ('unmeasured', {})


def _latency(_: bool, f: Json, __: int) -> Said:
    return ('latency', {'ms': f['p99_ms'], 'limit': f['limit_ms']}) if f else ('unmeasured', {})


def _outputs(_: bool, f: Json, __: int) -> Said:
    return ('outputs', {'n': f['of'] - f['bad'], 'of': f['of']}) if f else ('refused', {})


def _parity(_: bool, f: Json, __: int) -> Said:
    return ('parity', {'n': f['windows'], 'flips': f['flips']}) if f else ('refused', {})


def _leakage(passed: bool, f: Json, cases: int) -> Said:
    if 'remembered' in f:
        return 'remembered', {'n': f['remembered']}
    if 'groups' in f:
        return 'torn', {'n': cases, 'names': f['groups'][:3]}
    if 'copies' in f:
        return 'copies', {'n': f['copies'], 'of': f['of']}
    return NOTHING if passed else ('no_split', {})


def _unseen(_: bool, f: Json, __: int) -> Said:
    return 'unseen_cases', {'n': f['cases'], 'limit': f['limit']}


def _compared(key: str, figures: tuple[str, ...]) -> Teller:
    def tell(passed: bool, f: Json, _: int) -> Said:
        overall: Json = f.get('overall') or {}
        if not overall.get('cases'):
            return NOTHING
        params = {'n': overall['cases'], **{name: overall[name] for name in figures}}
        if passed:
            return key, params
        worse = [_slice(name) for name, part in f['slices'].items() if part['worse']]
        return f'{key}_worse', {**params, 'slices': worse or [{'of': 'all', 'name': ''}]}

    return tell


def _slice(name: str) -> Json:
    """`shift 06:00`: what kind of slice it is, and which."""
    of, _, value = name.partition(' ')
    if of == 'sensors':
        return {'of': 'sensors' if value == 'complete' else 'no_sensors', 'name': ''}
    return {'of': of, 'name': value}


def _skill(passed: bool, f: Json, _: int) -> Said:
    return ('skill' if passed else 'no_skill'), {'n': f['cases'], 'gain': f['gain']}


def _golden(_: bool, f: Json, cases: int) -> Said:
    return ('golden', {'n': f['of'] - cases, 'of': f['of']}) if f.get('of') else NOTHING


def _dead_channel(passed: bool, f: Json, _: int) -> Said:
    channels: dict[str, Json] = f.get('channels') or {}
    if not channels:
        return NOTHING
    if not passed and f.get('bad'):
        return 'dead_channel_bad', {'names': f['bad']}
    worst = min(channels, key=lambda name: channels[name]['accuracy'])
    right = channels[worst]
    return 'dead_channel', {
        'name': worst, 'right': right['accuracy'], 'wrong': right['wrong_alone'],
    }  # fmt: skip


def _as_claimed(passed: bool, f: Json, _: int) -> Said:
    if not f:
        return NOTHING
    key = 'as_claimed' if passed else 'not_claimed'
    return key, {'n': f['served'], 'claimed': f['claimed'], 'of': f['of']}


TELLERS: dict[str, Teller] = {
    'enough_labels': _enough_labels,
    'classes': _classes,
    'one_class': _one_class,
    'inputs': _inputs,
    'memory': _memory,
    'latency': _latency,
    'outputs': _outputs,
    'parity': _parity,
    'leakage': _leakage,
    'unseen_cases': _unseen,
    'not_worse': _compared('not_worse', ('accuracy', 'accuracy_old')),
    'calibration': _compared('calibration', ('brier', 'brier_old', 'ece', 'ece_old')),
    'skill': _skill,
    'golden': _golden,
    'dead_channel': _dead_channel,
    'as_claimed': _as_claimed,
}
