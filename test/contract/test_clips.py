"""What every clip store promises: the one on disk and the one in memory."""

import fakes
import pytest

from cobot_ai.core.errors import DataError
from cobot_ai.core.samples import RawMessage
from cobot_ai.store.clips import Clips
from cobot_ai.store.mcap_file import to_mcap
from cobot_ai.store.typestore import encode, encode_step

WRENCH = 'geometry_msgs/msg/WrenchStamped'
STEP = 'diagnostic_msgs/msg/DiagnosticStatus'


def messages(n=50, x=0.0):
    made = [RawMessage('/c/step', STEP, 900, encode_step('begin', {'part': 'a'}))]
    for i in range(n):
        data = encode(WRENCH, {'wrench': {'force': {'x': x + i}}})
        made.append(RawMessage('/c/wrench', WRENCH, 1000 + i * 20, data))
    return made


@pytest.fixture(params=['memory', 'folder'])
def clips(request, tmp_path):
    return fakes.MemoryClips() if request.param == 'memory' else Clips(tmp_path / 'clips', 10.0)


def test_what_was_written_is_read_back_in_order_of_arrival(clips):
    written = messages()
    written[3], written[9] = written[9], written[3]
    assert len(clips.write(7, written, 'asked')) == 64
    assert clips.read(7) == written


def test_a_finished_clip_is_taken_in_once(clips, tmp_path):
    made = tmp_path / 'made.mcap'
    for number, x in enumerate((0.0, 5.0)):
        made.write_bytes(to_mcap(messages(x=x), {}))
        clips.adopt(7, made, 'labelled')
        assert clips.read(7) == messages(), f'attempt {number}'
    clips.keep(7, 'asked')
    assert clips.read(7) == messages()


def test_writing_again_replaces_in_any_class(clips):
    first = clips.write(7, messages(), 'labelled')
    second = clips.write(7, messages(x=5.0), 'routine')
    assert first != second
    assert clips.read(7) == messages(x=5.0)


def test_keeping_changes_nothing_in_the_clip(clips):
    clips.write(7, messages(), 'routine')
    clips.keep(7, 'labelled')
    clips.keep(8, 'labelled')
    assert clips.read(7) == messages()
    assert clips.sweep() == []


def test_an_absent_clip_is_a_data_error(clips):
    with pytest.raises(DataError, match='no clip of case 9'):
        clips.read(9)
