"""How many stored values of CODE-15% are a millivolt: heights of QRS complexes beside PTB-XL's, and steps.

Every tracing is compared with records of patients of the same sex and age, so that it is not the patients that differ.
Steps are those of the recorder, which resampling hides but in every fourth sample of 300 Hz at 400 Hz: the others are
means of several, those are the samples themselves.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track
from scipy.signal import butter, find_peaks, sosfiltfilt

from vizecg.records import EcgRecord, resample
from vizecg.records.code15.index import EXAMS_FILE
from vizecg.records.code15.tracings import Code15, read_exam
from vizecg.records.code15.unit import VALUES_PER_MV
from vizecg.records.ptbxl import TABLE, Ptbxl
from vizecg.scoring.resamples import Resamples, interval
from vizecg.spec import LEADS, InputRefusedError, UsageError

FOLD, RATE_HZ = 9, 100.0
BAND_HZ = (0.5, 40.0)
QRS_S = 0.06
"""To each side of the steepest place."""
AGE_YEARS, MATCHES = 5, 20
RECORDED = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
"""The recorder gives these, the others are worked out of them."""
EVERY, PERIODS_UV, MOST_VALUES = 4, np.arange(4.0, 14.0, 0.01), 1000
BOOTSTRAPS = 2000
STUCK_S = 0.1


@dataclass(frozen=True, kw_only=True)
class _Person:
    age: float
    male: bool


def measure_stored_unit(code15: Path, ptbxl: Path, *, seed: int) -> dict[str, Any]:
    """Compare a sample of CODE-15% with fold 9 of PTB-XL.

    Args:
        code15: a folder of it, whose table tells age and sex.
        ptbxl: PTB-XL folder.
        seed: of the matches that are drawn, and of the resampling.

    Returns:
        ``qrs``: stored heights over those of matched records, for the median lead and by lead; ``steps`` of the
        recorders, as stored; ``range`` of the stored values, and how many leads stick at their extremes.

    Raises:
        UsageError: no tracing can be compared.
    """
    dataset = Code15(root=code15, labels=None, values_per_mv=1.0)
    stored = [read_exam(exam, folder=dataset.folder, values_per_mv=1.0) for exam in dataset.exams]
    people = _people(dataset.folder / EXAMS_FILE, "exam_id", lambda row: row["is_male"].lower() == "true")
    peers, peer_people = Ptbxl(root=ptbxl), _people(ptbxl / TABLE, "ecg_id", lambda row: float(row["sex"] or 1) == 0)
    fold = {entry.ecg_id: entry for entry in peers.select(folds=(FOLD,))}
    rng = np.random.default_rng(seed)
    known: dict[int, np.ndarray | None] = {}
    own, theirs = [], []
    for exam, record in track(list(zip(dataset.exams, stored, strict=True)), description="QRS heights"):
        person, heights = people.get(exam.exam_id), qrs_heights(record)
        same = [number for number in fold if person is not None and _alike(peer_people.get(number), person)]
        if heights is None or len(same) < MATCHES:
            continue
        matched = [int(number) for number in rng.choice(same, MATCHES, replace=False)]
        for number in set(matched) - set(known):
            known[number] = _heights_of(lambda entry: peers.read(entry), fold[number])
        own.append(heights)
        theirs.append(np.median([known[number] for number in matched if known[number] is not None], axis=0))
    if not own:
        raise UsageError("no tracing has an age, a sex and enough PTB-XL records to be compared with")
    return {
        "tracings": len(stored),
        "compared": len(own),
        "matched_with": {"fold": FOLD, "records": MATCHES, "years": AGE_YEARS, "sex": "the same"},
        "values_per_mv": VALUES_PER_MV,
        "qrs": _compared(np.array(own), np.array(theirs), seed=seed),
        "steps": _steps(stored),
        "range": _range(stored),
    }


def qrs_heights(record: EcgRecord) -> np.ndarray | None:
    """(12,) median height of the QRS complexes from lowest to highest, at 100 Hz and without baseline; None for fewer
    than four beats."""
    signal = resample(record.signal, source_hz=record.sampling_rate, target_hz=RATE_HZ).astype(np.float64)
    signal = sosfiltfilt(butter(2, BAND_HZ, "band", fs=RATE_HZ, output="sos"), signal, axis=1)
    steep = np.convolve(np.abs(np.diff(signal, axis=1)).sum(axis=0), np.ones(8) / 8, "same")
    peaks, _ = find_peaks(steep, distance=0.3 * RATE_HZ, height=0.4 * float(np.percentile(steep, 98)))
    half = round(QRS_S * RATE_HZ)
    inside = [peak for peak in peaks if half < peak < signal.shape[1] - half]
    if len(inside) < 4:
        return None
    return np.asarray(np.median([np.ptp(signal[:, peak - half : peak + half], axis=1) for peak in inside], axis=0))


def _heights_of(read: Callable[[Any], EcgRecord], item: Any) -> np.ndarray | None:
    try:
        return qrs_heights(read(item))
    except InputRefusedError:
        return None


def _people(path: Path, key: str, male: Callable[[dict[str, str]], bool]) -> dict[int, _Person]:
    with path.open(newline="", encoding="utf-8-sig") as handle:
        rows = [row for row in csv.DictReader(handle) if row["age"]]
    return {int(float(row[key])): _Person(age=float(row["age"]), male=male(row)) for row in rows}


def _alike(one: _Person | None, other: _Person) -> bool:
    return one is not None and one.male == other.male and abs(one.age - other.age) <= AGE_YEARS


def _compared(own: np.ndarray, theirs: np.ndarray, *, seed: int) -> dict[str, Any]:
    """Medians over the tracings, with intervals over them. Of (n, 12)."""
    resamples = Resamples(n=len(own), bootstraps=BOOTSTRAPS, seed=seed)
    places = [np.repeat(np.arange(len(own)), row.astype(int)) for block in resamples.weights() for row in block]

    def median(values: np.ndarray) -> dict[str, float | None]:
        return interval(np.array([np.median(values[chosen]) for chosen in places]))

    stored, peers = (np.median(heights, axis=1) for heights in (own, theirs))
    return {
        "stored": median(stored),
        "ptbxl_mv": median(peers),
        "ratio": median(stored / peers),
        "ratio_after_division": median(stored / VALUES_PER_MV / peers),
        "leads": {
            lead: {
                "stored": round(float(np.median(own[:, row])), 3),
                "ptbxl_mv": round(float(np.median(theirs[:, row])), 3),
                "ratio": median(own[:, row] / theirs[:, row]),
            }
            for row, lead in enumerate(LEADS)
        },
    }


def _steps(stored: Sequence[EcgRecord]) -> dict[str, Any]:
    """By length: the period that the values of every fourth sample keep best, and how well they and the others do.

    1 is all on the comb, values anywhere give some 0.05. All values were rounded to 0.001 when the sample was made.
    """
    found = {}
    for length in sorted({record.signal.shape[1] for record in stored}):
        kept = [record for record in stored if record.signal.shape[1] == length]
        combs = np.mean([_comb(record, 0, PERIODS_UV) for record in kept], axis=0)
        best = PERIODS_UV[[int(combs.argmax())]]
        others = [_comb(record, start, best) for record in kept for start in range(1, EVERY)]
        found[str(length)] = {
            "tracings": len(kept),
            "step_uv_as_stored": round(float(best[0]), 2),
            "kept_by_every_fourth": round(float(combs.max()), 3),
            "kept_by_the_others": round(float(np.mean(others)), 3),
        }
    return found


def _comb(record: EcgRecord, start: int, periods_uv: np.ndarray) -> np.ndarray:
    """Of each period: the length of the mean of the values as directions on a circle of that period."""
    rows = [LEADS.index(lead) for lead in RECORDED]
    values = np.round(1000 * record.signal[rows, start::EVERY].astype(np.float64)).ravel()
    spread = values[:: max(1, len(values) // MOST_VALUES)]
    return np.array([abs(np.exp(2j * np.pi * spread / period).mean()) for period in periods_uv])


def _range(stored: Sequence[EcgRecord]) -> dict[str, Any]:
    stuck = 0
    for record in stored:
        least = round(STUCK_S * record.sampling_rate)
        for row in record.signal:
            for end in (row.min(), row.max()):
                runs = np.diff(np.flatnonzero(np.diff(np.concatenate([[0], row == end, [0]]).astype(int))))[::2]
                stuck += bool(len(runs) and runs.max() >= least)
    return {
        "lowest": round(float(min(record.signal.min() for record in stored)), 3),
        "highest": round(float(max(record.signal.max() for record in stored)), 3),
        "leads_stuck_at_an_extreme": stuck,
        "stuck_for_s": STUCK_S,
    }
