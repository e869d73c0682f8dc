"""NVIDIA's part of ``vizecg-edge doctor``: driver, CUDA, TensorRT, and the engines that were built here."""

from __future__ import annotations

import ctypes
from pathlib import Path

from vizecg.spec import VizecgError
from vizecg.spec.finding import Finding
from vizecg_edge.engine.builder import Workshop, open_workshop
from vizecg_edge.engine.environment import install_command, load_tensorrt
from vizecg_edge.engine.store import changes_of, engines_folder, read_record

BACKEND = "--backend tensorrt"


def tensorrt_findings() -> list[Finding]:
    """Driver, TensorRT with its GPU, and one finding for each engine in the folder of engines."""
    driver = cuda_driver()
    findings = [
        Finding(
            what="NVIDIA driver",
            works=driver is not None,
            found=f"CUDA {driver}" if driver else "none",
            add="" if driver else "an NVIDIA GPU with its driver",
        )
    ]
    workshop = None
    try:
        load_tensorrt()
    except VizecgError as error:
        told = str(error).split(":")[0]
        findings.append(Finding(what=BACKEND, works=False, found=told, add=install_command()))
    else:
        try:
            workshop = open_workshop()
            here = workshop.environment
            told = f"TensorRT {here.tensorrt} on {here.gpu} (compute capability {here.compute_capability})"
            findings.append(Finding(what=BACKEND, works=True, found=told))
        except VizecgError as error:
            findings.append(Finding(what=BACKEND, works=False, found=str(error)))
    return findings + engine_findings(engines_folder(), workshop)


def engine_findings(folder: Path, workshop: Workshop | None) -> list[Finding]:
    """One for each engine in ``folder``: whether it fits the GPU and libraries of ``workshop``."""
    findings = []
    for beside in sorted(folder.glob("*.json")):
        record, engine = read_record(beside), beside.with_suffix(".engine")
        what = f"engine {beside.stem}"
        if record is None:
            findings.append(Finding(what=what, works=False, found="its record cannot be read", add=f"rm '{beside}'"))
            continue
        if workshop is None:
            reasons = ["TensorRT and its GPU are not there"]
        else:
            reasons = workshop.environment.differs_from(record.built_in)
        reasons += changes_of(engine, record)
        findings.append(
            Finding(
                what=what,
                works=not reasons,
                found="; ".join(reasons) or f"fits; {record.artefact} of bundle {record.bundle}",
                add=f"vizecg-edge build BUNDLE --artefact {record.artefact}" if reasons and workshop else "",
            )
        )
    add = "vizecg-edge build BUNDLE" if workshop else ""
    return findings or [Finding(what="engines", works=False, found=f"none in {folder}", add=add)]


def cuda_driver() -> str | None:
    """The CUDA version that the installed driver knows, such as "12.6"; None without one."""
    try:
        library = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None
    value = ctypes.c_int()
    if library.cuDriverGetVersion(ctypes.byref(value)):
        return None
    return f"{value.value // 1000}.{value.value % 1000 // 10}"
