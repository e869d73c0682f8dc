"""``vizecg-bench run`` on the shipped bundle: workers, turns, the result, and what goes wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from children import CHILD_LIMIT_S
from vizecg.spec import BundleError
from vizecg.spec.golden import GoldenSheets, read_golden
from vizecg.spec.manifest import Bundle, open_bundle
from vizecg_bench.run import machine
from vizecg_bench.run.contenders import ContenderSpec, Engine, Role
from vizecg_bench.run.measure import started, sustain, take_turns
from vizecg_bench.run.process import WorkerProcess
from vizecg_bench.run.protocol import PROTOCOLS, ProtocolName
from vizecg_bench.run.schema import Result
from vizecg_edge.pipeline import DEFAULT_BUNDLE
from warm_start import run_command

pytestmark = pytest.mark.integration

SHORT = PROTOCOLS[ProtocolName.QUICK].model_copy(update={"least_runs": 12, "burst": 4, "warm_up_runs": 2})
QUIET = Console(quiet=True)


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return open_bundle(DEFAULT_BUNDLE)


@pytest.fixture(scope="module")
def golden(bundle: Bundle) -> GoldenSheets:
    return read_golden(bundle)


@pytest.fixture
def onnx(bundle: Bundle) -> ContenderSpec:
    """The shipped file in ONNX Runtime on one thread."""
    specs, _ = machine.bundle_contenders(bundle, role=Role.ARTEFACT)
    spec = next(spec for spec in specs if spec.engine is Engine.ONNX)
    return replace(spec, threads=1)


def test_contenders_take_turns_until_all_have_enough(onnx: ContenderSpec, golden: GoldenSheets) -> None:
    slowed = replace(onnx, name="slowed", handicap_ms=20.0)
    probes: list[int] = []
    with started([onnx, slowed], protocol=SHORT, golden=golden, console=QUIET) as (runs, left_out):
        assert not left_out
        failed = take_turns(runs, protocol=SHORT, between=lambda: probes.append(0), console=QUIET)
        memory = runs[0].worker.peak_memory_mib()
    assert not failed
    plain, other = runs
    assert plain.count == other.count == SHORT.least_runs
    assert len(probes) == len(plain.turns) == SHORT.least_runs // SHORT.burst
    assert np.median(other.turns) > np.median(plain.turns) + 15
    assert plain.start.process_to_answer > plain.start.load > 0
    assert 40 < memory < 1000


def test_an_engine_with_other_answers_is_not_timed(onnx: ContenderSpec, golden: GoldenSheets) -> None:
    other = replace(golden, logits=np.roll(golden.logits, 1, axis=1))
    with started([onnx], protocol=SHORT, golden=other, console=QUIET) as (runs, left_out):
        assert not runs
    assert "leaves the float network" in left_out[0].why


def test_a_file_that_does_not_load_is_left_out_with_its_reason(
    onnx: ContenderSpec, golden: GoldenSheets, tmp_path: Path
) -> None:
    absent = replace(onnx, name="absent", source=tmp_path / "none.vizecg")
    with started([absent, onnx], protocol=SHORT, golden=golden, console=QUIET) as (runs, left_out):
        assert [one.spec.name for one in runs] == [onnx.name]
    assert left_out[0].name == "absent x1"
    assert "is not a bundle" in left_out[0].why


def test_a_worker_that_dies_in_the_run_takes_only_its_own_figures(onnx: ContenderSpec, golden: GoldenSheets) -> None:
    with started([onnx, replace(onnx, name="dying")], protocol=SHORT, golden=golden, console=QUIET) as (runs, _):
        dying = runs[1].worker
        dying._process.kill()
        failed = take_turns(runs, protocol=SHORT, between=lambda: None, console=QUIET)
        assert [one.spec.name for one in runs] == [onnx.name]
        assert runs[0].count == SHORT.least_runs
    assert failed[0].name == "dying x1"
    assert "signal 9" in failed[0].why


def test_a_worker_holds_nothing_but_its_engine() -> None:
    """What it imports besides would be in every contender's memory and start."""
    code = (
        "import sys; import vizecg_bench.run.worker; "
        "print(*sys.modules.keys() & {'pydantic', 'rich', 'scipy', 'cv2', 'torch', 'onnxruntime'})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=CHILD_LIMIT_S
    )
    assert done.stdout.split() == []


def test_a_closed_worker_says_so(onnx: ContenderSpec, golden: GoldenSheets) -> None:
    with WorkerProcess(onnx, golden.images) as worker:
        assert worker.logits(golden.images[:1]).shape == (6,)
    with pytest.raises(BundleError, match="closed"):
        worker.run(1)


def test_the_sustained_run_is_cut_into_stretches(onnx: ContenderSpec, golden: GoldenSheets) -> None:
    with started([onnx], protocol=SHORT, golden=golden, console=QUIET) as (runs, _):
        found = sustain(runs[0], seconds=0.3, reading=lambda: (41.0, None), console=QUIET)
    assert found.seconds >= 0.3
    assert found.points[0].temperature == 41.0
    assert sum(point.runs for point in found.points) >= 16


def test_the_command_writes_a_result_that_it_does_not_call_valid(tmp_path: Path) -> None:
    out, page = tmp_path / "result.json", tmp_path / "result.html"
    done = _bench("run", "--no-references", "--contender", "onnx-int8", "--threads", "1",
                  "--figures", str(out), "--html", str(page))  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = Result.from_json(out.read_text(), name="result")
    raw = json.loads(out.read_text())
    assert raw["isValid"] is False
    assert any("development" in reason for reason in raw["invalid_because"])
    (one,) = result.contenders
    assert one.key == "onnx-int8 x1"
    assert one.latency.runs >= 64
    assert one.file_bytes == one_file_size()
    assert result.environment.cores >= 1
    assert {"onnxruntime", "numpy", "vizecg"} <= set(result.environment.versions)
    assert "onnx-int8" in done.stdout
    assert "<html" in page.read_text()


def test_an_unknown_contender_is_named_with_those_that_there_are() -> None:
    done = _bench("run", "--no-references", "--contender", "onnx-int9")
    assert done.returncode == 2
    assert "onnx-int8" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_device_is_refused() -> None:
    done = _bench("run", "--device", "toaster")
    assert done.returncode == 2
    assert "toaster" in done.stderr


def one_file_size() -> int:
    bundle = open_bundle(DEFAULT_BUNDLE)
    return bundle.file(bundle.manifest.artefact("onnx-int8").file).stat().st_size


def _bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return run_command("vizecg_bench.cli", *arguments)
