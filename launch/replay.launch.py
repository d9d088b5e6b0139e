"""Plays a bag over real topics into a cell that only advises.

    ros2 launch cobot_ai replay.launch.py bag:=/data/shift_3 cell:=my_cell.yaml

When the bag is over the cell stays up, so that open questions can still be answered.
"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, GroupAction, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PythonExpression, ThisLaunchFileDir
from launch_ros.actions import Node, PushRosNamespace
from launch_ros.parameter_descriptions import ParameterValue


def arguments() -> list[DeclareLaunchArgument]:
    """What can be set from outside, beside the arguments of cell.launch.py."""
    return [
        DeclareLaunchArgument('bag', description='rosbag2 folder or .mcap file.'),
        DeclareLaunchArgument('cell', description='Cell file, or the name of a shipped one.'),
        DeclareLaunchArgument(
            'namespace', default_value='/', description='Namespace pushed onto all names.'
        ),
        DeclareLaunchArgument('rate', default_value='1.0', description='Bag seconds per second.'),
        DeclareLaunchArgument(
            'recorded_namespace',
            default_value='',
            description='Namespace the bag was recorded in; replaced by `namespace`.',
        ),
    ]


def generate_launch_description() -> LaunchDescription:
    """The description that `ros2 launch` runs."""
    cell = IncludeLaunchDescription(
        PythonLaunchDescriptionSource([ThisLaunchFileDir(), '/cell.launch.py']),
        launch_arguments={
            'cell': LaunchConfiguration('cell'),
            'namespace': LaunchConfiguration('namespace'),
            'shadow': 'true',  # a recording must never move a robot
            'use_sim_time': 'true',
            'stall_s': PythonExpression(['max(1.0, float(', LaunchConfiguration('rate'), '))']),
        }.items(),
    )
    player = Node(
        package='cobot_ai',
        executable='player',
        parameters=[
            {
                name: ParameterValue(LaunchConfiguration(name), value_type=kind)
                for name, kind in (
                    ('bag', str),
                    ('cell', str),
                    ('rate', float),
                    ('recorded_namespace', str),
                )
            }
        ],
        output='screen',
    )
    play = GroupAction([PushRosNamespace(LaunchConfiguration('namespace')), player])
    return LaunchDescription([*arguments(), cell, play])
