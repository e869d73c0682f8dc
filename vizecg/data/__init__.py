"""Records as training material: caches of drawn sheets (numpy) and data sets (torch)."""
