"""Golden vectors of a contract: sheets as PNG files, their ink maps, and what every artefact answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from vizecg.spec import BundleError, DecisionRule, SheetSpec
from vizecg.spec.arrays import read_arrays
from vizecg.spec.checks import first_line
from vizecg.spec.contract import INK_TOLERANCE, LOGIT_TOLERANCE, PROBABILITY_TOLERANCE, answer
from vizecg.spec.manifest import GOLDEN, Artefact, Manifest
from vizecg.spec.preprocess import PreprocessSpec, ink_map, normalise
from vizecg_export.data import GOLDEN_SIZE

Draw = Callable[[int, SheetSpec], np.ndarray]
"""Row of the golden file -> its sheet, uint8 RGB."""
DECIMALS = 6
"""Of the logits with which the borders of decisions are shown."""


def sheet_name(row: int) -> str:
    return f"contract_sheet_{row:02d}.png"


def ink_name(row: int) -> str:
    return f"contract_ink_{row:02d}.png"


def golden_arrays(folder: Path) -> dict[str, np.ndarray]:
    """The arrays of the golden file.

    Raises:
        BundleError: it is missing or damaged.
    """
    try:
        return read_arrays((folder / GOLDEN).read_bytes())
    except (OSError, ValueError) as error:
        raise BundleError(f"{folder}: {GOLDEN} cannot be read: {first_line(error)}") from error


def choose_rows(manifest: Manifest, golden: dict[str, np.ndarray]) -> list[int]:
    """Rows of clean sheets: for each label the one that shows it most surely, and the one that most surely shows none.

    Of a label that no sheet shows, the one with its highest probability. Clean sheets are a tenth of photographed
    ones as PNG files.
    """
    rule = manifest.artefact().decision
    logits = _logits(golden, manifest.artefact())[:GOLDEN_SIZE]
    distances = rule.distances(logits)
    bare = -distances.max(axis=1)
    # Rows that leave nothing else in doubt come before those that are merely loud.
    doubt = np.abs(distances).min(axis=1)
    chosen = {int(np.argmax(bare))}
    for place in range(distances.shape[1]):
        shows = np.flatnonzero(distances[:, place] > 0)
        chosen.add(int(shows[np.argmax(doubt[shows])]) if len(shows) else int(np.argmax(distances[:, place])))
    return sorted(chosen)


def write_sheets(folder: Path, manifest: Manifest, rows: Sequence[int], draw: Draw) -> None:
    """Write what is missing of the golden sheets and of their ink maps.

    Raises:
        BundleError: sheets, there or from ``draw``, are others than those of which the bundle holds the answers.
    """
    inks = golden_arrays(folder)["inks"]
    for row in rows:
        path = folder / sheet_name(row)
        there = path.is_file()
        if row >= len(inks):
            raise BundleError(f"{folder}: {GOLDEN} has {len(inks)} rows, the contract a sheet of row {row}")
        sheet = np.asarray(Image.open(path)) if there else draw(row, manifest.sheet)
        ink = ink_map(sheet, sheet_spec=manifest.sheet, spec=manifest.preprocess)
        # Another build of OpenCV may round otherwise what was written elsewhere; what is written here is exact.
        if np.abs(ink.astype(int) - inks[row]).max() > (INK_TOLERANCE["largest"] if there else 0):
            raise BundleError(f"{folder}: golden sheet {row} is not that of {GOLDEN}: export the model anew")
        if not there:
            Image.fromarray(sheet).save(path, optimize=True)
        if not (folder / ink_name(row)).is_file():
            Image.fromarray(inks[row]).save(folder / ink_name(row), optimize=True)


def golden_section(folder: Path, manifest: Manifest, rows: Sequence[int]) -> dict[str, Any]:
    """The ``golden`` of ``contract.json``."""
    golden = golden_arrays(folder)
    return {
        "tolerance": {
            "ink": INK_TOLERANCE,
            "logits": {one.name: LOGIT_TOLERANCE[one.precision] for one in manifest.artefacts},
            "probabilities": PROBABILITY_TOLERANCE,
        },
        "input_of_ink": _short(_input_of_ink(manifest.preprocess)),
        "sheets": [
            {
                "row": row,
                "sheet": sheet_name(row),
                "ink": ink_name(row),
                "answers": {one.name: _answer(one, _logits(golden, one)[row]) for one in manifest.artefacts},
            }
            for row in rows
        ],
        "decisions": {one.name: _borders(one.decision) for one in manifest.artefacts},
    }


def _answer(artefact: Artefact, logits: np.ndarray) -> dict[str, Any]:
    told = answer(artefact.decision, _short(logits))
    step = LOGIT_TOLERANCE[artefact.precision]
    around = [list(artefact.decision.decide(logits + step * sign)) for sign in (-1, 1)]
    sure = [below == at == above for below, at, above in zip(around[0], told["decisions"], around[1], strict=True)]
    return {**told, "sure": sure}


def _borders(rule: DecisionRule) -> list[dict[str, Any]]:
    """Logits on both sides of every border of every label: absent, undecided twice, present."""
    half = np.maximum(np.array(rule.undecided_margin) / np.array(rule.scale), rule.margin)
    # A border is shown a hundredth beside it: equality is a matter of the last bit.
    outside = 1.01 * half + 1e-3
    rows = [-outside, *([-0.99 * half, 0.99 * half] if half.min() > 0 else []), outside]
    return [answer(rule, [round(float(value), DECIMALS) for value in rule.cuts + row]) for row in rows]


def _logits(golden: dict[str, np.ndarray], artefact: Artefact) -> np.ndarray:
    name = f"logits_{artefact.name}"
    if name not in golden:
        raise BundleError(f"{GOLDEN} has no logits of {artefact.name}: export the model anew")
    return golden[name]


def _short(values: np.ndarray) -> list[float]:
    """float32 -> the shortest decimal numbers that give them back."""
    return [float(str(value)) for value in np.asarray(values, np.float32)]


def _input_of_ink(spec: PreprocessSpec) -> np.ndarray:
    """float32 (256,), what every value of the ink map becomes."""
    side = 32
    values = np.arange(256, dtype=np.uint8).repeat(side * side // 256).reshape(1, side, side)
    return normalise(values, replace(spec, height=side, width=side)).reshape(256, -1)[:, 0]
