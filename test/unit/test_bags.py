"""Reading bags: every storage, compressed, split, and what is left of damaged ones."""

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from mcap.writer import Writer as McapWriter
from rosbags.rosbag2 import CompressionFormat, CompressionMode, Reader, StoragePlugin, Writer

from cobot_ai.core.errors import DataError
from cobot_ai.store.bags import Bag
from cobot_ai.store.typestore import encode, message_definition, typestore

WRENCH = 'geometry_msgs/msg/WrenchStamped'
SCALAR = 'std_msgs/msg/Float32'


def messages(n=300, start=0):
    """Two topics in turn, 10 ms apart."""
    for i in range(start, start + n):
        topic, ros_type = (('/wrench', WRENCH), ('/current', SCALAR))[i % 2]
        x = float(i)
        fields = {'data': x} if ros_type == SCALAR else {'wrench': {'force': {'x': x}}}
        yield topic, ros_type, 10**9 + i * 10**7, encode(ros_type, fields)


def record(folder, plugin=StoragePlugin.MCAP, mode=CompressionMode.NONE, start=0):
    writer = Writer(folder, version=8, storage_plugin=plugin)
    if mode is not CompressionMode.NONE:
        writer.set_compression(mode, CompressionFormat.ZSTD)
    with writer:
        connections = {}
        for topic, ros_type, t_ns, data in messages(start=start):
            if topic not in connections:
                connections[topic] = writer.add_connection(topic, ros_type, typestore=typestore())
            writer.write(connections[topic], t_ns, data)
    return folder


def small_chunks(file, n=2000, shuffle=False):
    """An MCAP file in many chunks, as an incident recorder writes it."""
    rows = list(messages(n))
    if shuffle:
        rows[::7], rows[1::7] = rows[1::7][: len(rows[::7])], rows[::7][: len(rows[1::7])]
    with file.open('wb') as stream:
        writer = McapWriter(stream, chunk_size=4096)
        writer.start(profile='ros2')
        ids = {}
        for topic, ros_type, t_ns, data in rows:
            if topic not in ids:
                definition = message_definition(ros_type).encode()
                schema = writer.register_schema(ros_type, 'ros2msg', definition)
                ids[topic] = writer.register_channel(topic, 'cdr', schema)
            writer.add_message(ids[topic], t_ns, data, t_ns)
        writer.finish()
    return file


def collect(iterator):
    """All messages up to the damage, and what it was."""
    got = []
    try:
        for m in iterator:
            got.append((m.topic, m.type, m.t_ns, m.data))  # noqa: PERF401
    except DataError as e:
        return got, str(e)
    return got, ''


@pytest.mark.parametrize('plugin', list(StoragePlugin))
@pytest.mark.parametrize('mode', list(CompressionMode))
def test_every_storage_and_compression_gives_the_same_messages(tmp_path, plugin, mode):
    if plugin is StoragePlugin.SQLITE3 and mode is CompressionMode.STORAGE:
        pytest.skip('sqlite3 storage has no compression of its own')
    bag = Bag(record(tmp_path / 'bag', plugin, mode))
    assert bag.topics() == {'/wrench': (WRENCH, 150), '/current': (SCALAR, 150)}
    assert collect(bag.messages()) == (list(messages()), '')
    only, _ = collect(bag.messages(['/current', '/absent']))
    assert only == [m for m in messages() if m[0] == '/current']


def test_a_plain_sqlite_bag_is_opened_by_its_metadata_unless_it_does_not_fit(tmp_path, monkeypatch):
    folder = record(tmp_path / 'bag', StoragePlugin.SQLITE3)
    looked = []
    monkeypatch.setattr('cobot_ai.store.bags.Reader', lambda p: looked.append(p) or Reader(p))
    assert Bag(folder).topics() == {'/wrench': (WRENCH, 150), '/current': (SCALAR, 150)}
    assert not looked
    metadata = folder / 'metadata.yaml'
    metadata.write_text(metadata.read_text().replace('name: /current', 'name: /voltage'))
    with suppress(DataError):
        Bag(folder)
    assert looked == [folder]


def test_single_file_and_split_bag(tmp_path):
    first, second = record(tmp_path / 'a'), record(tmp_path / 'b', start=300)
    assert collect(Bag(first / 'a.mcap').messages())[0] == list(messages())
    split = tmp_path / 'split'
    split.mkdir()
    shutil.copy(first / 'a.mcap', split / 'split_0.mcap')
    shutil.copy(second / 'b.mcap', split / 'split_1.mcap')
    doc = yaml.safe_load((first / 'metadata.yaml').read_text())
    info = doc['rosbag2_bagfile_information']
    info['relative_file_paths'] = ['split_0.mcap', 'split_1.mcap']
    for topic in info['topics_with_message_count']:
        topic['message_count'] *= 2
    info['message_count'] *= 2
    (split / 'metadata.yaml').write_text(yaml.safe_dump(doc))
    assert collect(Bag(split).messages()) == (list(messages(600)), '')


