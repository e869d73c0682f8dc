"""The verbs of ``vizecg``, one a file; what is heavy they import when they are called."""
