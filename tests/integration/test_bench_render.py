"""``python -m vizecg_lab render`` with tiny counts, and what it says where ecg_plot 0.2.8 is missing."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from vizecg.spec import MissingToolError
from vizecg_lab.render.command import NEW_MATPLOTLIB, NEW_PNG, PAPER, PHOTO, SHEET, measure_render
from vizecg_lab.render.reference import Reference

pytestmark = pytest.mark.integration


def test_rates_and_targets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("ecg_plot", reason="ecg-plot is not installed: pip install '.[train,bench]'")
    out = tmp_path / "render.json"
    measure_render(rounds=1, pages=2, out=out)
    assert "without --ecg-plot-028" in capsys.readouterr().out
    figures = json.loads(out.read_text())
    assert figures["kind"] == "render"
    assert {PAPER, SHEET, PHOTO, NEW_PNG, NEW_MATPLOTLIB} <= set(figures["contenders"])
    assert all(row["images_per_s_per_core"] > 0 for row in figures["contenders"].values())
    # Far from what a quiet machine measures, and far from what a slip in the drawing would cost.
    ratio = figures["contenders"][NEW_PNG]["cpu_ms"] / figures["contenders"][PAPER]["cpu_ms"]
    assert ratio > 30
    assert [row["wanted"] for row in figures["targets"]] == [100, 300, 80]


def test_a_python_that_does_not_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingToolError, match="does not run"):
        Reference(tmp_path / "python")


def test_a_python_without_028_is_refused() -> None:
    pytest.importorskip("ecg_plot", reason="ecg-plot is not installed: pip install '.[train,bench]'")
    with pytest.raises(MissingToolError, match=r"needs ecg_plot 0\.2\.8 and has 0\.[3-9]"):
        Reference(Path(sys.executable))
