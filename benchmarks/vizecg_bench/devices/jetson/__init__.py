"""NVIDIA's Jetsons: what a board tells of itself, and runs on one over ssh. Never tried on a board."""
