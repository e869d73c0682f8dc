"""A run of training as an object: its folder, what it was asked for, how it stands; read without torch."""
