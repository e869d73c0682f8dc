"""The verbs of ``vizecg-edge``, one a file; what is heavy they import when they are called."""
