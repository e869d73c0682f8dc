"""Results as people read them, and how two of them compare."""
