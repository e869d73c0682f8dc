"""From process start to printed JSON, and peak memory, as a user meets them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from vizecg.spec import MissingToolError, UsageError
from vizecg.spec.install import pip_install
from vizecg.spec.results import write_result


def measure_startup(*, image: Path, megapixels: float, repeats: int, out: Path | None) -> dict[str, Any]:
    """Run ``vizecg-edge run --json`` in fresh processes on ``image`` enlarged to ``megapixels``.

    Raises:
        UsageError: the image cannot be read.
        MissingToolError: ``vizecg-edge`` is not installed beside this command.
    """
    command = shutil.which("vizecg-edge", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if command is None:
        raise MissingToolError(f"vizecg-edge is not on the path: {pip_install()}")
    picture = cv2.imread(str(image))
    if picture is None:
        raise UsageError(f"{image} is not an image that OpenCV reads")
    scale = float(np.sqrt(megapixels * 1e6 / (picture.shape[0] * picture.shape[1])))
    with tempfile.TemporaryDirectory() as folder:
        large = Path(folder) / "large.jpg"
        enlarged = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(large), enlarged, [cv2.IMWRITE_JPEG_QUALITY, 92])
        runs = [_run(command, large) for _ in range(repeats)]
    figures = {
        "image": image.name,
        "size": [enlarged.shape[1], enlarged.shape[0]],
        "seconds": [round(run[0], 3) for run in runs],
        "median_s": round(float(np.median([run[0] for run in runs])), 3),
        "peak_memory_mb": round(max(run[1] for run in runs), 1),
        "answer": runs[-1][2],
    }
    print(json.dumps(figures))
    write_result(out, kind="startup", figures=figures)
    return figures


def _run(command: str, image: Path) -> tuple[float, float, dict[str, Any]]:
    start = time.perf_counter()
    process = subprocess.Popen([command, "run", "--image", str(image), "--json"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    output = process.stdout.read()
    seconds = time.perf_counter() - start
    # wait4 gives the memory of this child alone; RUSAGE_CHILDREN would give the largest of all so far.
    _, _, usage = os.wait4(process.pid, 0)
    process.stdout.close()
    answer = json.loads(output)
    return seconds, usage.ru_maxrss / 1024, {"status": answer["status"], "timings_ms": answer["timings_ms"]}
