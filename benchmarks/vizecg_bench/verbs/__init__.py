"""The verbs of ``vizecg-bench``, one a file; what is heavy they import when they are called."""
