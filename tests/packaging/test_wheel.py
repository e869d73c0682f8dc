"""The wheel as users get it: what it holds, and that its base dependencies make the edge run without torch."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from fnmatch import fnmatch
from pathlib import Path

import cv2
import numpy as np
import pytest

from interpreters import find_interpreter
from made_once import made_once

# A clean environment installs every package.
pytestmark = [pytest.mark.packaging, pytest.mark.timeout(1800)]

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {
    "vizecg": ROOT / "vizecg",
    "vizecg_export": ROOT / "export" / "vizecg_export",
    "vizecg_edge": ROOT / "edge_runtime" / "vizecg_edge",
    "vizecg_bench": ROOT / "benchmarks" / "vizecg_bench",
}
LAB = ROOT / "benchmarks" / "vizecg_lab"
"""What only the checkout has."""
BUNDLES = PACKAGES["vizecg_edge"] / "bundles"
DATA = (
    "*/py.typed", "vizecg_edge/bundles/*", "vizecg_edge/printed/letters.npz", "vizecg_edge/printed/page.onnx",
    "vizecg/spec/usual_beats.npz",
    "vizecg_export/weights/default.ckpt", "vizecg-*.dist-info/*",
)  # fmt: skip
"""All of the wheel that is no module."""
STRAYS = ("export/vizecg_export/weights/last.ckpt", "vizecg/metrics.csv", "benchmarks/vizecg_bench/old.ecgpack")
FOREIGN = re.compile(r"(^|[/_])(lab|tests|fuzz(ing)?|stud(y|ies)|not_ecg|conv_layouts|setup)([/_.]|$)")
"""In a module's name: what a device has no use for."""
MOST_BYTES = 20 * 2**20
"""Of the wheel: 7 MiB are the image stream that the exporter starts from, 11 MiB the shipped bundle, the rest code."""
TRAINING_STATE = re.compile(rb"optimi[sz]er_state|exp_avg|momentum_buffer|lr_schedulers|loops")
"""In the pickle of a checkpoint: what only a training that goes on needs."""
VERSIONS = ("3.10", "3.11", "3.12", "3.13")
DONT_COPY = shutil.ignore_patterns("__pycache__", "*.pyc", "*.egg-info", ".*_cache")


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run away from the checkout and without its PYTHONPATH, so that only what is installed can be imported."""
    left_out = ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE")
    environment = {key: value for key, value in os.environ.items() if key not in left_out}
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )


def run_ok(*command: str | Path, cwd: Path) -> str:
    done = run(*command, cwd=cwd)
    assert done.returncode == 0, f"{' '.join(map(str, command))} -> {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy: setuptools leaves a build folder, and puts what lies in an old one into the wheel."""

    def build(made: Path) -> None:
        source, out = made / "source", made / "dist"
        source.mkdir()
        out.mkdir()
        for name in ("pyproject.toml", "setup.py", "LICENSE", "README.md"):
            if (ROOT / name).exists():
                shutil.copy(ROOT / name, source / name)
        for folder in (*PACKAGES.values(), LAB):
            shutil.copytree(folder, source / folder.relative_to(ROOT), ignore=DONT_COPY)
        for name in STRAYS:
            (source / name).write_text("what lies about in a checkout")
        run_ok(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, source, cwd=out)

    (built,) = (made_once(tmp_path_factory, "wheel", build) / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="session")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if not name.endswith("/")}


