"""What another language must do with a bundle: ``contract.json``, stated from the manifest alone.

The statement has the geometry of the sheet, every step from the sheet to the network's input with its numbers, names
and shapes of the tensors, and the decision rule of every artefact. Golden vectors stand beside it under ``golden``.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from vizecg.spec.decide import DecisionRule
from vizecg.spec.errors import UsageError
from vizecg.spec.labels import Label
from vizecg.spec.manifest import MODEL_INPUT, MODEL_OUTPUT, Artefact, Manifest
from vizecg.spec.preprocess import INK_UNIT, PreprocessSpec
from vizecg.spec.sheet import BLOCK_MM, GAIN_MM_MV, LAYOUT_3X4_R, PAPER_SPEED_MM_S, SheetSpec

CONTRACT, CONTRACT_TEXT = "contract.json", "contract.md"
CONTRACT_SCHEMA = 1
GOLDEN_KEY = "golden"
LABEL_SET_KEY = "label_set"
METADATA_PREFIX = "vizecg."
"""Of the keys in a model file's own metadata."""
LEAST_PAPER = 16
TAP_UNIT = 256
LOGIT_TOLERANCE = {"fp32": 0.02, "fp16": 0.1, "int8": 0.35}
"""How far logits of a golden sheet may be off: its ink map within ``INK_TOLERANCE``, another runtime and processor."""
INK_TOLERANCE = {"largest": 3, "mean": 0.1}
"""Of ink maps, in steps of 255: what an implementation in floating point is off by. Integers as stated give 0, but
where sheet and input are in no whole ratio: there the order of OpenCV's float32 sums decides how a half is rounded."""
PROBABILITY_TOLERANCE = 1e-9
"""Of probabilities from the same logits, in float64."""

STEPS = (
    "luma: L = (9798 R + 19235 G + 3735 B + 16384) >> 15",
    "paper, dilated: D[y][x] = largest L within the square of dilate_side x dilate_side pixels around (x, y), as far as"
    " it lies on the sheet",
    "paper, reduced: A = even(area(D, small_width, small_height))",
    "paper, blurred: G[y][x] = (sum over i, j of taps[i] taps[j] A[y + i - r][x + j - r] + 32768) >> 16, with r ="
    " (number of taps - 1) / 2, where A beyond an edge is A at the edge",
    "paper, enlarged: for column x: u = (x + 0.5) small_width / sheet_width - 0.5, c = floor(u), f = even(2048 (u -"
    " c)); H[k][x] = (2048 - f) G[k][c] + f G[k][c + 1]; for row y: v = (y + 0.5) small_height / sheet_height - 0.5,"
    " k = floor(v), g = even(2048 (v - k));"
    " B[y][x] = (((2048 - g) (H[k][x] >> 4) >> 16) + (g (H[k + 1][x] >> 4) >> 16) + 2) >> 2;"
    " indices of G and H beyond an edge are those of the edge",
    "ink: V = 255 - min(255, even(255 L / max(B, least_paper)))",
    "ink, reduced: I = area(V, width, height), rounded by even, but by floor(mean + 0.5) where both ratios are 2",
    "contrast: c = max(the contrast_percentile-th percentile of I, 255 contrast_floor); the percentile is taken at rank"
    " (n - 1) contrast_percentile / 100 of the n sorted values, linearly between neighbours",
    "ink map, uint8: K = min(255, even(float32(I) float32(ink_unit / c)))",
    "input, float32: X[0][0][y][x] = (K[y][x] / 255 - mean) / std, every operation in float32",
)
FUNCTIONS = (
    "even(x): x rounded to the nearest integer, halves to the even one",
    "area(M, w, h): M reduced to w columns and h rows, each the mean of M over the rectangle that it covers; pixels"
    " that lie partly within it count by that part",
    "a >> b: a divided by 2 to the b, rounded down, after products and before sums; all of L, D, A, G, H, B, V, I"
    " and K are integers",
)
DECISION = (
    "z = scale logit + bias",
    "p = 1 / (1 + exp(-z)), the probability",
    "d = z - ln(threshold / (1 - threshold))",
    "low = 1 / (1 + exp(-(scale (logit - margin) + bias))), high = 1 / (1 + exp(-(scale (logit + margin) + bias)))",
    "decision = undecided if |d| < undecided_margin, else present if low >= threshold, else absent if high < threshold,"
    " else undecided; in JSON null, true and false",
)


