"""Real photographs of known records, rectified as the edge does it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track

from vizecg.spec import InputRefusedError, LabelSet, SheetSpec, UsageError
from vizecg.spec.fingerprint import sha256_bytes
from vizecg.spec.preprocess import PreprocessSpec, ink_map
from vizecg_bench.pack.header import SectionHeader, SectionKind
from vizecg_bench.pack.sheets import Sheets

REAL = "real"


def real_sheets(
    *,
    photos_dir: Path,
    table: Path,
    root: Path,
    bundle: Path | None,
    labels: LabelSet,
    sheet: SheetSpec,
    preprocess: PreprocessSpec,
) -> Sheets:
    """Photographs that the edge would answer, with the labels of the records on them; the others are counted.

    Args:
        photos_dir, table: images, and ``photos.csv``: image, ecg_id.
        root: PTB-XL folder of the records.
        bundle: whose gate decides what is answered; None takes the shipped one.
        labels, sheet, preprocess: of the network.

    Raises:
        UsageError: a file, folder or record is missing, or the bundle reads other sheets.
        InputRefusedError: no photograph is answered.
    """
    from vizecg.records.ptbxl import Ptbxl
    from vizecg_bench.pack.known_photos import known_photos
    from vizecg_edge.pipeline import Pipeline

    known = known_photos(photos_dir, table)
    listed = Ptbxl(root=root, labels=labels).select(ids=[ecg_id for _, ecg_id in known])
    entries = {entry.ecg_id: entry for entry in listed}
    pipeline = Pipeline(bundle=bundle, threads=1)
    manifest = pipeline.bundle.manifest
    if (manifest.sheet, manifest.preprocess) != (sheet, preprocess):
        raise UsageError(f"bundle {manifest.name} reads other sheets than the checkpoint: name --bundle for --photos")
    ids, truths, inks = [], [], []
    refused: dict[str, str] = {}
    for path, ecg_id in track(known, description="real photographs", console=Console(stderr=True)):
        if ecg_id not in entries:
            raise UsageError(f"{root} has no record {ecg_id}, which is on {path.name}")
        name = f"{path.parent.name}/{path.stem}"
        result = pipeline.run(path)
        if result.logits is None or result.sheet is None:
            refused[name] = ", ".join(result.answer.reasons)
            continue
        ids.append(name)
        truths.append(entries[ecg_id].labels)
        inks.append(ink_map(result.sheet, sheet_spec=sheet, spec=preprocess))
    if not ids:
        raise InputRefusedError(f"{photos_dir}: none of {len(known)} photographs is answered", reason="bad_photograph")
    header = SectionHeader(name=REAL, kind=SectionKind.REAL.value, n=len(ids), condition=REAL, refused=refused)
    key = sha256_bytes(b"".join(ink.tobytes() for ink in inks))
    return Sheets(header=header, key=key, record_ids=tuple(ids), labels=np.stack(truths), inks=lambda: iter(inks))
