"""One line for every photograph that a gate is fitted on: figures of merit, logits, and how wrong all was. Kept."""

from __future__ import annotations

import hashlib
import json
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

import vizecg.render.spoil
import vizecg_edge.compose
import vizecg_edge.judge.quality
import vizecg_edge.leads
import vizecg_edge.rectify
import vizecg_edge.sheet
import vizecg_export.quality_gate.scenes
from vizecg.data.source import RecordSource
from vizecg.records import EcgRecord
from vizecg.render import PHOTOGRAPHER_VERSION, RENDERER_VERSION, condition_rng, random_layout, render_sheet
from vizecg.spec import Condition, InputRefusedError, UsageError
from vizecg.spec.fingerprint import sha256_bytes
from vizecg.spec.gate import FIGURES
from vizecg.spec.manifest import Bundle, Manifest, open_bundle
from vizecg.spec.preprocess import preprocess
from vizecg_edge.judge.quality import merits_of
from vizecg_edge.pipeline import Pipeline
from vizecg_edge.sheet import rectify
from vizecg_export.job import Run
from vizecg_export.pace import Say, paced
from vizecg_export.quality_gate.records import choose_records
from vizecg_export.quality_gate.scenes import kinds_for, make_scene
from vizecg_export.running import open_artefact

SEED = 11
PHOTOS = (".jpg", ".jpeg", ".png")
ROWS_VERSION = 5
"""Raised when the same photographs give other rows."""
DECIDE: tuple[ModuleType, ...] = (
    vizecg_edge.judge.quality,
    vizecg.render.spoil,
    vizecg_export.quality_gate.scenes,
)
READ: tuple[ModuleType, ...] = (vizecg_edge.rectify, vizecg_edge.leads, vizecg_edge.compose, vizecg_edge.sheet)
"""Modules, and folders of them, whose change makes kept rows worthless."""


@dataclass(frozen=True, kw_only=True)
class GateRow:
    """One photograph.

    ``logits`` and ``clean``: of every label, for each artefact, of the photograph and of the clean rendering in the
    same layout.
    ``error_mm``: mean distance of the block's corners from the truth, None where that is not known. What the rectifier
    refused has a ``reason`` and no ``merits``, ``logits`` or ``error_mm``.
    """

    record: str
    kind: str
    strength: float
    reason: str | None
    merits: dict[str, float]
    error_mm: float | None
    logits: dict[str, list[float]]
    clean: dict[str, list[float]]


def collect(
    *, source: RecordSource, limit: int, photographs: int, bundle: Path, cache: Path, say: Say
) -> list[GateRow]:
    """Rows of ``limit`` records, ``photographs`` of each; finished records come from ``cache``.

    Every artefact of the bundle answers, whichever processor it was made for, as it was held to its parity.

    Raises:
        UsageError: none of the records can be read.
        BundleError: the bundle is damaged.
        MissingToolError: it has a program for a runtime that is not installed.
    """
    opened = open_bundle(bundle)
    places = choose_records(source, limit)
    kept = cache / f"gate-{_key(opened, source, photographs)}.jsonl"
    kept.parent.mkdir(parents=True, exist_ok=True)
    done = read_kept(kept)
    missing = [place for place in places if source.record_ids[place] not in done]
    say(f"gate: {photographs} photographs of {len(places)} records, {len(places) - len(missing)} are there already")
    runs = {artefact.name: open_artefact(opened, artefact) for artefact in opened.manifest.artefacts} if missing else {}
    with kept.open("a") as handle:
        # A killed run may have left half a line: what comes next must not become part of it.
        handle.write("\n" if kept.stat().st_size else "")
        for place in paced(missing, what="gate: records", say=say):
            name = source.record_ids[place]
            try:
                record = source.read(source.items[place])
            except InputRefusedError as error:
                say(f"gate: left out: {error}")
                continue
            done[name] = record_rows(record, photographs, opened.manifest, runs)
            handle.write(json.dumps({"name": name, "rows": [asdict(row) for row in done[name]]}) + "\n")
            handle.flush()
    rows = [row for place in places for row in done.get(source.record_ids[place], [])]
    if not rows:
        raise UsageError(f"{source.name}: none of the {len(places)} records for the gate can be read")
    return rows


def photographs_in(folders: list[Path]) -> list[Path]:
    """The pictures in some folders.

    Raises:
        UsageError: a folder has none.
    """
    paths: list[Path] = []
    for folder in folders:
        pictures = sorted(path for path in folder.glob("*") if path.suffix.lower() in PHOTOS)
        if not pictures:
            raise UsageError(f"{folder} has no photographs ({', '.join(PHOTOS)})")
        paths += pictures
    return paths


