"""Batch decoding against the general decoder and rclpy; layouts that change; damaged bytes."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cobot_ai.core.errors import DataError
from cobot_ai.core.message_types import FIELDS, JOINT_STATE, default_channels
from cobot_ai.core.samples import RawBatch, RawMessage
from cobot_ai.core.stream_spec import ChannelSpec, StreamSpec
from cobot_ai.store.messages import RosbagsDecoder
from cobot_ai.store.typestore import encode, typestore

WRENCH, IMU = 'geometry_msgs/msg/WrenchStamped', 'sensor_msgs/msg/Imu'
ARRAYS = ('std_msgs/msg/Float32MultiArray', 'std_msgs/msg/Float64MultiArray')
TYPES = (*FIELDS, JOINT_STATE, *ARRAYS)
JOINTS = ('elbow', 'j2', 'wrist')
S = 10**9


def spec_of(ros_type):
    if ros_type in ARRAYS:
        channels = tuple(ChannelSpec(f'c{i}', f'data[{i}]') for i in (2, 0, 1))
    else:
        channels = default_channels(ros_type, JOINTS if ros_type == JOINT_STATE else None)
    return StreamSpec('s', 't', ros_type, 100.0, channels)


def message_of(ros_type, draw):
    """A filled message, in either byte order."""
    numbers = st.floats(width=32, allow_nan=False)
    header = {'stamp': draw(st.integers(1, 2**60)), 'frame_id': draw(st.sampled_from(FRAMES))}
    if ros_type == JOINT_STATE:
        names = draw(st.permutations(JOINTS))
        values = {k: [draw(numbers) for _ in names] for k in ('position', 'velocity', 'effort')}
        fields = {'header': header, 'name': names, **values}
    elif ros_type in ARRAYS:
        label = draw(st.sampled_from(FRAMES))
        layout = {'dim': [{'label': label, 'size': 4, 'stride': 4}] * draw(st.integers(0, 2))}
        fields = {'layout': layout, 'data': [draw(numbers) for _ in range(4)]}
    elif ros_type == WRENCH:
        axes = {'x': draw(numbers), 'y': draw(numbers), 'z': draw(numbers)}
        fields = {'header': header, 'wrench': {'force': axes, 'torque': axes}}
    elif ros_type.startswith('sensor_msgs'):
        fields = {'header': header}
    else:
        fields = {'data': draw(st.integers(0, 1))}
    little = draw(st.booleans())
    built = typestore().deserialize_cdr(encode(ros_type, fields), ros_type)
    return bytes(typestore().serialize_cdr(built, ros_type, little_endian=little))


FRAMES = ('', 'a', 'tool0', 'base_link', 'frame ü')
batches = st.composite(
    lambda draw: (
        (kind := draw(st.sampled_from(TYPES))),
        [message_of(kind, draw) for _ in range(draw(st.integers(1, 8)))],
    )
)


def one_by_one(spec, batch):
    """What the general decoder makes of a batch."""
    decoder, rows = RosbagsDecoder(), []
    for i in range(len(batch.data)):
        try:
            sample = decoder.sample(spec, batch.message(i))
        except DataError:
            continue
        rows.append((i, sample.t_ns, sample.values))
    return rows


def same(spec, batch, decoder=None):
    found = (decoder or RosbagsDecoder()).samples(spec, batch)
    wanted = one_by_one(spec, batch)
    assert found.rows.tolist() == [i for i, _, _ in wanted]
    assert found.t_ns.tolist() == [t for _, t, _ in wanted]
    if wanted:
        np.testing.assert_array_equal(found.values, [v for _, _, v in wanted])
    return found


def batch_of(ros_type, data):
    return RawBatch('/t', ros_type, [7 * S + i for i in range(len(data))], data)


@given(batches())
def test_a_batch_is_what_its_messages_are(case):
    ros_type, data = case
    found = same(spec_of(ros_type), batch_of(ros_type, data))
    assert len(found.rows) == len(data)


@given(st.lists(batches(), min_size=2, max_size=5))
def test_layouts_learnt_before_never_spoil_a_later_batch(cases):
    decoder = RosbagsDecoder()
    for ros_type, data in cases:
        same(spec_of(ros_type), batch_of(ros_type, data), decoder)


@settings(max_examples=200)
@given(batches(), st.data())
def test_damage_is_dropped_exactly_as_the_general_decoder_drops_it(case, data):
    ros_type, messages = case
    damaged = []
    for message in messages:
        broken = bytearray(message[: data.draw(st.integers(0, len(message)))])
        for _ in range(data.draw(st.integers(0, 2))):
            if broken:
                broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
        damaged.append(bytes(broken))
    batch = batch_of(ros_type, [*messages, *damaged])
    spec, decoder = spec_of(ros_type), RosbagsDecoder()
    found = decoder.samples(spec, batch)
    wanted = {i for i, _, _ in one_by_one(spec, batch)}
    # Numbers do not depend on a text nobody reads: such a message may be kept, none may be lost.
    assert wanted <= set(found.rows.tolist())
    assert set(range(len(messages))) <= set(found.rows.tolist())
    for i in set(found.rows.tolist()) - wanted:
        assert len(batch.data[i]) >= 8


@pytest.mark.parametrize('ros_type', TYPES)
def test_a_message_cut_short_is_never_numbers(ros_type):
    whole = encode(ros_type, {'name': list(JOINTS), 'position': [1.0] * 3, 'velocity': [2.0] * 3,
                              'effort': [3.0] * 3} if ros_type == JOINT_STATE else
                   ({'data': [1.0] * 4} if ros_type in ARRAYS else {}))  # fmt: skip
    data = [whole[:n] for n in range(len(whole))]
    same(spec_of(ros_type), batch_of(ros_type, data))


def test_a_changed_joint_order_and_frame_name_are_noticed_in_the_middle_of_a_batch():
    spec = StreamSpec('s', 't', JOINT_STATE, 100.0, (ChannelSpec('e', 'effort[elbow]'),))
    orders = [['elbow', 'wrist'], ['wrist', 'elbow'], ['elbow', 'wrist']]
    data = []
    for at, names in enumerate(orders):
        effort = [10.0 + at if n == 'elbow' else -1.0 for n in names]
        for frame in ('base', 'base_link'):
            fields = {'header': {'stamp': S, 'frame_id': frame}, 'name': names, 'effort': effort}
            data.append(encode(JOINT_STATE, fields))
    values = RosbagsDecoder().samples(spec, batch_of(JOINT_STATE, data)).values
    assert values[:, 0].tolist() == [10, 10, 11, 11, 12, 12]


def test_a_block_keeps_the_time_between_its_samples():
    channels = (ChannelSpec('x', 'data[0::2]'), ChannelSpec('y', 'data[1::2]'))
    spec = StreamSpec('s', 't', ARRAYS[0], 10.0, channels, block_hz=1000.0)
    first = encode(ARRAYS[0], {'data': [0, 10, 1, 11, 2, 12]})
    second = encode(ARRAYS[0], {'data': [3, 13, 4, 14]})
    uneven = encode(ARRAYS[0], {'data': [3, 13, 4]})
    batch = RawBatch('/t', ARRAYS[0], [S, 2 * S, 3 * S], [first, uneven, second])
    found = RosbagsDecoder().samples(spec, batch)
    ms = 10**6
    assert found.rows.tolist() == [0, 2], 'a block with uneven channels is no block'
    assert found.t_ns.tolist() == [S - 2 * ms, S - ms, S, 3 * S - ms, 3 * S]
    assert found.values.T.tolist() == [[0, 1, 2, 3, 4], [10, 11, 12, 13, 14]]
    assert found.spans.tolist() == [[S - 2 * ms, S], [3 * S - ms, 3 * S]]
    with pytest.raises(DataError, match='block_hz'):
        RosbagsDecoder().samples(StreamSpec('s', 't', ARRAYS[0], 10.0, channels), batch)


def test_another_type_on_the_topic_is_an_error_for_the_whole_batch():
    with pytest.raises(DataError, match='correct `type`'):
        RosbagsDecoder().samples(spec_of(WRENCH), batch_of(IMU, [encode(IMU)]))


@pytest.mark.ros
@pytest.mark.filterwarnings('ignore:module .sre_.* is deprecated:DeprecationWarning')
@settings(max_examples=60)
@given(st.lists(st.floats(), min_size=18, max_size=18), st.sampled_from(FRAMES))
def test_field_by_field_what_rclpy_reads(values, frame):
    pytest.importorskip('rclpy')
    from rclpy.serialization import deserialize_message, serialize_message  # noqa: PLC0415
    from sensor_msgs.msg import Imu, JointState, Temperature  # noqa: PLC0415

    a, b, c = values[:6], values[6:12], values[12:]
    names = [f'j{i}' for i in range(6)]
    joints = JointState(name=names, position=a, velocity=b, effort=c)
    joints.header.frame_id = frame
    data = serialize_message(joints)
    read = deserialize_message(data, JointState)
    spec = StreamSpec('s', 't', JOINT_STATE, 1.0, default_channels(JOINT_STATE, names))
    found = RosbagsDecoder().samples(spec, batch_of(JOINT_STATE, [data])).values[0]
    np.testing.assert_array_equal(found, [*read.position, *read.velocity, *read.effort])
    imu = Imu()
    imu.header.frame_id = frame
    imu.linear_acceleration.x, imu.angular_velocity.z = values[0], values[1]
    found = RosbagsDecoder().samples(spec_of(IMU), batch_of(IMU, [serialize_message(imu)]))
    np.testing.assert_array_equal(found.values[0], [values[0], 0, 0, 0, 0, values[1]])
    heat = Temperature(temperature=values[2])
    kind = 'sensor_msgs/msg/Temperature'
    found = RosbagsDecoder().samples(spec_of(kind), batch_of(kind, [serialize_message(heat)]))
    np.testing.assert_array_equal(found.values[0], [values[2]])


def test_stamps_before_the_epoch_and_zero_count_as_arrival():
    early = bytearray(encode(WRENCH, {'header': {'stamp': 5}}))
    struct.pack_into('<i', early, 4, -3)
    spec = spec_of(WRENCH)
    batch = batch_of(WRENCH, [bytes(early), encode(WRENCH, {}), encode(WRENCH)])
    found = RosbagsDecoder().samples(spec, batch)
    assert found.t_ns.tolist() == list(batch.t_ns)
    assert not found.stamped
    assert RosbagsDecoder().sample(spec, RawMessage('/t', WRENCH, 9, bytes(early))).t_ns == 9
