"""A recording nobody prepared: init, doctor and replay, one after the other, by configuration."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from mcap.writer import Writer

from cobot_ai.cli import main
from cobot_ai.cli.replay import Options, run_replay
from cobot_ai.store.typestore import encode, message_definition

S = 10**9
T0 = 1_600_000_000 * S
ARRAY = 'std_msgs/msg/Float64MultiArray'
RNG = np.random.default_rng(3)


def odd_bag(path):
    """Topics with odd names, a type of the plant's own, a setting said once; no steps."""
    file = BytesIO()
    writer = Writer(file)
    writer.start(profile='ros2')
    channels = {}

    def say(topic, kind, t_ns, data, definition=None):
        if topic not in channels:
            text = definition or message_definition(kind)
            schema = writer.register_schema(kind, 'ros2msg', text.encode())
            channels[topic] = writer.register_channel(topic, 'cdr', schema)
        writer.add_message(channels[topic], t_ns, data, t_ns)

    text = 'std_msgs/msg/String'
    say('/a-b/1x/name', text, T0, encode(text, {'data': 'UR3'}))
    say('/limit', 'std_msgs/msg/Float32', T0, encode('std_msgs/msg/Float32', {'data': 7.0}))
    for n in range(240):
        t, bad = T0 + n * S // 10, 60 <= n % 120 < 80
        level = 9.0 if bad else 1.0
        array = encode(ARRAY, {'data': (level + RNG.normal(0, 0.1, 3)).tolist()})
        say('/Robot_1/a__b/x1', ARRAY, t, array)
        say('/a-b/1x', ARRAY, t, array)
        say('/a_b/x', 'std_msgs/msg/Float32', t, encode('std_msgs/msg/Float32', {'data': n % 7}))
        say('/mine', 'my_msgs/msg/Foo', t, b'\0\1\0\0' + bytes(8), 'float64 x\n')
    writer.finish()
    path.write_bytes(file.getvalue())
    rows = [f'c,cycle,{n},{T0 + n * 4 * S},{T0 + (n + 1) * 4 * S}' for n in range(6)]
    rows += [f'e,slip,1,{T0 + at * S},{T0 + (at + 2) * S}' for at in (6, 18)]
    answers = path.with_name('truth.csv')
    answers.write_text('\n'.join(['piece,kind,label,start_ns,end_ns', *rows]))
    return path, answers


@pytest.fixture
def bag(tmp_path):
    return odd_bag(tmp_path / 'odd.mcap')


@pytest.mark.timeout(120)
def test_from_an_unknown_recording_to_a_report(bag, tmp_path, capsys):
    path, answers = map(str, bag)
    cell, out = str(tmp_path / 'cell.yaml'), tmp_path / 'out'
    assert main.main(['init', '--from', path, '--answers', answers, '--out', cell]) == 0
    said = capsys.readouterr().out
    for sentence in (
        'windows of 2 s slide, one every 1 s',
        'Good: normal. Not good, and stops: slip.',
        '`cycle` numbers something and is no class.',
        'Not read: /limit (std_msgs/msg/Float32, said once).',
        'Not read: /a-b/1x/name (std_msgs/msg/String, not a ROS 2 name).',
        'Not read: /a-b/1x (std_msgs/msg/Float64MultiArray, not a ROS 2 name).',
        '3 streams, 5 channels',
        f'cobot_ai doctor {cell} --bag {path}',
    ):
        assert sentence in said, said
    assert 'type: my_msgs/msg/Foo' in Path(cell).read_text(), 'its definition lies in the bag'
    assert main.main(['doctor', cell, '--bag', path]) == 0
    assert '0 errors, 0 warnings' in capsys.readouterr().out
    replay = ['replay', path, '--cell', cell, '--answers', answers, '--out', str(out)]
    assert main.main(replay) == 0
    report = json.loads((out / 'report.json').read_text())
    assert 20 < report['cases'] < 26, 'one each second of the recording, none after it'
    assert report['expired'] == report['merged'] == 0
    assert 'cases: acted' in capsys.readouterr().out


def test_pictures_alone_are_no_cell_and_that_is_said(tmp_path, capsys):
    kind = 'sensor_msgs/msg/CompressedImage'
    file = BytesIO()
    writer = Writer(file)
    writer.start(profile='ros2')
    schema = writer.register_schema(kind, 'ros2msg', message_definition(kind).encode())
    channel = writer.register_channel('/camera', 'cdr', schema)
    for n in range(9):
        writer.add_message(channel, T0 + n * S, encode(kind, {'format': 'jpeg'}), T0 + n * S)
    writer.finish()
    (tmp_path / 'p.mcap').write_bytes(file.getvalue())
    out = str(tmp_path / 'cell.yaml')
    assert main.main(['init', '--from', str(tmp_path / 'p.mcap'), '--out', out]) == 1
    said = capsys.readouterr().err
    assert '/camera (sensor_msgs/msg/CompressedImage)' in said and 'stills.md' in said


def test_a_replay_says_how_far_it_is_where_somebody_looks(bag, tmp_path, monkeypatch):
    path, answers = bag
    cell = tmp_path / 'cell.yaml'
    main.main(['init', '--from', str(path), '--answers', str(answers), '--out', str(cell)])
    monkeypatch.setattr('cobot_ai.cli.replay.PROGRESS_ROWS', 50)
    monkeypatch.setattr('cobot_ai.cli.replay.PROGRESS_S', 0.0)
    lines = []
    run_replay(Options(path, str(cell), tmp_path / 'out', progress=lines.append), lambda s: None)
    assert lines[0].startswith('  7%') and 'asked' in lines[-1]
    assert len(lines) == 3 * 240 // 50