def test_only_our_packages_are_at_the_top(names: set[str]) -> None:
    top = {name.split("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == set(PACKAGES)


def test_every_module_is_inside(names: set[str]) -> None:
    for package, folder in PACKAGES.items():
        for path in folder.rglob("*.py"):
            name = f"{package}/{path.relative_to(folder).as_posix()}"
            assert name in names, f"{name} is not in the wheel: does its folder lack an __init__.py?"
        assert f"{package}/py.typed" in names


def test_what_a_device_has_no_use_for_is_not_inside(names: set[str]) -> None:
    assert "vizecg_edge/bundles/default.sha256" in names, "the fingerprint that is pinned"
    modules = {name for name in names if name.endswith(".py")}
    assert not [name for name in modules if FOREIGN.search(name)]
    assert not [name for name in names - modules if not any(fnmatch(name, pattern) for pattern in DATA)]


def test_weights_come_without_a_training_state(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        checkpoints = [name for name in archive.namelist() if name.endswith((".ckpt", ".pt", ".pth"))]
        assert checkpoints
        for name in checkpoints:
            with zipfile.ZipFile(io.BytesIO(archive.read(name))) as parts:
                (pickled,) = (part for part in parts.namelist() if part.endswith("/data.pkl"))
                assert not TRAINING_STATE.search(parts.read(pickled)), f"{name} could be trained on"


def test_size(wheel: Path) -> None:
    size = wheel.stat().st_size
    assert size <= MOST_BYTES, f"{size / 2**20:.1f} MiB"


def test_the_checkout_has_its_studies(tmp_path: Path) -> None:
    """The editable installation that runs the tests knows the package that the wheel leaves out."""
    told = run_ok(sys.executable, "-m", "vizecg_lab", "-h", cwd=tmp_path)
    assert all(verb in told for verb in ("table1", "fuzz", "gpu-run", "rectify"))


def test_every_bundle_file_is_inside(names: set[str]) -> None:
    wanted = [path for path in BUNDLES.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert wanted, "edge_runtime/vizecg_edge/bundles is empty: no bundle is shipped"
    for path in wanted:
        assert f"vizecg_edge/bundles/{path.relative_to(BUNDLES).as_posix()}" in names
    for weights in ("letters.npz", "page.onnx"):
        assert f"vizecg_edge/printed/{weights}" in names, "the reader of printed text has no weights"


def test_licence_and_commands(wheel: Path, names: set[str]) -> None:
    (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
    (commands,) = (name for name in names if name.endswith(".dist-info/entry_points.txt"))
    with zipfile.ZipFile(wheel) as archive:
        assert "License-Expression: Apache-2.0" in archive.read(metadata).decode()
        listed = archive.read(commands).decode()
    for command in ("vizecg = ", "vizecg-export = ", "vizecg-edge = ", "vizecg-bench = "):
        assert f"\n{command}" in listed
    assert any(name.endswith("licenses/LICENSE") for name in names)


@pytest.fixture(scope="session", params=VERSIONS)
def clean_python(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """The Python of a new environment that holds the wheel and its base dependencies only."""
    version = request.param
    found = find_interpreter(version)
    if found is None:
        pytest.skip(f"no working Python {version} on this machine (searched PATH, pyenv, /usr/local/bin, /usr/bin)")

    def install(folder: Path) -> None:
        # The pip of the tests works in the other Python: a pip of its own would take longer to come there than the
        # wheel. Nor is every module of every package compiled, but those that are imported, when they are.
        run_ok(found, "-m", "venv", "--without-pip", folder / "env", cwd=folder)
        pip = (sys.executable, "-m", "pip", "--python", folder / "env" / "bin" / "python")
        run_ok(*pip, "install", "--quiet", "--no-compile", wheel, cwd=folder)
        run_ok(*pip, "check", cwd=folder)

    return made_once(tmp_path_factory, f"python{version}", install) / "env" / "bin" / "python"


IMPORTS_WITHOUT_TORCH = """
import importlib.util, sys
import vizecg, vizecg.spec, vizecg_edge
assert "torch" not in sys.modules, "torch was imported"
assert importlib.util.find_spec("torch") is None, "the base dependencies brought torch"
assert "site-packages" in vizecg_edge.__file__, vizecg_edge.__file__
assert vizecg_edge.Reader().read(b"no picture").reasons == ("unreadable",)
assert "torch" not in sys.modules, "Reader imported torch"
print(vizecg.__version__)
"""


def test_edge_imports_without_torch(clean_python: Path, tmp_path: Path, wheel: Path) -> None:
    version = run_ok(clean_python, "-c", IMPORTS_WITHOUT_TORCH, cwd=tmp_path).strip()
    assert wheel.name.startswith(f"vizecg-{version}-")


@pytest.mark.parametrize("command", ["vizecg", "vizecg-export", "vizecg-edge", "vizecg-bench"])
def test_help(clean_python: Path, tmp_path: Path, command: str) -> None:
    """Every command explains itself where only the base dependencies are installed."""
    assert "Usage" in run_ok(clean_python.with_name(command), "--help", cwd=tmp_path)


def photograph(path: Path) -> None:
    """A pink grid with waves on it, a little turned: it looks like a printout, and is no ECG."""
    page = np.full((900, 1200, 3), 255, np.uint8)
    for step, colour in ((10, (225, 225, 255)), (50, (170, 170, 255))):
        for x in range(0, 1200, step):
            cv2.line(page, (x, 0), (x, 899), colour, 1)
        for y in range(0, 900, step):
            cv2.line(page, (0, y), (1199, y), colour, 1)
    x = np.arange(50, 1150)
    for row in range(3):
        y = 200 + 250 * row - 90 * np.exp(-((((x - 50) % 180) - 90) ** 2) / 18.0)
        cv2.polylines(page, [np.stack([x, y], 1).round().astype(np.int32)], False, (20, 20, 20), 2)
    turn = cv2.getRotationMatrix2D((600, 450), 2.0, 0.9)
    cv2.imwrite(str(path), cv2.warpAffine(page, turn, (1200, 900), borderValue=(90, 100, 110)))


def test_edge_answers_or_refuses(clean_python: Path, tmp_path: Path) -> None:
    photograph(tmp_path / "photo.png")
    edge = clean_python.with_name("vizecg-edge")
    done = run(edge, "run", "--image", tmp_path / "photo.png", "--json", cwd=tmp_path)
    assert done.returncode in (0, 7), f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    answer = json.loads(done.stdout)
    assert isinstance(answer, dict)
    assert answer


@pytest.mark.parametrize(
    ("command", "arguments", "install"),
    [
        ("vizecg-export", ["--target", "onnx"], "'onnx>=1.20'"),
        ("vizecg-export", ["--target", "executorch"], "'executorch==1.5.*'"),
        ("vizecg-export", ["--target", "tensorrt"], "'onnx>=1.20'"),
        ("vizecg-export", ["verify", "BUNDLE"], "'onnx>=1.20'"),
        ("vizecg", ["train", "--out", "x", "--data", "synthetic"], "'torch>=2.11'"),
        ("vizecg-edge", ["run", "--camera", "0", "--report", "r.pdf"], "'fpdf2>=2.8'"),
    ],
)
def test_a_missing_extra_is_one_line(
    clean_python: Path, tmp_path: Path, command: str, arguments: list[str], install: str
) -> None:
    arguments = [str(BUNDLES / "default") if one == "BUNDLE" else one for one in arguments]
    done = run(clean_python.with_name(command), *arguments, cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (3, 1), done.stderr
    assert install in done.stderr


def test_the_doctor_needs_no_extra(clean_python: Path, tmp_path: Path) -> None:
    told = json.loads(run_ok(clean_python.with_name("vizecg-export"), "doctor", "--json", cwd=tmp_path))
    assert not any(finding["works"] for finding in told["findings"])
