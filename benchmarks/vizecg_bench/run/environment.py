"""The device that computed: processor, memory, clocks, versions, commit."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vizecg.spec.checkout import git_state
from vizecg.spec.processor import read_processor
from vizecg.spec.provenance import versions
from vizecg_bench.run.schema import Environment
from vizecg_bench.run.sensors import number, text
from vizecg_edge.doctor.device import read_device

PACKAGES = ("numpy", "onnxruntime", "torch", "executorch", "openvino", "tensorrt", "opencv")


def read_environment(
    device: str, *, root: Path = Path("/"), repository: Path | None = None, packages: Sequence[str] = PACKAGES
) -> Environment:
    """Look at this machine.

    Args:
        device: as it was asked for: ``host``, ``jetson`` ...
        root: where the system's files lie.
        repository: folder of a package of the checkout whose commit is told; None takes vizecg's own.
        packages: whose versions are told, beside Python's and vizecg's; those that are not installed are left out.
    """
    found = read_device(root)
    git = git_state(repository)
    governors = core_values(root, "scaling_governor")
    return Environment(
        device=device,
        board=found.board,
        machine=found.processor,
        cpu=found.cpu,
        cores=found.cores,
        instructions=found.instructions,
        memory_mib=found.memory_mib or None,
        governor=", ".join(governors) or None,
        system=found.system,
        versions=versions(packages),
        git_commit=git.commit,
        git_dirty=git.dirty,
        details=_details(root),
    )


def core_values(root: Path, name: str) -> list[str]:
    """What the file of this name in ``cpufreq`` says, each answer of our cores once."""
    cpus = root / "sys/devices/system/cpu"
    told = {text(cpus / f"cpu{core}/cpufreq/{name}").strip() for core in os.sched_getaffinity(0)}
    return sorted(told - {""})


def _details(root: Path) -> dict[str, Any]:
    """What else figures may depend on; what the system does not tell is left out."""
    details: dict[str, Any] = {
        "affinity": sorted(os.sched_getaffinity(0)),
        "load_average": [round(value, 2) for value in os.getloadavg()],
        "cpufreq_driver": ", ".join(core_values(root, "scaling_driver")) or None,
        "energy_preference": ", ".join(core_values(root, "energy_performance_preference")) or None,
        "least_mhz": _mhz(root, "scaling_min_freq"),
        "most_mhz": _mhz(root, "scaling_max_freq"),
        "turbo": _turbo(root),
        "swap": _swap(root),
        "virtual": _virtual(root),
        "container": _container(root),
        "cpu_quota": _quota(root),
        "on_battery": _on_battery(root),
    }
    return {name: value for name, value in details.items() if value is not None}


def _mhz(root: Path, name: str) -> list[float] | None:
    return sorted(float(value) / 1000 for value in core_values(root, name) if value.isdigit()) or None


def _turbo(root: Path) -> bool | None:
    cpus = root / "sys/devices/system/cpu"
    off, boost = number(cpus / "intel_pstate/no_turbo"), number(cpus / "cpufreq/boost")
    if off is not None:
        return off == 0
    return None if boost is None else boost == 1


def _swap(root: Path) -> dict[str, int] | None:
    rows = (line.split() for line in text(root / "proc/meminfo").splitlines())
    kib = {row[0].rstrip(":"): int(row[1]) for row in rows if len(row) > 1 and row[1].isdigit()}
    if "SwapTotal" not in kib:
        return None
    return {"total_mib": kib["SwapTotal"] // 1024, "used_mib": (kib["SwapTotal"] - kib.get("SwapFree", 0)) // 1024}


def _virtual(root: Path) -> bool | None:
    """Whether a hypervisor tells of itself; Arm's do not."""
    processor = read_processor(root)
    return "hypervisor" in processor.flags if processor.flags and not processor.is_arm else None


def _container(root: Path) -> str | None:
    if (root / ".dockerenv").exists():
        return "docker"
    return "podman" if (root / "run/.containerenv").exists() else None


def _quota(root: Path) -> float | None:
    """Cores that a container may use on average: engines with more threads than that are stopped in between."""
    quota, _, period = text(root / "sys/fs/cgroup/cpu.max").strip().partition(" ")
    return round(int(quota) / int(period), 2) if quota.isdigit() and period.isdigit() and int(period) else None


def _on_battery(root: Path) -> bool | None:
    mains = [number(path.with_name("online")) for path in (root / "sys/class/power_supply").glob("*/type")
             if text(path).strip() == "Mains"]  # fmt: skip
    return not any(mains) if mains else None
