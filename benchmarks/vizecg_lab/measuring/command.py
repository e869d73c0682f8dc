"""``measure``: rate, PR and QRS against others and against what is known, and the evidence beside the network."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np

from vizecg.spec import InputRefusedError, UsageError
from vizecg.spec.results import write_result
from vizecg_lab.measuring import pages
from vizecg_lab.measuring.decisions import decision_figures
from vizecg_lab.measuring.durations import recorded_figures, synthetic_figures
from vizecg_lab.measuring.rates import rate_figures

SEED = 20


def measure_measuring(
    *, root: Path, fold: int, count: int, hr_root: Path | None, hr_count: int, bundle: Path | None, out: Path | None
) -> dict[str, Any]:
    """Measure pages that are cut from records with the errors of reading; print and save the figures.

    Args:
        root: PTB-XL, of whose ``fold`` ``count`` records are measured; all that have one of the six diagnoses are
            among those whose decisions are held against the measurements.
        hr_root: PTB-XL with records of 500 Hz, of which ``hr_count`` are delineated; None leaves them out.
        bundle: whose decisions are looked at; None takes the shipped one.

    Raises:
        UsageError: a folder is not PTB-XL's, or has no such records.
        MissingToolError: a detector is not installed.
    """
    from vizecg.records.ptbxl import Ptbxl

    entries = Ptbxl(root=root).select(folds=[fold])
    if not entries:
        raise UsageError(f"{root} has no records of fold {fold}")
    shuffled = random.Random(SEED).sample(entries, len(entries))
    chosen = [_read(root, entry) for entry in shuffled[:count]]
    diagnosed = [entry for entry in entries if entry.labels.any()]
    others = [entry for entry in shuffled if not entry.labels.any()][: min(count, len(diagnosed))]
    figures: dict[str, Any] = {
        "data": f"PTB-XL fold {fold}, as read of a 3x4 sheet",
        "errors": {
            "snr_db": pages.SNR_DB, "jitter_s": pages.JITTER_S, "baseline_mv": pages.BASELINE_MV,
            "wander_mv": pages.WANDER_MV, "read_hz": pages.READ_HZ,
        },
        "rate": rate_figures([record for record in chosen if record is not None], seed=SEED),
        "synthetic": synthetic_figures(min(count, 400), seed=SEED),
    }  # fmt: skip
    if hr_root is not None:
        fine = Ptbxl(root=hr_root, resolution=500).entries
        fine = [entry for entry in fine if (hr_root / entry.filename).with_suffix(".hea").is_file()]
        records = [_read(hr_root, entry) for entry in random.Random(SEED).sample(fine, min(hr_count, len(fine)))]
        figures["recorded_500_hz"] = recorded_figures([one for one in records if one is not None], seed=SEED)
    judged = [_read(root, entry) for entry in (*diagnosed, *others)]
    figures["evidence"] = decision_figures([one for one in judged if one is not None], bundle=bundle, seed=SEED)
    write_result(out, kind="measure", figures={"bundle": figures["evidence"].pop("bundle"), **figures})
    _show(figures)
    return figures


def _read(root: Path, entry: Any) -> Any | None:
    """The record; None where it does not pass the checks of a record, or is shorter than a page."""
    from vizecg.records.ptbxl import read_entry

    try:
        record = read_entry(entry, root=root)
    except InputRefusedError:
        return None
    return record if np.isclose(record.duration_s, pages.PAGE_S) or record.duration_s > pages.PAGE_S else None


def _show(figures: dict[str, Any]) -> None:
    print("rate within 2 a minute:", figures["rate"]["within_2_bpm"])
    for name in ("synthetic", "recorded_500_hz"):
        if name in figures:
            print(name, {key: figures[name][key] for key in ("pr_ms", "qrs_ms")})
    print("evidence:", figures["evidence"]["labels"])
