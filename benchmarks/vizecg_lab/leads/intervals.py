"""Shares of counted things, with limits that hold for few."""

from __future__ import annotations

from typing import Any

TAIL = 0.025
"""Of a 95 % interval, on each side."""


def exact(count: int, total: int) -> dict[str, Any]:
    """``count`` of ``total`` with its 95 % interval after Clopper and Pearson; nulls where there is nothing."""
    from scipy.special import betaincinv

    if total == 0:
        return {"count": 0, "of": 0, "share": None, "low": None, "high": None}
    low = float(betaincinv(count, total - count + 1, TAIL)) if count else 0.0
    high = float(betaincinv(count + 1, total - count, 1 - TAIL)) if count < total else 1.0
    return {
        "count": count,
        "of": total,
        "share": round(count / total, 5),
        "low": round(low, 5),
        "high": round(high, 5),
    }
