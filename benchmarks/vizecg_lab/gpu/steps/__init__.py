"""What the steps do, one a module: each takes a ``Request`` and returns a dictionary of plain types."""
