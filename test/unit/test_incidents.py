"""Recordings of what happened around an event: what goes in, and what a kill leaves."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cobot_ai.app.incidents import MAX_S, Incidents, incident_reason
from cobot_ai.app.ports import Entry
from cobot_ai.core.samples import RawBatch, RawMessage
from cobot_ai.store.bags import Bag
from cobot_ai.store.incidents import FILE, META, IncidentFolder
from cobot_ai.store.typestore import encode

S = 10**9
TEMPERATURE = 'sensor_msgs/msg/Temperature'
EXPIRED = Entry(7, 0, 'resolution', 3, {'outcome': 'expired'})


def message(at, size=0):
    data = encode(TEMPERATURE, {'header': {'frame_id': 'x' * size}, 'temperature': float(at)})
    return RawMessage('/heat', TEMPERATURE, at, data)


class Sink:
    """Keeps what it gets."""

    def __init__(self):
        self.bags, self.open = [], False

    def begin(self, seq, reason):
        self.bags.append((seq, reason, []))
        self.open = True

    def add(self, messages):
        assert self.open
        self.bags[-1][2].extend(messages)

    def end(self):
        self.open = False


@pytest.mark.parametrize(
    ('kind', 'body', 'reason'),
    [
        ('resolution', {'outcome': 'expired'}, 'expired'),
        ('resolution', {'outcome': 'answered'}, ''),
        ('decision', {'verdict': 'hold', 'why': 'sensor_stop'}, 'sensor_stop'),
        ('decision', {'verdict': 'ask', 'why': 'sensor'}, ''),
        ('hold', {'confirmed': False, 'phase': 'requested'}, ''),
        ('hold', {'confirmed': False, 'phase': 'failed'}, 'hold_not_confirmed'),
        ('hold', {'confirmed': False, 'phase': 'lost'}, 'hold_lost'),
        ('hold', {'confirmed': False, 'phase': 'stopped'}, 'safety_stop'),
        ('hold', {'confirmed': True, 'phase': 'confirmed'}, ''),
        ('fault', {'code': 'hold'}, ''),  # the hold itself is the event
        ('fault', {'code': 'model'}, 'fault_model'),
        ('fault', {'code': 'incidents'}, ''),  # else a full disk would record its own failing
        ('label', {'label': 'good'}, ''),
    ],
)
def test_what_counts_as_an_event(kind, body, reason):
    assert incident_reason(Entry(1, 0, kind, 1, body)) == reason


@given(
    st.lists(st.integers(1, S), min_size=1, max_size=60),
    st.integers(0, 59),
    st.floats(0, 5),
    st.floats(0, 5),
)
def test_an_incident_holds_every_message_of_its_time_once_and_no_older_one(gaps, at, before, after):
    sink = Sink()
    incidents = Incidents(sink, before, after)
    now, sent, event_ns = 0, [], None
    for i, gap in enumerate(gaps):
        now += gap
        incidents.take(RawBatch.of(message(now)), now)
        sent.append(now)
        if i == min(at, len(gaps) - 1):
            event_ns = now
            incidents.entry(EXPIRED, now)
        incidents.poll(now)
    incidents.close()
    (bag,) = sink.bags
    kept = [m.t_ns for m in bag[2]]
    assert kept == sorted(set(kept))
    wanted = {t for t in sent if event_ns - before * S <= t <= event_ns + after * S}
    assert wanted <= set(kept)
    assert min(kept) >= event_ns - before * S - 1
    assert not sink.open


def test_a_second_event_prolongs_the_recording_but_not_for_ever():
    sink = Sink()
    incidents = Incidents(sink, 1.0, 2.0)
    for t in range(0, round(2 * MAX_S) * S, S):
        incidents.take(RawBatch.of(message(t)), t)
        if t < 1.5 * MAX_S * S:
            incidents.entry(EXPIRED, t)
        incidents.poll(t)
    first = sink.bags[0][2]
    assert len(sink.bags) >= 2
    assert MAX_S <= (first[-1].t_ns - first[0].t_ns) / S <= MAX_S + 2


@pytest.mark.parametrize(('version', 'qos'), [(8, ''), (9, [])])
def test_a_recording_is_a_bag_that_tools_read(tmp_path, version, qos):
    bag = IncidentFolder(tmp_path, 10.0, version).begin(12, 'expired')
    bag.add([message(S + i) for i in range(50)])
    bag.close()
    read = Bag(tmp_path / '00000012')
    assert read.topics() == {'/heat': (TEMPERATURE, 50)}
    assert [m.t_ns for m in read.messages()] == [S + i for i in range(50)]
    document = yaml.safe_load((tmp_path / '00000012' / META).read_text())
    information = document['rosbag2_bagfile_information']
    assert information['version'] == version
    topic = information['topics_with_message_count'][0]['topic_metadata']
    assert topic['offered_qos_profiles'] == qos
    assert '&' not in (tmp_path / '00000012' / META).read_text()


WRITER = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_incidents import message
from cobot_ai.store.incidents import IncidentFolder
bag = IncidentFolder(Path(sys.argv[1]), 10.0).begin(1, 'expired')
n = 0
while True:
    bag.add([message(n + i, 500) for i in range(20)])
    n += 20
    print(n, flush=True)
"""


def test_a_kill_loses_no_more_than_the_last_chunk(tmp_path):
    """Control: without the mending there is no metadata, and no tool opens the folder."""
    child = subprocess.Popen(
        [sys.executable, '-c', WRITER, str(tmp_path), str(Path(__file__).parent)],
        stdout=subprocess.PIPE,
        text=True,
    )
    said = 0
    while said < 2000:
        said = int(child.stdout.readline())
    child.send_signal(signal.SIGKILL)
    rest = child.communicate()[0].split()
    said = int(rest[-1]) if rest and rest[-1].isdecimal() else said
    assert not (tmp_path / '00000001' / META).exists()
    assert IncidentFolder(tmp_path, 10.0).mend() == ['00000001']
    read = [m.t_ns for m in Bag(tmp_path / '00000001').messages()]
    assert read == list(range(len(read)))
    assert len(read) >= said - 60, 'more than a chunk of 16 kB is gone'
    assert IncidentFolder(tmp_path, 10.0).mend() == []


def test_the_oldest_go_when_the_quota_is_full_and_the_newest_stays(tmp_path):
    folder = IncidentFolder(tmp_path, 0.001)
    for seq in (1, 2, 3):
        bag = folder.begin(seq, 'expired')
        bag.add([message(i) for i in range(10)])
        bag.close()
    assert folder.sweep() == ['00000001', '00000002']
    assert [f.name for f in tmp_path.iterdir()] == ['00000003']


def test_an_empty_torn_recording_is_cleared_away(tmp_path):
    (tmp_path / '00000004').mkdir()
    (tmp_path / '00000004' / FILE).write_bytes(b'\x89MCAP0\r\n')
    assert IncidentFolder(tmp_path, 10.0).mend() == []
    assert list(tmp_path.iterdir()) == []
