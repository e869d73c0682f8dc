"""The real adb client and the real native runner, on a stand-in for a phone."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

pytest.importorskip("executorch", reason="the extra `executorch` is not installed")

import edge_bundles
import packs
from adb_daemon import Faults
from adb_phone import StandIn, adb_server, connect, needs_adb
from small_networks import SMALL
from tolerances import tolerance
from vizecg.render import RENDERER_VERSION
from vizecg.spec import CODE6, BundleError, DecisionRule, ExitCode, MissingToolError, RuleSource, SheetSpec, UsageError
from vizecg.spec.manifest import GOLDEN, Artefact, Bundle, Manifest, hash_files, publish_bundle
from vizecg.spec.preprocess import normalise
from vizecg_bench.devices.adb.client import Adb, open_phone
from vizecg_bench.devices.adb.device import busy_cores, read_phone, read_status
from vizecg_bench.devices.adb.faults import AdbError, Fault
from vizecg_bench.devices.adb.heat import CoolDown
from vizecg_bench.devices.adb.run import find_runner, measure_adb
from vizecg_bench.pack.write import PackWriter
from vizecg_bench.run.request import RunRequest
from vizecg_bench.run.schema import ProtocolPart, Result
from vizecg_edge.pipeline import DEFAULT_BUNDLE
from vizecg_export.recipes.executorch import open_model

pytestmark = [pytest.mark.integration, needs_adb]

PROTOCOL = ProtocolPart(
    name="test", least_runs=12, least_span_s=0.0, warm_up_runs=2, burst=3, start_repeats=1, sustained_s=0.0, seed=0
)
COOL = CoolDown(once_s=0.1, poll_s=0.05, idle_s=0.0)


@pytest.fixture
def phone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """Plugged in and trusted."""
    stand_in = StandIn(tmp_path)
    with adb_server(tmp_path, monkeypatch), stand_in.daemon as daemon:
        connect(daemon.serial)
        yield stand_in


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, int8_program: Path) -> Bundle:
    """The program twice, so that two contenders take turns."""
    target = tmp_path_factory.mktemp("phone") / "small.vizecg"
    folder = target.with_name(".small")
    folder.mkdir()
    (folder / "model.pte").write_bytes(int8_program.read_bytes())
    inks = np.load(DEFAULT_BUNDLE / GOLDEN)["inks"][:6, ::3, ::3][:, : SMALL.height, : SMALL.width]
    logits = open_model(int8_program)(normalise(np.ascontiguousarray(inks), SMALL))
    np.savez(folder / GOLDEN, inks=inks, float_logits=logits)
    artefacts = tuple(
        Artefact(
            name=name,
            file="model.pte",
            target="executorch",
            precision="int8",
            decision=DecisionRule.plain(6),
            rule_source=RuleSource.ARTEFACT,
        )
        for name in ("executorch-int8", "executorch-other")
    )
    manifest = Manifest(
        labels=CODE6,
        name="small", artefacts=artefacts, default_artefact="executorch-int8", sheet=SheetSpec(), preprocess=SMALL,
        renderer_version=RENDERER_VERSION, checkpoint={"sha256": "0" * 64}, calibration={}, toolchain={}, source={},
        files=hash_files(folder),
    )  # fmt: skip
    return publish_bundle(folder, manifest, target)


def measure(phone: StandIn, bundle: Bundle, native_runner: Path, **changes: object) -> Result:
    arguments: dict[str, object] = {
        "bundle": bundle.path, "protocol": PROTOCOL, "threads": (1,), "references": False,
    }  # fmt: skip
    request = RunRequest(**{**arguments, **changes})  # type: ignore[arg-type]
    return measure_adb(
        request, serial=phone.daemon.serial, console=Console(file=io.StringIO()), runner=native_runner, cool_down=COOL
    )


@pytest.fixture(scope="module")
def pack(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The golden sheets, with labels that their logits got right."""
    with np.load(bundle.file(GOLDEN)) as stored:
        inks, logits = stored["inks"], stored["float_logits"]
    path = tmp_path_factory.mktemp("pack") / "small.pack"
    with PackWriter(path, packs.header(preprocess=SMALL)) as writer:
        writer.add(
            packs.section(n=len(inks)), record_ids=[f"r{number}" for number in range(len(inks))],
            labels=logits > np.median(logits, axis=0), logits=logits, inks=inks,
        )  # fmt: skip
    return path


