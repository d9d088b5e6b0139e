"""The simulated insertion cell with the whole service, for a first look on a ROS 2 machine.

ros2 launch cobot_ai demo.launch.py
"""

from launch import LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    GroupAction,
    IncludeLaunchDescription,
    Shutdown,
)
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, ThisLaunchFileDir
from launch_ros.actions import Node, PushRosNamespace
from launch_ros.parameter_descriptions import ParameterValue

SWITCH = ['true', 'false']


def arguments() -> list[DeclareLaunchArgument]:
    """What can be set from outside, beside the arguments of cell.launch.py."""
    return [
        DeclareLaunchArgument(
            'namespace', default_value='/', description='Namespace pushed onto all names.'
        ),
        DeclareLaunchArgument('seed', default_value='0', description='Seed of the simulation.'),
        DeclareLaunchArgument(
            'steps', default_value='0', description='Steps to do; 0: until stopped.'
        ),
        DeclareLaunchArgument(
            'speed', default_value='1.0', description='Simulated seconds per second.'
        ),
        DeclareLaunchArgument(
            'camera',
            default_value='true',
            choices=SWITCH,
            description='Render a camera still of each step (needs OpenGL).',
        ),
    ]


def generate_launch_description() -> LaunchDescription:
    """The description that `ros2 launch` runs."""
    cell = IncludeLaunchDescription(
        PythonLaunchDescriptionSource([ThisLaunchFileDir(), '/cell.launch.py']),
        launch_arguments={
            'cell': 'demo',
            'namespace': LaunchConfiguration('namespace'),
            'shadow': 'false',  # the simulated robot is really held and resumed
            'use_sim_time': 'true',
        }.items(),
    )
    simulation = Node(
        package='cobot_ai',
        executable='sim',
        parameters=[
            {
                name: ParameterValue(LaunchConfiguration(name), value_type=kind)
                for name, kind in (
                    ('seed', int),
                    ('steps', int),
                    ('speed', float),
                    ('camera', bool),
                )
            }
        ],
        output='screen',
        on_exit=Shutdown(reason='the steps are done'),
    )
    run = GroupAction([PushRosNamespace(LaunchConfiguration('namespace')), simulation])
    return LaunchDescription([*arguments(), cell, run])
