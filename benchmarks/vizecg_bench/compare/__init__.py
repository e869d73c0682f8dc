"""Two runs beside each other: what became slower, less accurate, or is gone."""
