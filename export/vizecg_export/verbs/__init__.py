"""The verbs of ``vizecg-export``, one per file."""
