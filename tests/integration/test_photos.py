"""Rectification of real photographs. Skipped where they are absent: they are not part of the repository."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from vizecg.spec import InputRefusedError, SheetSpec
from vizecg_edge.judge.quality import assess
from vizecg_edge.sheet import Rectified, rectify

pytestmark = pytest.mark.integration

SPEC = SheetSpec()
OTHER_LAYOUTS = {"eik_ecg00005": "6x1", "jmao_test2": "12x1", "jmao_test3": "6x2"}


def photos(shared_dir: Path, *folders: str) -> list[Path]:
    root = shared_dir / "data" / "photos"
    found = [path for folder in folders for path in sorted((root / folder).glob("*.jpg"))]
    if not found:
        pytest.skip(f"no photographs under {root}; set VIZECG_SHARED to the folder that holds data/photos")
    return found


def read(path: Path) -> np.ndarray:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    assert image is not None, path
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def answer(path: Path) -> Rectified | str:
    """The rectified sheet, or the reason for the refusal."""
    try:
        result = rectify(read(path), SPEC)
        assess(result)
        return result
    except InputRefusedError as error:
        return error.reason


def test_printed_ptbxl_records_are_rectified(shared_dir: Path) -> None:
    results = {path.stem: answer(path) for path in photos(shared_dir, "paper2pulse", "ptbxl_scans")}
    good = {name: result for name, result in results.items() if isinstance(result, Rectified)}
    assert len(good) >= 20, {name: result for name, result in results.items() if name not in good}
    for name, result in good.items():
        # All were printed by one program with rows at the same places.
        assert np.allclose(np.diff(result.rows_mm), [36, 36, 33.3], atol=2.0), name
        assert result.bend_residual_mm < 0.5, name
        assert abs(separators_mm(result) - (SPEC.block_x_mm + 62.5)) < 2.0, name


def separators_mm(result: Rectified) -> float:
    """Where the thick bar between the first two leads stands on the sheet, millimetres."""
    ink = 255 - result.sheet.max(axis=2).astype(np.float32)
    low, high = round((SPEC.block_x_mm + 56) * 4), round((SPEC.block_x_mm + 69) * 4)
    profile = np.zeros(high - low)
    for baseline in result.rows_mm[:3]:
        top = round((baseline - 3) * 4)
        part = ink[top : top + 24, low:high]
        # Local contrast: shadows and grid lines are broader or longer than the bar.
        profile += np.clip(part - np.median(part, axis=1, keepdims=True), 0, 60).mean(axis=0)
    smooth = np.convolve(profile, np.ones(5) / 5, mode="same")
    return float(low + np.argmax(smooth) + 0.5) / 4


def test_other_printouts_are_rectified_or_refused(shared_dir: Path) -> None:
    results = {path.stem: answer(path) for path in photos(shared_dir, "unlabelled")}
    for name, layout in OTHER_LAYOUTS.items():
        result = results.get(name)
        assert not isinstance(result, Rectified) or result.layout.name == layout, name
    rest = [result for name, result in results.items() if name not in OTHER_LAYOUTS]
    assert sum(isinstance(result, Rectified) for result in rest) >= len(rest) - 2


def test_a_sheet_on_its_head_is_turned(shared_dir: Path) -> None:
    path = photos(shared_dir, "paper2pulse")[0]
    upright = rectify(read(path), SPEC)
    turned = rectify(np.rot90(read(path), 2).copy(), SPEC)
    assert abs(abs(turned.rotation_deg - upright.rotation_deg) - 180) < 1
    assert np.allclose(turned.rows_mm, upright.rows_mm, atol=1.0)
