"""Decoding against rclpy's own serialisation, and against damaged bytes."""

import importlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobot_ai.core.errors import DataError
from cobot_ai.core.message_types import FIELDS, JOINT_STATE, STEP, default_channels
from cobot_ai.core.samples import RawMessage
from cobot_ai.core.stream_spec import ChannelSpec, StreamSpec
from cobot_ai.store.messages import RosbagsDecoder
from cobot_ai.store.typestore import encode, encode_step

TYPES = (*FIELDS, JOINT_STATE, 'std_msgs/msg/Float32MultiArray', 'std_msgs/msg/Float64MultiArray')
numbers = st.floats(allow_nan=True, allow_infinity=True)
RANGES = {'Bool': (0, 1)} | {
    f'{s}Int{b}': ((0, 2**b - 1) if s else (-(2 ** (b - 1)), 2 ** (b - 1) - 1))
    for s in ('', 'U')
    for b in (8, 16, 32, 64)
}


def spec_of(ros_type):
    if ros_type.endswith('MultiArray'):
        channels = tuple(ChannelSpec(f'c{i}', f'data[{i}]') for i in range(4))
    else:
        channels = default_channels(
            ros_type, ['j1', 'j2', 'j3'] if ros_type == JOINT_STATE else None
        )
    return StreamSpec('s', 't', ros_type, 1.0, channels)


def value_for(ros_type):
    name = ros_type.rsplit('/', 1)[1]
    if name in RANGES:
        return st.integers(*RANGES[name])
    return st.floats(width=32) if name.startswith('Float32') else numbers


@st.composite
def filled(draw):
    """A stream and one value per channel, with the message's fields as nested mapping."""
    ros_type = draw(st.sampled_from(TYPES))
    spec = spec_of(ros_type)
    size = len(spec.channels)
    values = draw(st.lists(value_for(ros_type), min_size=size, max_size=size))
    fields = {}
    for channel, value in zip(spec.channels, values, strict=True):
        path, _, index = channel.path.partition('[')
        *parents, last = path.split('.')
        node = fields
        for parent in parents:
            node = node.setdefault(parent, {})
        if index:
            node.setdefault(last, []).append(value)
        else:
            node[last] = value
    if ros_type == JOINT_STATE:
        fields['name'] = ['j1', 'j2', 'j3']
    return spec, fields, np.array(values, np.float64)


@given(filled(), st.integers(1, 2**31 - 1), st.integers(0, 10**9 - 1))
def test_what_was_encoded_is_decoded(case, sec, nanosec):
    spec, fields, values = case
    stamp = sec * 10**9 + nanosec
    stamped = spec.type.startswith(('sensor_msgs', 'geometry_msgs'))
    if stamped:
        fields['header'] = {'stamp': stamp, 'frame_id': 'tool0'}
    message = RawMessage('/t', spec.type, 17, encode(spec.type, fields))
    sample = RosbagsDecoder().sample(spec, message)
    np.testing.assert_array_equal(sample.values, values)
    assert sample.t_ns == (stamp if stamped else 17)


def fill_ros(message, fields):
    for name, value in fields.items():
        if isinstance(value, dict):
            fill_ros(getattr(message, name), value)
        elif isinstance(getattr(message, name), bool):
            setattr(message, name, bool(value))
        else:
            setattr(message, name, value)


@pytest.mark.ros
@pytest.mark.filterwarnings('ignore:module .sre_.* is deprecated:DeprecationWarning')
@given(filled())
def test_same_numbers_as_from_the_serialisation_of_rclpy(case):
    pytest.importorskip('rclpy')
    from rclpy.serialization import serialize_message  # noqa: PLC0415

    spec, fields, values = case
    package, _, name = spec.type.split('/')
    message = getattr(importlib.import_module(f'{package}.msg'), name)()
    fill_ros(message, fields)
    sample = RosbagsDecoder().sample(
        spec, RawMessage('/t', spec.type, 17, serialize_message(message))
    )
    np.testing.assert_array_equal(sample.values, values)


@given(st.data())
def test_damaged_bytes_are_a_data_error_never_a_crash(data):
    ros_type = data.draw(st.sampled_from((*TYPES, STEP)))
    good = encode_step('begin', {'a': 'b'}) if ros_type == STEP else encode(ros_type)
    damaged = bytearray(good[: data.draw(st.integers(0, len(good)))])
    for _ in range(data.draw(st.integers(0, 4))):
        if damaged:
            damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    message = RawMessage('/t', ros_type, 1, bytes(damaged))
    decoder = RosbagsDecoder()
    try:
        if ros_type == STEP:
            decoder.step(message)
        else:
            assert decoder.sample(spec_of(ros_type), message).values.dtype == np.float64
    except DataError:
        pass
