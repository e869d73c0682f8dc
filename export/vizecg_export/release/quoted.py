"""Figures of result files that a model card quotes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vizecg.spec.results import Result

MOST = 10
"""Figures of one result; the file has the others."""
KEY_FIGURES: dict[str, tuple[str, ...]] = {
    "rectify": (
        "photographs", "answered", "corner_error_mm/median", "corner_error_mm/p95", "farthest_mm",
        "accuracy/macro/auroc",
    ),
    "photos": (
        "summary/photographs", "summary/answered", "summary/pairs", "summary/flips",
        "summary/median_largest_difference", "summary/scale_error/largest", "summary/median_trace_error_mm",
    ),
    "not_ecg": ("not_ecg/pictures", "not_ecg/answered"),
    "hostile": (
        "spoiled/kinds", "spoiled/ways", "spoiled/pages", "spoiled/silent_by_kind", "spoiled/silent/count",
        "spoiled/changed_with_a_word/count", "benign/pages", "benign/answered/share", "benign/changed/share",
        "benign/warned/share",
    ),
    "fuzz": ("cases", "findings", "slowest/seconds", "largest/memory_mib"),
    "startup": ("median_s", "peak_memory_mb"),
    "stages": ("megapixels", "milliseconds/total/p50", "milliseconds/total/p90", "peak_memory_mb"),
    "pack-robustness": (
        "trends/*/worst_minus_best/auroc_change", "trends/*/worst_minus_best/f1_change",
        "trends/*/worst_minus_best/flip_share",
    ),
    "run": ("protocol/name", "isValid", "contenders/*/latency/p50"),
    "gate": ("reported_on/after/coverage", "reported_on/after/risk", "reported_on/after/everyday_risk"),
}  # fmt: skip
"""Kind of a result -> where its key figures are; ``*`` stands for every name."""
GENERAL = ("data", "macro/auroc", "macro/f1", "*", "*/*")
"""Where they are looked for in results of other kinds."""
ABOUT = frozenset({"schema_version", "kind", "command", "source", "environment", "bundle", "seed", "artefact"})


def key_figures(result: Result) -> dict[str, str]:
    """Place of a figure -> the figure, with its interval where it has one; at most ``MOST``."""
    shown: dict[str, str] = {}
    for pattern in KEY_FIGURES.get(result.kind, GENERAL):
        for place, value in _found(result.figures, pattern.split("/")):
            text = _text(value)
            if text is not None and place.split("/")[0] not in ABOUT and len(shown) < MOST:
                shown.setdefault(place, text)
    return shown


def _found(value: Any, parts: list[str], place: str = "") -> Iterator[tuple[str, Any]]:
    if not parts:
        yield place, value
        return
    first, *rest = parts
    if isinstance(value, list) and first == "*":
        # Lists of results name what each is of; of a run only the bundle's own artefacts are quoted.
        own = [item for item in value if not isinstance(item, dict) or item.get("role", "artefact") == "artefact"]
        value = {_name(item, index): item for index, item in enumerate(own) if rest}
    if isinstance(value, dict) and not _is_interval(value):
        for key in list(value) if first == "*" else [first] if first in value else []:
            yield from _found(value[key], rest, f"{place}/{key}" if place else str(key))


def _name(item: Any, index: int) -> str:
    if not isinstance(item, dict) or "name" not in item:
        return str(index)
    return f"{item['name']} on {item['threads']}" if "threads" in item else str(item["name"])


def _is_interval(value: Any) -> bool:
    return isinstance(value, dict) and {"value", "low", "high"} <= set(value)


def _text(value: Any) -> str | None:
    """A number, a short text, a list's length, an interval; None for what is none of them."""
    if _is_interval(value):
        numbers = [value[name] for name in ("value", "low", "high")]
        if not all(isinstance(number, int | float) for number in numbers):
            return "-" if value["value"] is None else None
        middle, low, high = numbers
        return f"{middle:.4g} ({low:.4g} to {high:.4g})"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:.6g}" if isinstance(value, float) else str(value)
    if isinstance(value, list):
        return str(len(value))
    return value if isinstance(value, str) and len(value) <= 60 and "|" not in value and "\n" not in value else None
