"""Is the rate of a page the one that two detectors find in the recorded signal?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.progress import track

from vizecg_edge.leads.layout import Timing
from vizecg_edge.leads.measure import measure
from vizecg_lab.measuring.pages import page_of
from vizecg_lab.measuring.references import agreed_rate

WITHIN_BPM = 2.0
SHEETS = {
    "3x4+R": (True, Timing.SEQUENTIAL),
    "3x4": (False, Timing.SEQUENTIAL),
    "3x4, timing unknown": (False, Timing.UNKNOWN),
}


def rate_figures(records: Sequence[Any], *, seed: int) -> dict[str, Any]:
    """Shares of records whose rate is within 2 a minute, by sheet; and how many the two detectors disagree on."""
    rng = np.random.default_rng(seed)
    wrong: dict[str, list[dict[str, Any]]] = {sheet: [] for sheet in SHEETS}
    compared = 0
    for record in track(records, description="rates"):
        agreed = agreed_rate(record)
        if agreed is None:
            continue
        compared += 1
        for sheet, (strip, timing) in SHEETS.items():
            found = measure(page_of(record, rng, strip=strip, timing=timing)).rate_bpm
            if found is None or abs(found - agreed) > WITHIN_BPM:
                wrong[sheet].append({"record": record.record_id, "agreed_bpm": round(agreed, 1), "found_bpm": found})
    return {
        "records": len(records),
        "left_out_since_the_detectors_disagree": len(records) - compared,
        "within_2_bpm": {sheet: share(compared - len(rows), compared) for sheet, rows in wrong.items()},
        "wrong": {sheet: rows[:20] for sheet, rows in wrong.items()},
    }


def share(count: int, of: int) -> dict[str, Any]:
    """A share with its 95 % interval after Wilson."""
    if not of:
        return {"count": 0, "of": 0, "share": None, "interval": None}
    z, p = 1.96, count / of
    middle, half = p + z * z / (2 * of), z * np.sqrt(p * (1 - p) / of + z * z / (4 * of * of))
    low, high = (float(x / (1 + z * z / of)) for x in (middle - half, middle + half))
    return {"count": count, "of": of, "share": round(p, 4), "interval": [round(low, 4), round(high, 4)]}
