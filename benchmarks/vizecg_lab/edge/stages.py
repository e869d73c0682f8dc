"""What each stage of an answer takes: photographs of full size, in turn, and whether the machine was quiet."""

from __future__ import annotations

import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from vizecg.spec import UsageError
from vizecg.spec.results import write_result
from vizecg_bench.run.load import Load, LoadMeter
from vizecg_lab.edge.against import compare_trees

STAGES = ("decode", "detect", "leads", "rectify", "judge", "preprocess", "infer", "total")
WITHOUT_INFERENCE = "all but infer"
CPU_TIME = "processor time"
WARM_UPS = 2


def measure_stages(
    *,
    images: Sequence[Path],
    megapixels: float,
    runs: int,
    threads: int,
    bundle: Path | None,
    out: Path | None,
    against: Path | None = None,
) -> dict[str, Any]:
    """Answer photographs, enlarged to ``megapixels``, ``runs`` times in turn; print and save p50 and p90 per stage.

    Args:
        images: files, and folders whose images are taken.
        megapixels: of the JPEGs that are answered.
        runs: over all pictures, after ``WARM_UPS`` of each.
        threads: of the engine and of OpenCV; 0 takes one per core.
        bundle: None takes the shipped one.
        out: file of the figures.
        against: another checkout, whose edge answers the same pictures, see ``compare_trees``.

    Raises:
        UsageError: no image, one that cannot be read, or none that is answered.
    """
    from vizecg_edge.capture.folders import find_files
    from vizecg_edge.pipeline import Pipeline
    from vizecg_edge.process import use_threads

    files = find_files(images).files
    if not files:
        raise UsageError(f"no image in {', '.join(map(str, images))}")
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory() as folder:
        # In a process of its own: the memory that this takes is not the pipeline's.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            targets = [Path(folder) / f"{number}.jpg" for number in range(len(files))]
            large = list(pool.map(enlarge, files, targets, [megapixels] * len(files)))
        pipeline = Pipeline(bundle=bundle, threads=threads)
        use_threads(threads)
        answered, refused = [], {}
        for name, path in zip(files, large, strict=True):
            answers = [pipeline.run(path).answer for _ in range(WARM_UPS)]
            if answers[-1].answered:
                answered.append(path)
            else:
                refused[name.name] = list(answers[-1].reasons)
        if not answered:
            raise UsageError(f"none of {len(files)} images is answered: {refused}")
        meter, rows = LoadMeter(), []
        for run in track(range(runs), description="runs", console=console):
            spent = time.process_time()
            timings = pipeline.run(answered[run % len(answered)]).answer.timings_ms
            cpu = (time.process_time() - spent) * 1000
            rows.append([*(getattr(timings, stage) or 0.0 for stage in STAGES), cpu])
        load = meter.read()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        compared = None if against is None else compare_trees(answered, other=against, runs=runs, console=console)
    figures = {
        "images": [file.name for file in files], "refused": refused, "megapixels": megapixels, "runs": runs,
        "threads": threads, "bundle": pipeline.bundle_id.name, "artefact": pipeline.bundle_id.artefact,
        "milliseconds": percentiles(np.array(rows)),
        "peak_memory_mb": round(peak, 1),
        "load_average_before": load.average_before, "load_average_after": load.average_after,
        "others_cores": load.others_cores, "steal": load.steal, "machine_was_loaded": load.loaded,
    }  # fmt: skip
    if compared is not None:
        figures["against"] = compared
    _show(console, figures, load)
    print(json.dumps(figures))
    write_result(out, kind="stages", figures=figures)
    return figures


def enlarge(image: Path, target: Path, megapixels: float) -> Path:
    """Write a picture as a JPEG of this size to ``target``, and give that back.

    Raises:
        UsageError: it is not an image that OpenCV reads.
    """
    picture = cv2.imread(str(image))
    if picture is None:
        raise UsageError(f"{image} is not an image that OpenCV reads")
    scale = float(np.sqrt(megapixels * 1e6 / (picture.shape[0] * picture.shape[1])))
    kernel = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    large = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=kernel)
    cv2.imwrite(str(target), large, [cv2.IMWRITE_JPEG_QUALITY, 92])
    return target


def percentiles(rows: np.ndarray) -> dict[str, dict[str, float]]:
    """float (runs, stages and processor time), milliseconds -> p50 and p90 of each, and of all but inference."""
    columns = dict(zip((*STAGES, CPU_TIME), rows.T, strict=True))
    columns[WITHOUT_INFERENCE] = columns["total"] - columns["infer"]
    return {
        name: {"p50": round(float(np.percentile(values, 50)), 2), "p90": round(float(np.percentile(values, 90)), 2)}
        for name, values in columns.items()
    }


def _show(console: Console, figures: dict[str, Any], load: Load) -> None:
    table = Table(title=f"{figures['runs']} runs of {figures['megapixels']:g} megapixels, milliseconds")
    for heading in ("stage", "p50", "p90"):
        table.add_column(heading, justify="left" if heading == "stage" else "right")
    for name, values in figures["milliseconds"].items():
        table.add_row(name, f"{values['p50']:.1f}", f"{values['p90']:.1f}")
    console.print(table)
    console.print(f"peak memory {figures['peak_memory_mb']} MB; {len(figures['refused'])} images refused and left out")
    if load.loaded:
        console.print(
            f"THE MACHINE WAS LOADED: other programs kept {load.others_cores:.2f} cores busy, the hypervisor took "
            f"{load.steal:.1%} of the time, the load average was {load.average_before} before and {load.average_after} "
            "after. The figures do not count."
        )
