"""What a Jetson's programs and files tell.

No board was at hand: lines of tegrastats are written after NVIDIA's documentation and after what users of the boards
posted, one for each way in which JetPack 4 to 7 write them.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_bundles import artefact, make_bundle
from engine_stand_in import StandInCudart, StandInTensorRT
from vizecg_bench.devices.jetson import details as details_module
from vizecg_bench.devices.jetson.details import jetson_details, jetson_notes, power_mode
from vizecg_bench.devices.jetson.engine import ensure_engine
from vizecg_bench.devices.jetson.tegrastats import Tegra, energy_per_run_j, parse_line
from vizecg_bench.devices.state import environment_of, watched
from vizecg_bench.run.schema import Sample
from vizecg_bench.run.sensors import Reading
from vizecg_edge.engine.builder import Workshop
from vizecg_edge.engine.cuda import Cuda
from vizecg_edge.engine.environment import read_environment
from vizecg_edge.engine.generations import LIBRARY, generation

pytestmark = pytest.mark.unit

ORIN_NANO = (
    "11-20-2025 10:00:01 RAM 2785/7620MB (lfb 4x4MB) SWAP 0/3810MB (cached 0MB) CPU [12%@1510,0%@1190,off,off] "
    "EMC_FREQ 2%@3199 GR3D_FREQ 37%@[624] NVDEC off VIC off APE 200 cpu@48.5C soc2@47.1C gpu@-256C tj@49.25C soc0@47C "
    "VDD_IN 5020mW/4990mW VDD_CPU_GPU_CV 900mW/880mW VDD_SOC 1400mW/1400mW"
)
AGX_ORIN_72 = (
    "11-20-2025 10:00:02 RAM 20642/62817MB (lfb 1x2MB) CPU [23%@2201,10%@2201] EMC_FREQ 3%@3199 "
    "GR3D_FREQ 0%@[1300,1200] APE 174 cpu@52.968C/52.968C tboard@41.5C/41.5C tj@53.5C/53.5C "
    "VDD_GPU_SOC 3205mW/3205mW VDD_CPU_CV 801mW/801mW VIN_SYS_5V0 4200mW/4200mW"
)
THOR = (
    "11-20-2025 10:00:03 RAM 9000/125771MB (lfb 4x4MB) CPU [1%@2601,0%@2601] GR3D_FREQ @[1000,1000,1000] cpu@50C "
    "gpu@62.906C VDD_GPU -392mW/0mW VDD_CPU_SOC_MSS 6510mW/6500mW VIN_SYS_5V0 6520mW/6500mW VIN 23040mW/23000mW"
)
TX2 = (
    "RAM 3276/7859MB (lfb 5x4MB) SWAP 1626/12122MB (cached 181MB) CPU [44%,49%]@1420 EMC_FREQ 1%@1866 GR3D_FREQ 0%@114 "
    "APE 150 MCPU@42.5C PMIC@50C GPU@39.5C VDD_SYS_GPU 182/182 VDD_IN 5297/5297"
)


@pytest.fixture
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0, 1})


@pytest.mark.usefixtures("two_cores")
@pytest.mark.parametrize(
    ("line", "reading", "rail", "gpu"),
    [
        (ORIN_NANO, Reading(temperature=49.25, mhz=1350.0, power_w=5.02), "VDD_IN", (0.37, 624.0)),
        (AGX_ORIN_72, Reading(temperature=53.5, mhz=2201.0, power_w=8.206), "VDD_CPU_CV+VDD_GPU_SOC+VIN_SYS_5V0",
         (0.0, 1250.0)),
        (THOR, Reading(temperature=62.906, mhz=2601.0, power_w=23.04), "VIN", (None, 1000.0)),
        (TX2, Reading(temperature=42.5, mhz=1420.0, power_w=5.297), "VDD_IN", (0.0, 114.0)),
    ],
)  # fmt: skip
def test_lines_of_all_kinds_of_boards(
    line: str, reading: Reading, rail: str, gpu: tuple[float | None, float | None]
) -> None:
    found = parse_line(line)
    assert (found.reading(), found.power_rail) == (reading, rail)
    assert (found.gpu_load, found.gpu_mhz) == gpu


def test_cores_that_are_off_and_memory_are_told() -> None:
    found = parse_line(ORIN_NANO)
    assert found.cpu_mhz == (1510.0, 1190.0, None, None)
    assert found.cpu_loads == (0.12, 0.0, None, None)
    assert found.ram_mib == (2785, 7620)
    # RAM and swap of a line without mW are no power rails.
    assert set(parse_line(TX2).rails) == {"VDD_SYS_GPU", "VDD_IN"}


@pytest.mark.parametrize("line", ["", "\n", "tegrastats: not permitted", "CPU [", "CPU [,,] GR3D_FREQ tj@C VDD_IN mW"])
def test_what_is_no_line_of_it_tells_nothing(line: str) -> None:
    assert parse_line(line).reading() == Reading() == Tegra().reading()


def test_energy_is_mean_power_times_busy_time_over_the_runs() -> None:
    samples = [Sample(at_s=float(second), power_w=5.0 + second) for second in range(10)]
    # 8, 9 and 10 watts, four of five seconds busy.
    assert energy_per_run_j(samples, began_s=3, ended_s=5, busy_s=4.0, runs=100) == pytest.approx(9.0 * 4.0 / 100)
    assert energy_per_run_j(samples, began_s=3, ended_s=4, busy_s=1.0, runs=100) is None
    assert energy_per_run_j(samples, began_s=0, ended_s=9, busy_s=1.0, runs=0) is None
    assert energy_per_run_j([Sample(at_s=1.0)] * 5, began_s=0, ended_s=9, busy_s=1.0, runs=9) is None


@pytest.mark.parametrize(
    ("told", "mode"),
    [
        ("NV Power Mode: MAXN\n0", ("MAXN", 0)),
        ("NVPM WARN: fan mode is not set!\nNV Power Mode: MODE_15W_6CORE\n2\n", ("MODE_15W_6CORE", 2)),
        ("NVPM VERB: Current mode: NV Power Mode: 25W", ("25W", None)),
        ("NVPM ERROR: no permission", (None, None)),
        (None, (None, None)),
    ],
)
def test_the_power_mode_is_read(told: str | None, mode: tuple[str | None, int | None]) -> None:
    assert power_mode(told) == mode


@pytest.mark.usefixtures("two_cores")
def test_a_board_tells_of_its_mode_and_clocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "etc/nv_tegra_release": "# R36 (release), REVISION: 4.3, GCID: 1, BOARD: generic",
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_min_freq": "1510400",
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_max_freq": "1510400",
        "sys/class/devfreq/17000000.gpu/min_freq": "306000000",
        "sys/class/devfreq/17000000.gpu/cur_freq": "306000000",
        "sys/class/devfreq/17000000.gpu/max_freq": "624750000",
        "sys/class/devfreq/15340000.vic/max_freq": "1",
        "sys/kernel/debug/bpmp/debug/clk/emc/rate": "2133000000",
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content + "\n")
    programs = {"nvpmodel": "echo 'NV Power Mode: 15W'; echo 0", "jetson_clocks": "echo not root >&2; exit 1"}
    (tmp_path / "bin").mkdir()
    for name, script in programs.items():
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    found = jetson_details(tmp_path)
    assert found == {
        "l4t": "R36.4.3", "power_mode": "15W", "power_mode_number": 0, "clocks_held": False,
        "gpu_mhz": {"17000000.gpu": {"least": 306.0, "now": 306.0, "most": 624.8}}, "emc_mhz": 2133.0,
        "jetson_clocks": "not told: sudo jetson_clocks --show",
    }  # fmt: skip
    first, second = jetson_notes(found)
    assert "15W" in first
    assert "not held" in second
    (tmp_path / "sys/class/devfreq/17000000.gpu/min_freq").write_text("624750000")
    assert jetson_notes({**jetson_details(tmp_path), "power_mode": "MAXN_SUPER"}) == ()


def test_elsewhere_nothing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(details_module.shutil, "which", lambda name: None)
    assert set(jetson_details(tmp_path).values()) == {None}
    assert len(jetson_notes(jetson_details(tmp_path))) == 2


def test_an_engine_is_built_once_and_its_time_is_told(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "b.vizecg", artefact(), artefact("trt", target="tensorrt"))
    trt, cuda = StandInTensorRT(), Cuda(library=StandInCudart())
    row = generation(LIBRARY, trt.__version__, jetson=True)
    workshop = Workshop(trt=trt, cuda=cuda, row=row, environment=read_environment(trt, cuda))
    said: list[str] = []
    first = ensure_engine(bundle, "trt", workshop=workshop, folder=tmp_path / "engines", say=said.append)
    assert first is not None
    assert any("building trt" in line for line in said)
    assert ensure_engine(bundle, "trt", workshop=workshop, folder=tmp_path / "engines") == first
    assert trt.seen.builds == 1
    assert ensure_engine(bundle, "onnx-fp32", workshop=workshop) is None


def test_a_jetson_is_watched_and_told_with_what_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert "jetson" not in environment_of("local").details
    found = environment_of("jetson")
    assert set(found.details["jetson"]) == set(jetson_details())
    with watched(found) as monitor:
        seen = monitor.finish()
    assert set(jetson_notes(found.details["jetson"])) <= set(seen.notes)
    with watched(environment_of("local")) as monitor:
        assert not any("nvpmodel" in note for note in monitor.finish().notes)
