"""Pictures of a run, and how they look."""
