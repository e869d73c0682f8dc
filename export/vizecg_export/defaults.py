"""What is taken when nothing is said."""

from __future__ import annotations

from pathlib import Path

from vizecg.spec.files import user_cache

DEFAULT_CHECKPOINT = Path(__file__).parent / "weights" / "default.ckpt"
"""The shipped image stream, with what was fitted to it."""


def default_cache() -> Path:
    """Where drawn sheets are kept: under the user's cache folder."""
    return user_cache() / "export"


def gate_cache() -> Path:
    """Where finished records of the quality gate are kept."""
    return user_cache() / "gate"