def test_a_missing_part_of_a_split_bag_is_said_after_the_rest_was_read(tmp_path):
    folder = record(tmp_path / 'a')
    doc = yaml.safe_load((folder / 'metadata.yaml').read_text())
    doc['rosbag2_bagfile_information']['relative_file_paths'].append('a_1.mcap')
    (folder / 'metadata.yaml').write_text(yaml.safe_dump(doc))
    got, damage = collect(Bag(folder).messages())
    assert got == list(messages())
    assert 'a_1.mcap' in damage


def test_a_whole_file_in_a_folder_without_metadata_is_not_damaged(tmp_path):
    small_chunks(tmp_path / 'x_0.mcap')
    assert collect(Bag(tmp_path).messages()) == (list(messages(2000)), '')


@pytest.mark.parametrize('keep', [0.99, 0.6, 0.3])
def test_a_truncated_bag_is_read_up_to_the_damage(tmp_path, keep):
    file = small_chunks(tmp_path / 'x.mcap')
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * keep)])
    bag = Bag(file)
    got, damage = collect(bag.messages())
    whole = list(messages(2000))
    assert got == whole[: len(got)]
    assert len(got) > 0.5 * keep * len(whole)
    assert 'damaged' in damage
    assert sum(n for _, n in bag.topics().values()) == len(got)


def test_a_folder_whose_recorder_was_killed_has_no_metadata(tmp_path):
    file = small_chunks(tmp_path / 'x_0.mcap')
    file.write_bytes(file.read_bytes()[:-3000])
    got, damage = collect(Bag(tmp_path).messages(['/current']))
    assert {m[0] for m in got} == {'/current'}
    assert damage
    assert got == [m for m in messages(2000) if m[0] == '/current'][: len(got)]


def test_a_damaged_chunk_in_the_middle_yields_what_lies_before(tmp_path):
    file = small_chunks(tmp_path / 'x.mcap')
    data = bytearray(file.read_bytes())
    for i in range(len(data) // 2, len(data) // 2 + 3000):
        data[i] ^= 0x55
    file.write_bytes(data)
    got, damage = collect(Bag(file).messages())
    assert damage
    assert 200 < len(got) < 2000
    assert got == list(messages(2000))[: len(got)]


def test_messages_swapped_by_the_recorder_come_in_order_of_log_time(tmp_path):
    file = small_chunks(tmp_path / 'x.mcap', shuffle=True)
    file.write_bytes(file.read_bytes()[:-1000])
    got, _ = collect(Bag(file).messages())
    times = [m[2] for m in got]
    assert len(times) > 1000
    assert times == sorted(times)


@pytest.mark.parametrize('content', [b'', b'not a bag at all', b'\x89MCAP0\r\n' + b'\x00' * 50])
def test_what_is_no_bag_is_a_clear_error(tmp_path, content):
    file = tmp_path / 'x.mcap'
    file.write_bytes(content)
    with pytest.raises(DataError, match=r'x\.mcap'):
        Bag(file)
    with pytest.raises(DataError, match='no bag at'):
        Bag(tmp_path / 'absent')
    (tmp_path / 'empty').mkdir()
    with pytest.raises(DataError, match='holds no bag'):
        Bag(tmp_path / 'empty')
    (tmp_path / 'x.db3').write_bytes(content)
    with pytest.raises(DataError, match='cannot be read'):
        Bag(tmp_path / 'x.db3')


@pytest.mark.data
def test_the_recordings_turned_into_bags_read_well(tmp_path):
    tool = os.environ.get('COBOT_AI_TO_BAG')
    data = os.environ.get('COBOT_AI_DATA')
    if not (tool and data):
        pytest.skip('set COBOT_AI_DATA to the recordings and COBOT_AI_TO_BAG to the converter')
    source = Path(data) / 'robot_failures_lp5.npz'
    subprocess.run([sys.executable, tool, source, tmp_path], check=True, capture_output=True)
    bag = Bag(tmp_path / 'bag')
    got, damage = collect(bag.messages())
    assert not damage
    assert {t: n for t, (_, n) in bag.topics().items()} == {'/wrench': 2460, '/step': 328}
    assert len(got) == 2788
    assert [m[2] for m in got] == sorted(m[2] for m in got)
