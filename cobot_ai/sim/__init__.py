"""A physically simulated cell (MuJoCo, extra `sim`) to try the whole loop without a robot."""
