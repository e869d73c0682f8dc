"""The main job once through: an ECG is made, printed, photographed, read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vizecg.spec.files import write_atomically


@dataclass(frozen=True, kw_only=True)
class DemoFiles:
    """What the demo wrote."""

    photo: Path
    picture: Path
    answer: Path


def run_demo(out: Path, *, labels: tuple[str, ...], seed: int) -> DemoFiles:
    """Make a synthetic ECG with ``labels``, photograph its print, answer it with the shipped bundle.

    Args:
        out: folder for the files, created when absent.
        labels: diagnoses the ECG is drawn with.
        seed: decides the ECG, the print and the photograph.
    """
    from vizecg.records.synthetic import synthesise
    from vizecg.render import PrintStyle, photograph, render_sheet
    from vizecg_edge.overlay import overlay, save_image
    from vizecg_edge.pipeline import Pipeline

    out.mkdir(parents=True, exist_ok=True)
    files = DemoFiles(photo=out / "photo.jpg", picture=out / "demo.png", answer=out / "answer.json")
    record = synthesise(labels, seed=seed)
    rng = np.random.default_rng(seed)
    sheet = render_sheet(record, style=PrintStyle(palette="pink", trace_mm=0.4))
    save_image(files.photo, photograph(sheet.image, rng=rng, strength=0.7, width_px=(1600, 1600 + 1)).image)
    pipeline = Pipeline()
    result = pipeline.run(files.photo)
    save_image(files.picture, overlay(result, pipeline.bundle.manifest.sheet))
    write_atomically(files.answer, json.dumps(result.answer.to_dict(), indent=1) + "\n")
    print(f"A synthetic ECG with {', '.join(labels) or 'no diagnosis'}, printed, photographed and read:")
    print(result.answer.to_text())
    return files
