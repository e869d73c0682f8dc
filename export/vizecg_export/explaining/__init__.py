"""Tensor by tensor: the float network and what was made of it."""
