"""A Jetson's release, power mode and clocks, as far as this user may know them."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vizecg_bench.run.environment import core_values
from vizecg_bench.run.sensors import number, text

COMMAND_TIMEOUT_S = 15.0
LONGEST = 4000
GPU = re.compile(r"\.gpu$|ga10b|gv11b|gp10b|gpu-gpc|^gpu")
"""Names of the GPU among the devices whose frequency changes: JetPack 6, 5, older ones, and Thor's."""
EMC_RATE = "sys/kernel/debug/bpmp/debug/clk/emc/rate"


def jetson_details(root: Path = Path("/")) -> dict[str, Any]:
    """What figures depend on, for ``Environment.details``.

    Returns:
        ``l4t``; ``power_mode`` and its number; ``clocks_held``: the least frequency of the processor and of the GPU is
        their greatest, which is what jetson_clocks does; ``gpu_mhz``: name -> least, now, most; ``emc_mhz``;
        ``jetson_clocks``: what ``--show`` says, or why it says nothing. None where something is not told.
    """
    mode, number_of_mode = power_mode(_run(["nvpmodel", "-q"]))
    gpu = _gpu_mhz(root)
    emc = number(root / EMC_RATE)
    return {
        "l4t": _release(text(root / "etc/nv_tegra_release")),
        "power_mode": mode,
        "power_mode_number": number_of_mode,
        "clocks_held": _held(root, gpu),
        "gpu_mhz": gpu,
        "emc_mhz": None if emc is None else round(emc / 1e6, 1),
        "jetson_clocks": _jetson_clocks(),
    }


def jetson_notes(details: Mapping[str, Any]) -> tuple[str, ...]:
    """What a reader of the figures is to know of the settings; they are no reason against the figures."""
    notes = []
    mode = details.get("power_mode")
    if mode is None:
        notes.append("the power mode is not known: nvpmodel -q tells nothing")
    elif not mode.startswith("MAXN"):
        notes.append(f"the power mode is {mode}, not the greatest (MAXN)")
    if details.get("clocks_held") is not True:
        known = details.get("clocks_held") is False
        notes.append(f"the clocks are {'not held' if known else 'perhaps not held'}: sudo jetson_clocks holds them")
    return tuple(notes)


def power_mode(told: str | None) -> tuple[str | None, int | None]:
    """Name and number from what ``nvpmodel -q`` says: ``NV Power Mode: MAXN``, and the number in the next line."""
    found = re.search(r"^(?:.*\s)?NV Power Mode:\s*(\S+)\s*$(?:\s*^(\d+)\s*$)?", told or "", re.MULTILINE)
    if found is None:
        return None, None
    return found[1], None if found[2] is None else int(found[2])


def _release(told: str) -> str | None:
    found = re.search(r"R(\d+).*?REVISION:\s*([\d.]+)", told)
    return f"R{found[1]}.{found[2]}" if found else None


def _gpu_mhz(root: Path) -> dict[str, dict[str, float]] | None:
    found = {}
    for device in sorted((root / "sys/class/devfreq").glob("*")):
        if not GPU.search(device.name):
            continue
        files = {"least": "min_freq", "now": "cur_freq", "most": "max_freq"}
        values = {name: value for name, file in files.items() if (value := number(device / file)) is not None}
        if values:
            found[device.name] = {name: round(value / 1e6, 1) for name, value in values.items()}
    return found or None


def _held(root: Path, gpu: dict[str, dict[str, float]] | None) -> bool | None:
    """Needs no root, unlike ``jetson_clocks --show``."""
    least, most = core_values(root, "scaling_min_freq"), core_values(root, "scaling_max_freq")
    if not least or not most or not gpu:
        return None
    return least == most and all(one.get("least") == one.get("most") for one in gpu.values())


def _jetson_clocks() -> str | None:
    if shutil.which("jetson_clocks") is None:
        return None
    return _run(["jetson_clocks", "--show"]) or "not told: sudo jetson_clocks --show"


def _run(command: Sequence[str]) -> str | None:
    """What a command prints; None where it is missing, fails or hangs."""
    program = shutil.which(command[0])
    if program is None:
        return None
    try:
        done = subprocess.run(
            [program, *command[1:]],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=COMMAND_TIMEOUT_S,
            check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()[:LONGEST] or None
