"""``vizecg-edge doctor`` on this machine, on one with little installed, and on files of a board."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from edge_bundles import artefact, make_bundle
from engine_stand_in import StandInCudart, StandInTensorRT
from vizecg_edge.doctor import findings as doctor
from vizecg_edge.doctor.device import read_device
from vizecg_edge.doctor.gpu import engine_findings
from vizecg_edge.engine.builder import Workshop, build
from vizecg_edge.engine.cuda import Cuda
from vizecg_edge.engine.environment import read_environment
from vizecg_edge.engine.generations import LIBRARY, generation

pytestmark = pytest.mark.integration


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, "doctor", "--json"],
        capture_output=True, text=True, check=False, timeout=60, env={**os.environ, **environment},
    )  # fmt: skip


def test_every_lack_comes_with_what_adds_it(tmp_path: Path) -> None:
    done = run("from vizecg_edge.cli import main; main()", VIZECG_RUNNER=str(tmp_path), VIZECG_ENGINES=str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    found = {finding["what"]: finding for finding in told["findings"]}
    assert {"--backend onnx", "--backend tensorrt", "--backend executorch", "the shipped bundle"} <= set(found)
    assert found["--backend onnx"]["works"]
    assert found["the shipped bundle"]["works"]
    assert "runner/build.sh" in found["--backend executorch"]["add"]
    assert found["read and rectify photographs"]["found"].startswith("OpenCV ")
    assert told["device"]["cores"] == len(os.sched_getaffinity(0))
    assert told["device"]["memory_mib"] > 100
    assert all(lack["name"] and lack["follows"] for lack in told["device"]["lacks"])
    for finding in told["findings"]:
        assert not (finding["works"] and finding["add"]), finding


def test_it_tells_of_what_does_not_load_and_needs_no_training_extras() -> None:
    absent = ("cv2", "onnxruntime", "torch", "executorch", "h5py", "wfdb")
    code = (
        f"import sys; sys.modules.update({{name: None for name in {absent}}}); from vizecg_edge.cli import main; main()"
    )
    done = run(code)
    assert (done.returncode, done.stderr) == (0, "")
    found = {finding["what"]: finding for finding in json.loads(done.stdout)["findings"]}
    assert found["read and rectify photographs"]["add"] == "pip install opencv-python"
    assert found["--backend onnx"]["add"] == "pip install onnxruntime"


def test_people_get_a_table() -> None:
    command = [sys.executable, "-m", "vizecg_edge.cli", "doctor"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert "to add it" in done.stdout
    assert "[tensorrt]'" in done.stdout or "TensorRT 1" in done.stdout


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_a_board_is_read_from_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    files = {
        "proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.0\0",
        "proc/cpuinfo": "processor\t: 0\nFeatures\t: fp asimd asimdhp asimddp\n\nModel\t\t: Raspberry Pi 5\n",
        "proc/meminfo": "MemTotal:        8245696 kB\nMemFree: 1 kB\n",
        "etc/os-release": 'NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
        "dev/video0": "", "dev/video10": "", "dev/video2": "",
        "sys/class/video4linux/video0/name": "HD Webcam\n",
    }  # fmt: skip
    write(tmp_path, files)
    device = read_device(tmp_path)
    assert device.board == "Raspberry Pi 5 Model B Rev 1.0"
    assert device.instructions == ("asimd", "asimdhp", "asimddp")
    assert [lack.name for lack in device.lacks] == ["matrix products of int8 (i8mm)", "bf16"]
    assert device.memory_mib == 8052
    assert device.system.startswith("Debian GNU/Linux 12 (bookworm), Linux ")
    assert [(Path(camera.path).name, camera.name) for camera in device.cameras] == [
        ("video0", "HD Webcam"), ("video2", "unnamed"), ("video10", "unnamed"),
    ]  # fmt: skip
    assert all(camera.usable for camera in device.cameras)
    nothing = read_device(tmp_path / "nothing")
    assert (nothing.board, nothing.cpu, nothing.memory_mib, nothing.cameras) == (None, None, 0, ())


def test_engines_are_told_apart_by_whether_they_fit(tmp_path: Path) -> None:
    cudart = StandInCudart()
    trt, device = StandInTensorRT(), Cuda(library=cudart)
    row = generation(LIBRARY, trt.__version__, jetson=True)
    shop = Workshop(trt=trt, cuda=device, row=row, environment=read_environment(trt, device))
    typed = artefact("trt", target="tensorrt")
    built = build(make_bundle(tmp_path / "b.vizecg", typed), typed, workshop=shop, folder=tmp_path / "e")
    (finding,) = engine_findings(tmp_path / "e", shop)
    assert (finding.works, finding.found, finding.add) == (True, "fits; trt of bundle tiny", "")
    (finding,) = engine_findings(tmp_path / "e", None)
    assert (finding.works, finding.found) == (False, "TensorRT and its GPU are not there")
    cudart.gpu = "Xavier"
    moved = Workshop(trt=trt, cuda=device, row=row, environment=read_environment(trt, device))
    (finding,) = engine_findings(tmp_path / "e", moved)
    assert (finding.works, finding.found) == (False, "GPU Orin, now Xavier")
    assert finding.add == "vizecg-edge build BUNDLE --artefact trt"
    built.path.write_bytes(b"other")
    (finding,) = engine_findings(tmp_path / "e", shop)
    assert "its bytes were changed" in finding.found
    built.path.with_suffix(".json").write_text("{")
    (finding,) = engine_findings(tmp_path / "e", shop)
    assert finding.found == "its record cannot be read"
    (finding,) = engine_findings(tmp_path / "empty", shop)
    assert (finding.works, finding.add) == (False, "vizecg-edge build BUNDLE")


def test_opencvs_report_is_read_line_by_line(monkeypatch: pytest.MonkeyPatch) -> None:
    import cv2

    lines = ("Video I/O:", "FFMPEG:   YES", "  avcodec:  YES (60.3.100)", "GStreamer:  YES (1.20.3)", "v4l/v4l2:  NO")
    report = "\n".join(f"    {line}" for line in lines)
    monkeypatch.setattr(cv2, "getBuildInformation", lambda: report)
    found = {finding.what: finding for finding in doctor.findings()}
    assert found["CSI cameras and streams (GStreamer)"].works
    assert not found["USB cameras (V4L2)"].works
    assert found["video files"].found == "FFmpeg yes, codecs libavcodec 60.3.100"
