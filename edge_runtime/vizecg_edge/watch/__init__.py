"""A folder whose images are answered as they come, and the table of the answers."""