def left_behind(phone: StandIn) -> list[str]:
    return sorted(path.name for path in phone.daemon.tmp.iterdir())


def test_a_run_measures_every_program_and_leaves_nothing_behind(
    phone: StandIn, bundle: Bundle, native_runner: Path, pack: Path
) -> None:
    sustained = PROTOCOL.model_copy(update={"sustained_s": 0.5})
    result = measure(phone, bundle, native_runner, protocol=sustained, pack=pack)
    assert [one.name for one in result.contenders] == ["executorch-int8", "executorch-other"]
    for one in result.contenders:
        assert (one.threads, one.latency.runs, one.engine) == (1, 12, "executorch-runner-cpu")
        assert one.latency.p50.value is not None
        # The way through adb, which takes much longer than this small network, is not in it.
        assert one.latency.p50.value < one.details["round_trip_p50_ms"]
        assert one.start is not None
        assert one.start.process_to_answer > one.start.load + one.start.first_inference
        assert one.peak_memory_mib is not None
        assert one.peak_memory_mib > 1
        assert one.accuracy is not None
        section = one.accuracy.sections["photo"]
        assert (section.n, section.macro["auroc"].value) == (6, 1.0)
        # The same program here and there: no probability may differ.
        assert section.largest_difference < tolerance("runner")
        assert one.file_sha256 == bundle.manifest.files["model.pte"]
    assert result.contenders[0].sustained is not None
    assert result.contenders[0].sustained.points[0].temperature == 38.2
    environment = result.environment
    assert (environment.board, environment.cpu, environment.cores) == ("Maker Stand-in 8", "Chips C1000", 4)
    assert (environment.machine, environment.governor, environment.system) == ("x86_64", "walt", "Android 14")
    assert environment.versions["executorch"].startswith("1.")
    assert "SECRET" not in result.to_json()
    assert (result.monitor.thermal_status, result.monitor.throttled) == (0, False)
    assert {sample.temperature for sample in result.monitor.samples} == {38.2}
    assert result.invalid_because == ("protocol test is for development",)
    assert Result.from_json(result.to_json(), name="it") == result
    assert left_behind(phone) == []


def test_kept_files_are_the_program_the_runner_and_a_public_sheet(
    phone: StandIn, bundle: Bundle, native_runner: Path
) -> None:
    result = measure(phone, bundle, native_runner, names=("executorch-int8",), keep=True)
    assert len(result.contenders) == 1
    assert left_behind(phone) == ["vizecg"]
    kept = phone.daemon.tmp / "vizecg"
    assert sorted(path.name for path in kept.iterdir()) == ["executorch-int8.pte", "sheet.bin", "vizecg-runner"]
    with pytest.raises(UsageError, match="no contender 'onnx-fp32' on a phone: executorch-int8"):
        measure(phone, bundle, native_runner, names=("onnx-fp32",))


def test_a_phone_that_throttles_or_saves_makes_the_run_invalid(
    phone: StandIn, bundle: Bundle, native_runner: Path
) -> None:
    phone.save_battery(True)
    phone.heat(status=3, cpu=81.0)
    result = measure(phone, bundle, native_runner, names=("executorch-int8",))
    assert not result.is_valid
    assert (result.monitor.thermal_status, result.monitor.throttled) == (3, True)
    reasons = " ".join(result.invalid_because)
    assert "thermal status 3" in reasons
    assert "did not cool down" in reasons
    assert "battery saver" in reasons


