"""Evidence clips on disk: names, metadata, quota, truncation."""

import hashlib
import io

import pytest
from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory

from cobot_ai.core.errors import DataError, StoreError
from cobot_ai.core.samples import RawMessage
from cobot_ai.store.bags import Bag
from cobot_ai.store.clips import Clips
from cobot_ai.store.typestore import encode

WRENCH = 'geometry_msgs/msg/WrenchStamped'


def messages(n=200, seed=0):
    made = []
    for i in range(n):
        data = encode(WRENCH, {'wrench': {'force': {'x': seed + i / 7}}})
        made.append(RawMessage('/c/wrench', WRENCH, 10**9 + i * 2_000_000, data))
    return made


@pytest.fixture
def folder(tmp_path):
    return tmp_path / 'clips'


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def test_the_hash_is_that_of_the_file_and_the_file_names_its_case(folder):
    clips = Clips(folder, 10)
    digest = clips.write(42, messages(), 'asked')
    data = clips.path(42).read_bytes()
    assert hashlib.sha256(data).hexdigest() == digest
    assert names(folder) == ['00000042.asked.mcap']
    reader = make_reader(io.BytesIO(data))
    assert reader.get_header().profile == 'ros2'
    assert [dict(m.metadata)['case'] for m in reader.iter_metadata()] == ['42']


def test_foreign_tools_read_the_values(folder):
    clips = Clips(folder, 10)
    clips.write(1, messages(20), 'asked')
    with clips.path(1).open('rb') as stream:
        reader = make_reader(stream, decoder_factories=[DecoderFactory()])
        values = [m[3].wrench.force.x for m in reader.iter_decoded_messages()]
    assert values == [i / 7 for i in range(20)]
    assert list(Bag(clips.path(1)).messages()) == messages(20)


def test_the_same_messages_give_the_same_file(folder):
    clips = Clips(folder, 10)
    assert clips.write(1, messages(), 'asked') == clips.write(1, messages(), 'labelled')
    assert names(folder) == ['00000001.labelled.mcap']


def test_the_quota_takes_the_oldest_of_the_lowest_class_first(folder):
    clips = Clips(folder, 10)
    for case in range(1, 10):
        clips.write(case, messages(seed=case), ('routine', 'asked', 'labelled')[case % 3])
    clips.keep(9, 'labelled')
    size = max(p.stat().st_size for p in folder.iterdir())
    small = Clips(folder, 6.5 * size / 1e6)
    assert small.sweep() == [3, 6, 1]
    assert small.sweep() == []
    smaller = Clips(folder, 2.5 * size / 1e6)
    assert smaller.sweep() == [4, 7, 2, 5]
    assert names(folder) == ['00000008.labelled.mcap', '00000009.labelled.mcap']


def test_a_kill_between_new_and_old_class_leaves_one_clip(folder):
    clips = Clips(folder, 10)
    clips.write(1, messages(), 'asked')
    (folder / '00000001.routine.mcap').write_bytes(b'older')
    (folder / '00000002.asked.mcap.tmp.1').write_bytes(b'half')
    again = Clips(folder, 10)
    assert again.sweep() == []
    assert names(folder) == ['00000001.asked.mcap']


@pytest.mark.parametrize('keep', [0.99, 0.6, 0.3])
def test_a_truncated_clip_is_read_up_to_the_damage(folder, keep):
    written = []
    for i in range(4000):
        data = encode(WRENCH, {'header': {'frame_id': f'{i * 7919}' * 40}})
        written.append(RawMessage('/c/wrench', WRENCH, i, data))
    clips = Clips(folder, 10)
    clips.write(1, written, 'asked')
    path = clips.path(1)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    read = clips.read(1)
    assert read == written[: len(read)]
    assert len(read) > 0.6 * keep * len(written)


@pytest.mark.parametrize('content', [b'', b'\x00' * 500, b'\x89MCAP0\r\n'])
def test_a_clip_of_which_nothing_is_left_is_a_data_error(folder, content):
    clips = Clips(folder, 10)
    clips.write(1, messages(), 'asked')
    clips.path(1).write_bytes(content)
    with pytest.raises(DataError, match=r'00000001\.asked\.mcap is cut off or damaged'):
        clips.read(1)


def test_wrong_class_and_foreign_type_are_refused(folder):
    clips = Clips(folder, 10)
    with pytest.raises(StoreError, match='no retention class'):
        clips.write(1, messages(), 'forever')
    with pytest.raises(DataError, match='not a standard ROS 2 message'):
        clips.write(1, [RawMessage('/x', 'vendor_msgs/msg/X', 1, b'')], 'asked')
    with pytest.raises(DataError):
        clips.read(1)


def test_an_empty_clip_is_empty(folder):
    clips = Clips(folder, 10)
    clips.write(1, [], 'routine')
    assert clips.read(1) == []
