"""Gradients do not depend on the memory layout, on any x86: those of the shipped recipes, and of every peer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from children import CHILD_LIMIT_S
from small_peers import needs_torchvision
from tolerances import tolerance

pytestmark = [pytest.mark.parity, needs_torchvision]

PROGRAM = Path(__file__).resolve().parents[1] / "layout_gradients.py"


@pytest.mark.parametrize("limit", ["AVX2", "DEFAULT"])
def test_gradients_are_those_of_float64_in_both_layouts(limit: str) -> None:
    environment = {**os.environ, "ONEDNN_MAX_CPU_ISA": limit, "OMP_NUM_THREADS": "1"}
    if limit == "AVX2":
        environment["ATEN_CPU_CAPABILITY"] = "avx2"
    done = subprocess.run(
        [sys.executable, str(PROGRAM)], capture_output=True, text=True, check=False, timeout=CHILD_LIMIT_S,
        env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert {"vizecgnet small", "vizecgnet paper", "vizecgnet full", "mhm small", "mobilenet_v3 paper"} <= set(rows)
    for name, row in rows.items():
        assert row["endangered"] == [], name
        assert row["ordinary"] <= tolerance("layout-gradient"), name
        assert row["chosen"] <= tolerance("layout-gradient"), name
    assert rows["vizecgnet small"]["layout"] == "channels_last"
