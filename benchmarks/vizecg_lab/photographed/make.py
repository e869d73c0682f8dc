"""Every record of a fold as a photograph of its printout, with its labels: to be judged from camera to answer.

The folder is one that ``vizecg-edge sheets`` and ``vizecg-edge run`` read, and ``vizecg evaluate --data sheets`` after
them.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rich.console import Console

from vizecg.data.left_out import FILE as LEFT_OUT
from vizecg.data.left_out import entries_of, tell_left_out, write_left_out
from vizecg.data.pool import bounded_map
from vizecg.data.progress import progress
from vizecg.data.source import ReadRecord, RecordSource
from vizecg.records import EcgRecord
from vizecg.records.sheets import LABELS_FILE
from vizecg.render import Layout, photograph, random_style, record_key, render_sheet
from vizecg.spec import Condition, InputRefusedError
from vizecg.spec.files import write_atomically
from vizecg_edge.overlay import save_image
from vizecg_lab.leads.pages import PHOTO_PX_PER_MM, SHEET_PX_PER_MM

SEED = 23


@dataclass(frozen=True, kw_only=True)
class PhotographsRequest:
    """Whose photographs are taken, how, and where they are kept."""

    source: RecordSource
    out: Path
    condition: Condition = Condition.PHOTO
    workers: int = 1


def make_photographs(request: PhotographsRequest) -> int:
    """Take what is not there yet, then write ``labels.csv``, and ``left_out.csv`` where a record was.

    Returns:
        How many photographs there are.
    """
    request.out.mkdir(parents=True, exist_ok=True)
    source = request.source
    jobs = list(zip(source.record_ids, source.items, strict=True))
    take = partial(_take, read=source.read, out=request.out, condition=request.condition)
    rows, refused = [], {}
    with progress("photographing", len(jobs), quiet=False) as advance:
        done = bounded_map(take, jobs, workers=request.workers, initializer=partial(cv2.setNumThreads, 1))
        for (name, _), row in zip(jobs, done, strict=True):
            advance(1)
            if isinstance(row, str):
                refused[name] = row
            else:
                rows.append(row)
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["photo", *source.labels, "patient_id", "split"])
    writer.writerows(rows)
    write_atomically(request.out / LABELS_FILE, table.getvalue())
    skipped = entries_of({**source.left_out, **refused})
    where = write_left_out(request.out / LEFT_OUT, skipped)
    if where is not None:
        tell_left_out(Console(stderr=True), skipped, where=where, word="left out")
    return len(rows)


def _take(job: tuple[str, Any], *, read: ReadRecord, out: Path, condition: Condition) -> list[Any] | str:
    """The row of the table, or why there is none."""
    name, item = job
    try:
        record = read(item)
    except InputRefusedError as error:
        return str(error)
    if record.labels is None:
        return f"record {name}: its labels are not known"
    file = f"{name}.jpg"
    path = out / file
    if not path.is_file():
        save_image(path, photograph_of(record, condition))
    return [file, *(int(label) for label in record.labels), record.patient_id or "", "val"]


def photograph_of(record: EcgRecord, condition: Condition) -> np.ndarray:
    """uint8 RGB: the record in a random style on a page of 3x4 with a strip of II; the same for the same arguments."""
    rng = np.random.default_rng([SEED, record_key(record.record_id)])
    layout = Layout().fitting(record.duration_s)
    spec = layout.sheet(px_per_mm=float(rng.uniform(*SHEET_PX_PER_MM)))
    printed = render_sheet(record, spec=spec, style=random_style(rng), layout=layout)
    least, most = (round(spec.width_mm * scale) for scale in PHOTO_PX_PER_MM)
    return photograph(printed.image, rng=rng, spec=spec, condition=condition, width_px=(least, most)).image
