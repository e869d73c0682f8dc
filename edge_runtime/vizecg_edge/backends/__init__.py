"""Inference engines, one a file, behind one protocol; ``choose`` opens them."""

from vizecg_edge.backends.base import Backend
from vizecg_edge.backends.kinds import BackendKind

__all__ = ["Backend", "BackendKind"]
