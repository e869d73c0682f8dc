"""One line for every photograph that a gate is chosen on: figures of merit, logits, and how wrong all was. Kept."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track

from vizecg.spec import Condition, InputRefusedError, SheetSpec, UsageError
from vizecg.spec.fingerprint import sha256_bytes
from vizecg.spec.manifest import MODEL_INPUT, MODEL_OUTPUT
from vizecg_bench.gate_scenes import kinds_for, make_scene

SEED = 11
PHOTOS = (".jpg", ".jpeg", ".png")
ROWS_VERSION = 2
"""Raised when the same photographs give other rows."""


@dataclass(frozen=True, kw_only=True)
class GateRow:
    """One photograph.

    ``logits`` and ``clean``: six for each artefact, of the photograph and of the clean rendering in the same layout.
    ``error_mm``: mean distance of the block's corners from the truth. What the rectifier refused has a ``reason`` and
    no ``merits``, ``logits`` or ``error_mm``.
    """

    record: str
    kind: str
    strength: float
    reason: str | None
    merits: dict[str, float]
    error_mm: float | None
    logits: dict[str, list[float]]
    clean: dict[str, list[float]]


def collect(*, root: Path, fold: int, limit: int, photographs: int, bundle: Path | None, cache: Path) -> list[GateRow]:
    """Rows of ``limit`` records of a PTB-XL fold, ``photographs`` of each; finished records come from ``cache``.

    Raises:
        UsageError: the fold has no records, or the bundle has nothing that runs here.
        MissingToolError: it has a program for ExecuTorch, which is not installed.
    """
    from vizecg.records.ptbxl import Ptbxl, positives_first
    from vizecg_edge.pipeline import Pipeline

    dataset = Ptbxl(root=root)
    entries = positives_first(dataset.select(folds=[fold]), limit)
    pipeline = Pipeline(bundle=bundle, threads=1)
    engines = _engines(pipeline)
    kept = cache / f"gate-{_key(pipeline, photographs)}.jsonl"
    kept.parent.mkdir(parents=True, exist_ok=True)
    done = _kept(kept)
    rows: list[GateRow] = []
    with kept.open("a") as handle:
        for entry in track(entries, description="photographing"):
            name = str(entry.ecg_id)
            if name not in done:
                made = _record_rows(dataset.read(entry), photographs, pipeline.bundle.manifest, engines)
                handle.write(json.dumps({"name": name, "rows": [asdict(row) for row in made]}) + "\n")
                handle.flush()
                done[name] = made
            rows += done[name]
    return rows


def real_merits(folders: list[Path], bundle: Path | None) -> list[dict[str, float]]:
    """Figures of merit of the photographs in some folders; those that the rectifier refuses are left out.

    Raises:
        UsageError: a folder has no photographs.
    """
    from vizecg_edge.pipeline import Pipeline
    from vizecg_edge.quality import merits_of

    pipeline = Pipeline(bundle=bundle, threads=1)
    paths = []
    for folder in folders:
        found = sorted(path for path in folder.glob("*") if path.suffix.lower() in PHOTOS)
        if not found:
            raise UsageError(f"{folder} has no photographs ({', '.join(PHOTOS)})")
        paths += found
    results = [pipeline.run(path).rectified for path in track(paths, description="real photographs")]
    return [merits_of(found, pipeline.bundle.manifest.sheet) for found in results if found is not None]


def _record_rows(record: Any, photographs: int, manifest: Any, engines: dict[str, Any]) -> list[GateRow]:
    from vizecg.render import condition_rng, random_layout, render_sheet
    from vizecg.spec.preprocess import preprocess
    from vizecg_edge.quality import merits_of
    from vizecg_edge.rectify import rectify

    spec: SheetSpec = manifest.sheet
    rng = condition_rng(record.record_id, seed=SEED, condition=Condition.PHOTO)
    layout = random_layout(rng)

    def logits_of(sheet: np.ndarray) -> dict[str, list[float]]:
        image = preprocess(sheet, sheet_spec=spec, spec=manifest.preprocess)
        return {name: [float(value) for value in engine.logits(image)] for name, engine in engines.items()}

    clean = logits_of(render_sheet(record, spec=spec, layout=layout).image)
    rows = []
    for kind in kinds_for(zlib.crc32(record.record_id.encode()), photographs):
        scene = make_scene(record, layout, kind, spec=spec, rng=rng)
        about: dict[str, Any] = {
            "record": record.record_id, "kind": kind.value, "strength": round(scene.strength, 4), "clean": clean,
        }  # fmt: skip
        try:
            found = rectify(scene.image, spec)
        except InputRefusedError as error:
            rows.append(GateRow(**about, reason=str(error.reason), merits={}, error_mm=None, logits={}))
            continue
        away = np.linalg.norm(found.to_sheet_mm(scene.seen, spec) - scene.block_mm, axis=1)
        merits = {figure: round(float(value), 6) for figure, value in merits_of(found, spec).items()}
        logits = logits_of(found.sheet)
        rows.append(GateRow(**about, reason=None, merits=merits, error_mm=round(float(away.mean()), 4), logits=logits))
    return rows


def _engines(pipeline: Any) -> dict[str, Any]:
    """Every artefact of the bundle, whichever processor it was made for.

    Typed graphs for TensorRT are computed node by node, as they are written: what ONNX Runtime makes of them when it
    optimises is not what an engine computes, and on some processors is wrong.
    """
    import onnxruntime

    from vizecg_bench.run.engines import CallableBackend
    from vizecg_edge.backends.executorch_python import ExecuTorchBackend
    from vizecg_edge.backends.onnx import OnnxBackend

    manifest = pipeline.bundle.manifest
    shape = manifest.preprocess.input_shape

    def as_written(model: Path) -> CallableBackend:
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.intra_op_num_threads, options.log_severity_level = 1, 3
        session: Any = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        return CallableBackend(
            name="unoptimised", run=lambda image: session.run([MODEL_OUTPUT], {MODEL_INPUT: image})[0][0]
        )

    kinds: dict[str, Callable[[Path], Any]] = {
        "onnx": lambda model: OnnxBackend(model=model, input_shape=shape, threads=1),
        "executorch": lambda model: ExecuTorchBackend(model=model, input_shape=shape, threads=1),
        "tensorrt": as_written,
    }
    engines = {
        artefact.name: kinds[artefact.target](pipeline.bundle.file(artefact.file))
        for artefact in manifest.artefacts
        if artefact.target in kinds
    }
    if not engines:
        raise UsageError(f"bundle {manifest.name} has nothing that runs here: a gate cannot be chosen with it")
    return engines


def _key(pipeline: Any, photographs: int) -> str:
    """What the rows depend on: model files, the sources of rectifier, figures of merit and scenes, the seed."""
    import vizecg_edge.rectify
    from vizecg.render import PHOTOGRAPHER_VERSION, RENDERER_VERSION

    edge = Path(vizecg_edge.rectify.__file__).parent
    here = Path(__file__).parent
    sources = [*sorted(edge.glob("*.py")), *(edge.parent / f"{name}.py" for name in ("quality", "glare", "likeness"))]
    sources.append(here / "gate_scenes.py")
    manifest = pipeline.bundle.manifest
    told = [
        *(sha256_bytes(source.read_bytes()) for source in sources),
        *(manifest.files[artefact.file] for artefact in manifest.artefacts),
        RENDERER_VERSION, PHOTOGRAPHER_VERSION, str(SEED), str(ROWS_VERSION), str(photographs),
        json.dumps(asdict(manifest.sheet)),
    ]  # fmt: skip
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]


def _kept(path: Path) -> dict[str, list[GateRow]]:
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
