"""Inference engines."""

from vizecg_edge.backends.base import Backend

__all__ = ["Backend"]
