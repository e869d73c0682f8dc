"""What the tests of ``vizecg-edge run`` share: a photograph of a printout, the command, its answers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from typer.testing import CliRunner, Result

from children import start_child
from vizecg.records.synthetic import synthesise
from vizecg.render import PrintStyle, photograph, render_sheet
from vizecg_edge.cli import app


def make_scene() -> np.ndarray:
    """A photograph of a printout, with even sides as videos want them: uint8 RGB (H, W, 3)."""
    sheet = render_sheet(synthesise(["AF"], seed=7), style=PrintStyle(palette="pink", trace_mm=0.4))
    image = photograph(sheet.image, rng=np.random.default_rng(7), strength=0.4, width_px=(1400, 1500)).image
    return image[: image.shape[0] // 2 * 2, : image.shape[1] // 2 * 2]


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["run", *map(str, arguments)])


def answers(done: Result) -> list[dict[str, Any]]:
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return [json.loads(line) for line in done.stdout.splitlines()]


def as_process(*arguments: str | Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "vizecg_edge.cli", *map(str, arguments)]
    return start_child(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
