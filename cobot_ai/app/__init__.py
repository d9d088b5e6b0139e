"""Use cases. They know `core` and the Protocols in `ports`, nothing else."""
