"""What the doctors of the tools tell."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One ability. ``add`` is the command that gives it, empty where it is there or nothing is to be done."""

    what: str
    works: bool
    found: str
    add: str = ""
