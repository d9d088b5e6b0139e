"""Decoding serialised messages by the field paths of a cell file."""

from dataclasses import replace

import numpy as np
import pytest

from cobot_ai.core.errors import ConfigError, DataError
from cobot_ai.core.message_types import JOINT_STATE, STEP, default_channels
from cobot_ai.core.samples import Edge, RawBatch, RawMessage
from cobot_ai.core.stream_spec import ChannelSpec, StreamSpec, TimeFrom
from cobot_ai.store.messages import RosbagsDecoder, check_paths
from cobot_ai.store.typestore import encode, encode_step, message_definition

WRENCH = 'geometry_msgs/msg/WrenchStamped'
ARRAY = 'std_msgs/msg/Float64MultiArray'


def stream(ros_type, *paths, name='s'):
    channels = tuple(ChannelSpec(f'c{i}', path) for i, path in enumerate(paths))
    return StreamSpec(name, 'topic', ros_type, 100.0, channels)


def raw(ros_type, fields=None, t_ns=7):
    return RawMessage('/topic', ros_type, t_ns, encode(ros_type, fields))


def test_header_stamp_where_it_is_set_else_arrival():
    spec = stream(WRENCH, 'wrench.force.x')
    stamped = {'header': {'stamp': 5_000_000_007}, 'wrench': {'force': {'x': 2.5}}}
    decoder = RosbagsDecoder()
    assert decoder.sample(spec, raw(WRENCH, stamped)).t_ns == 5_000_000_007
    assert decoder.sample(spec, raw(WRENCH, {}, t_ns=9)).t_ns == 9
    assert decoder.sample(spec, raw(WRENCH, stamped)).values.tolist() == [2.5]


def test_a_stamp_of_another_clock_can_be_left_aside():
    data = encode('sensor_msgs/msg/Temperature', {'header': {'stamp': 5 * 10**9}})
    message = RawMessage('t', 'sensor_msgs/msg/Temperature', 9 * 10**9, data)
    by_stamp = stream(message.type, 'temperature')
    by_arrival = replace(by_stamp, time_from=TimeFrom.ARRIVAL)
    assert RosbagsDecoder().sample(by_stamp, message).t_ns == 5 * 10**9
    assert RosbagsDecoder().sample(by_arrival, message).t_ns == 9 * 10**9
    batch = RawBatch.of(message)
    assert RosbagsDecoder().samples(by_stamp, batch).t_ns.tolist() == [5 * 10**9]
    assert RosbagsDecoder().samples(by_arrival, batch).t_ns.tolist() == [9 * 10**9]


def test_joints_by_name_follow_the_order_of_each_message():
    spec = stream(JOINT_STATE, 'effort[elbow]', 'position[0]', 'effort[wrist]')
    decoder = RosbagsDecoder()
    for names, effort in ((['elbow', 'wrist'], [1.0, 2.0]), (['wrist', 'elbow'], [2.0, 1.0])):
        fields = {'name': names, 'effort': effort, 'position': [9.0, 8.0]}
        assert decoder.sample(spec, raw(JOINT_STATE, fields)).values.tolist() == [1.0, 9.0, 2.0]


def test_a_joint_that_is_not_in_the_message_is_nan():
    spec = stream(JOINT_STATE, 'effort[elbow]', 'position[5]', 'position[0]')
    fields = {'name': ['elbow'], 'effort': [], 'position': [1.0]}
    values = RosbagsDecoder().sample(spec, raw(JOINT_STATE, fields)).values
    np.testing.assert_array_equal(values, [np.nan, np.nan, 1.0])


def test_a_message_of_another_publisher_carries_nothing_and_says_so():
    spec = stream(JOINT_STATE, 'position[elbow]')
    gripper = {'name': ['finger'], 'position': [0.1]}
    with pytest.raises(DataError, match='none of the channels'):
        RosbagsDecoder().sample(spec, raw(JOINT_STATE, gripper))


def test_changed_stream_of_the_same_name_is_read_by_its_new_paths():
    decoder = RosbagsDecoder()
    message = raw(ARRAY, {'data': [1.0, 2.0]})
    assert decoder.sample(stream(ARRAY, 'data[0]'), message).values.tolist() == [1.0]
    assert decoder.sample(stream(ARRAY, 'data[1]'), message).values.tolist() == [2.0]


