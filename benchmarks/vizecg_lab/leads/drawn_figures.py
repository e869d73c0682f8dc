"""What comes of the pages of a design: shares with their limits, by condition and by every other factor."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from vizecg_lab.leads.intervals import exact
from vizecg_lab.leads.score import Fault, Outcome

Page = dict[str, Any]
RATE_BPM = 2.0
_SCALE = (Fault.SCALE.value, Fault.SPEED.value, Fault.GAIN.value)


def drawn_figures(pages: list[Page]) -> dict[str, Any]:
    """Of all pages, by condition, and the shares of each value of each factor.

    Args:
        pages: as ``DoneLog`` keeps them.
    """
    factors = list(pages[0]["row"]) if pages else []
    by_factor = {
        factor: {value: _shares(own) for value, own in _grouped(pages, factor).items()}
        for factor in factors
        if factor != "condition"
    }
    conditions = {value: group(own) for value, own in _grouped(pages, "condition").items()}
    return {"all": group(pages), "conditions": conditions, "factors": by_factor, "silent": _silent(pages)}


def group(pages: list[Page]) -> dict[str, Any]:
    """Everything that is said of some pages."""
    answered = [page for page in pages if page["outcome"] != Outcome.REFUSED.value]
    scale = [page for page in answered if _silent_scale(page)]
    timed = [page for page in answered if page["timing_right"] is not None]
    times = [page["milliseconds"]["total"] for page in pages if "total" in page["milliseconds"]]
    return {
        "pages": len(pages),
        **_shares(pages),
        "wrong_with_a_word": _count(pages, Outcome.WARNED),
        "scale_wrong_without_a_word": exact(len(scale), len(pages)),
        "right_with_scale_open": sum(
            page["outcome"] == Outcome.RIGHT.value and page.get("scale_open", False) for page in pages
        ),
        "refused_for": dict(Counter(reason for page in pages for reason in page["reasons"]).most_common()),
        "faults": dict(Counter(fault for page in answered for fault in page["faults"]).most_common()),
        "timing_right": exact(sum(bool(page["timing_right"]) for page in timed), len(timed)),
        "unnamed_strips": sum(page["unnamed"] for page in answered),
        "edge_mm": _quantiles([page["edge_mm"] for page in answered if page["edge_mm"] is not None], (50, 90, 99)),
        "signals": _signals(pages),
        "signals_where_scale_stated": _signals([page for page in pages if not page.get("scale_open", False)]),
        "rate": _rates(pages),
        "total_ms": _quantiles(times, (50, 90, 99)),
    }


def _shares(pages: list[Page]) -> dict[str, Any]:
    """``places_right``: layout and places, of all pages, answered or not; refused ones that found nothing count."""
    right = sum(bool(page["places_right"]) and page["layout_right"] for page in pages)
    return {
        "places_right": exact(right, len(pages)),
        "right": _count(pages, Outcome.RIGHT),
        "partly": _count(pages, Outcome.PARTLY),
        "refused": _count(pages, Outcome.REFUSED),
        "wrong_without_a_word": _count(pages, Outcome.SILENT),
    }


def _count(pages: list[Page], outcome: Outcome) -> dict[str, Any]:
    return exact(sum(page["outcome"] == outcome.value for page in pages), len(pages))


def _silent_scale(page: Page) -> bool:
    return page["outcome"] == Outcome.SILENT.value and any(fault in page["faults"] for fault in _SCALE)


def _signals(pages: list[Page]) -> dict[str, Any]:
    """Of pages whose leads are where they belong; ``given``: of the printed samples."""
    matches = [match for page in pages if page["places_right"] for match in page["signals"]]
    return {
        "stretches": len(matches),
        "snr_db": _quantiles([match["snr_db"] for match in matches], (10, 50)),
        "raw_snr_db": _quantiles([match["raw_snr_db"] for match in matches], (10, 50)),
        "given": round(float(np.mean([match["given"] for match in matches])), 5) if matches else None,
    }


def _rates(pages: list[Page]) -> dict[str, Any]:
    """``left_out``: pages of records on whose rate the detectors do not agree; ``none``: where none was measured."""
    readable = [page for page in pages if page["outcome"] != Outcome.REFUSED.value]
    agreed = [page for page in readable if page["rate"] is not None and page["reference_rate"] is not None]
    within = sum(abs(page["rate"] - page["reference_rate"]) <= RATE_BPM for page in agreed)
    none = sum(page["rate"] is None for page in readable)
    return {
        f"within_{RATE_BPM:g}": exact(within, len(agreed)),
        "none": none,
        "left_out": len(readable) - len(agreed) - none,
    }


def _silent(pages: list[Page]) -> list[dict[str, Any]]:
    return [
        {"page": page["key"], "record": page["record"], "row": page["row"], "faults": page["faults"]}
        for page in pages
        if page["outcome"] == Outcome.SILENT.value
    ]


def _grouped(pages: list[Page], factor: str) -> dict[str, list[Page]]:
    values = dict.fromkeys(page["row"][factor] for page in pages)
    return {value: [page for page in pages if page["row"][factor] == value] for value in values}


def _quantiles(values: list[float], wanted: tuple[int, ...]) -> dict[str, float] | None:
    return {f"p{q}": round(float(np.percentile(values, q)), 2) for q in wanted} if values else None


def print_drawn(figures: dict[str, Any]) -> None:
    """A line for each condition and each value of a factor; signals are those of pages that state their scale, since
    millivolts and seconds of the others are a guess that is told."""
    table = Table("pages", "n", "places right", "right", "refused", "silent", "at most", "SNR p50/p10", "rate")
    for name, own in [("all", figures["all"]), *figures["conditions"].items()]:
        table.add_row(
            name,
            str(own["pages"]),
            *_cells(own),
            _snr(own["signals_where_scale_stated"]["snr_db"]),
            _share(own["rate"]["within_2"]),
        )
    for factor, values in figures["factors"].items():
        for value, own in values.items():
            table.add_row(f"{factor} {value}", str(own["right"]["of"]), *_cells(own), "", "")
    console = Console(width=130)
    console.print(table)
    console.print({"refused for": figures["all"]["refused_for"], "faults": figures["all"]["faults"]})


def _cells(own: dict[str, Any]) -> list[str]:
    silent = own["wrong_without_a_word"]
    high = "-" if silent["high"] is None else f"{silent['high']:.2%}"
    return [*(_share(own[key]) for key in ("places_right", "right", "refused")), str(silent["count"]), high]


def _share(share: dict[str, Any]) -> str:
    return "-" if share["share"] is None else f"{share['share']:.1%}"


def _snr(quantiles: dict[str, float] | None) -> str:
    return "-" if quantiles is None else f"{quantiles['p50']:.1f}/{quantiles['p10']:.1f}"
