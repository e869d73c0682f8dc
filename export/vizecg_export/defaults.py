"""What is taken when nothing is said."""

from __future__ import annotations

from pathlib import Path

from vizecg.spec.files import user_cache

DEFAULT_CHECKPOINT = Path(__file__).parent / "weights" / "default.ckpt"
"""The shipped image stream, with what was fitted to it."""


def default_cache(under: Path | None = None) -> Path:
    """Where drawn sheets are kept: under the user's cache folder, where no other is named."""
    return (under or user_cache()) / "export"


def gate_cache(under: Path | None = None) -> Path:
    """Where finished records of the quality gate are kept, likewise."""
    return (under or user_cache()) / "gate"