def statement(manifest: Manifest) -> dict[str, Any]:
    """The contract of a manifest without its golden vectors; JSON types only.

    Raises:
        UsageError: the network's input is larger than the sheet, which no formula here covers.
    """
    return {
        "schema": CONTRACT_SCHEMA,
        "intended_use": manifest.intended_use,
        "labels": [_label(label) for label in manifest.labels.labels],
        LABEL_SET_KEY: manifest.labels.to_dict(),
        "sheet": _sheet(manifest.sheet),
        "preprocess": _preprocess(manifest.sheet, manifest.preprocess),
        "tensors": {
            "input": {
                "name": MODEL_INPUT, "dtype": "float32", "shape": ["n", *manifest.preprocess.input_shape[1:]],
                "layout": "NCHW, row-major, the upper left pixel first",
            },
            "output": {
                "name": MODEL_OUTPUT, "dtype": "float32", "shape": ["n", len(manifest.labels)],
                "layout": "logits in the order of labels",
            },
        },
        "decision": list(DECISION),
        "default_artefact": manifest.default_artefact,
        "artefacts": [_artefact(artefact) for artefact in manifest.artefacts],
    }  # fmt: skip


def metadata(stated: dict[str, Any], file: str) -> dict[str, str]:
    """What a model file tells of itself: the statement, of artefacts only its own, each value as compact JSON."""
    own = [one for one in stated["artefacts"] if one["file"] == file]
    told = {**stated, "artefacts": own}
    del told["default_artefact"], told[LABEL_SET_KEY]
    return {
        f"{METADATA_PREFIX}{key}": json.dumps(value, sort_keys=True, separators=(",", ":"))
        for key, value in told.items()
    }


def answer(rule: DecisionRule, logits: list[float]) -> dict[str, list[Any]]:
    """Logits (labels,) with the probabilities and decisions that follow, as golden vectors hold them."""
    values = np.array(logits, np.float64)
    return {
        "logits": logits,
        "probabilities": [float(value) for value in rule.probabilities(values)],
        "decisions": list(rule.decide(values)),
    }


def _label(label: Label) -> dict[str, str]:
    return {"name": label.name, "words": label.english} if label.english else {"name": label.name}


def _sheet(sheet: SheetSpec) -> dict[str, Any]:
    return {
        "dtype": "uint8",
        "shape": list(sheet.shape),
        "layout": "RGB, row-major, the upper left pixel first; white where the photograph shows nothing",
        **sheet.to_dict(),
        "block_width_mm": BLOCK_MM,
        "leads": LAYOUT_3X4_R,
        "paper_speed_mm_s": PAPER_SPEED_MM_S,
        "gain_mm_mv": GAIN_MM_MV,
        "convention": "x to the right, y down, from the upper left corner; the centre of the pixel in column i and row"
        " j lies at ((i + 0.5) / px_per_mm, (j + 0.5) / px_per_mm) millimetres; traces begin at block_x_mm, and the"
        " middle between the uppermost and the lowest baseline lies at block_y_mm",
    }


def _preprocess(sheet: SheetSpec, spec: PreprocessSpec) -> dict[str, Any]:
    height, width, _ = sheet.shape
    if spec.height > height or spec.width > width:
        raise UsageError(
            f"the input of {spec.width} x {spec.height} pixels is larger than the sheet of {width} x {height}: it has"
            " no contract for other languages"
        )
    return {
        "functions": list(FUNCTIONS),
        "steps": list(STEPS),
        "numbers": {
            "sheet_width": width,
            "sheet_height": height,
            "dilate_side": max(3, round(spec.paper_mm * sheet.px_per_mm) | 1),
            "small_width": max(1, width // spec.paper_shrink),
            "small_height": max(1, height // spec.paper_shrink),
            "taps": blur_taps(spec.paper_blur_mm * sheet.px_per_mm / spec.paper_shrink),
            "least_paper": LEAST_PAPER,
            "width": spec.width,
            "height": spec.height,
            "contrast_percentile": spec.contrast_percentile,
            "contrast_floor": spec.contrast_floor,
            "ink_unit": INK_UNIT,
            "mean": spec.mean,
            "std": spec.std,
        },
    }


def blur_taps(sigma: float) -> list[int]:
    """OpenCV's Gaussian for pictures of bytes: integers that sum to ``TAP_UNIT``, each carrying the last one's rest."""
    size = round(6 * sigma + 1) | 1
    half = size // 2
    weights = [math.exp(-((place - half) ** 2) / (2 * sigma * sigma)) for place in range(size)]
    total, rest, taps = sum(weights), 0.0, []
    for weight in weights[:half]:
        exact = weight / total * TAP_UNIT + rest
        taps.append(round(exact))
        rest = exact - taps[-1]
    return [*taps, TAP_UNIT - 2 * sum(taps), *reversed(taps)]


def _artefact(artefact: Artefact) -> dict[str, Any]:
    return {
        "name": artefact.name,
        "file": artefact.file,
        "target": artefact.target,
        "precision": artefact.precision,
        "machine": artefact.machine,
        "calibrated": artefact.calibrated,
        **json.loads(json.dumps(artefact.decision.to_dict())),
    }
