"""What this device can do with a bundle, and the exact command that adds each thing it cannot."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
from collections.abc import Callable

from vizecg.spec import VizecgError
from vizecg.spec.finding import Finding
from vizecg.spec.install import pip_install

OPENCV_LIBRARIES = "sudo apt-get install libgl1 libglib2.0-0 (or pip install opencv-python-headless in its place)"
OPENCV_GSTREAMER = "sudo apt-get install python3-opencv, in a venv made with python3 -m venv --system-site-packages"


def findings() -> list[Finding]:
    """All of them. None of it raises: what does not load is a finding."""
    checks: list[Callable[[], list[Finding]]] = [
        _opencv, _onnxruntime, _tensorrt, _runner, _executorch, _formats, _bundle,
    ]  # fmt: skip
    return [finding for check in checks for finding in _guarded(check)]


def _guarded(check: Callable[[], list[Finding]]) -> list[Finding]:
    try:
        return check()
    # Half-installed libraries raise what they like; a doctor has to tell of them.
    except Exception as error:
        return [Finding(what=check.__name__.strip("_"), works=False, found=_line(error))]


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def version(package: str) -> str | None:
    """Of an installed package."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _opencv() -> list[Finding]:
    try:
        import cv2
    except ImportError as error:
        absent = isinstance(error, ModuleNotFoundError)
        add = "pip install opencv-python" if absent else OPENCV_LIBRARIES
        return [Finding(what="read and rectify photographs", works=False, found=_line(error), add=add)]
    built = cv2.getBuildInformation()
    has = {name: _built_with(built, name) for name in ("FFMPEG", "GStreamer", "v4l/v4l2")}
    gstreamer, v4l = has["GStreamer"], has["v4l/v4l2"]
    jpeg = _built_with(built, "JPEG")
    return [
        Finding(what="read and rectify photographs", works=True, found=f"OpenCV {cv2.__version__}, JPEG {_word(jpeg)}"),
        Finding(
            what="USB cameras (V4L2)",
            works=v4l,
            found=f"V4L2 {_word(v4l)}",
            add="" if v4l else "pip install --force-reinstall opencv-python",
        ),
        Finding(
            what="CSI cameras and streams (GStreamer)",
            works=gstreamer,
            found=f"GStreamer {_word(gstreamer)}",
            add="" if gstreamer else OPENCV_GSTREAMER,
        ),
        Finding(
            what="video files",
            works=has["FFMPEG"] or gstreamer,
            found=f"FFmpeg {_word(has['FFMPEG'])}, codecs {_codecs(built)}",
            add="" if has["FFMPEG"] or gstreamer else "pip install --force-reinstall opencv-python",
        ),
    ]


def _built_with(built: str, name: str) -> bool:
    line = re.search(rf"^\s*{re.escape(name)}:\s*(\S+)", built, re.MULTILINE)
    return line is not None and line[1] != "NO"


def _codecs(built: str) -> str:
    version = re.search(r"^\s*avcodec:\s*YES \(([\d.]+)\)", built, re.MULTILINE)
    return f"libavcodec {version[1]}" if version else "-"


def _word(there: bool) -> str:
    return "yes" if there else "no"


def _onnxruntime() -> list[Finding]:
    try:
        import onnxruntime
    except ImportError as error:
        return [Finding(what="--backend onnx", works=False, found=_line(error), add="pip install onnxruntime")]

    from vizecg_edge.backends.onnx import Provider, install_command

    providers = set(onnxruntime.get_available_providers())
    told = ", ".join(sorted(name.removesuffix("ExecutionProvider") for name in providers))
    names = {
        Provider.CPU: "--backend onnx",
        Provider.CUDA: "--backend onnx-cuda",
        Provider.TENSORRT: "--backend onnx-tensorrt",
    }
    findings = []
    for provider, name in names.items():
        there = provider.value in providers
        findings.append(
            Finding(
                what=name,
                works=there,
                found=f"onnxruntime {onnxruntime.__version__}: {told}",
                add="" if there else install_command(provider),
            )
        )
    return findings


def _tensorrt() -> list[Finding]:
    from vizecg_edge.doctor.gpu import tensorrt_findings

    return tensorrt_findings()


def _runner() -> list[Finding]:
    from vizecg_edge.backends.runner import find_runner

    try:
        return [Finding(what="--backend executorch", works=True, found=str(find_runner()))]
    except VizecgError as error:
        add = "sh edge_runtime/runner/build.sh && export VIZECG_RUNNER=..."
        return [Finding(what="--backend executorch", works=False, found=str(error).split(":")[0], add=add)]


def _executorch() -> list[Finding]:
    missing = [name for name in ("executorch", "torch") if importlib.util.find_spec(name) is None]
    return [
        Finding(
            what="--backend executorch-python",
            works=not missing,
            found=", ".join(f"{name} {version(name) or '-'}" for name in ("executorch", "torch")),
            add=pip_install("executorch") if missing else "",
        )
    ]


def _formats() -> list[Finding]:
    wanted = {
        "HEIC photographs": ("pillow_heif", "pillow-heif", "heic"),
        "PDF files": ("pypdfium2", "pypdfium2", "pdf"),
        "reports in PDF": ("fpdf", "fpdf2", "pdf"),
    }
    findings = []
    for what, (module, package, extra) in wanted.items():
        there = importlib.util.find_spec(module) is not None
        told = f"{package} {version(package) or '-'}"
        findings.append(Finding(what=what, works=there, found=told, add="" if there else pip_install(extra)))
    return findings


def _bundle() -> list[Finding]:
    from vizecg.spec.manifest import open_bundle
    from vizecg_edge.shipped import DEFAULT_BUNDLE
    from vizecg_edge.vouch.origin import vouch

    what = "the shipped bundle"
    try:
        opened = open_bundle(DEFAULT_BUNDLE)
        vouch(opened)
    except VizecgError as error:
        return [Finding(what=what, works=False, found=str(error), add=f"{pip_install()} --force-reinstall")]
    names = ", ".join(artefact.name for artefact in opened.manifest.artefacts)
    return [Finding(what=what, works=True, found=f"{opened.manifest.name} {opened.sha256[:16]}: {names}")]
