"""The ROS skin: wiring only. The one place where rclpy is imported."""
