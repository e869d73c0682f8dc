"""``vizecg-bench demo``: the main job once through. An ECG is made, printed, photographed, read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from vizecg.spec.options import SeedOption


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the pictures and the JSON.")] = Path("demo"),
    label: Annotated[list[str] | None, typer.Option(help="Diagnosis of the synthetic ECG; repeatable.")] = None,
    seed: SeedOption = 5,
) -> None:
    """Make an ECG, print it, photograph it, read it."""
    import numpy as np

    from vizecg.records.synthetic import synthesise
    from vizecg.render import PrintStyle, photograph, render_sheet
    from vizecg.spec.files import write_atomically
    from vizecg_edge.overlay import overlay, save_image
    from vizecg_edge.pipeline import Pipeline

    labels = ("AF",) if label is None else tuple(label)
    out.mkdir(parents=True, exist_ok=True)
    photo, picture, answer = out / "photo.jpg", out / "demo.png", out / "answer.json"
    record = synthesise(labels, seed=seed)
    rng = np.random.default_rng(seed)
    sheet = render_sheet(record, style=PrintStyle(palette="pink", trace_mm=0.4))
    save_image(photo, photograph(sheet.image, rng=rng, strength=0.7, width_px=(1600, 1600 + 1)).image)
    pipeline = Pipeline()
    result = pipeline.run(photo)
    save_image(picture, overlay(result, pipeline.bundle.manifest.sheet))
    write_atomically(answer, json.dumps(result.answer.to_dict(), indent=1) + "\n")
    print(f"A synthetic ECG with {', '.join(labels) or 'no diagnosis'}, printed, photographed and read:")
    print(result.answer.to_text())
    print(f"picture: {picture}\nJSON: {answer}")