@pytest.mark.parametrize(
    'path',
    [
        'wrench.force.w',
        'wrench.force',
        'header.frame_id',
        'wrench.force.x[0]',
        'x y',
        'header.stamp[joint]',
    ],
)
def test_a_path_that_leads_nowhere_names_the_fields(path):
    with pytest.raises(DataError, match=r'The fields of this type are: header, wrench'):
        check_paths(stream(WRENCH, path))


def test_array_needs_an_index_and_names_only_where_the_message_has_names():
    check_paths(stream(ARRAY, 'data[3]'))
    for path in ('data', 'data[elbow]', 'layout.data_offset[1]'):
        with pytest.raises(DataError):
            check_paths(stream(ARRAY, path))


def test_foreign_type_and_wrong_type_are_refused():
    with pytest.raises(DataError, match='not a standard ROS 2 message'):
        check_paths(stream('vendor_msgs/msg/Force', 'x'))
    with pytest.raises(DataError, match='correct `type` of stream'):
        RosbagsDecoder().sample(stream(WRENCH, 'wrench.force.x'), raw(ARRAY))
    with pytest.raises(DataError, match='damaged'):
        RosbagsDecoder().sample(stream(WRENCH), RawMessage('/t', WRENCH, 1, b'\x00\x01\x00'))


def test_step_edges_with_facts_and_reserved_stamp():
    decoder = RosbagsDecoder()
    data = encode_step(Edge.BEGIN, {'operation': 'insert', 'part': 'Bolzen ü'}, stamp_ns=123)
    event = decoder.step(RawMessage('/step', STEP, 999, data))
    assert (event.edge, event.t_ns) == (Edge.BEGIN, 123)
    assert event.facts == {'operation': 'insert', 'part': 'Bolzen ü'}
    event = decoder.step(RawMessage('/step', STEP, 999, encode_step('end', {})))
    assert (event.edge, event.t_ns) == (Edge.END, 999)


@pytest.mark.parametrize(
    'fields',
    [
        {'name': 'pause'},
        {'name': 'end', 'values': [{'key': 'stamp_ns', 'value': '-5'}]},
        {'name': 'end', 'values': [{'key': 'stamp_ns', 'value': 'soon'}]},
    ],
)
def test_what_is_no_step_is_refused(fields):
    with pytest.raises(DataError, match='Not a step message'):
        RosbagsDecoder().step(raw(STEP, fields))
    with pytest.raises(DataError, match='must be diagnostic_msgs'):
        RosbagsDecoder().step(raw(ARRAY))


def test_encode_refuses_a_field_that_does_not_exist():
    with pytest.raises(DataError, match='no field'):
        encode(WRENCH, {'wrensh': {}})


def test_default_channels_point_at_numbers_of_their_types():
    from cobot_ai.core.message_types import FIELDS  # noqa: PLC0415

    for ros_type in FIELDS:
        check_paths(StreamSpec('s', 't', ros_type, 1.0, default_channels(ros_type)))
    names = [c.name for c in default_channels(JOINT_STATE, ['a-1', 'b'], ['effort'])]
    assert names == ['effort_a_1', 'effort_b']
    assert len(default_channels(JOINT_STATE, 6)) == 18
    assert [c.unit for c in default_channels(WRENCH)] == ['N'] * 3 + ['N*m'] * 3
    assert default_channels('sensor_msgs/msg/Image') == ()


@pytest.mark.parametrize(
    'args', [(JOINT_STATE,), (WRENCH, 6), (ARRAY,), (WRENCH, None, ['power']), (WRENCH, None, [])]
)
def test_default_channels_that_cannot_be_known_are_a_clear_error(args):
    with pytest.raises(ConfigError):
        default_channels(*args)


def test_message_definition_holds_the_nested_types():
    text = message_definition(WRENCH)
    assert 'MSG: geometry_msgs/Vector3' in text
    assert 'builtin_interfaces/Time stamp' in text
