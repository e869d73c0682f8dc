"""Exchanged electrodes: how usual beats are, fitted, and how many exchanges are told of, and of records as they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track

from vizecg.spec import InputRefusedError, UsageError
from vizecg.spec.electrodes import FREEDOM, LEADS, OF_PAGES, features_of
from vizecg.spec.results import write_result
from vizecg_edge.leads.averaged import MeanBeats, mean_beats
from vizecg_edge.leads.electrodes import eight_leads, exchanged
from vizecg_edge.leads.intervals import Marks
from vizecg_edge.leads.measure import examine, marks_in
from vizecg_lab.measuring.pages import page_of
from vizecg_lab.measuring.rates import share

ROUNDS, P_FROM = 25, 32
"""Of the fit; features from the latter on are those of the P wave."""
LIMBS: dict[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "arms": ((-1, 0), (-1, 1)), "right arm, left leg": ((1, -1), (0, -1)), "left arm, left leg": ((0, 1), (1, 0)),
    "all on": ((0, -1), (1, -1)), "all back": ((-1, 1), (-1, 0)), "right arm, right leg": ((1, -1), (0, 0)),
    "left arm, right leg": ((0, 1), (0, 1)),
}  # fmt: skip
"""I and II as they are recorded, of those that are."""
CHESTS = ("213456", "132456", "124356", "123546", "123465", "321456", "623451", "654321")

Beat = tuple[np.ndarray, Marks]


def beats_of(records: Sequence[Any], *, seed: int) -> list[Beat]:
    """The mean beat (8, samples) of ``LEADS`` and its marks of each record as a 3x4 page, where one is seen."""
    found = []
    for number, record in enumerate(track(records, description="beats")):
        windows = examine(page_of(record, np.random.default_rng((seed, number)), strip=bool(number % 2))).windows
        beats = mean_beats(windows)
        marks = None if beats is None else marks_in(beats, windows)
        eight = None if beats is None else eight_leads(beats)
        if eight is not None and marks is not None:
            found.append((eight, marks))
    return found


def fitted(beats: Sequence[Beat]) -> tuple[np.ndarray, np.ndarray]:
    """Mean (40,) and covariance (40, 40) of a Student's t density; features of P waves may be missing."""
    every = np.stack([features_of(one, marks) for one, marks in beats])
    whole = np.isfinite(every[:, P_FROM])
    mean = np.nanmean(every, axis=0)
    covariance = np.cov(np.where(np.isfinite(every), every, mean).T) + 1e-4 * np.eye(every.shape[1])
    first, last = np.arange(P_FROM), np.arange(P_FROM, every.shape[1])
    for _ in range(ROUNDS):
        filled, weight, lost = every.copy(), np.zeros(len(every)), np.zeros_like(covariance)
        for rows, known in ((whole, np.r_[first, last]), (~whole, first)):
            if not rows.any():
                continue
            off = every[rows][:, known] - mean[known]
            inverse = np.linalg.inv(covariance[np.ix_(known, known)])
            weight[rows] = (FREEDOM + len(known)) / (FREEDOM + np.einsum("ij,jk,ik->i", off, inverse, off))
            if len(known) < len(mean):
                slope = covariance[np.ix_(last, known)] @ inverse
                filled[np.ix_(np.flatnonzero(rows), last)] = mean[last] + off @ slope.T
                rest = covariance[np.ix_(last, last)] - slope @ covariance[np.ix_(known, last)]
                lost[np.ix_(last, last)] += rows.sum() * rest
        mean = (weight[:, None] * filled).sum(axis=0) / weight.sum()
        off = filled - mean
        covariance = ((weight[:, None] * off).T @ off + lost) / len(every)
    return mean, covariance


def recorded(beat: np.ndarray, name: str) -> np.ndarray:
    """(8, samples) with these electrodes exchanged; a right leg's has the potential of the left one's."""
    if name in CHESTS:
        return np.concatenate([beat[:2], beat[[1 + int(place) for place in name]]])
    first, second = beat[:2]
    # Wilson's terminal holds the exchanged leg's potential, too.
    moved = {"right arm, right leg": -second / 3, "left arm, right leg": (first - second) / 3}.get(name, 0.0)
    return np.concatenate([np.array(LIMBS[name]) @ beat[:2], beat[2:] + moved])


def _told(beat: np.ndarray, marks: Marks) -> bool:
    ones = np.ones(len(LEADS), int)
    beats = MeanBeats(leads=LEADS, mv=beat, known=np.ones(beat.shape, bool), counts=ones, columns=ones)
    return exchanged(beats, marks) not in (None, *OF_PAGES)


def measure_exchanges(
    *, root: Path, folds: Sequence[int], limit: int | None, fit: Path | None, out: Path | None
) -> dict[str, Any]:
    """Count the records of some folds that are warned of as they are, and with each exchange; print and save.

    Args:
        root: PTB-XL.
        folds: those that the density was not fitted on show what it does.
        limit: the first so many records.
        fit: a file for the density fitted on these records, by itself.
        out: for the figures.

    Raises:
        UsageError: no record of these folds can be read.
    """
    from vizecg.records.ptbxl import Ptbxl

    source = Ptbxl(root=root)
    records = []
    for entry in source.select(folds=folds)[:limit]:
        try:
            records.append(source.read(entry))
        except InputRefusedError:
            continue
    if not records:
        raise UsageError(f"{root}: no record of the folds {', '.join(map(str, folds))} can be read")
    if fit is not None:
        blocks = [(0, 0), (1, 0), (0, 1)]
        groups = [
            [one for one in records if one.labels is not None and tuple(one.labels[1:3]) == block] for block in blocks
        ]
        means, covariances = zip(*(fitted(beats_of(group, seed=0)) for group in groups), strict=True)
        np.savez(fit, mean=np.float32(means), covariance=np.float32(covariances))
    beats = beats_of(records, seed=1)
    figures: dict[str, Any] = {
        "records": len(beats),
        "as they are": share(sum(_told(*one) for one in beats), len(beats)),
    }
    for name in track((*LIMBS, *CHESTS), description="exchanges"):
        figures[name] = share(sum(_told(recorded(beat, name), marks) for beat, marks in beats), len(beats))
    for name, value in figures.items():
        print(f"{name}: {value}")
    write_result(out, kind="electrodes", figures={"folds": list(folds), **figures})
    return figures
