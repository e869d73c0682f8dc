"""The rule of conftest.py: one tier for every test, or nothing is run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tolerances import TOLERANCES, tolerance

pytestmark = pytest.mark.integration

CONFTEST = Path(__file__).resolve().parents[1] / "conftest.py"
INI = "[pytest]\nmarkers =\n  unit: .\n  parity: .\n"


def run_pytest(folder: Path, source: str, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "conftest.py").write_text(CONFTEST.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "pytest.ini").write_text(INI, encoding="utf-8")
    (folder / "test_it.py").write_text(source, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, str(folder)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("options", [(), ("-m", "unit")])
def test_a_test_without_a_tier_stops_the_run(tmp_path: Path, options: tuple[str, ...]) -> None:
    done = run_pytest(tmp_path, "def test_a():\n    pass\n", *options)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "test_it.py::test_a: none" in done.stdout + done.stderr


def test_two_tiers_stop_the_run(tmp_path: Path) -> None:
    source = "import pytest\n@pytest.mark.unit\n@pytest.mark.parity\ndef test_a():\n    pass\n"
    done = run_pytest(tmp_path, source)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "test_it.py::test_a: parity and unit" in done.stdout + done.stderr


def test_one_tier_runs(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, "import pytest\n@pytest.mark.unit\ndef test_a():\n    pass\n")
    assert done.returncode == pytest.ExitCode.OK, done.stdout + done.stderr


def test_every_tolerance_has_a_reason() -> None:
    assert all(row.value >= 0 and len(row.why) > 10 for row in TOLERANCES.values())


def test_an_unknown_tolerance_names_the_known_ones() -> None:
    with pytest.raises(KeyError, match="f32-reorder"):
        tolerance("no such row")
