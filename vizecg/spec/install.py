"""The command that adds what is missing. The project is on no package index, so its name alone installs nothing."""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parents[2]
_REQUIREMENT = re.compile(r"(?P<wanted>(?P<name>[\w.-]+)[^;]*?)\s*(;\s*(?P<marker>.*))?$")


def pip_install(*extras: str) -> str:
    """``pip install`` and what it needs, as a shell takes it.

    Code that runs from a checkout installs that, with the extras. A wheel cannot know where it came from: of its extras
    (without any: of what it needs itself) the packages that are not installed are named, or all where all are there.
    """
    wanted = f"[{','.join(extras)}]" if extras else ""
    if _is_checkout(_CHECKOUT):
        return f"pip install -e '{_CHECKOUT}{wanted}'"
    packages = _packages(extras)
    if not packages:
        return f"pip install '.{wanted}' in a checkout of vizecg"
    missing = [package for name, package in packages if not _installed(name)] or [package for _, package in packages]
    return f"pip install {' '.join(missing)}"


def _is_checkout(folder: Path) -> bool:
    return (folder / "pyproject.toml").is_file() and (folder / "edge_runtime").is_dir()


def _packages(extras: tuple[str, ...]) -> list[tuple[str, str]]:
    """Name and quoted requirement of each package of the extras, as the installed wheel lists them."""
    try:
        listed = importlib.metadata.requires("vizecg") or []
    except importlib.metadata.PackageNotFoundError:
        return []
    packages = []
    for line in listed:
        parts = _REQUIREMENT.match(line)
        if parts is None:
            continue
        extra = re.search(r"extra\s*==\s*[\"']([\w-]+)", parts["marker"] or "")
        if (extra[1] if extra else None) in (extras or (None,)):
            packages.append((parts["name"], f"'{parts['wanted'].strip()}'"))
    return packages


def _installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
