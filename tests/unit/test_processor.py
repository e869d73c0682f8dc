"""What a processor can do, and what follows where it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from adb_phone import CPUINFO
from vizecg.spec.processor import Processor, lacks, parse_processor, read_processor

pytestmark = pytest.mark.unit

SERVER = (
    "processor\t: 0\nmodel\t\t: 143\nmodel name\t: A server\nflags\t\t: sse4_1 avx avx2 avx_vnni avx512f avx512_vnni "
    "avx512_bf16 avx512_fp16 amx_bf16 amx_int8\n"
)


def x86(*flags: str) -> Processor:
    return Processor(machine="x86_64", model=None, cores=1, flags=frozenset(flags))


def test_x86_is_read_from_its_flags() -> None:
    server = parse_processor(SERVER, machine="x86_64")
    assert (server.model, server.cores, server.is_arm) == ("A server", 1, False)
    assert server.instructions == (
        "avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_bf16", "amx_int8",
    )  # fmt: skip
    assert server.has_bf16
    assert lacks(server) == ()


def test_of_cores_that_differ_counts_what_all_can_do() -> None:
    phone = parse_processor(CPUINFO, machine="aarch64")
    assert phone.cores == 4
    assert "asimddp" in phone.instructions
    assert "i8mm" not in phone.flags
    assert [lack.name for lack in lacks(phone)] == ["matrix products of int8 (i8mm)", "bf16"]


def test_a_laptop_without_avx512_is_told_what_follows() -> None:
    told = {lack.name: lack.follows for lack in lacks(x86("avx", "avx2", "fma"))}
    assert set(told) == {"AVX-512", "VNNI", "bf16", "AMX"}
    assert "7 bits" in told["VNNI"]
    assert "float32" in told["bf16"]


@pytest.mark.parametrize(
    ("flags", "right"), [(("avx2", "avx512f"), False), (("avx2", "avx_vnni"), True), (("avx512_vnni",), True)]
)
def test_sums_of_8_bit_products(flags: tuple[str, ...], right: bool) -> None:
    assert x86(*flags).adds_int8_right is right
    assert Processor(machine="arm64", model=None, cores=0, flags=frozenset()).adds_int8_right


@pytest.mark.parametrize(
    ("variables", "left"),
    [
        ({}, {"avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_bf16", "amx_int8"}),
        ({"ONEDNN_MAX_CPU_ISA": "nonsense"}, {"avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_bf16",
                                              "amx_int8"}),
        ({"ONEDNN_MAX_CPU_ISA": "AVX512_CORE_BF16"}, {"avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16"}),
        ({"ONEDNN_MAX_CPU_ISA": "avx512_core"}, {"avx2", "avx512f"}),
        ({"DNNL_MAX_CPU_ISA": "AVX2"}, {"avx2"}),
        ({"ONEDNN_MAX_CPU_ISA": "AVX2", "DNNL_MAX_CPU_ISA": "SSE41"}, {"avx2"}),
        ({"ONEDNN_MAX_CPU_ISA": "SSE41"}, set()),
    ],
)  # fmt: skip
def test_onednn_is_kept_from_instructions_by_a_variable(variables: dict[str, str], left: set[str]) -> None:
    assert set(parse_processor(SERVER, machine="x86_64").limited(variables).instructions) == left


@pytest.mark.parametrize(
    ("flags", "channels"), [(("avx", "avx2", "avx512f"), 16), (("avx", "avx2"), 8), (("sse4_1",), 0), ((), 16)]
)
def test_channels_of_a_vector(flags: tuple[str, ...], channels: int) -> None:
    assert x86(*flags).vector_channels == channels


def test_nothing_is_said_of_a_processor_that_tells_nothing(tmp_path: Path) -> None:
    unknown = read_processor(tmp_path)
    assert (unknown.model, unknown.cores, unknown.flags) == (None, 0, frozenset())
    assert lacks(unknown) == ()
