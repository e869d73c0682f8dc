"""What this processor can do, read once for training, export, edge and benchmarks; x86 and ARM."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

INSTRUCTIONS = (
    "avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_bf16", "amx_int8",
    "asimd", "asimdhp", "fphp", "asimddp", "i8mm", "bf16", "sve", "sve2", "sme",
)  # fmt: skip
"""Those that decide how fast and how right networks are computed, as ``/proc/cpuinfo`` calls them."""

LIMITS = ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")
"""Variables by which oneDNN, which computes convolutions for torch, is kept from instructions; the first counts."""

_WITHOUT = {
    "SSE41": ("avx", "amx"),
    "AVX": ("avx2", "avx_", "avx512", "amx"),
    "AVX2": ("avx_", "avx512", "amx"),
    "AVX2_VNNI": ("avx_ne", "avx512", "amx"),
    "AVX2_VNNI_2": ("avx512", "amx"),
    "AVX512_CORE": ("avx512_vnni", "avx_vnni", "avx512_bf16", "avx512_fp16", "amx"),
    "AVX512_CORE_VNNI": ("avx512_bf16", "avx512_fp16", "amx"),
    "AVX512_CORE_BF16": ("avx512_fp16", "amx"),
    "AVX512_CORE_FP16": ("amx",),
    "AVX10_1_512": ("amx",),
}
"""Value of such a variable -> how the instructions begin that it takes away; other values take nothing."""


@dataclass(frozen=True, kw_only=True)
class Processor:
    """One machine's.

    Args:
        machine: ``x86_64``, ``aarch64`` and the like.
        model: its name, where the system tells it.
        cores: that are listed.
        flags: what every core can do, in the words of ``/proc/cpuinfo``; empty where there is no such file.
        mhz: frequency of each core now; empty where that file does not tell, as on ARM.
    """

    machine: str
    model: str | None
    cores: int
    flags: frozenset[str]
    mhz: tuple[float, ...] = ()

    @property
    def is_arm(self) -> bool:
        return self.machine.lower() in ("aarch64", "arm64")

    @property
    def instructions(self) -> tuple[str, ...]:
        """Those of ``INSTRUCTIONS`` that it has, in their order."""
        return tuple(name for name in INSTRUCTIONS if name in self.flags)

    @property
    def adds_int8_right(self) -> bool:
        """Whether products of 8 bits are added in 32: by any ARM, and by x86 with VNNI."""
        return self.is_arm or bool(self.flags & {"avx512_vnni", "avx_vnni"})

    @property
    def has_bf16(self) -> bool:
        """Whether products of bfloat16 are computed, not emulated."""
        return bool(self.flags & {"avx512_bf16", "amx_bf16", "bf16"})

    @property
    def vector_channels(self) -> int:
        """Channels that oneDNN's kernels of x86 take at a time in float32; 0 where it has none for this processor."""
        if self.is_arm:
            return 0
        # Where the system does not tell what an x86 can do, it may be any.
        if "avx512f" in self.flags or not self.flags:
            return 16
        return 8 if "avx" in self.flags else 0

    def limited(self, environment: Mapping[str, str]) -> Processor:
        """As oneDNN sees it under these variables."""
        asked = next((environment[name] for name in LIMITS if environment.get(name)), "")
        taken = _WITHOUT.get(asked.upper(), ())
        return replace(self, flags=frozenset(flag for flag in self.flags if not flag.startswith(taken)))


@dataclass(frozen=True, kw_only=True)
class Lack:
    """Something that a processor cannot do, and what follows for networks on it."""

    name: str
    follows: str


def read_processor(root: Path = Path("/")) -> Processor:
    """This machine's; ``root`` is where the system's files lie."""
    try:
        text = (root / "proc/cpuinfo").read_text(errors="replace")
    except OSError:
        text = ""
    return parse_processor(text, machine=platform.machine())


def parse_processor(text: str, *, machine: str) -> Processor:
    """What ``/proc/cpuinfo`` says: of the cores of a phone, which differ, only what all can do."""
    lines = [(key.strip(), value.strip()) for key, _, value in (row.partition(":") for row in text.splitlines())]
    flags = [frozenset(value.split()) for key, value in lines if key in ("flags", "Features")]
    # Of several cores the first; a small board names itself there.
    names = {key: value for key, value in reversed(lines) if value}
    return Processor(
        machine=machine,
        model=next((names[key] for key in ("model name", "Model", "Hardware") if key in names), None),
        cores=sum(key == "processor" for key, _ in lines),
        flags=frozenset.intersection(*flags) if flags else frozenset(),
        mhz=tuple(float(value) for key, value in lines if key == "cpu MHz" and value.replace(".", "", 1).isdigit()),
    )


def lacks(processor: Processor) -> tuple[Lack, ...]:
    """What it lacks of what networks use; nothing where its instructions are not known."""
    if not processor.flags:
        return ()
    lacking = []
    if processor.is_arm:
        if "asimddp" not in processor.flags:
            lacking.append(Lack(name="dot products of int8 (asimddp)", follows="int8 is hardly faster than float32"))
        if "i8mm" not in processor.flags:
            lacking.append(
                Lack(name="matrix products of int8 (i8mm)", follows="int8 takes dot products in their place")
            )
    else:
        if "avx512f" not in processor.flags:
            lacking.append(Lack(name="AVX-512", follows="float32 is computed 8 numbers at a time, not 16"))
        if not processor.adds_int8_right:
            follows = "8-bit products are added in 16 bits and saturate: int8 files for x86 have weights of 7 bits"
            lacking.append(Lack(name="VNNI", follows=follows))
    if not processor.has_bf16:
        follows = "--set precision=bf16-mixed would be emulated, slower than float32: training takes float32"
        lacking.append(Lack(name="bf16", follows=follows))
    if not processor.is_arm and not any(flag.startswith("amx") for flag in processor.flags):
        lacking.append(Lack(name="AMX", follows="matrix products of int8 and bf16 take vectors, not tiles"))
    return tuple(lacking)
