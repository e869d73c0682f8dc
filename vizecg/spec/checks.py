"""Whether what was read from JSON holds what its dataclass says, and how to quote it in one line."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

LONGEST = 80
_LARGEST = 1e300


def check_types(record: Any) -> None:
    """Check the fields of a dataclass against their annotations; numbers must be finite, and text printable.

    Raises:
        TypeError: a field holds something else.
    """
    for name, kind in get_type_hints(type(record)).items():
        value = getattr(record, name)
        if not _fits(value, kind):
            wanted = getattr(kind, "__name__", str(kind)) if get_origin(kind) is None else str(kind)
            raise TypeError(f"{name}: expected {wanted}, got {printable(repr(value))}")


def printable(text: object, longest: int = LONGEST) -> str:
    """``text`` in one line that any terminal prints, cut after ``longest`` characters."""
    shown = "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in str(text)[:longest])
    return shown + "..." if len(str(text)) > longest else shown


def first_line(error: BaseException) -> str:
    """The first line of what an error says, or its class where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _fits(value: object, kind: Any) -> bool:
    origin, inner = get_origin(kind), get_args(kind)
    if kind is Any:
        return True
    if origin in (Union, UnionType):
        return any(_fits(value, one) for one in inner)
    if origin is tuple:
        return isinstance(value, tuple) and all(_fits(one, inner[0]) for one in value)
    if origin is dict:
        return isinstance(value, Mapping) and all(_fits(k, inner[0]) and _fits(v, inner[1]) for k, v in value.items())
    if kind in (int, float):
        numbers: tuple[type, ...] = (int,) if kind is int else (int, float)
        if isinstance(value, bool) or not isinstance(value, numbers):
            return False
        return isinstance(value, int | float) and abs(value) < _LARGEST and math.isfinite(value)
    if kind is str:
        return isinstance(value, str) and value.isprintable()
    return isinstance(value, origin or kind)
