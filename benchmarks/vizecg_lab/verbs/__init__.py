"""The verbs of the lab, one a file; what they measure they import when they are called."""
