"""Reading cell files from disk, the hostile ones too."""

import pytest
import yaml

from cobot_ai.core.errors import ConfigError
from cobot_ai.store.cellfile import MAX_BYTES, find_cell, load_cell, shipped_cells


@pytest.fixture
def write(tmp_path):
    def put(text, name='cell.yaml'):
        file = tmp_path / name
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    return put


def shipped(name='wrench_cases'):
    return shipped_cells()[name].read_text()


def test_a_copy_of_a_shipped_cell_is_the_same_cell(write):
    assert (
        load_cell(write(shipped())) == load_cell('wrench_cases') == load_cell('wrench_cases.yaml')
    )


def test_an_unknown_name_lists_the_shipped_cells():
    with pytest.raises(ConfigError, match='basic_motions, demo, doosan, franka, generic'):
        find_cell('wrench_case')
    with pytest.raises(ConfigError, match='no cell file'):
        find_cell('some/where/wrench_cases')


@pytest.mark.parametrize(
    ('old', 'new', 'says'),
    [
        (
            'type: geometry_msgs/msg/WrenchStamped',
            'type: my_msgs/msg/Force',
            'not a standard ROS 2 message',
        ),
        (
            'rate_hz: 47.6',
            'rate_hz: 47.6\n    rate_hz: 5',
            r'line \d+: the key `rate_hz` is .* twice',
        ),
        ('rate_hz: 47.6', 'rate_hz: fast', r'`streams\[0\]\.rate_hz` must be a number'),
        (
            'rate_hz: 47.6',
            'rate_hz: 47.6\n    channels: [{name: f, path: wrench.f}]',
            'The fields of',
        ),
        ('name: wrench_cases', 'name: &n wrench_cases\nmore: *n', r'line \d+: aliases'),
        ('name: wrench_cases', 'name: [', 'not valid YAML'),
        ('name: wrench_cases', 'name: {en: Is it ok?: yes}', r'line \d+, column \d+: .*quotes'),
        ('name: wrench_cases', 'name: !!python/object/apply:os.getcwd []', 'not valid YAML'),
        ('name: wrench_cases', '? [a]\n: b', 'malformed|not valid YAML|not a text'),
        ('name: wrench_cases', 'name: 2020-99-99', 'malformed'),
    ],
)
def test_a_refusal_names_the_file_and_the_problem(write, old, new, says):
    assert old in shipped()
    file = write(shipped().replace(old, new))
    with pytest.raises(ConfigError, match=says) as caught:
        load_cell(file)
    assert str(file) in str(caught.value)


@pytest.mark.parametrize(
    'text',
    [
        b'',
        b'\xff\xfe\x00',
        b'[' * 100_000,
        b'a: ' + b'{b: ' * 20_000,
        b'x' * (MAX_BYTES + 1),
        b'a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n',
        b'--- a\n--- b\n',
        b'\x00',
    ],
)
def test_hostile_files_are_a_clear_refusal(write, text):
    with pytest.raises(ConfigError):
        load_cell(write(text))


def test_a_folder_is_no_cell_file(tmp_path):
    with pytest.raises(ConfigError):
        load_cell(tmp_path)


def test_on_and_off_are_keys_and_no_booleans(tmp_path):
    file = tmp_path / 'cell.yaml'
    text = find_cell('wrench_cases').read_text()
    new = 'trigger: threshold\n  threshold: {channel: wrench.fx, on: 10, off: 5}'
    file.write_text(text.replace('trigger: message', new, 1))
    threshold = load_cell(file).step.threshold
    assert (threshold.on, threshold.off) == (10, 5)


@pytest.mark.parametrize(
    ('ros_type', 'says'),
    [
        (
            'geometry_msgs/msg/Imu',
            r'not a standard ROS 2 message\. Did you mean `sensor_msgs/msg/Imu`',
        ),
        ('sensor_msgs/Imu', r'not a standard ROS 2 message\. Did you mean `sensor_msgs/msg/Imu`'),
        ('my_msgs/msg/Foo', r'not a standard ROS 2 message\. Use a type of'),
        (
            'geometry_msgs/msg/Wrench',
            r'usual set of channels\. Did you mean `geometry_msgs/msg/WrenchStamped`\? To read it',
        ),
        ('geometry_msgs/msg/PoseStamped', r'usual set of channels\. To read it, list them'),
    ],
)
def test_a_type_that_is_not_read_as_it_is_names_the_one_that_was_meant(tmp_path, ros_type, says):
    stream = {'name': 's', 'topic': 's', 'type': ros_type, 'rate_hz': 100}
    file = tmp_path / 'c.yaml'
    file.write_text(yaml.safe_dump({'name': 'c', 'streams': [stream]}))
    with pytest.raises(ConfigError, match=says):
        load_cell(file)