def real_merits(paths: list[Path], bundle: Path, *, say: Say) -> list[dict[str, float]]:
    """Figures of merit of real photographs; those that the rectifier refuses are left out."""
    pipeline = Pipeline(bundle=bundle, threads=1)
    results = (pipeline.run(path).rectified for path in paced(paths, what="gate: real photographs", say=say))
    return [merits_of(rectified) for rectified in results if rectified is not None]


def record_rows(record: EcgRecord, photographs: int, manifest: Manifest, runs: dict[str, Run]) -> list[GateRow]:
    """Print, photograph, rectify and classify one record; ``runs`` are the artefacts by name."""
    spec = manifest.sheet
    rng = condition_rng(record.record_id, seed=SEED, condition=Condition.PHOTO)
    layout = random_layout(rng)

    def logits_of(sheet: np.ndarray) -> dict[str, list[float]]:
        image = preprocess(sheet, sheet_spec=spec, spec=manifest.preprocess)
        return {name: [float(value) for value in run(image)[0]] for name, run in runs.items()}

    clean = logits_of(render_sheet(record, spec=spec, layout=layout).image)
    rows = []
    for kind in kinds_for(zlib.crc32(record.record_id.encode()), photographs):
        scene = make_scene(record, layout, kind, spec=spec, rng=rng)
        about: dict[str, Any] = {
            "record": record.record_id, "kind": kind.value, "strength": round(scene.strength, 4), "clean": clean,
        }  # fmt: skip
        try:
            rectified = rectify(scene.image, spec)
        except InputRefusedError as error:
            rows.append(GateRow(**about, reason=str(error.reason), merits={}, error_mm=None, logits={}))
            continue
        away = np.linalg.norm(rectified.to_sheet_mm(scene.seen, spec) - scene.block_mm, axis=1)
        merits = {figure: round(float(value), 6) for figure, value in merits_of(rectified).items()}
        logits = logits_of(rectified.sheet)
        # Of a page that was laid on lead by lead no one place says where it lies.
        error_mm = round(float(away.mean()), 4) if rectified.whole else None
        rows.append(GateRow(**about, reason=None, merits=merits, error_mm=error_mm, logits=logits))
    return rows


def read_spoilt(path: Path, *, artefact: str) -> list[GateRow]:
    """Rows of pages that were spoilt on purpose, as ``vizecg_lab hostile --gate-rows`` writes them.

    Args:
        path: the file.
        artefact: that answered them.

    Raises:
        UsageError: it is no such file, or of another artefact.
    """
    if not path.is_file():
        raise UsageError(f"{path} is no file")
    try:
        rows = [GateRow(**json.loads(line)) for line in path.read_text().splitlines()]
    except (ValueError, TypeError) as error:
        raise UsageError(f"{path} has no rows of `vizecg_lab hostile --gate-rows` ({error})") from None
    if not rows or any(row.reason is None and artefact not in row.logits for row in rows):
        raise UsageError(f"{path} has no answers of {artefact}")
    if any(row.reason is None and set(row.merits) != set(FIGURES) for row in rows):
        raise UsageError(f"{path} has not the figures of merit of this version")
    return rows


def read_kept(path: Path) -> dict[str, list[GateRow]]:
    """Finished records of an earlier run; a line that a killed run left unfinished is left out."""
    done: dict[str, list[GateRow]] = {}
    if path.is_file():
        for line in path.read_text().splitlines():
            try:
                stored = json.loads(line)
            except ValueError:
                continue
            done[stored["name"]] = [GateRow(**row) for row in stored["rows"]]
    return done


def _key(bundle: Bundle, source: RecordSource, photographs: int) -> str:
    """What the rows depend on: records, model files, the code of rectifier, figures of merit and scenes, the seed."""
    manifest = bundle.manifest
    files = [path for room in READ for path in sorted(_file(room).parent.glob("*.py"))] + [*map(_file, DECIDE)]
    told = [
        *(sha256_bytes(file.read_bytes()) for file in files),
        *(f"{artefact.name} {manifest.files[artefact.file]}" for artefact in manifest.artefacts),
        source.name, source.fingerprint, RENDERER_VERSION, PHOTOGRAPHER_VERSION, str(SEED), str(ROWS_VERSION),
        str(photographs), json.dumps(manifest.sheet.to_dict()), json.dumps(manifest.preprocess.to_dict()),
    ]  # fmt: skip
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]


def _file(module: ModuleType) -> Path:
    assert module.__file__ is not None
    return Path(module.__file__)
