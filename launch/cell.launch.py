"""Starts one cell: monitor, console and trainer.

ros2 launch cobot_ai cell.launch.py cell:=my_cell.yaml
ros2 launch cobot_ai cell.launch.py --show-args
"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, GroupAction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node, PushRosNamespace
from launch_ros.parameter_descriptions import ParameterValue

RESPAWN_DELAY_S = 1.0
SWITCH = ['true', 'false']


def arguments() -> list[DeclareLaunchArgument]:
    """What can be set from outside."""
    return [
        DeclareLaunchArgument('cell', description='Cell file, or the name of a shipped one.'),
        DeclareLaunchArgument(
            'namespace', default_value='/', description='Namespace pushed onto all names.'
        ),
        DeclareLaunchArgument(
            'data_dir',
            default_value='',
            description="The cell's folder; ~/.local/state/cobot_ai/CELL if empty.",
        ),
        DeclareLaunchArgument(
            'shadow',
            default_value='true',
            choices=SWITCH,
            description='Advise only: never call the hold and resume services.',
        ),
        DeclareLaunchArgument(
            'web_host',
            default_value='127.0.0.1',
            description='Address of the page; beyond loopback somebody must be able to log in.',
        ),
        DeclareLaunchArgument(
            'web_port', default_value='8080', description='Port of the page; 0 takes a free one.'
        ),
        DeclareLaunchArgument(
            'log_level',
            default_value='info',
            choices=['debug', 'info', 'warn', 'error', 'fatal'],
            description='What the three nodes log.',
        ),
        DeclareLaunchArgument(
            'use_sim_time', default_value='false', choices=SWITCH, description='Follow /clock.'
        ),
        DeclareLaunchArgument(
            'stall_s',
            default_value='1.0',
            description='Longest stall of the monitor no sample may be lost in, stream seconds; '
            'raise it where the clock runs faster than real time.',
        ),
    ]


def typed(name: str, value_type: type) -> ParameterValue:
    """A launch argument as a parameter of a fixed type: a cell may be called 7.yaml."""
    return ParameterValue(LaunchConfiguration(name), value_type=value_type)


def node(executable: str, **own: object) -> Node:
    """One of the three nodes; its name is fixed in the code, because the others look for it."""
    return Node(
        package='cobot_ai',
        executable=executable,
        parameters=[
            {
                'cell': typed('cell', str),
                'data_dir': typed('data_dir', str),
                'use_sim_time': typed('use_sim_time', bool),
                **own,
            }
        ],
        ros_arguments=['--log-level', LaunchConfiguration('log_level')],
        output='screen',
        respawn=True,
        respawn_delay=RESPAWN_DELAY_S,
    )


def generate_launch_description() -> LaunchDescription:
    """The description that `ros2 launch` runs."""
    # The monitor is a lifecycle node that configures and activates itself (`autostart`). Were
    # launch to do it, a monitor that died would come back unconfigured and judge nothing: launch
    # tells a transition once, `respawn` only starts the process. It must also come up where no
    # launch is (`cobot_ai run`). Start it with autostart:=false to drive it from a manager.
    monitor = node(
        'monitor', autostart=True, shadow=typed('shadow', bool), stall_s=typed('stall_s', float)
    )
    console = node('console', web_host=typed('web_host', str), web_port=typed('web_port', int))
    trainer = node('trainer')
    cell = [PushRosNamespace(LaunchConfiguration('namespace')), monitor, console, trainer]
    return LaunchDescription([*arguments(), GroupAction(cell)])
