"""The sheets of a pack before it is written: drawn, and kept in a cache, from where an interrupted build goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from rich.console import Console
from rich.progress import track

from vizecg.spec import Condition, InputRefusedError, SheetSpec
from vizecg.spec.fingerprint import sha256_bytes
from vizecg.spec.preprocess import PreprocessSpec
from vizecg_bench.pack.header import SectionHeader, SectionKind
from vizecg_bench.pack.scenes import SCENES_VERSION, STEPS, Step, step_inks

if TYPE_CHECKING:
    from vizecg.data.source import RecordSource
    from vizecg.train.config import TrainConfig


@dataclass(frozen=True, kw_only=True)
class Sheets:
    """A section without the float network's logits.

    ``key`` is a hash of what decides the ink maps; ``inks`` gives them in order, uint8 (height, width), each time that
    it is called; ``labels`` (n, labels) of 0 and 1.
    """

    header: SectionHeader
    key: str
    record_ids: tuple[str, ...]
    labels: np.ndarray
    inks: Callable[[], Iterator[np.ndarray]]


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """What decides the sheets of records, where they are kept, and how many processes draw."""

    source: RecordSource
    sheet: SheetSpec
    preprocess: PreprocessSpec
    seed: int
    cache: Path
    workers: int


def drawn_sheets(drawing: Drawing, condition: Condition) -> tuple[Sheets, np.ndarray]:
    """All records under a condition, exactly as ``vizecg evaluate --condition`` draws them, and their places (n,) in
    the source.

    Raises:
        InputRefusedError: every record was refused.
    """
    from vizecg.data.cache import CacheSpec, build_cache
    from vizecg.data.signal import SignalSpec

    source = drawing.source
    spec = CacheSpec(
        conditions=(condition,),
        sheet=drawing.sheet,
        preprocess=drawing.preprocess,
        signal=SignalSpec(),
        seed=drawing.seed,
    )
    key = spec.key([source.fingerprint, *source.record_ids])
    folder = drawing.cache / f"{condition.value}-{key[:32]}"
    found = build_cache(folder, source=source, spec=spec, workers=drawing.workers)
    if not len(found.rows):
        first = next(iter(found.refused.values()), "there is none")
        raise InputRefusedError(f"{source.name}: no record can be drawn: {first}", reason="bad_record")
    header = SectionHeader(
        name=condition.value,
        kind=SectionKind.DRAWN.value,
        n=len(found.rows),
        condition=condition.value,
        refused=dict(found.refused),
    )
    sheets = Sheets(
        header=header,
        key=key,
        record_ids=tuple(found.record_ids[row] for row in found.rows),
        labels=np.array(found.labels[found.rows]),
        inks=lambda: (np.array(found.inks[row, 0]) for row in found.rows),
    )
    return sheets, found.rows


def fitting_photos(drawing: Drawing, config: TrainConfig, *, cache: Path) -> Sheets:
    """The photographs on which the exporter fits decision rules: others than ``drawn_sheets``', of the same records."""
    from vizecg.data.cache import build_cache

    source, conditions = drawing.source, (Condition.CLEAN, Condition.PHOTO)
    spec = config.cache_spec(conditions)
    key = spec.key([source.fingerprint, *source.record_ids])
    found = build_cache(cache / f"evaluation-{key[:32]}", source=source, spec=spec, workers=drawing.workers)
    header = SectionHeader(name="fitting", kind=SectionKind.DRAWN.value, n=len(found.rows), condition="photo")
    return Sheets(
        header=header,
        key=f"{key} photo",
        record_ids=tuple(found.record_ids[row] for row in found.rows),
        labels=np.array(found.labels[found.rows]),
        inks=lambda: (np.array(found.inks[row, 1]) for row in found.rows),
    )


def robustness_sheets(
    drawing: Drawing, rows: np.ndarray, labels: np.ndarray, *, steps: tuple[Step, ...] = STEPS
) -> list[Sheets]:
    """Some records at every strength of every condition: a section each, of the same records.

    Args:
        drawing: of which source.
        rows: (n,) places of the records in it.
        labels: (n, labels) of 0 and 1.
        steps: conditions and strengths.
    """
    from vizecg.data.pool import bounded_map

    source = drawing.source
    names = [source.record_ids[int(row)] for row in rows]
    key = _scenes_key(drawing)
    folder = drawing.cache / f"scenes-{key[:32]}"
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{sha256_bytes(name.encode())[:24]}.npz" for name in names]
    draw = partial(
        _draw_steps,
        read=source.read,
        seed=drawing.seed,
        sheet=drawing.sheet,
        preprocess=drawing.preprocess,
        steps=steps,
    )
    jobs = [(source.items[int(row)], file) for row, file in zip(rows, files, strict=True)]
    results = bounded_map(draw, jobs, workers=drawing.workers, initializer=partial(cv2.setNumThreads, 1))
    told = list(track(results, total=len(jobs), description="photographing", console=Console(stderr=True)))
    refused = {name: reason for name, reason in zip(names, told, strict=True) if reason is not None}
    kept = [place for place, reason in enumerate(told) if reason is None]
    if not kept:
        raise InputRefusedError(f"{source.name}: no record can be drawn: {told[0]}", reason="bad_record")
    return [
        Sheets(
            header=step.header(len(kept), refused),
            key=sha256_bytes(json.dumps([key, step.section, [names[place] for place in kept]]).encode()),
            record_ids=tuple(names[place] for place in kept),
            labels=labels[kept],
            inks=partial(_stored, [files[place] for place in kept], step.section),
        )
        for step in steps
    ]


def _scenes_key(drawing: Drawing) -> str:
    from vizecg.render import PHOTOGRAPHER_VERSION, RENDERER_VERSION

    content = [
        SCENES_VERSION, RENDERER_VERSION, PHOTOGRAPHER_VERSION, drawing.seed, drawing.source.name,
        drawing.source.fingerprint, drawing.sheet.to_dict(), drawing.preprocess.to_dict(),
    ]  # fmt: skip
    return sha256_bytes(json.dumps(content, sort_keys=True).encode())


def _draw_steps(
    job: tuple[Any, Path],
    *,
    read: Callable[[Any], Any],
    seed: int,
    sheet: SheetSpec,
    preprocess: PreprocessSpec,
    steps: tuple[Step, ...],
) -> str | None:
    """Draw a record at every step into a file, unless it is there; why not, where the record was refused."""
    item, file = job
    if file.is_file():
        with np.load(file) as known:
            if {step.section for step in steps} <= set(known.files):
                return None
    try:
        inks = step_inks(read(item), seed=seed, sheet=sheet, preprocess=preprocess, steps=steps)
    except InputRefusedError as error:
        return str(error)
    unfinished = file.with_suffix(".partial")
    with unfinished.open("wb") as handle:
        np.savez_compressed(handle, **inks)  # type: ignore[arg-type]
    os.replace(unfinished, file)
    return None


def _stored(files: Sequence[Path], section: str) -> Iterator[np.ndarray]:
    for file in files:
        with np.load(file) as known:
            yield known[section]


def chosen_rows(labels: np.ndarray, count: int) -> np.ndarray:
    """Places of ``count`` records in order: for every class a tenth, its first positives; then the first others.

    Args:
        labels: (n, labels) of 0 and 1.
        count: of records; all of them where there are no more.
    """
    chosen: dict[int, None] = {}
    for column in labels.T:
        chosen.update(dict.fromkeys(np.flatnonzero(column > 0)[: max(1, count // 10)].tolist()))
    chosen.update(dict.fromkeys(range(len(labels))))
    return np.sort(np.array(list(chosen)[:count]))
