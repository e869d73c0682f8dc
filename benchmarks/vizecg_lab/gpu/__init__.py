"""One command for a GPU that is at hand for minutes: tests, agreement, speed, training, evaluation, files.

``run`` starts every step as a process of its own (``worker``) with a time limit; ``steps`` says what they do. Nothing
but ``worker`` and what it starts imports torch.
"""