@pytest.mark.parametrize(("looks", "sustained_s"), [(6, 0.0), (8, 0.3)])
def test_a_phone_unplugged_in_the_middle_keeps_what_was_measured(
    phone: StandIn, bundle: Bundle, native_runner: Path, looks: int, sustained_s: float
) -> None:
    # Once at the start, once for each program, then in each of four rounds, then in the sustained run.
    phone.daemon.faults.gone_at, phone.daemon.faults.gone_count = "dumpsys battery", looks
    protocol = PROTOCOL.model_copy(update={"sustained_s": sustained_s})
    result = measure(phone, bundle, native_runner, protocol=protocol)
    assert not result.is_valid
    assert "the phone went away before the run had ended" in result.invalid_because
    assert [one.latency.runs for one in result.contenders] == [12 if sustained_s else 6] * 2
    assert all(one.sustained is None for one in result.contenders)


def test_a_phone_unplugged_before_the_first_turn_is_an_error(
    phone: StandIn, bundle: Bundle, native_runner: Path
) -> None:
    phone.daemon.faults.gone_at = "--serve"
    with pytest.raises(AdbError, match="went away while it was at work") as caught:
        measure(phone, bundle, native_runner)
    assert caught.value.exit_code == ExitCode.ENVIRONMENT


def test_what_the_phone_tells(phone: StandIn) -> None:
    connection = open_phone(phone.daemon.serial)
    found = read_phone(connection)
    assert found.abis == ("x86_64", "arm64-v8a")
    assert found.thread_counts == (1, 2)
    assert found.battery_saver is False
    assert found.environment.instructions == ("asimd", "asimdhp", "fphp", "asimddp")
    assert found.environment.details["wakefulness"] == "Awake"
    status = read_status(connection)
    assert status.temperatures == {"cpu": 38.2, "skin": 30.5, "battery": 28.4}
    assert (status.mhz, status.battery_level, status.powered) == (1450.0, 85.0, ("USB",))
    assert busy_cores(connection, seconds=0.1) == 0.0


def test_a_phone_that_tells_nothing_can_be_used(phone: StandIn) -> None:
    for name in ("getprop", "dumpsys", "settings"):
        phone.command(name, "echo not found >&2; exit 127")
    for folder in ("proc", "sys"):
        phone.root.joinpath(folder).rename(phone.root / f"no-{folder}")
    connection = open_phone(phone.daemon.serial)
    found = read_phone(connection)
    assert (found.environment.board, found.environment.cores, found.battery_saver) == ("Android phone", 1, None)
    assert read_status(connection).temperatures == {}
    assert busy_cores(connection, seconds=0.0) is None


