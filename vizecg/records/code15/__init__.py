"""CODE-15%: its table and tracings, read and written."""
