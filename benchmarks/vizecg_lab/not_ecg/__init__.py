"""Pictures that are not ECGs, and printouts that the edge does not read."""
