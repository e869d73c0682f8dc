"""How many spoiled records are found, and how many honest ones are flagged; and records with exchanged electrodes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track

from vizecg.records import EcgRecord
from vizecg.records.electrodes import usual_beat
from vizecg.records.ptbxl import Ptbxl
from vizecg.spec import InputRefusedError, UsageError
from vizecg.spec.electrodes import OF_PAGES, exchanged_in
from vizecg.spec.results import write_result
from vizecg_lab.measuring.exchanges import CHESTS, LIMBS, recorded
from vizecg_lab.measuring.rates import share
from vizecg_lab.records.spoilt import RECORDERS, REQUIRED, SPOILS, SPOILT

HONEST = 5
"""Times as many honest records as spoiled ones: few are flagged."""


def count_records(
    *, root: Path, folds: Sequence[int], electrodes_fold: int, limit: int, seed: int, figures: Path | None
) -> dict[str, Any]:
    """Count, print and save.

    Args:
        root: PTB-XL.
        folds: of the records that are spoiled; the limits were chosen on fold 9.
        electrodes_fold: of those whose electrodes are exchanged; how usual beats are was fitted on folds 1 to 8.
        limit: so many are spoiled, and ``HONEST`` times as many looked at as they are; drawn by ``seed``.
        seed: of the draw, and of what is done to each record.
        figures: a file for them.

    Raises:
        UsageError: there is no record.
    """
    honest = _drawn(root, folds, HONEST * limit, seed)
    records = honest[:limit]
    flagged: dict[str, dict[str, Any]] = {"honest": {}}
    for name in RECORDERS:
        count = sum(_flagged(record, _stored(record, name, seed)) for record in track(honest, description=name))
        flagged["honest"][name] = share(count, len(honest))
    for name in SPOILT:
        found: dict[str, Any] = {}
        totals = 0
        for kind, spoil in SPOILS.items():
            count = 0
            for number, record in enumerate(track(records, description=f"{name}, {kind}")):
                rng = np.random.default_rng((seed, number, sorted(SPOILS).index(kind)))
                count += _flagged(record, spoil(_stored(record, name, seed), rng).astype(np.float32))
            found[kind] = share(count, len(records))
            totals += count * (kind in REQUIRED)
        found["all that the limb leads tell"] = share(totals, len(records) * len(REQUIRED))
        flagged[f"spoilt, {name}"] = found
    flagged["electrodes"] = _electrodes(_drawn(root, [electrodes_fold], limit, seed))
    told: dict[str, Any] = {
        "folds": {"spoilt": list(folds), "electrodes": electrodes_fold},
        "records": len(records),
        "seed": seed,
        **flagged,
    }
    _show(flagged)
    write_result(figures, kind="records", figures=told)
    return told


def _drawn(root: Path, folds: Sequence[int], limit: int, seed: int) -> list[EcgRecord]:
    """Records that pass their checks but for the limb leads, which are judged here."""
    source = Ptbxl(root=root)
    entries = source.select(folds=folds)
    records: list[EcgRecord] = []
    for place in np.random.default_rng(seed).permutation(len(entries)):
        if len(records) == limit:
            break
        try:
            records.append(source.read(entries[place]))
        except InputRefusedError as error:
            Console(stderr=True).print(f"not used: {error}", highlight=False)
    if not records:
        listed = ", ".join(map(str, folds))
        raise UsageError(f"{root}: no record of the folds {listed} can be read")
    return records


def _stored(record: EcgRecord, recorder: str, seed: int) -> np.ndarray:
    by = RECORDERS[recorder]
    if by is None:
        return record.signal
    number = int(record.record_id.rpartition("-")[2])
    rng = np.random.default_rng((seed, number, sorted(RECORDERS).index(recorder)))
    return by(record.signal, rng, sampling_rate=record.sampling_rate)


def _flagged(record: EcgRecord, signal: np.ndarray) -> bool:
    try:
        EcgRecord(signal=signal, sampling_rate=record.sampling_rate, record_id=record.record_id)
    except InputRefusedError:
        return True
    return False


def _electrodes(records: Sequence[EcgRecord]) -> dict[str, Any]:
    beats = [beat for record in track(records, description="beats") if (beat := usual_beat(record)) is not None]

    def warned(change: str | None) -> int:
        found = [
            exchanged_in(beat if change is None else recorded(beat, change), waves) for beat, waves in beats
        ]  # fmt: skip
        return sum(one is not None and one not in OF_PAGES for one in found)

    told = {"as they are": share(warned(None), len(beats))}
    return told | {change: share(warned(change), len(beats)) for change in (*LIMBS, *CHESTS)}


def _show(flagged: dict[str, dict[str, Any]]) -> None:
    console = Console()
    for group, found in flagged.items():
        console.print(group, highlight=False)
        for name, value in found.items():
            low, high = value["interval"]
            console.print(
                f"  {name}: {value['count']} of {value['of']}, {value['share']:.1%} ({low:.1%} to {high:.1%})",
                highlight=False,
            )
