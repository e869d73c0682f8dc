"""What this device is: board, processor, memory, cameras. Only files are read, nothing is loaded."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vizecg.spec.processor import Lack, lacks, read_processor


@dataclass(frozen=True, kw_only=True)
class Camera:
    """A video device that this system knows. ``usable``: this user may open it."""

    path: str
    name: str
    usable: bool


@dataclass(frozen=True, kw_only=True)
class Device:
    """This device. ``board`` is None where the system does not tell; ``lacks`` is what its processor cannot do."""

    board: str | None
    processor: str
    cpu: str | None
    cores: int
    instructions: tuple[str, ...]
    lacks: tuple[Lack, ...]
    memory_mib: int
    system: str
    python: str
    cameras: tuple[Camera, ...]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def read_device(root: Path = Path("/")) -> Device:
    """Look at the files under ``root``."""
    processor = read_processor(root)
    return Device(
        # A device tree's strings end with a zero byte; desktops tell in the DMI table.
        board=_text(root / "proc/device-tree/model").strip("\0 \n")
        or _text(root / "sys/class/dmi/id/product_name").strip()
        or None,
        processor=processor.machine,
        cpu=processor.model,
        cores=len(os.sched_getaffinity(0)),
        instructions=processor.instructions,
        lacks=lacks(processor),
        memory_mib=_memory_mib(root),
        system=_system(root),
        python=platform.python_version(),
        cameras=_cameras(root),
    )


def _cameras(root: Path) -> tuple[Camera, ...]:
    cameras = []
    for path in sorted((root / "dev").glob("video*"), key=lambda path: (len(path.name), path.name)):
        name = _text(root / "sys/class/video4linux" / path.name / "name").strip()
        cameras.append(Camera(path=str(path), name=name or "unnamed", usable=os.access(path, os.R_OK | os.W_OK)))
    return tuple(cameras)


def _system(root: Path) -> str:
    for line in _text(root / "etc/os-release").splitlines():
        if line.startswith("PRETTY_NAME="):
            return f"{line.partition('=')[2].strip(chr(34))}, Linux {platform.release()}"
    return f"{platform.system()} {platform.release()}"


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _memory_mib(root: Path) -> int:
    for line in _text(root / "proc/meminfo").splitlines():
        key, _, value = line.partition(":")
        if key == "MemTotal":
            return int(value.split()[0]) // 1024
    return 0
