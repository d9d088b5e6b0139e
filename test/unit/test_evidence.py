"""Which signals a person is shown first."""

import numpy as np

from cobot_ai.core.config import parse_cell
from cobot_ai.core.evidence import MIN_BAND, Gallery
from cobot_ai.core.types import Case, Window

SPEC = parse_cell(
    {
        'name': 'c',
        'streams': [
            {'name': 'arm', 'topic': 'joint_states', 'type': 'sensor_msgs/msg/JointState',
             'rate_hz': 100, 'joints': ['a'], 'fields': ['position', 'effort']},
            {'name': 'wrench', 'topic': 'wrench', 'type': 'geometry_msgs/msg/WrenchStamped',
             'rate_hz': 100, 'fields': ['force']},
        ],
        'step': {'topic': 'step'},
        'question': {'classes': [{'name': 'good', 'action': 'continue', 'nominal': True},
                                 {'name': 'bad', 'action': 'stop'}]},
    }
)  # fmt: skip
CHANNELS = ('arm.position_a', 'arm.effort_a', 'wrench.fx', 'wrench.fy', 'wrench.fz')
SWING = (9.0, 2.0, 1.0, 0.0, 5.0)


def case(swing=SWING, lost=()):
    t = np.linspace(0, 1, 16, dtype=np.float32)
    values = np.stack([s * t for s in swing]).astype(np.float32)
    mask = np.array([[name not in lost] * 16 for name in CHANNELS])
    return Case(1, 'x', '', {}, Window(CHANNELS, values, mask, 0, 10**9))


def order(gallery, shown):
    return [c['name'] for c in gallery.describe(shown)['channels']]


def test_without_a_band_forces_come_first_and_what_moved_most_before_the_rest():
    gallery = Gallery(SPEC)
    assert order(gallery, case()) == [
        'wrench.fz', 'wrench.fx', 'wrench.fy', 'arm.effort_a', 'arm.position_a'
    ]  # fmt: skip
    assert order(gallery, case(lost=('wrench.fz',)))[-1] in ('wrench.fz', 'arm.position_a')


def test_with_a_band_only_the_deviation_counts():
    gallery = Gallery(SPEC)
    for number in range(MIN_BAND):
        gallery.learn(number, 'x', case().window, 'good')
    odd = case(swing=(30.0, 2.0, 1.0, 0.0, 5.0))
    assert order(gallery, odd)[0] == 'arm.position_a'
