"""Bundles with a contract, small enough to be made in a second: sheets of scribbles, a network that can be reckoned."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime

from edge_bundles import SPEC, artefact, make_bundle
from vizecg.spec import DecisionRule, SheetSpec
from vizecg.spec.manifest import GOLDEN, MANIFEST, Artefact, Bundle, Manifest, hash_files, open_bundle
from vizecg.spec.preprocess import ink_map, normalise
from vizecg_export.contract.write import add_contract

ROWS = 3
RULE = DecisionRule(
    scale=(1.0, 1.2, 0.9, 1.1, 1.0, 1.3), bias=(0.1, -0.2, 0.0, 0.3, -0.1, 0.2),
    threshold=(0.5, 0.4, 0.3, 0.6, 0.2, 0.5), margin=0.02, undecided_margin=(0.1, 0.0, 0.3, 0.0, 0.2, 0.05),
)  # fmt: skip


def scribble(row: int, spec: SheetSpec) -> np.ndarray:
    """uint8 RGB sheet: a red grid on paper that light falls on unevenly, and dark curves; nothing is an ECG."""
    rng = np.random.default_rng(row)
    height, width, _ = spec.shape
    light = np.linspace(150 + 20 * row, 250, width)[None, :] - np.linspace(0, 30, height)[:, None]
    sheet = np.repeat(light[:, :, None], 3, axis=2) + rng.normal(0, 2, (height, width, 1))
    every = round(5 * spec.px_per_mm)
    for lines in (sheet[::every], sheet[:, ::every]):
        lines *= (1.0, 0.7, 0.7)
    columns = np.arange(width)
    for middle in (0.2, 0.45, 0.7, 0.9):
        walk = np.convolve(rng.normal(0, 6, width), np.ones(9) / 9, mode="same").cumsum() / 3
        rows = np.clip(middle * height + walk, 1, height - 2).astype(int)
        for shift in (-1, 0, 1):
            sheet[rows + shift, columns] = rng.integers(20, 70, (width, 1))
    return np.clip(sheet, 0, 255).astype(np.uint8)


def scribbled_bundle(path: Path, *artefacts: Artefact) -> Bundle:
    """``make_bundle`` whose golden sheets are scribbles; it has no contract yet."""
    listed = artefacts or (artefact(decision=RULE),)
    bundle = make_bundle(path, *listed)
    sheet = bundle.manifest.sheet
    inks = np.stack([ink_map(scribble(row, sheet), sheet_spec=sheet, spec=SPEC) for row in range(ROWS)])
    session = onnxruntime.InferenceSession(str(path / "model.onnx"), providers=["CPUExecutionProvider"])
    logits = session.run(None, {"image": normalise(inks, SPEC)})[0]
    own = {f"logits_{one.name}": logits for one in listed}
    np.savez_compressed(path / GOLDEN, inks=inks, float_logits=logits, **own)
    return sealed(path)


def contract_bundle(path: Path, *artefacts: Artefact) -> Bundle:
    """The same with a contract."""
    scribbled_bundle(path, *artefacts)
    return add_contract(path, draw=scribble)


def sealed(path: Path) -> Bundle:
    """A bundle whose files were changed, with their hashes taken anew."""
    manifest = Manifest.from_json((path / MANIFEST).read_text())
    (path / MANIFEST).write_text(replace(manifest, files=hash_files(path)).to_json())
    return open_bundle(path)
