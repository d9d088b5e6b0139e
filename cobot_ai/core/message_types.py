"""What the standard messages carry: the channels a stream has when the cell file names none."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from cobot_ai.core.errors import ConfigError
from cobot_ai.core.stream_spec import ChannelSpec

JOINT_STATE = 'sensor_msgs/msg/JointState'
STEP = 'diagnostic_msgs/msg/DiagnosticStatus'
STILLS = ('sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage')
"""Camera types: evidence only, they have no channels."""

JOINT_UNITS = {'position': 'rad', 'velocity': 'rad/s', 'effort': 'N*m'}

_XYZ = 'xyz'
_SCALARS = (
    *('Bool', 'Float32', 'Float64'),
    *(f'{sign}Int{bits}' for sign in ('', 'U') for bits in (8, 16, 32, 64)),
)
FIELDS: dict[str, dict[str, tuple[tuple[str, str, str], ...]]] = {
    'geometry_msgs/msg/WrenchStamped': {
        'force': tuple((f'f{a}', f'wrench.force.{a}', 'N') for a in _XYZ),
        'torque': tuple((f't{a}', f'wrench.torque.{a}', 'N*m') for a in _XYZ),
    },
    'sensor_msgs/msg/Imu': {
        'acceleration': tuple((f'a{a}', f'linear_acceleration.{a}', 'm/s^2') for a in _XYZ),
        'rotation': tuple((f'g{a}', f'angular_velocity.{a}', 'rad/s') for a in _XYZ),
    },
    'sensor_msgs/msg/Temperature': {'temperature': (('temperature', 'temperature', 'degC'),)},
    'sensor_msgs/msg/FluidPressure': {'pressure': (('pressure', 'fluid_pressure', 'Pa'),)},
    **{f'std_msgs/msg/{name}': {'value': (('value', 'data', ''),)} for name in _SCALARS},
}
"""ROS type -> group of fields -> (channel name, path, unit)."""


def default_channels(
    ros_type: str, joints: int | Sequence[str] | None = None, fields: Sequence[str] | None = None
) -> tuple[ChannelSpec, ...]:
    """The channels of a stream whose cell file names none.

    Args:
        ros_type: ROS type of the stream.
        joints: Number or names of the joints (joint states only).
        fields: Groups of fields to take, e.g. `velocity`, `effort`; None takes all.

    Raises:
        ConfigError: The type has no default channels, or the arguments do not fit it.
    """
    if ros_type in STILLS:
        return ()
    groups = _joint_groups(joints) if ros_type == JOINT_STATE else FIELDS.get(ros_type)
    if groups is None:
        raise ConfigError(
            f'`{ros_type}` has no usual set of channels.{meant(ros_type)} To read it, list them '
            'under `channels` with a path each, e.g. {name: first, path: "data[0]"}.'
        )
    if ros_type != JOINT_STATE and joints is not None:
        raise ConfigError(f'`joints` belongs to {JOINT_STATE} only; remove it here.')
    wanted = tuple(groups) if fields is None else tuple(fields)
    unknown = [name for name in wanted if name not in groups]
    if unknown or not wanted:
        raise ConfigError(f'`fields` of {ros_type} must be some of: {", ".join(groups)}.')
    return tuple(ChannelSpec(n, p, unit) for name in wanted for n, p, unit in groups[name])


def meant(ros_type: str) -> str:
    """A question that names the usual type nearest to one; empty where none is near."""
    usual = {_bare(name): name for name in (*FIELDS, JOINT_STATE, *STILLS)}
    close = difflib.get_close_matches(_bare(ros_type), usual, 1, 0.75)
    return f' Did you mean `{usual[close[0]]}`?' if close else ''


def _bare(ros_type: str) -> str:
    """Name without package, the same with and without a header."""
    return ros_type.rpartition('/')[2].removesuffix('Stamped')


def _joint_groups(
    joints: int | Sequence[str] | None,
) -> dict[str, tuple[tuple[str, str, str], ...]]:
    if not joints:
        raise ConfigError(
            'A joint state stream needs `joints` (a number or the joint names), or `channels`.'
        )
    keys = [str(i) for i in range(joints)] if isinstance(joints, int) else list(joints)
    return {
        field: tuple((f'{field}_{_plain(k)}', f'{field}[{k}]', unit) for k in keys)
        for field, unit in JOINT_UNITS.items()
    }


def _plain(joint: str) -> str:
    return ''.join(c if c.isalnum() else '_' for c in joint)
