"""Message types of a plant's own: defined in the cell file, taken from a bag by `init`."""

import numpy as np
import pytest
import yaml
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from cobot_ai.cli.main import main
from cobot_ai.core.errors import ConfigError
from cobot_ai.core.samples import RawMessage
from cobot_ai.store.cellfile import load_cell
from cobot_ai.store.messages import RosbagsDecoder

TYPE = 'screw_msgs/msg/Tightening'
RESULT = 'screw_msgs/msg/Result'
TEXT = 'std_msgs/Header header\nuint8 OK=1\nscrew_msgs/Result result\nfloat64[<=3] angle_deg'
DEFINED = {TYPE: TEXT, RESULT: 'float64 torque_nm'}
QUESTION = {
    'classes': [
        {'name': 'ok', 'action': 'continue', 'nominal': True},
        {'name': 'stripped', 'action': 'rework'},
    ]
}


def cell_file(tmp_path, messages, kind=TYPE, path='result.torque_nm'):
    channels = [{'name': 'torque', 'path': path}]
    stream = {'name': 's', 'topic': 'torque', 'type': kind, 'rate_hz': 50, 'channels': channels}
    cell = {'name': 'c', 'streams': [stream], 'step': {}, 'question': QUESTION}
    file = tmp_path / 'cell.yaml'
    file.write_text(yaml.safe_dump({**cell, **({'messages': messages} if messages else {})}))
    return file


def recorded(torque_nm, stamp_ns):
    store = get_typestore(Stores.ROS2_HUMBLE)
    for kind, text in DEFINED.items():
        store.register(get_types_from_msg(text, kind))
    stamp = store.types['builtin_interfaces/msg/Time'](stamp_ns // 10**9, stamp_ns % 10**9)
    header = store.types['std_msgs/msg/Header'](stamp, 'tool')
    message = store.types[TYPE](header, store.types[RESULT](torque_nm), np.array([1.0, 2.0]))
    return store, bytes(store.serialize_cdr(message, TYPE))


def test_a_type_of_the_plant_is_read_by_the_definition_in_the_cell_file(tmp_path):
    spec = load_cell(cell_file(tmp_path, DEFINED))
    data = recorded(2.5, 7 * 10**9)[1]
    sample = RosbagsDecoder().sample(spec.streams[0], RawMessage('/torque', TYPE, 9, data))
    assert (sample.t_ns, sample.values.tolist()) == (7 * 10**9, [2.5])
    assert dict(spec.messages) == DEFINED


@pytest.mark.parametrize(
    ('messages', 'kind', 'says'),
    [
        ({}, 'other_msgs/msg/Torque', 'write its definition under `messages`'),
        ({'a_msgs/msg/A': 'float64 x\nb_msgs/B b'}, 'a_msgs/msg/A', 'b_msgs/msg/B'),
        ({'a_msgs/msg/A': 'float64 = 3'}, 'a_msgs/msg/A', 'no message definition'),
        ({'Torque': 'float64 x'}, 'Torque', 'package/msg/Name'),
        ({'e_msgs/msg/A': 'float64 x\ne_msgs/A a'}, 'e_msgs/msg/A', 'a part of itself'),
        (
            {'f_msgs/msg/A': 'f_msgs/B[] b', 'f_msgs/msg/B': 'float64 x\nf_msgs/A a'},
            'f_msgs/msg/B',
            'a part of itself',
        ),
        ({'std_msgs/msg/Float64': 'float32 data'}, 'std_msgs/msg/Float64', 'known already'),
        ({'a_msgs/msg/A': 'float64 x\n' * 9000}, 'a_msgs/msg/A', '20000'),
    ],
)
def test_a_definition_that_cannot_be_used_is_refused_by_its_key(tmp_path, messages, kind, says):
    with pytest.raises(ConfigError, match='messages') as e:
        load_cell(cell_file(tmp_path, messages, kind, 'data'))
    assert says in str(e.value)


@pytest.mark.parametrize('storage', [StoragePlugin.MCAP, StoragePlugin.SQLITE3])
def test_init_takes_the_definitions_out_of_the_bag(tmp_path, storage, capsys):
    store = recorded(0.0, 0)[0]
    with Writer(tmp_path / 'bag', version=9, storage_plugin=storage) as bag:
        connection = bag.add_connection('/torque', TYPE, typestore=store)
        for k in range(50):
            t_ns = 10**12 + k * 20_000_000
            bag.write(connection, t_ns, recorded(float(k), t_ns)[1])
    out = tmp_path / 'init.yaml'
    assert main(['init', '--from', str(tmp_path / 'bag'), '--out', str(out)]) == 0
    spec = load_cell(out)
    assert set(spec.messages) == {TYPE, RESULT}
    assert 'result.torque_nm' in [c.path for c in spec.streams[0].channels]
    assert main(['doctor', str(out), '--bag', str(tmp_path / 'bag')]) == 0
    assert '/torque: 50 Hz' in capsys.readouterr().out