def test_commands_and_files_go_there_and_back(phone: StandIn, tmp_path: Path) -> None:
    connection = open_phone(None)
    assert connection.serial == phone.daemon.serial
    done = connection.shell("printf 'a\\nb'; echo oh >&2; (exit 9)")
    assert (done.code, done.out, done.complaint) == (9, "a\nb", "oh")
    data = os.urandom(700_001)
    (tmp_path / "there").write_bytes(data)
    connection.push(tmp_path / "there", "/data/local/tmp/f")
    connection.pull("/data/local/tmp/f", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == data
    with pytest.raises(AdbError, match="does not exist"):
        connection.pull("/data/local/tmp/other", tmp_path / "back")


def fault_of(connection: Adb, command: str) -> Fault:
    with pytest.raises(AdbError) as caught:
        connection.check(command, timeout=20.0)
    assert "\n" not in str(caught.value)
    return caught.value.fault


def test_a_phone_that_goes_away_in_a_command_is_noticed_though_adb_exits_with_0(phone: StandIn) -> None:
    connection = open_phone(phone.daemon.serial)
    phone.daemon.faults.gone_at = "uptime"
    assert fault_of(connection, "uptime") is Fault.DISCONNECTED
    assert not connection.present()
    assert fault_of(connection, "true") is Fault.DISCONNECTED
    with pytest.raises(AdbError) as caught:
        connection.push(Path(__file__), "/data/local/tmp/f")
    assert caught.value.fault is Fault.DISCONNECTED
    with pytest.raises(AdbError, match="is offline"):
        open_phone(phone.daemon.serial)


def test_a_full_phone_and_a_locked_folder(phone: StandIn, bundle: Bundle, native_runner: Path) -> None:
    connection = open_phone(phone.daemon.serial)
    phone.daemon.faults.no_space = True
    with pytest.raises(AdbError, match=r"storage is full .*No space left on device"):
        measure(phone, bundle, native_runner)
    phone.daemon.faults.no_space = False
    phone.command("df", "echo Filesystem blocks used free share on; echo /dev/x 1000 990 10 99% /data")
    with pytest.raises(AdbError, match=r"storage is full \(0 MiB are free"):
        measure(phone, bundle, native_runner)
    assert left_behind(phone) == []
    assert fault_of(connection, "echo 'touch: x: Permission denied' >&2; false") is Fault.PERMISSION_DENIED


def test_a_runner_that_crashes_or_is_of_another_kind(phone: StandIn, bundle: Bundle, tmp_path: Path) -> None:
    # The head of a program for this processor, which a shell runs as a script all the same.
    program = tmp_path / "vizecg-runner"
    head = b"\x7fELF\2\1\1" + b"1" * 9 + b"\3\0\x3e\0"
    program.write_bytes(head + b"\n")
    with pytest.raises(AdbError) as caught:
        measure(phone, bundle, program)
    assert caught.value.fault is Fault.OTHER_ABI
    assert left_behind(phone) == []


# At once, or, inputs being of 72 KiB, after the six golden sheets in the turns.
@pytest.mark.parametrize("after", [0, 700_000])
def test_a_program_whose_runner_crashes_is_left_out(
    phone: StandIn, bundle: Bundle, native_runner: Path, after: int
) -> None:
    phone.daemon.faults.crash_at = "executorch-int8.pte --threads 1" + (" --serve" if after else "")
    phone.daemon.faults.crash_after = after
    result = measure(phone, bundle, native_runner)
    assert [one.name for one in result.contenders] == ["executorch-other"]
    (gone,) = result.left_out
    assert gone.name == "executorch-int8 x1"
    assert "the runner crashed on the phone" in gone.why
    assert "139" in gone.why or "signal 11" in gone.why


def test_phones_that_are_not_there_or_do_not_trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with adb_server(tmp_path, monkeypatch):
        with pytest.raises(AdbError) as none:
            open_phone(None)
        assert (none.value.fault, none.value.exit_code) == (Fault.NO_DEVICE, ExitCode.ENVIRONMENT)
        distrusting, old = (
            StandIn(tmp_path / name, faults)
            for name, faults in (("a", Faults(unauthorised=True)), ("b", Faults(features="cmd")))
        )
        with distrusting.daemon as first, old.daemon as second, StandIn(tmp_path / "c").daemon as third:
            connect(first.serial)
            with pytest.raises(AdbError, match="confirm its dialog"):
                open_phone(None)
            connect(second.serial)
            with pytest.raises(AdbError, match="Android 7 or newer"):
                open_phone(second.serial)
            connect(third.serial)
            with pytest.raises(AdbError, match="name one: --device adb:SERIAL") as several:
                open_phone(None)
            assert several.value.exit_code == ExitCode.USAGE
            with pytest.raises(AdbError, match="no such phone") as unknown:
                open_phone("nobody")
            assert unknown.value.fault is Fault.UNKNOWN_SERIAL


def test_a_bundle_without_a_program_says_how_to_make_one(phone: StandIn, native_runner: Path, tmp_path: Path) -> None:
    without = edge_bundles.make_bundle(tmp_path / "onnx.vizecg")
    with pytest.raises(BundleError, match="vizecg-export --target executorch"):
        measure(phone, without, native_runner)
    with pytest.raises(UsageError, match="cannot be slowed"):
        measure(phone, without, native_runner, handicaps={"onnx-fp32": 5.0})


def test_without_a_runner_for_android_its_build_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("VIZECG_ANDROID_RUNNER", raising=False)
    with pytest.raises(MissingToolError, match=r"none is named.*edge_runtime/android/build\.sh"):
        find_runner()
    with pytest.raises(MissingToolError, match="no file"):
        find_runner(tmp_path / "gone")
