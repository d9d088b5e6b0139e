"""The cell file: from plain values to a checked `CellSpec`, and back."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, replace
from enum import Enum
from typing import Any

from cobot_ai.core.build import build, check_keys, convert, writable
from cobot_ai.core.config_checks import check_band, check_cell
from cobot_ai.core.errors import ConfigError
from cobot_ai.core.message_types import default_channels
from cobot_ai.core.spec import CellSpec
from cobot_ai.core.stream_spec import ChannelSpec, StreamSpec
from cobot_ai.core.types import Json

SHORTHAND = ('joints', 'fields', 'each')
"""Keys of a stream that stand for channels: joints, groups of fields, settings of each."""
CHANNEL_SHORTHAND = ('bands',)
"""Keys of a channel that stand for more channels: the energy in bands of frequency."""
MAX_JOINTS = 64


def parse_cell(doc: Mapping[str, Any]) -> CellSpec:
    """Check a cell file's values and make the spec out of them.

    Args:
        doc: The plain values of a cell file (or of `spec_to_json`).

    Raises:
        ConfigError: The first problem found: key path, what is wrong, what is allowed.
    """
    if isinstance(doc, Mapping) and isinstance(doc.get('streams'), list):
        doc = {
            **doc,
            'streams': [_expand(s, f'streams[{i}]') for i, s in enumerate(doc['streams'])],
        }
    spec: CellSpec = build(CellSpec, doc, '')
    check_cell(spec)
    return replace(spec, digest=_digest(spec))


def spec_to_json(spec: CellSpec) -> Json:
    """Plain JSON form with every default written out; `parse_cell` reads it back."""
    doc = _plain(asdict(spec))
    del doc['digest']
    return dict(doc)


def _digest(spec: CellSpec) -> str:
    text = json.dumps(spec_to_json(spec), sort_keys=True, separators=(',', ':'), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and math.isinf(value) else value


def _expand(stream: Any, path: str) -> Any:
    """Write out the channels of a stream that uses shorthand keys or names none."""
    if not isinstance(stream, Mapping):
        return stream
    check_keys(stream, (*writable(StreamSpec), *SHORTHAND), path)
    each = stream.get('each', {})
    if not isinstance(each, Mapping):
        raise ConfigError(f'`{path}.each` must be a section of channel keys.')
    check_keys(
        each,
        [*(k for k in writable(ChannelSpec) if k not in ('name', 'path')), *CHANNEL_SHORTHAND],
        f'{path}.each',
    )
    channels = stream.get('channels')
    if not channels:
        channels = _usual_channels(stream, path)
    elif 'joints' in stream or 'fields' in stream:
        raise ConfigError(f'`{path}`: give either `channels`, or `joints` and `fields`.')
    if isinstance(channels, list):
        merged = [{**each, **c} if isinstance(c, Mapping) else c for c in channels]
        channels = [one for c in merged for one in _with_bands(c, f'{path}.channels')]
    plain = {key: value for key, value in stream.items() if key not in SHORTHAND}
    return {**plain, 'channels': channels}


def _with_bands(channel: Any, path: str) -> list[Any]:
    """A channel, and one more for each of its frequency bands."""
    if not isinstance(channel, Mapping) or 'bands' not in channel:
        return [channel]
    rest = {key: value for key, value in channel.items() if key != 'bands'}
    found: list[Any] = [rest]
    if not isinstance(channel['bands'], list):
        raise ConfigError(f'`{path}.bands` must be a list such as [[10, 100], [100, 1000]].')
    for band in channel['bands']:
        low, high = check_band(
            convert(tuple[float, ...], band, f'{path}.bands', 'ChannelSpec.band')
        )
        name = f'{rest.get("name", "")}_{low:g}_{high:g}'.replace('.', '_')
        texts = rest.get('text', {})
        if isinstance(texts, Mapping):
            texts = {code: f'{text} {low:g}-{high:g} Hz' for code, text in texts.items()}
        found.append({**rest, 'name': name, 'resample': 'rms', 'band': [low, high], 'text': texts})
    return found


def _usual_channels(stream: Mapping[str, Any], path: str) -> list[Json]:
    ros_type = convert(str, stream.get('type'), f'{path}.type', 'StreamSpec.type')
    joints, fields = stream.get('joints'), stream.get('fields')
    if isinstance(joints, int) and not isinstance(joints, bool):
        if not 1 <= joints <= MAX_JOINTS:
            raise ConfigError(f'`{path}.joints` must be 1 to {MAX_JOINTS}.')
    elif joints is not None:
        joints = convert(tuple[str, ...], joints, f'{path}.joints', 'joints')
    if fields is not None:
        fields = convert(tuple[str, ...], fields, f'{path}.fields', 'fields')
    try:
        channels = default_channels(ros_type, joints, fields)
    except ConfigError as e:
        raise ConfigError(f'`{path}`: {e}') from e
    return [{'name': c.name, 'path': c.path, 'unit': c.unit} for c in channels]
