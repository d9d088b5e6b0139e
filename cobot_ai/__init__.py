"""cobot_ai: human-in-the-loop coordination for collaborative-robot cells on ROS 2."""

__version__ = '0.1.0'
