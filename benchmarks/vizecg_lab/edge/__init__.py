"""The edge on its own: the time of its stages, and of its start."""
